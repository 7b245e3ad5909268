"""Run ONNX models with onnxruntime, for the tests of this folder."""

from typing import Any

import numpy as np
import onnxruntime


def run(model: Any, x: np.ndarray) -> np.ndarray:
    """The outputs of onnxruntime, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    contents = model if isinstance(model, str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(contents, options)
    return session.run(None, {session.get_inputs()[0].name: x})[0]
