"""Axes and shapes: what an operator makes of them is known before the network runs, and is what NumPy makes of them."""

import numpy as np
import pytest

import minicnn as cnn

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx.graphs import load, node, proto  # noqa: E402
from tests.onnx.operators import CASES  # noqa: E402

SHAPE = (2, 3, 7, 6)
X = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
OPEN = ("N", 3, "H", "W")


def run(tmp_path, op, *inputs, shape=SHAPE, opset=17, **attributes):
    """An operator's output for X, and ReLU's, as a network needs a layer; inputs are lists of integers, or one."""
    arrays = {f"c{i}": np.int64(value) for i, value in enumerate(inputs)}
    nodes = [node(op, " ".join(["x", *arrays]), "a", **attributes), node("Relu", "a", "y")]
    return load(proto(nodes, arrays, shape, opset=opset), tmp_path)(X)


def inferred(proto):
    """The shape of its output, as the onnx package infers it; 0 where it cannot."""
    output = onnx.shape_inference.infer_shapes(proto).graph.output[0]
    return [axis.dim_value for axis in output.type.tensor_type.shape.dim]


INFERRED = {name: inferred(case.model()) for name, case in CASES.items()}


@pytest.mark.parametrize("name", [name for name, shape in INFERRED.items() if all(shape)])
def test_the_shape_of_an_output_is_known_before_the_network_runs(name: str, tmp_path) -> None:
    """So that a Reshape to it is no layer."""
    case, found = CASES[name], []
    for reshaped in (False, True):
        graph = case.model()
        if reshaped:
            graph.graph.node[0].output[0] = "t"
            graph.graph.node.append(node("Reshape", "t shape", "y"))
            graph.graph.initializer.append(onnx.numpy_helper.from_array(np.int64(INFERRED[name]), "shape"))
        found.append([type(layer) for layer in load(graph, tmp_path, keep_softmax=True).children.values()])
    assert found[0] == found[1]


def test_nearly_all_shapes_are_inferred() -> None:
    unknown = [name for name, shape in INFERRED.items() if not all(shape)]
    assert len(unknown) <= 4, unknown


@pytest.mark.parametrize("batch", [2, "N"])
@pytest.mark.parametrize(
    "target",
    [(0, -1), (0, 126), (-1, 126), (0, 3, 42), (-1, 3, 42), (0, 0, -1), (0, 3, 0, -1), (0, 0, 0, 0), (0, 1, -1, 1)],
)
def test_a_reshape_is_numpys(target, batch, tmp_path) -> None:
    expected = X.reshape([SHAPE[i] if n == 0 else n for i, n in enumerate(target)])
    np.testing.assert_array_equal(run(tmp_path, "Reshape", target, shape=(batch, *SHAPE[1:])), expected)


@pytest.mark.parametrize("target", [(0, -1), (-1, 126)])
def test_a_reshape_to_vectors_needs_no_size(target, tmp_path) -> None:
    np.testing.assert_array_equal(run(tmp_path, "Reshape", target, shape=OPEN), X.reshape(2, 126))


@pytest.mark.parametrize("target", [(-1, 1), (0, -1), (-1, 1, 1, 1)])
def test_images_of_one_number_are_reshaped_too(target, tmp_path) -> None:
    graph = proto([node("Reshape", "x s", "a"), node("Relu", "a", "y")], {"s": np.int64(target)}, ("N", 1, 1, 1))
    assert load(graph, tmp_path)(np.ones((2, 1, 1, 1), np.float32)).ravel().tolist() == [1, 1]


MIXED, UNKNOWN = r"depends on the batch or mixes", r"depends on the input's size"


@pytest.mark.parametrize(
    ("target", "where_open"),
    [
        *[(target, MIXED) for target in ((252,), (3, -1), (3, 2, 42), (7, 3, -1))],
        *[(target, UNKNOWN) for target in ((-1,), (-1, -1), (0, -1, -1), (0, -2, 63), (0, -2, -63), (0, 5, -1))],
        *[(target, UNKNOWN) for target in ((0, 125), (0, 127), (-1, 3, 43), (0, 3, 7, 6, 0))],
    ],
)
def test_a_reshape_that_mixes_images_or_does_not_fit_is_refused(target, where_open, tmp_path) -> None:
    for shape, why in ((SHAPE, MIXED), (("N", *SHAPE[1:]), MIXED), (OPEN, where_open)):
        with pytest.raises(cnn.onnx.OnnxError, match=f"Reshape 'a': to .* {why}"):
            run(tmp_path, "Reshape", target, shape=shape)


