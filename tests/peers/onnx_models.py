"""ONNX models for the tests of this folder: run by onnxruntime."""

from typing import Any

import numpy as np
import onnxruntime


def run(model: Any, x: np.ndarray) -> np.ndarray:
    """What onnxruntime makes of it, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    contents = model if isinstance(model, str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(contents, options)
    return session.run(None, {session.get_inputs()[0].name: x})[0]
