"""Numbers in a file are bounded: the largest that is taken, and the first that is not."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
from minicnn.onnx import OnnxError, files  # noqa: E402
from tests.onnx.graphs import W, load, node, proto  # noqa: E402

FAR = ("N", 3, 3, 40_000)  # images that no window is too large for
EMPTY = np.float32([])


def one(op: str, inputs: str = "x", shape: Any = FAR, arrays: Any = (), **attributes: Any) -> Any:
    return proto([node(op, inputs, "y", **attributes)], dict(arrays), shape)


def resized(name: str, numbers: Any) -> Any:
    return one("Resize", "x e e z" if name == "z" else "x e s", (1, 1, 1, 1), {"e": EMPTY, name: numbers})


BOUNDED = {
    "a kernel": (10_000, lambda n: one("MaxPool", kernel_shape=[1, n])),
    "a stride": (10_000, lambda n: one("MaxPool", kernel_shape=[1, 1], strides=[1, n])),
    "a dilation": (10_000, lambda n: one("MaxPool", kernel_shape=[1, 2], dilations=[1, n])),
    "pads": (10_000, lambda n: one("Conv", "x w", arrays={"w": W}, pads=[0, n, 0, n])),
    "padding": (10_000, lambda n: one("Pad", "x p", arrays={"p": np.int64([0, 0, 0, n, 0, 0, 0, n])})),
    "a wanted size": (10_000, lambda n: resized("z", np.int64([1, 1, 1, n]))),
    "a scale": (10_000, lambda n: resized("s", np.float32([1, 1, 1, n]))),
    "channels that are normalized together": (65_535, lambda n: one("LRN", size=n if n % 2 else n + 1)),
    "numbers in a list": (10_000, lambda n: one("Reshape", "x s", (1, 1, 1, 1), {"s": np.ones(n, np.int64)})),
}


@pytest.mark.parametrize("what", BOUNDED)
def test_the_largest_number_is_taken_and_the_next_one_is_not(what: str, tmp_path) -> None:
    most, model = BOUNDED[what]
    words = "list of numbers" if what == "numbers in a list" else "10000|an odd size"
    for n, taken in ((most, True), (most + 1, False)):
        with contextlib.nullcontext() if taken else pytest.raises(OnnxError, match=words):
            try:
                load(model(n), tmp_path)
            except OnnxError as error:  # a reshape to so many axes is refused, but as one
                if "to (1, 1," not in str(error):
                    raise


@pytest.mark.parametrize(("numbers", "taken"), [((2, 1, 2), True), ((0, 1, 1), False), ((1, 1, 0), False)])
def test_windows_of_nothing_are_refused(numbers: tuple[int, ...], taken: bool, tmp_path) -> None:
    for place in (0, 1):
        kernel, stride, dilation = ([n if i == place else 1 for i in (0, 1)] for n in numbers)
        model = one("MaxPool", kernel_shape=kernel, strides=stride, dilations=dilation)
        with contextlib.nullcontext() if taken else pytest.raises(OnnxError, match="make no windows"):
            load(model, tmp_path)


@pytest.fixture
def tensors(tmp_path) -> files.Tensors:
    """Of a file of a hundred bytes."""
    (tmp_path / "m.onnx").write_bytes(b"0" * 100)
    return files.Tensors(tmp_path / "m.onnx")


def test_what_is_computed_may_take_4_mib_and_8_times_the_file(tensors) -> None:
    tensors.compute(4_194_000)
    tensors.compute(304 + 800)
    with pytest.raises(OnnxError, match="takes over 8 times the 100 bytes"):
        tensors.compute(1)


def test_what_is_computed_counts_8_bytes_for_each_number(tmp_path) -> None:
    for count, taken in ((2**19, True), (2**19 + 4000, False)):
        nodes = [node("Expand", "c s", "many"), node("Gather", "many zero", "one"), node("Add", "x one", "y")]
        arrays = {"c": np.float32([2]), "s": np.int64([count]), "zero": np.int64([0])}
        with contextlib.nullcontext() if taken else pytest.raises(OnnxError, match="computes from constants takes"):
            assert load(proto(nodes, arrays), tmp_path)["y"].shift == 2


@pytest.mark.parametrize(("count", "taken"), [(256, True), (768, False)])
def test_what_is_gathered_counts_8_bytes_for_each_number(count: int, taken: bool, tmp_path) -> None:
    """A row of 1,024 numbers, many times; then one of them."""
    nodes = [node("Gather", "row many", "rows"), node("Gather", "rows zero", "some", axis=1)]
    nodes += [node("Gather", "some zero", "one"), node("Add", "x one", "y")]
    arrays = {"row": np.ones((1, 1024), np.float32), "many": np.zeros(count, np.int64), "zero": np.int64([0])}
    with contextlib.nullcontext() if taken else pytest.raises(OnnxError, match="computes from constants takes"):
        assert load(proto(nodes, arrays), tmp_path)["y"].shift == 1


def test_what_is_filled_may_take_600_million_bytes(tensors) -> None:
    tensors.fill(300_000_000)
    tensors.fill(300_000_000)
    with pytest.raises(OnnxError, match="over 600000000 bytes"):
        tensors.fill(1)


def tensor(*shape: int, kind: str = "FLOAT", **fields: Any) -> Any:
    return onnx.TensorProto(dims=shape, data_type=getattr(onnx.TensorProto, kind), name="t", **fields)


def test_arrays_may_take_8_times_the_file(tensors) -> None:
    read = tensor(25, raw_data=np.arange(25, dtype="<f4").tobytes())
    for _ in range(8):
        assert tensors.array(read).tolist() == list(range(25))
    with pytest.raises(OnnxError, match="its arrays take over 8 times the 100 bytes"):
        tensors.array(read)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2**31,), "takes 8589934592 bytes, got 0"),
        ((2**31 + 1,), "invalid shape"),
        ((1,) * 8, "takes 4 bytes, got 0"),
        ((1,) * 9, "invalid shape"),
        ((0, -1), "invalid shape"),
        ((-1,), "invalid shape"),
    ],
)
def test_the_shape_of_an_array_is_bounded(shape: tuple[int, ...], words: str, tensors) -> None:
    with pytest.raises(OnnxError, match=words):
        tensors.array(tensor(*shape, raw_data=b""))


@pytest.mark.parametrize("kind", ["FLOAT", "INT64", "FLOAT16", "BOOL"])
def test_an_array_has_as_many_values_as_its_shape_says(kind: str, tensors) -> None:
    field = {"FLOAT": "float_data", "INT64": "int64_data"}.get(kind, "int32_data")
    size = {"FLOAT": 4, "INT64": 8, "FLOAT16": 2, "BOOL": 1}[kind]
    for count in (5, 6, 7):
        for given in ({field: [0] * count}, {"raw_data": b"\0" * (size * count)}):
            right = contextlib.nullcontext() if count == 6 else pytest.raises(OnnxError, match=r"\[2, 3\] takes")
            with right:
                assert tensors.array(tensor(2, 3, kind=kind, **given)).shape == (2, 3)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({}, None),
        ({"offset": "60"}, None),
        ({"offset": "61"}, "takes 40 bytes, not 40 from 61 on"),
        ({"length": "40"}, None),
        ({"length": "39"}, "takes 40 bytes, not 39"),
        ({"length": "41"}, "takes 40 bytes, not 41"),
        ({"offset": "-4"}, "invalid place"),
        ({"offset": "٤"}, "invalid place"),
        ({"offset": "9" * 19}, "takes 40 bytes, not 40 from 9999999999999999999 on"),
    ],
)
def test_data_beside_the_model_lie_within_their_file(place: dict[str, str], words: str | None, tensors) -> None:
    (tensors.folder / "data").write_bytes(np.arange(25, dtype="<f4").tobytes())
    external = tensor(10, data_location=onnx.TensorProto.EXTERNAL)
    for key, value in ({"location": "data"} | place).items():
        external.external_data.add(key=key, value=value)
    if words is None:
        first = int(place.get("offset", 0)) // 4
        assert tensors.array(external).tolist() == list(range(first, first + 10))
        assert tensors.there == 200  # the file's bytes count as well, once
        tensors.array(external)
        assert tensors.there == 200
    else:
        with pytest.raises(OnnxError, match=words):
            tensors.array(external)


def test_a_graph_has_at_most_100000_nodes(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(files, "_texts", lambda model: ())
    for count, taken in ((0, False), (1, True), (100_000, True), (100_001, False)):
        model = onnx.ModelProto()
        model.graph.MergeFromString(onnx.GraphProto(node=[onnx.NodeProto(op_type="A")]).SerializeToString() * count)
        (tmp_path / "m.onnx").write_bytes(model.SerializeToString() or b"\x08\x08")
        with contextlib.nullcontext() if taken else pytest.raises(OnnxError, match="1 to 100000 nodes"):
            files.parse(tmp_path / "m.onnx")


def test_a_file_is_below_2_gib(tmp_path, monkeypatch) -> None:
    model = proto([node("Relu", "x", "y")]).SerializeToString()
    monkeypatch.setattr(Path, "read_bytes", lambda path: model)
    for size, taken in ((0, False), (1, True), (2**31 - 1, True), (2**31, False)):
        with (tmp_path / "m.onnx").open("wb") as file:
            file.truncate(size)  # takes no space
        with contextlib.nullcontext() if taken else pytest.raises(OnnxError, match="1 byte to 2 GiB"):
            files.parse(tmp_path / "m.onnx")
