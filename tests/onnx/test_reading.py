"""How the graph in an ONNX file becomes a model."""

import contextlib

import numpy as np
import pytest

import minicnn as cnn
from minicnn import Graph, ReLU, Sequential

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
helper, TensorProto = onnx.helper, onnx.TensorProto
from tests.onnx.graphs import W, load, node, proto  # noqa: E402


def test_nodes_in_a_row_become_a_sequential_under_their_names(tmp_path) -> None:
    nodes = [
        node("Conv", "x w", "a", name="/features/0"),
        node("Relu", "a", "b", name="act.1"),
        node("Relu", "b", "y"),
    ]
    model = load(proto(nodes, {"w": W}), tmp_path)
    assert type(model) is Sequential
    assert list(model.children) == ["features/0", "act/1", "y"]
    assert np.array_equal(model["features/0"].weight, W)


def test_nodes_that_fork_become_a_graph(tmp_path) -> None:
    model = load(proto([node("Relu", "x", "a"), node("Add", "x a", "y")]), tmp_path)
    assert type(model) is Graph
    assert model.sources == {"a": ["input"], "y": ["input", "a"]}


def test_names_that_occur_twice_are_numbered(tmp_path) -> None:
    nodes = [node("Relu", a, b, name="r") for a, b in ("xa", "ab", "by")]
    assert list(load(proto(nodes), tmp_path).children) == ["r", "r_2", "r_3"]


def test_a_layer_may_not_take_the_inputs_name(tmp_path) -> None:
    nodes = [node("Relu", "x", "a", name="input"), node("Add", "x a", "y")]
    assert list(load(proto(nodes), tmp_path).children) == ["input_2", "y"]


@pytest.mark.parametrize("keep", [False, True])
def test_a_last_softmax_is_left_off_unless_asked_for(keep, tmp_path) -> None:
    nodes = [node("Relu", "x", "a"), node("GlobalAveragePool", "a", "b"), node("Softmax", "b", "c", axis=1)]
    model = load(proto([*nodes, node("Flatten", "c", "y")]), tmp_path, keep_softmax=keep)
    assert list(model.children) == ["a", "b", *(["c"] if keep else []), "y"]


def test_a_softmax_in_the_middle_stays(tmp_path) -> None:
    model = load(proto([node("Softmax", "x", "a", axis=1), node("Relu", "a", "y")]), tmp_path)
    assert list(model.children) == ["a", "y"]


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_a_last_softmax_over_the_classes_is_left_off_and_over_rows_stays(op, tmp_path) -> None:
    for axis, kept in ((1, []), (3, ["y"])):
        model = load(proto([node("Relu", "x", "a"), node(op, "a", "y", axis=axis)]), tmp_path)
        assert list(model.children) == ["a", *kept]


def test_a_bound_that_is_not_given_is_none(tmp_path) -> None:
    half = {"h": np.float32(0.5)}
    above = [helper.make_node("Clip", ["x", "", "h"], ["y"]), node("Min", "x h", "y")]
    below = [node("Clip", "x h", "y"), node("Max", "h x", "y")]
    for cuts, bounds in ((above, (None, 0.5)), (below, (0.5, None))):
        for cut in cuts:
            layer = load(proto([cut], half), tmp_path)["y"]
            assert (layer.low, layer.high) == bounds


def test_a_file_of_images_of_2_to_the_31_numbers_is_read_and_of_more_not(tmp_path) -> None:
    for width, taken in ((2**15, True), (2**15 + 1, False)):
        with contextlib.nullcontext() if taken else pytest.raises(cnn.onnx.OnnxError, match="invalid shape"):
            load(proto([node("Relu", "x", "y")], (), (1, 1, 2**16, width)), tmp_path)
        half = proto([node("Concat", "x x", "y", axis=1)], (), (1, 1, 2**15, width))
        with contextlib.nullcontext() if taken else pytest.raises(cnn.onnx.OnnxError, match="its output has the inv"):
            load(half, tmp_path)


@pytest.mark.parametrize("shape", [(3, 0, 4), (0, 4, 4)])
def test_images_have_pixels_and_channels(shape, tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="its input has the invalid shape"):
        load(proto([node("Relu", "x", "y")], (), ("N", "C", "H", "W")), tmp_path, input_shape=shape)


def test_a_long_refusal_is_cut_at_800_characters(tmp_path) -> None:
    shape = {"s": np.ones(1000, np.int64)}
    with pytest.raises(cnn.onnx.OnnxError) as refusal:
        load(proto([node("Reshape", "x s", "y")], shape), tmp_path)
    assert len(str(refusal.value)) == len(f"{tmp_path / 'm.onnx'}: ") + 800 + len("…")


