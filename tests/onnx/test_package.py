"""What reading and writing ONNX needs."""

import sys

import pytest

import minicnn as cnn
from minicnn import ReLU, Sequential


def test_without_the_onnx_package_it_says_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    (tmp_path / "m.onnx").write_bytes(b"?")
    with pytest.raises(ImportError, match=r'pip install "\.\[onnx\]" in a checkout'):
        cnn.onnx.load(tmp_path / "m.onnx")
    with pytest.raises(ImportError, match=r'pip install "\.\[onnx\]" in a checkout'):
        cnn.onnx.save(Sequential(ReLU()), tmp_path / "m.onnx", (1, 2, 2))
