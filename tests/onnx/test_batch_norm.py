"""Batch normalization: ONNX's momentum weights the past, ours and PyTorch's the new batch."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.testing import tie_free

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")


def test_the_momentum_is_turned_around_on_both_ways(tmp_path) -> None:
    model = cnn.Sequential(norm=cnn.BatchNorm2d(2, eps=1e-3, momentum=0.3)).initialize(0)
    cnn.onnx.save(model, tmp_path / "m.onnx", input_shape=(2, 3, 3))
    attributes = {a.name: a.f for a in onnx.load(tmp_path / "m.onnx").graph.node[0].attribute}
    assert attributes["momentum"] == pytest.approx(0.7) and attributes["epsilon"] == pytest.approx(1e-3)
    again = cnn.onnx.load(tmp_path / "m.onnx")
    x = tie_free((4, 2, 3, 3)).astype(np.float32)
    for network in (model, again):
        network.forward(x, cnn.Pass(train=True))
    np.testing.assert_allclose(next(iter(again.children.values())).running_mean, model["norm"].running_mean, rtol=1e-6)