def test_two_negative_sizes_make_no_positive_one(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=f"Reshape 'a': to .* {MIXED}"):
        run(tmp_path, "Reshape", (0, -2, -2), shape=("N", 1, 2, 2))


def test_zeros_are_zeros_where_they_are_allowed(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="Reshape 'a': to"):
        run(tmp_path, "Reshape", (0, 3, 42), allowzero=1)


@pytest.mark.parametrize("axis", range(-5, 6))
@pytest.mark.parametrize("batch", [1, 2])
def test_flattening_keeps_images_apart(axis, batch, tmp_path) -> None:
    graph = proto([node("Flatten", "x", "y", axis=axis)], shape=(batch, *SHAPE[1:]))
    if axis in (1, -3) or (batch == 1 and axis in (0, -4)):
        np.testing.assert_array_equal(load(graph, tmp_path)(X), X.reshape(2, 126))
    else:
        with pytest.raises(cnn.onnx.OnnxError, match="Flatten 'y': " + ("to" if -5 < axis < 5 else "expected an axis")):
            load(graph, tmp_path)


def test_images_of_one_channel_may_be_flattened_behind_it(tmp_path) -> None:
    x = X[:, :1]
    for shape in ((2, 1, 7, 6), ("N", 1, 7, 6)):
        graph = proto([node("Flatten", "x", "y", axis=2)], shape=shape)
        np.testing.assert_array_equal(load(graph, tmp_path)(x), x.reshape(2, 42))
    with pytest.raises(cnn.onnx.OnnxError, match=f"Flatten 'y': axis=2 of .* {UNKNOWN}"):
        load(proto([node("Flatten", "x", "y", axis=2)], shape=OPEN), tmp_path)


AS_INPUT_SINCE = {  # the first opset in which what an attribute said is an input
    "Squeeze": (13, "axes", [2], (2, 1, 1, 6)),
    "Unsqueeze": (13, "axes", [2], SHAPE),
    "Split": (13, "split", [3, 4], SHAPE),
    "ReduceMean": (18, "axes", [2, 3], SHAPE),
    "ReduceMax": (18, "axes", [2, 3], SHAPE),
    "Pad": (11, "pads", [0, 0, 1, 0, 0, 0, 0, 2], SHAPE),
}


@pytest.mark.parametrize("op", AS_INPUT_SINCE)
def test_what_was_an_attribute_is_an_input_from_its_opset_on(op: str, tmp_path) -> None:
    since, name, numbers, shape = AS_INPUT_SINCE[op]
    outputs = ["y", "z"] if op == "Split" else ["y"]
    axis = {"axis": 2} if op == "Split" else {}
    before = onnx.helper.make_node(op, ["x"], outputs, **{name: numbers}, **axis)
    after = onnx.helper.make_node(op, ["x", "c"], outputs, **axis)
    x = X[:, : shape[1], : shape[2]]
    schemas = [onnx.defs.get_schema(op, opset) for opset in (since - 1, since)]
    assert [name in schema.attributes for schema in schemas] == [True, False]
    old, new = proto([before], {}, shape, opset=since - 1), proto([after], {"c": np.int64(numbers)}, shape, opset=since)
    np.testing.assert_array_equal(load(old, tmp_path)(x), load(new, tmp_path)(x))


@pytest.mark.parametrize("axis", range(-6, 6))
def test_an_axis_is_put_in_and_taken_out_anywhere_but_before_the_images(axis, tmp_path) -> None:
    nodes = [node("Unsqueeze", "x i", "a"), node("Relu", "a", "b"), node("Squeeze", "b i", "y")]
    graph = proto(nodes, {"i": np.int64([axis])}, SHAPE)
    if axis % 5 and -5 <= axis < 5:
        np.testing.assert_array_equal(load(graph, tmp_path)(X), X)
    else:
        words = r"to \(1, N, 3, 7, 6\) from" if axis in (-5, 0) else "expected axes of 5"
        with pytest.raises(cnn.onnx.OnnxError, match=f"Unsqueeze 'a': {words}"):
            load(graph, tmp_path)


