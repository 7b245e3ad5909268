"""ONNX, the exchange format for networks: read any plain CNN, write any model of this package.

    model = cnn.onnx.load("squeezenet1_1.onnx")
    cnn.onnx.save(model, "copy.onnx", input_shape=(3, 224, 224))

Needs the onnx package (`pip install ".[onnx]"` in a checkout), which is imported when one of these is called.
"""

from .read import OnnxError, input_shape, load
from .write import save

__all__ = ["OnnxError", "input_shape", "load", "save"]
