"""What reading and writing ONNX needs."""

import re
import sys
from pathlib import Path

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


def test_the_docs_list_the_operators_that_are_read() -> None:
    from minicnn.onnx.families import SUPPORTED

    text = (Path(__file__).parents[2] / "docs" / "design.md").read_text()
    listed = text.partition("These operators are read:")[2].partition("And `If`")[0]
    assert sorted(re.findall(r"`(\w+)`", listed)) == SUPPORTED


def test_every_layer_is_written_but_those_that_stand_in_a_graph_alone() -> None:
    from minicnn.layers import LAYERS
    from minicnn.onnx.families import WRITERS

    assert {name for name, kind in LAYERS.items() if kind not in WRITERS} == {"Join"}