@pytest.mark.parametrize("axes", [[2, 3], [-1, 2]])
def test_axes_of_length_one_are_taken_out_whatever_the_others_are(axes, tmp_path) -> None:
    pool = node("GlobalAveragePool", "x", "a")
    graph = proto([pool, node("Squeeze", "a i", "y")], {"i": np.int64(axes)}, ("N", "C", "H", "W"))
    np.testing.assert_allclose(load(graph, tmp_path)(X), X.mean(axis=(2, 3)))
    graph = proto([node("Unsqueeze", "x i", "a"), node("Relu", "a", "y")], {"i": np.int64(axes)}, OPEN)
    with pytest.raises(cnn.onnx.OnnxError, match="the shape of 'a' depends on the input's size"):
        load(graph, tmp_path)


@pytest.mark.parametrize("axis", [1, 2, 3, -1, 4])
def test_an_axis_of_several_is_not_taken_out(axis, tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="Squeeze 'a': "):
        run(tmp_path, "Squeeze", [axis])


def test_which_axes_are_of_length_one_must_be_known(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"Squeeze 'a': of \(N, 3, \?, \?\) depends on the input's size"):
        run(tmp_path, "Squeeze", shape=OPEN)


def test_two_transpositions_that_cancel_are_no_layer(tmp_path) -> None:
    nodes = [node("Transpose", "x", "a"), node("Transpose", "a", "b", perm=[3, 2, 1, 0]), node("Relu", "b", "y")]
    assert list(load(proto(nodes), tmp_path).children) == ["y"]


LAST = 2**63 - 1
SLICES = [(0, LAST, 1), (1, LAST, 1), (0, 4, 1), (2, 6, 3), (-3, -1, 1), (-99, 99, 2), (5, 6, 1), (0, 6, 1), (6, 99, 4)]


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
@pytest.mark.parametrize("part", SLICES)
def test_a_slice_is_numpys(part, axis, tmp_path) -> None:
    start, stop, step = part
    expected = np.moveaxis(np.moveaxis(X, axis, 0)[start:stop:step], 0, axis)
    if expected.size:
        y = run(tmp_path, "Slice", [start], [stop], [axis], [step])
        np.testing.assert_array_equal(y, expected.reshape(y.shape))
    else:
        with pytest.raises(cnn.onnx.OnnxError, match=r"Slice 'a': .* is empty"):
            run(tmp_path, "Slice", [start], [stop], [axis], [step])


def test_what_slices_nothing_off_needs_no_size(tmp_path) -> None:
    for axis in range(4):
        model = load(
            proto([node("Slice", "x s e a", "b"), node("Relu", "b", "y")],
                  {"s": np.int64([0]), "e": np.int64([LAST]), "a": np.int64([axis])}, OPEN), tmp_path
        )  # fmt: skip
        assert list(model.children) == ["y"]
    for axis in (0, 2):  # ONNX writes an end that is not known as the largest number of 32 or 64 bits
        run(tmp_path, "Slice", [0], [2**31 - 1], [axis], [1], shape=OPEN)
    for start, stop, step in ((1, LAST, 1), (0, 5, 1), (0, LAST, 2)):
        for axis in (0, 2):
            with pytest.raises(cnn.onnx.OnnxError, match="Slice 'a': of "):
                run(tmp_path, "Slice", [start], [stop], [axis], [step], shape=OPEN)
    with pytest.raises(cnn.onnx.OnnxError, match="Slice 'a': of "):
        run(tmp_path, "Slice", [0], [2**31 - 2], [2], [1], shape=OPEN)


