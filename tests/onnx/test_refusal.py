"""ONNX files that are refused, in one line that names file and node, in little time and memory."""

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn import Layer

pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx import refused, refused_tensors
from tests.onnx.graphs import W, load, node, proto

REFUSED = refused.REFUSED | refused_tensors.REFUSED


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_one_line_that_names_file_and_node_in_little_time_and_memory(name, tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret").write_bytes(W.tobytes())
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "secret")
    model, message = REFUSED[name]
    tracemalloc.start()
    with pytest.raises(cnn.onnx.OnnxError, match=message) as refusal:
        load(model, tmp_path / "folder")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 23
    assert str(refusal.value).startswith(f"{tmp_path / 'folder' / 'm.onnx'}: ")
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 700


RENAMED = {
    "an attribute": lambda node: setattr(node.attribute[0], "name", "\x06\u200b"),
    "an operator": lambda node: setattr(node, "op_type", "\x06\u200b"),
    "a domain": lambda node: setattr(node, "domain", "\x06\u200b"),
    "an input": lambda node: node.input.__setitem__(0, "\x06\u200b"),
}


@pytest.mark.parametrize("what", RENAMED)
def test_a_name_that_cannot_be_printed_is_escaped(what, tmp_path) -> None:
    model, path = proto([node("Conv", "x w", "y", strides=[1, 1])], {"w": W}), tmp_path / "m.onnx"
    RENAMED[what](model.graph.node[0])
    path.write_bytes(model.SerializeToString())
    with pytest.raises(cnn.onnx.OnnxError) as refusal:
        cnn.onnx.load(path)
    assert str(refusal.value).isprintable() and "\\x06\\u200b" in str(refusal.value)


@pytest.mark.parametrize("contents", [b"", b"\x00", b"PK\x03\x04", b"<html>", b"\x08\x08" * 1000])
def test_what_is_no_onnx_file_is_refused(contents, tmp_path) -> None:
    (tmp_path / "m.onnx").write_bytes(contents)
    with pytest.raises(cnn.onnx.OnnxError, match="expected an ONNX file"):
        cnn.onnx.load(tmp_path / "m.onnx")


def test_a_missing_file_is_refused(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"gone\.onnx: there is no such file"):
        cnn.onnx.load(tmp_path / "gone.onnx")


@given(data=st.data())
def test_no_cut_and_no_change_of_a_few_bytes_gets_past_as_anything_but_a_model(data, tmp_path_factory) -> None:
    nodes = [
        node("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        node("MaxPool", "a", "b", kernel_shape=[2, 2]),
    ]
    contents = bytearray(proto([*nodes, node("Concat", "b b", "y", axis=1)], {"w": W}).SerializeToString())
    for _ in range(data.draw(st.integers(0, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(contents[: data.draw(st.integers(len(contents) // 2, len(contents)))])
    try:
        model = cnn.onnx.load(path)
    except cnn.onnx.OnnxError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert isinstance(model, Layer)


@pytest.mark.slow
def test_very_many_nodes_of_one_name_are_read(tmp_path) -> None:
    names = ["x", *(f"r{i}" for i in range(20_000)), "y"]
    nodes = [node("Relu", a, b, name="same") for a, b in itertools.pairwise(names)]
    assert len(load(proto(nodes), tmp_path)) == 20_001