def test_scores_in_maps_of_one_pixel_come_as_vectors(tmp_path) -> None:
    model = load(proto([node("GlobalAveragePool", "x", "y")]), tmp_path)
    assert model(np.ones((2, 3, 4, 4), np.float32)).shape == (2, 3)


def test_pooling_takes_uneven_padding_itself(tmp_path) -> None:
    pool = node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
    model = load(proto([pool]), tmp_path)
    assert list(model.children) == ["y"]
    x = -1 - np.arange(32, dtype=np.float32).reshape(1, 2, 4, 4)  # padding with 0 would win
    padded = np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    np.testing.assert_array_equal(model(x), windows.max(axis=(4, 5)))


def test_clipping_at_zero_is_relu(tmp_path) -> None:
    model = load(proto([node("Clip", "x low", "y")], {"low": np.float32(0)}), tmp_path)
    assert type(model["y"]) is ReLU


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_half_precision_becomes_float32(dtype, tmp_path) -> None:
    model = load(proto([node("Conv", "x w", "y")], {"w": W.astype(dtype)}), tmp_path)
    assert model["y"].weight.dtype == np.float32
    assert np.array_equal(model["y"].weight, W.astype(dtype).astype(np.float32))


def test_double_precision_stays(tmp_path) -> None:
    model = proto([node("Conv", "x w", "y")], {"w": W.astype(np.float64) / 3})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    assert np.array_equal(load(model, tmp_path)["y"].weight, W.astype(np.float64) / 3)


@pytest.mark.parametrize(
    ("kind", "values"),
    [(TensorProto.FLOAT, W), (TensorProto.FLOAT16, W.astype(np.float16)), (TensorProto.BFLOAT16, W)],
)
def test_values_may_stand_in_fields_instead_of_bytes(kind, values, tmp_path) -> None:
    model = load(proto([node("Conv", "x w", "y")], [helper.make_tensor("w", kind, W.shape, values)]), tmp_path)
    assert np.allclose(model["y"].weight, W, rtol=2**-7)


def test_external_data_lie_beside_the_model(tmp_path) -> None:
    onnx.save(
        proto([node("Conv", "x w", "y")], {"w": W}),
        tmp_path / "m.onnx",
        save_as_external_data=True,
        location="m.data",
        size_threshold=0,
    )
    assert np.array_equal(cnn.onnx.load(tmp_path / "m.onnx")["y"].weight, W)


