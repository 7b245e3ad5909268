"""ONNX files: how a graph becomes a model and back, and what is refused."""

import itertools
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn import (
    AdaptiveAvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    Graph,
    Layer,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attributes)


def proto(nodes: list[Any], arrays: Any = (), shape: Any = (1, 3, 4, 4), output: str = "y", opset: int = 17) -> Any:
    """A graph from x to y; `arrays` by name, or tensors."""
    if isinstance(arrays, dict):
        arrays = [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "test", inputs, outputs, arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def load(model: Any, tmp_path: Path, **options: Any) -> Any:
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return cnn.onnx.load(path, **options)


W = np.arange(54, dtype=np.float32).reshape(2, 3, 3, 3) / 54


class TestReading:
    def test_nodes_in_a_row_become_a_sequential_under_their_names(self, tmp_path) -> None:
        nodes = [
            node("Conv", "x w", "a", name="/features/0"),
            node("Relu", "a", "b", name="act.1"),
            node("Relu", "b", "y"),
        ]
        model = load(proto(nodes, {"w": W}), tmp_path)
        assert type(model) is Sequential
        assert list(model.children) == ["features/0", "act/1", "y"]
        assert np.array_equal(model["features/0"].weight, W)

    def test_nodes_that_fork_become_a_graph(self, tmp_path) -> None:
        model = load(proto([node("Relu", "x", "a"), node("Add", "x a", "y")]), tmp_path)
        assert type(model) is Graph
        assert model.sources == {"a": ["input"], "y": ["input", "a"]}

    def test_names_that_occur_twice_are_numbered(self, tmp_path) -> None:
        nodes = [node("Relu", a, b, name="r") for a, b in ("xa", "ab", "by")]
        assert list(load(proto(nodes), tmp_path).children) == ["r", "r_2", "r_3"]

    def test_a_layer_may_not_take_the_inputs_name(self, tmp_path) -> None:
        nodes = [node("Relu", "x", "a", name="input"), node("Add", "x a", "y")]
        assert list(load(proto(nodes), tmp_path).children) == ["input_2", "y"]

    @pytest.mark.parametrize("keep", [False, True])
    def test_a_last_softmax_is_left_off_unless_asked_for(self, keep, tmp_path) -> None:
        nodes = [node("Relu", "x", "a"), node("GlobalAveragePool", "a", "b"), node("Softmax", "b", "c", axis=1)]
        model = load(proto([*nodes, node("Flatten", "c", "y")]), tmp_path, keep_softmax=keep)
        assert list(model.children) == ["a", "b", *(["c"] if keep else []), "y"]

    def test_a_softmax_in_the_middle_stays(self, tmp_path) -> None:
        model = load(proto([node("Softmax", "x", "a", axis=1), node("Relu", "a", "y")]), tmp_path)
        assert list(model.children) == ["a", "y"]

    def test_scores_in_maps_of_one_pixel_come_as_vectors(self, tmp_path) -> None:
        model = load(proto([node("GlobalAveragePool", "x", "y")]), tmp_path)
        assert model(np.ones((2, 3, 4, 4), np.float32)).shape == (2, 3)

    def test_padding_that_a_layer_cannot_do_becomes_a_layer(self, tmp_path) -> None:
        pool = node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
        model = load(proto([pool]), tmp_path)
        assert list(model.children) == ["y_pad", "y"]
        assert model["y_pad"].value == -np.inf

    def test_clipping_at_zero_is_relu(self, tmp_path) -> None:
        model = load(proto([node("Clip", "x low", "y")], {"low": np.float32(0)}), tmp_path)
        assert type(model["y"]) is ReLU

    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    def test_half_precision_becomes_float32(self, dtype, tmp_path) -> None:
        model = load(proto([node("Conv", "x w", "y")], {"w": W.astype(dtype)}), tmp_path)
        assert model["y"].weight.dtype == np.float32
        assert np.array_equal(model["y"].weight, W.astype(dtype).astype(np.float32))

    def test_double_precision_stays(self, tmp_path) -> None:
        model = proto([node("Conv", "x w", "y")], {"w": W.astype(np.float64) / 3})
        model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
        assert np.array_equal(load(model, tmp_path)["y"].weight, W.astype(np.float64) / 3)

    @pytest.mark.parametrize(
        ("kind", "values"),
        [(TensorProto.FLOAT, W), (TensorProto.FLOAT16, W.astype(np.float16)), (TensorProto.BFLOAT16, W)],
    )
    def test_values_may_stand_in_fields_instead_of_bytes(self, kind, values, tmp_path) -> None:
        model = load(proto([node("Conv", "x w", "y")], [helper.make_tensor("w", kind, W.shape, values)]), tmp_path)
        assert np.allclose(model["y"].weight, W, rtol=2**-7)

    def test_external_data_lie_beside_the_model(self, tmp_path) -> None:
        onnx.save(
            proto([node("Conv", "x w", "y")], {"w": W}),
            tmp_path / "m.onnx",
            save_as_external_data=True,
            location="m.data",
            size_threshold=0,
        )
        assert np.array_equal(cnn.onnx.load(tmp_path / "m.onnx")["y"].weight, W)

    def test_an_input_of_open_size_needs_no_size_unless_the_network_depends_on_it(self, tmp_path) -> None:
        same = node("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 2])
        with pytest.raises(cnn.onnx.OnnxError, match=r"auto_pad=SAME_UPPER depends on the input's size; give load"):
            load(proto([same], {"w": W}, ("N", 3, "H", "W")), tmp_path)
        model = load(proto([same], {"w": W}, ("N", 3, "H", "W")), tmp_path, input_shape=(3, 5, 4))
        assert model(np.ones((1, 3, 5, 4), np.float32)).shape == (1, 2, 3, 2)
        unknown = proto([node("Conv", "x w", "y")], {"w": W})
        unknown.graph.input[0].type.tensor_type.ClearField("shape")
        assert type(load(unknown, tmp_path)) is Sequential
        plain = load(proto([node("Conv", "x w", "y")], {"w": W}, ("N", 3, "H", "W")), tmp_path)
        assert plain(np.ones((1, 3, 9, 5), np.float32)).shape == (1, 2, 7, 3)

    @pytest.mark.parametrize(
        ("shape", "expected"), [((1, 3, 4, 6), (3, 4, 6)), (("N", 3, "H", "W"), None), ((1, 12), None)]
    )
    def test_the_size_of_its_pictures_is_known_where_the_file_tells_it(self, shape, expected, tmp_path) -> None:
        path = tmp_path / "m.onnx"
        path.write_bytes(proto([node("Relu", "x", "y")], shape=shape).SerializeToString())
        assert cnn.onnx.input_shape(path) == expected


def tensor(name: str = "w", dims: Any = W.shape, raw: bytes = W.tobytes(), kind: int = TensorProto.FLOAT) -> Any:
    """A tensor that says of itself whatever one likes."""
    return TensorProto(name=name, dims=dims, raw_data=raw, data_type=kind)


def external(**about: Any) -> Any:
    found = TensorProto(name="w", dims=W.shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in about.items():
        found.external_data.add(key=key, value=str(value))
    return found


def conv(**attributes: Any) -> list[Any]:
    return [node("Conv", "x w", "y", **attributes)]


def pool(**attributes: Any) -> list[Any]:
    return [node("MaxPool", "x", "y", **attributes)]


doubling = [
    node("Concat", f"{a} {a}", b, axis=1)
    for a, b in zip(["x", *"abcdefghijklmnopqrstuvw"], "abcdefghijklmnopqrstuvwy", strict=True)
]

REFUSED = {
    "an unsupported operator": (
        proto([node("Resize", "x", "y", mode="cubic", name="up")]),
        r"Resize\(mode='cubic'\) 'up' is not supported; supported are Add, AveragePool, .*, Sum$",
    ),
    "an operator of somebody's own": (proto([node("Relu", "x", "y", domain="com.me")]), "com.me.Relu"),
    "an unknown attribute": (
        proto([node("Relu", "x", "y", slope=2)]),
        "Relu 'y': the attribute slope=2 is not supported",
    ),
    "an attribute of another kind": (proto(conv(group="three"), {"w": W}), "expected group to be of the kind of 1"),
    "an old opset": (proto([node("Relu", "x", "y")], opset=6), "expected opset 7 or later, got 6"),
    "two outputs": (
        (lambda p: (p.graph.output.add(name="z"), p)[1])(proto([node("Relu", "x", "y")])),
        "expected a graph with one output, got y, z",
    ),
    "an output from nowhere": (proto([node("Relu", "x", "z")]), "its output 'y' is given by no node"),
    "an input from nowhere": (proto([node("Relu", "lost", "y")]), "it takes 'lost', which nothing before it gives"),
    "a cycle": (proto([node("Add", "x y", "y")]), "it takes 'y', which nothing before it gives"),
    "a value given twice": (proto([node("Relu", "x", "y"), node("Relu", "x", "y")]), "'y' is given twice"),
    "no network at all": (proto([node("Identity", "x", "y")]), "there is no network in between"),
    "weights that are computed": (proto([node("Conv", "x x", "y")]), "expected input 1 to be an initialiser"),
    "one-dimensional convolution": (proto(conv(), {"w": W[0]}), "expected input 1 to have 4 axes"),
    "weights for other channels": (proto(conv(), {"w": W}, (1, 4, 4, 4)), "take 3 channels, but it is given 4"),
    "groups that do not divide": (proto(conv(group=3), {"w": W}, (1, 9, 4, 4)), "3 groups do not divide 9 channels"),
    "negative groups": (proto(conv(group=-1), {"w": W}, (1, "C", 4, 4)), "expected .* an int of at least 1"),
    "another kernel than the weights'": (proto(conv(kernel_shape=[5, 5]), {"w": W}), "make no windows for weights"),
    "a kernel larger than the picture": (proto(pool(kernel_shape=[9, 9])), "absurd shape"),
    "a kernel without size": (proto(pool()), "make no windows"),
    "strides of zero": (proto(conv(strides=[0, 1]), {"w": W}), "make no windows"),
    "absurd pads": (proto(conv(pads=[1 << 40] * 4), {"w": W}), "expected pads to be 4 numbers in 0…10000"),
    "an absurd number of pads": (proto(conv(pads=[1] * 10_000), {"w": W}), "expected pads to be 4 numbers"),
    "negative pads": (
        proto([node("Pad", "x p", "y")], {"p": np.int64([0, 0, -1, 0, 0, 0, 0, 0])}),
        "pads .* are not supported",
    ),
    "padding of the batch": (
        proto([node("Pad", "x p", "y")], {"p": np.int64([1, 0, 0, 0, 0, 0, 0, 0])}),
        "of the batch",
    ),
    "padding by mirroring": (
        proto([node("Pad", "x p", "y", mode="reflect")], {"p": np.int64([0] * 8)}),
        "mode='reflect'",
    ),
    "maps that double until nothing holds them": (proto([*doubling], shape=(1, 1 << 12, 16, 16)), "absurd shape"),
    "addition of maps that do not fit": (
        proto([node("Flatten", "x", "a"), node("Add", "x a", "y")]),
        "do not fit together",
    ),
    "a constant added in the middle": (proto([node("Add", "x w", "y")], {"w": np.float32(1)}), "only as the bias"),
    "dense layers on maps": (
        proto([node("MatMul", "x w", "y")], {"w": np.ones((4, 4), np.float32)}),
        "flatten them first",
    ),
    "reshaping to maps": (proto([node("Reshape", "x s", "y")], {"s": np.int64([1, 4, 3, 4])}), r"only to \(N, F\)"),
    "flattening with the batch": (proto([node("Flatten", "x", "y", axis=0)]), "axis=0 is not supported, only 1"),
    "concatenation of rows": (proto([node("Concat", "x x", "y", axis=2)]), "axis=2 is not supported, only 1"),
    "an even window of channels": (proto([node("LRN", "x", "y", size=4)]), "expected an odd size, got 4"),
    "batch normalisation in training": (
        proto([node("BatchNormalization", "x s s s s", "y", training_mode=1)], {"s": np.ones(3, np.float32)}),
        "training_mode=1 is not supported",
    ),
    "a tensor larger than its data": (
        proto(conv(), [tensor(dims=(1 << 20, 1 << 10, 1, 1))]),
        "takes 4294967296 bytes, got",
    ),
    "a tensor of absurd shape": (proto(conv(), [tensor(dims=(1 << 40, 1 << 40))]), "absurd shape"),
    "a tensor of negative shape": (proto(conv(), [tensor(dims=(-2, -27))]), "absurd shape"),
    "a tensor of strings": (proto(conv(), [tensor(kind=TensorProto.STRING)]), "is of type STRING"),
    "a tensor of no known type": (proto(conv(), [tensor(kind=99)]), "is of type 99"),
    "one array in so many layers that memory would not do": (
        proto([node("Conv", "x w", f"y{i}") for i in range(20)], {"w": np.ones((100, 3, 1, 1), np.float32)}),
        "its arrays take over 8 times the [0-9]+ bytes of its files",
    ),
    "weights that are whole numbers": (proto(conv(), {"w": W.astype(np.int64)}), "expected its weight to be"),
    "an absurd input": (proto([node("Relu", "x", "y")], shape=(1, 1 << 31, 1 << 31, 1)), "absurd shape"),
    "sound": (proto([node("Relu", "x", "y")], shape=(1, 2, 100)), "expected an input of pictures"),
    "data in another folder": (proto(conv(), [external(location="../secret")]), "lies outside the model's folder"),
    "data at an absolute path": (proto(conv(), [external(location="/etc/passwd")]), "lies outside the model's folder"),
    "data in no file": (proto(conv(), [external(location="gone.bin")]), "there is no such file"),
    "data in the folder itself": (proto(conv(), [external()]), "there is no such file"),
    "data behind a link to another folder": (proto(conv(), [external(location="link")]), "outside the model's folder"),
    "data beyond the file": (proto(conv(), [external(location="m.onnx", offset=1 << 60)]), "which has"),
    "data at a negative offset": (proto(conv(), [external(location="m.onnx", offset=-1)]), "the absurd place"),
    "data of another length": (proto(conv(), [external(location="m.onnx", length=1 << 40)]), "takes 216 bytes"),
}


class TestRefusal:
    @pytest.mark.parametrize("name", REFUSED)
    def test_it_is_one_line_that_names_file_and_node_in_little_time_and_memory(self, name, tmp_path) -> None:
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

    @pytest.mark.parametrize("contents", [b"", b"\x00", b"PK\x03\x04", b"<html>", b"\x08\x08" * 1000])
    def test_what_is_no_onnx_file_is_refused(self, contents, tmp_path) -> None:
        (tmp_path / "m.onnx").write_bytes(contents)
        with pytest.raises(cnn.onnx.OnnxError, match="expected an ONNX file"):
            cnn.onnx.load(tmp_path / "m.onnx")

    def test_a_missing_file_is_refused(self, tmp_path) -> None:
        with pytest.raises(cnn.onnx.OnnxError, match=r"gone\.onnx: there is no such file"):
            cnn.onnx.load(tmp_path / "gone.onnx")

    @given(data=st.data())
    def test_no_cut_and_no_change_of_a_few_bytes_gets_past_as_anything_but_a_model(
        self, data, tmp_path_factory
    ) -> None:
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

    def test_very_many_nodes_of_one_name_are_read(self, tmp_path) -> None:
        names = ["x", *(f"r{i}" for i in range(20_000)), "y"]
        nodes = [node("Relu", a, b, name="same") for a, b in itertools.pairwise(names)]
        assert len(load(proto(nodes), tmp_path)) == 20_001

    @pytest.mark.parametrize(
        "nodes",
        [
            [
                node("Conv", "x w", "a"),
                node("Identity", "a", "b"),
                node("Add", "b c", "d"),
                node("Concat", "a d", "y", axis=1),
            ],
            [node("Conv", "x w", "a"), node("Add", "a c", "d"), node("Concat", "a d", "y", axis=1)],
            [node("Conv", "x w", "y"), node("Add", "y c", "d")],
            [node("Relu", "x", "a"), node("Add", "a c", "y")],
        ],
    )
    def test_a_constant_is_no_bias_where_others_see_the_sum_without_it(self, nodes, tmp_path) -> None:
        arrays = {"w": np.ones((3, 3, 1, 1), np.float32), "c": np.ones((1, 3, 1, 1), np.float32)}
        with pytest.raises(cnn.onnx.OnnxError, match="only as the bias of the layer before"):
            load(proto(nodes, arrays), tmp_path)


class TestWriting:
    def test_nodes_bear_the_layers_paths_and_arrays_theirs(self, tmp_path) -> None:
        model = Sequential(features=Sequential(conv=Conv2d(1, 2, 3), relu=ReLU()), flatten=Flatten(), fc=Dense(8, 3))
        cnn.onnx.save(model.initialize(), tmp_path / "m.onnx", (1, 4, 4))
        written = onnx.load(tmp_path / "m.onnx")
        onnx.checker.check_model(written, full_check=True)
        assert [n.name for n in written.graph.node] == ["features.conv", "features.relu", "flatten", "fc"]
        assert {t.name for t in written.graph.initializer} == set(model.parameters())

    def test_any_number_of_pictures_fits(self, tmp_path) -> None:
        cnn.onnx.save(Sequential(ReLU()), tmp_path / "m.onnx", (1, 2, 2))
        dims = onnx.load(tmp_path / "m.onnx").graph.input[0].type.tensor_type.shape.dim
        assert [dim.dim_param or dim.dim_value for dim in dims] == ["N", 1, 2, 2]

    def test_a_single_layer_is_a_network(self, tmp_path) -> None:
        layer = Conv2d(1, 2, 3).initialize()
        cnn.onnx.save(layer, tmp_path / "m.onnx", (1, 4, 4))
        x = np.ones((2, 1, 4, 4), np.float32)
        assert np.allclose(cnn.onnx.load(tmp_path / "m.onnx")(x), layer(x))

    def test_the_transform_and_the_classes_come_back(self, tmp_path) -> None:
        model = cnn.zoo.build("seed")
        model.transform, model.classes = cnn.data.Transform(mean=(0.5,), std=(0.25,)), tuple("abcdefghij")
        cnn.onnx.save(model, tmp_path / "m.onnx", (1, 28, 28))
        again = cnn.onnx.load(tmp_path / "m.onnx")
        assert (again.transform, again.classes) == (model.transform, model.classes)

    def test_a_transform_that_is_not_ours_is_refused(self, tmp_path) -> None:
        model = proto([node("Relu", "x", "y")])
        helper.set_model_props(model, {"minicnn.transform": '{"mean": "everything"}'})
        with pytest.raises(cnn.onnx.OnnxError, match="transform and classes is not ours"):
            load(model, tmp_path)

    def test_adaptive_pooling_that_windows_of_one_size_cannot_do_is_refused(self, tmp_path) -> None:
        with pytest.raises(
            cnn.onnx.OnnxError, match=r"pool: ONNX has no adaptive pooling.* cut \(5, 5\) into \(2, 2\)"
        ):
            cnn.onnx.save(Sequential(pool=AdaptiveAvgPool2d(2)), tmp_path / "m.onnx", (1, 5, 5))

    def test_even_windows_of_channels_are_refused(self, tmp_path) -> None:
        with pytest.raises(cnn.onnx.OnnxError, match=r"ONNX counts an even size \(4\) from the other side"):
            cnn.onnx.save(Sequential(LocalResponseNorm(4)), tmp_path / "m.onnx", (1, 5, 5))

    def test_windows_that_onnx_would_count_otherwise_are_refused(self, tmp_path) -> None:
        pool = MaxPool2d((2, 1), stride=2, ceil_mode=True)  # one hangs over below, but none on the right
        with pytest.raises(cnn.onnx.OnnxError, match="ONNX would count the windows"):
            cnn.onnx.save(Sequential(pool), tmp_path / "m.onnx", (1, 3, 4))

    def test_a_layer_of_ones_own_is_refused_by_its_path(self, tmp_path) -> None:
        class Mine(ReLU):
            pass

        with pytest.raises(
            cnn.onnx.OnnxError, match=r"Mine 'odd' has no form in ONNX; there is one for AdaptiveAvgPool2d"
        ):
            cnn.onnx.save(Sequential(odd=Mine()), tmp_path / "m.onnx", (1, 2, 2))

    def test_a_folder_that_cannot_be_written_is_refused(self, tmp_path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(cnn.onnx.OnnxError, match="save: cannot write"):
            cnn.onnx.save(Sequential(ReLU()), tmp_path / "file" / "m.onnx", (1, 2, 2))
