"""ONNX files, and whether a model that was read from one gives what onnxruntime gives, where that is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx  # noqa: F401  without it there is no such format

import minicnn as cnn

from . import harm
from .format import Format, only
from .model_format import model as small_model

try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def formats() -> Iterator[Format]:
    seed = cnn.zoo.build("seed", classes=3, in_channels=1, input_size=12).initialize(0)
    for name, model, shape in (("ONNX, a chain", seed, (1, 12, 12)), ("ONNX, branches", small_model(), (1, 8, 8))):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            cnn.onnx.save(model, path, input_shape=shape)
            files = {"model.onnx": path.read_bytes()}
        errors = (cnn.onnx.OnnxError, ValueError)
        yield Format(name, files, _load_and_run, _wrong, harm.in_protobuf, errors=errors, runs=True)


def _load_and_run(folder: Path) -> Any:
    path = only(folder)
    model = cnn.onnx.load(path, keep_softmax=True)
    shape = cnn.onnx.input_shape(path)
    if shape is None or np.prod(shape) > 10**6:
        return None
    x = np.random.default_rng(0).standard_normal((1, *shape)).astype(np.float32)
    with np.errstate(all="ignore"):
        return x, model(x)


def _wrong(result: Any, folder: Path) -> str:
    if result is None or onnxruntime is None:
        return ""
    x, y = result
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    try:
        session = onnxruntime.InferenceSession(str(only(folder)), options, providers=["CPUExecutionProvider"])
        (theirs,) = session.run(None, {session.get_inputs()[0].name: x})
    except Exception:  # theirs refuses what we take: a version, a name that occurs twice, …
        return ""
    theirs = np.asarray(theirs).reshape(y.shape) if np.size(theirs) == y.size else np.asarray(theirs)
    if theirs.shape != y.shape:
        return f"the output has shape {y.shape}, and onnxruntime's {theirs.shape}"
    with np.errstate(all="ignore"):
        close = np.isclose(y, theirs, rtol=1e-3, atol=1e-3 * min(1e30, float(np.nanmax(np.abs(theirs), initial=1))))
    agree = close | (np.isnan(y) & np.isnan(theirs)) | ~np.isfinite(y) & ~np.isfinite(theirs)
    return "" if agree.all() else f"the output is {y.ravel()[:4]}, and onnxruntime's {theirs.ravel()[:4]}"