def test_an_input_of_open_size_needs_no_size_unless_the_network_depends_on_it(tmp_path) -> None:
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
def test_the_size_of_its_images_is_known_where_the_file_tells_it(shape, expected, tmp_path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(proto([node("Relu", "x", "y")], shape=shape).SerializeToString())
    assert cnn.onnx.input_shape(path) == expected


SHARED = {
    "through another name": [
        node("Conv", "x w", "a"),
        node("Identity", "a", "b"),
        node("Add", "b c", "d"),
        node("Concat", "a d", "y", axis=1),
    ],
    "itself": [node("Conv", "x w", "a"), node("Add", "a c", "d"), node("Concat", "a d", "y", axis=1)],
}


@pytest.mark.parametrize("name", SHARED)
def test_a_constant_is_no_bias_where_others_see_the_sum_without_it(name, tmp_path) -> None:
    arrays = {"w": np.ones((3, 3, 1, 1), np.float32), "c": np.full((1, 3, 1, 1), 7, np.float32)}
    y = load(proto(SHARED[name], arrays), tmp_path)(np.ones((1, 3, 4, 4), np.float32))
    assert y[0, :, 0, 0].tolist() == [3, 3, 3, 10, 10, 10]


def test_a_constant_is_a_bias_where_nobody_else_sees_the_sum_without_it(tmp_path) -> None:
    nodes = [node("Conv", "x w", "a"), node("Add", "a c", "y"), node("Exp", "a", "unused")]
    model = load(proto(nodes, {"w": np.ones((3, 3, 1, 1), np.float32), "c": np.float32(7)}), tmp_path)
    assert [type(layer) for layer in model.children.values()] == [cnn.Conv2d]
    assert model["a"].bias.tolist() == [7, 7, 7]


def test_a_scale_and_a_shift_of_channels_are_one_layer(tmp_path) -> None:
    arrays = {"s": np.float32([1, 2, 3]).reshape(3, 1, 1), "t": np.float32([4, 5, 6]).reshape(1, 3, 1, 1)}
    model = load(proto([node("Mul", "s x", "a"), node("Add", "t a", "y")], arrays), tmp_path)
    assert [type(layer) for layer in model.children.values()] == [cnn.Affine]
    assert model(np.ones((1, 3, 1, 1), np.float32)).ravel().tolist() == [5, 7, 9]


def test_what_nothing_uses_need_not_be_supported(tmp_path) -> None:
    nodes = [
        node("Relu", "x", "y"),
        node("NonMaxSuppression", "y", "boxes"),
        node("Nonsense", "boxes", "more", domain="com.me"),
    ]
    assert list(load(proto(nodes), tmp_path).children) == ["y"]


def test_shapes_are_followed_with_a_batch_of_any_size(tmp_path) -> None:
    nodes = [
        node("Conv", "x w", "a"),
        node("Shape", "a", "s"),
        node("Gather", "s zero", "n"),
        node("Unsqueeze", "n axis", "n1"),
        node("Concat", "n1 rest", "t", axis=0),
        node("Reshape", "a t", "y"),
    ]
    arrays = {"w": W, "zero": np.int64(0), "axis": np.int64([0]), "rest": np.int64([-1])}
    model = load(proto(nodes, arrays, ("N", 3, 4, 4)), tmp_path)
    assert [type(layer) for layer in model.children.values()] == [cnn.Conv2d, cnn.Flatten]
    assert model(np.ones((5, 3, 4, 4), np.float32)).shape == (5, 8)


@pytest.mark.parametrize("target", [(0, 3, -1), (0, 3, 16), (0, 48), (0, 3, 2, -1), (-1, 3, 8, 2)])
def test_a_shape_that_the_size_of_the_images_decides_is_known_once_it_is_given(target, tmp_path) -> None:
    graph = proto([node("Reshape", "x s", "y")], {"s": np.int64(target)}, ("N", 3, "H", "W"))
    with pytest.raises(cnn.onnx.OnnxError, match=r"Reshape 'y': to .* give load\(…, input_shape=\(C, H, W\)\)$"):
        load(graph, tmp_path)
    x = np.arange(96, dtype=np.float32).reshape(2, 3, 4, 4)
    expected = x.reshape([2 if i == 0 else n for i, n in enumerate(target)])
    np.testing.assert_array_equal(load(graph, tmp_path, input_shape=(3, 4, 4))(x), expected)


def test_a_reshaping_that_changes_nothing_is_no_layer(tmp_path) -> None:
    nodes = [
        node("Reshape", "x s", "a"),
        node("Relu", "a", "b"),
        node("Unsqueeze", "b i", "c"),
        node("Squeeze", "c i", "y"),
    ]
    model = load(proto(nodes, {"s": np.int64([1, 3, 4, 4]), "i": np.int64([2])}), tmp_path)
    x = np.ones((2, 3, 4, 4), np.float32)
    assert model(x).shape == x.shape
    assert "a" not in model.children


def test_a_network_for_channels_last_takes_images_as_all_do(tmp_path) -> None:
    nodes = [
        node("Transpose", "x", "a", perm=[0, 3, 1, 2]),
        node("Conv", "a w", "b"),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]),
        node("Add", "c bias", "d"),
        node("Relu", "d", "e"),
        node("Transpose", "e", "f", perm=[0, 3, 1, 2]),
        node("MaxPool", "f", "g", kernel_shape=[2, 2]),
        node("Transpose", "g", "h", perm=[0, 2, 3, 1]),
        node("ReduceMean", "h", "y", axes=[1, 2], keepdims=0),
    ]
    path = tmp_path / "m.onnx"
    path.write_bytes(proto(nodes, {"w": W, "bias": np.float32([1, 2])}, (1, 4, 5, 3)).SerializeToString())
    assert cnn.onnx.input_shape(path) == (3, 4, 5)
    model = cnn.onnx.load(path)
    assert [type(layer).__name__ for layer in model.children.values()] == [
        "Conv2d",
        "ReLU",
        "MaxPool2d",
        "GlobalAvgPool2d",
    ]
    assert model["b"].bias.tolist() == [1, 2]


@pytest.mark.parametrize("which", [True, False])
def test_a_branch_is_taken_where_the_choice_is_known(which, tmp_path) -> None:
    def branch(op: str) -> onnx.GraphProto:
        outputs = [helper.make_tensor_value_info(f"of_{op}", TensorProto.FLOAT, None)]
        return helper.make_graph([node(op, "a", f"of_{op}")], "branch", [], outputs)

    nodes = [
        node("Conv", "x w", "a"),
        node("Shape", "a", "s"),
        node("Gather", "s one", "n"),
        node("Equal", "n wanted", "c"),
        node("If", "c", "b", then_branch=branch("Relu"), else_branch=branch("Sigmoid")),
        node("Flatten", "b", "y"),
    ]
    arrays = {"w": W, "one": np.int64(1), "wanted": np.int64(2 if which else 3)}
    model = load(proto(nodes, arrays, ("N", 3, 4, 4)), tmp_path)
    kinds = [type(layer) for layer in model.children.values()]
    assert kinds == [cnn.Conv2d, cnn.ReLU if which else cnn.Sigmoid, cnn.Flatten]