@pytest.mark.parametrize(
    ("sizes", "count", "ends"),
    [(None, 3, [3, 6]), (None, 2, [4]), (None, 4, [2, 4, 6]), ([1, 6], 2, [1]), ([2, 2, 3], 3, [2, 4])],
)
def test_the_parts_of_a_split_are_numpys(sizes, count, ends, tmp_path) -> None:
    """The last one smaller, where no sizes are given; and those that nothing uses are not computed."""
    names = [f"p{i}" for i in range(count)]
    inputs = ["x"] if sizes is None else ["x", "sizes"]
    options = {"num_outputs": count} if sizes is None else {}
    arrays = {} if sizes is None else {"sizes": np.int64(sizes)}
    for place, part in enumerate(np.split(X, ends, axis=2)):
        split = onnx.helper.make_node("Split", inputs, names, axis=2, **options)
        model = load(proto([split, node("Relu", names[place], "y")], arrays, SHAPE, opset=18), tmp_path)
        np.testing.assert_array_equal(model(X), part)
        assert len(model.children) == 2


@pytest.mark.parametrize(("sizes", "said"), [([0, 7], 2), ([3, 3], 2), ([7], 2), ([3, 5], 2), (None, 3)])
def test_a_split_into_other_parts_is_refused(sizes, said, tmp_path) -> None:
    options = {"num_outputs": said} if sizes is None else {}
    split = onnx.helper.make_node("Split", ["x", *(["s"] if sizes else [])], ["p", "y"], axis=2, **options)
    arrays = {"s": np.int64(sizes)} if sizes else {}
    with pytest.raises(cnn.onnx.OnnxError, match="Split 'p': "):
        load(proto([split], arrays, SHAPE, opset=18), tmp_path)


@pytest.mark.parametrize("places", [0, -1, -6, [3], [-2], [1, 2], [0, 2, 4], [2, 5], [-3, -2, -1], [0, 1, 2, 3, 4, 5]])
@pytest.mark.parametrize("axis", [2, 3, -1])
def test_the_places_that_are_gathered_are_numpys(places, axis, tmp_path) -> None:
    np.testing.assert_array_equal(run(tmp_path, "Gather", places, axis=axis), np.take(X, places, axis))


def test_one_place_is_gathered_in_steps_of_one(tmp_path) -> None:
    graph = proto([node("Gather", "x i", "a", axis=2), node("Relu", "a", "y")], {"i": np.int64([3])}, SHAPE)
    layer = load(graph, tmp_path)["a"]
    assert (layer.start, layer.stop, layer.step, layer.axis) == (3, 4, 1, 2)


@pytest.mark.parametrize("places", [6, -7, [5, 6], [2, 1], [1, 1], [0, 2, 3], [[0], [1]], []])
def test_places_in_no_range_are_refused(places, tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="Gather 'a': "):
        run(tmp_path, "Gather", places, axis=3)


@pytest.mark.parametrize("length", [5, 70, 300])
def test_a_slice_without_an_end_is_written_as_one(length, tmp_path) -> None:
    x = np.arange(2 * length, dtype=np.float32).reshape(1, 2, length, 1)
    for layer in (cnn.Slice(3, axis=2), cnn.Slice(1, 4, 2, axis=2)):
        cnn.onnx.save(cnn.Sequential(layer), tmp_path / "m.onnx", x.shape[1:])
        np.testing.assert_array_equal(
            cnn.onnx.load(tmp_path / "m.onnx")(x), x[:, :, layer.start : layer.stop : layer.step]
        )


@pytest.mark.parametrize(("stop", "read"), [(4, 4), (5, None), (6, None)])
def test_a_slice_as_far_as_the_end_is_read_as_one_without_an_end(stop, read, tmp_path) -> None:
    cnn.onnx.save(cnn.Sequential(part=cnn.Slice(1, stop, axis=2)), tmp_path / "m.onnx", (1, 5, 5))
    (part,) = cnn.onnx.load(tmp_path / "m.onnx").children.values()
    assert (part.start, part.stop) == (1, read)


def test_the_end_of_a_slice_without_one_is_written_as_the_largest_of_32_bits(tmp_path) -> None:
    cnn.onnx.save(cnn.Sequential(part=cnn.Slice(1, axis=2)), tmp_path / "m.onnx", (1, 5, 5))
    written = {a.name: onnx.numpy_helper.to_array(a) for a in onnx.load(tmp_path / "m.onnx").graph.initializer}
    assert written["part.stop"].tolist() == [2_147_483_647]
