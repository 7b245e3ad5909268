"""The other engines, prepared for a comparison: PyTorch in each of its modes, and onnxruntime."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import minicnn as cnn

MODES = ("eager", "channels-last", "compiled")
PACKAGES = ("torch", "onnxruntime", "captum", "sklearn", "openTSNE")  # as they are imported
TOLERANCE, JUMPS = 1e-4, 1e-2


def installed(package: str) -> bool:
    return find_spec(package) is not None


def missing(package: str) -> str:
    """What to say if a peer is not installed."""
    return f"{package} is not installed (pip install -e '.[peers]')"


def prepared(model: Any, x: np.ndarray, mode: str) -> tuple[Any, Callable[..., Any], Any]:
    """PyTorch's module with our weights, how to run it, and its images."""
    import torch

    from .twin import twin

    module, images = twin(model), torch.tensor(x)
    if mode == "channels-last":
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images = images.to(memory_format=torch.channels_last)
    return module, torch.compile(module) if mode == "compiled" else module, images


def onnx_forward(model: Any, x: np.ndarray, threads: int) -> Callable[[], np.ndarray]:
    """The forward pass of onnxruntime, which reads our own export."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        cnn.onnx.save(model, path, x.shape[1:])
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})[0]


def assert_close(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Refuse a comparison whose results differ by more than 1e-4 of the largest value."""
    error = np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-12)
    if not error < TOLERANCE:
        raise SystemExit(f"{name}: the results differ by {error:.1e} of the largest value")


def assert_same_gradient(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Refuse a comparison whose gradients differ by more than 1e-2 of their length.

    A gradient jumps where a ReLU's sign or a pooling's winner depends on the last digits. In a deep network there are
    such places, and rounding decides a few of them differently. The scores, which do not jump, must agree to 1e-4.
    """
    error = float(np.linalg.norm(ours - theirs)) / max(float(np.linalg.norm(theirs)), 1e-12)
    if not error < JUMPS:
        raise SystemExit(f"{name}: the gradients differ by {error:.1e} of their length")
