"""What a graph computes from constants alone is what NumPy computes, whichever way its opset writes it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minicnn as cnn

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx.graphs import load, node, proto  # noqa: E402

A = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
FORMS = ("input", "attribute")


def folded(tmp_path, op: str, *inputs: Any, opset: int = 17, count: int = 0, **attributes: Any) -> np.ndarray:
    """What an operator makes of constants, as a network multiplies channels of ones by it; `count`: of its numbers."""
    arrays = {f"c{i}": np.asarray(value) for i, value in enumerate(inputs) if value is not None}
    names = [f"c{i}" if f"c{i}" in arrays else "" for i in range(len(inputs))]
    folding = onnx.helper.make_node(op, names, ["c"], **attributes)
    nodes = [folding, node("Cast", "c", "f", to=1), node("Reshape", "f s", "g"), node("Mul", "x g", "y")]
    shape = (1, count or "C", 2, 2)
    model = load(proto(nodes, arrays | {"s": np.int64([-1, 1, 1])}, shape, opset=opset), tmp_path)
    return model(np.ones((1, count or 1, 2, 2), np.float32))[0, :, 0, 0]


def check(tmp_path, expected: Callable[[], Any], op: str, *inputs: Any, **options: Any) -> None:
    """It is what NumPy gives, or it is refused if NumPy refuses it."""
    try:
        wanted = np.asarray(expected())
    except (ValueError, IndexError, TypeError):
        with pytest.raises(cnn.onnx.OnnxError, match=f"{op} 'c': "):
            folded(tmp_path, op, *inputs, **options)
    else:
        found = folded(tmp_path, op, *inputs, count=wanted.size, **options)
        np.testing.assert_allclose(found, wanted.ravel(), rtol=1e-6)


def axes_written(op: str, opset: int, axes: list[int]) -> tuple[list[Any], dict[str, Any]]:
    """The axes as the opset wants them: an input from 13 on, an attribute before."""
    return ([np.int64(axes)], {}) if opset >= 13 else ([], {"axes": axes})


@pytest.mark.parametrize("axis", range(-5, 5))
@pytest.mark.parametrize("opset", [12, 13])
def test_an_axis_counts_from_either_end(axis: int, opset: int, tmp_path) -> None:
    """Those beyond the ends are refused, by all that have one."""
    there = -3 <= axis < 3

    def of(result: Callable[[], Any]) -> Callable[[], Any]:
        """NumPy takes some axes that are not there."""
        return result if there else lambda: np.take(A, 0, 9)

    check(tmp_path, of(lambda: A.take([1, 0], axis)), "Gather", A, np.int64([1, 0]), axis=axis, opset=opset)
    check(tmp_path, of(lambda: np.concatenate([A, -A], axis)), "Concat", A, -A, axis=axis, opset=opset)
    ends = [np.int64([n]) for n in (1, 3, axis)]
    parts = tuple(slice(1, 3) if i == axis % 3 else slice(None) for i in range(3))
    check(tmp_path, of(lambda: A[parts]), "Slice", A, *ends, opset=opset)
    one = A[:1, :1, :1]
    inputs, attributes = axes_written("Squeeze", opset, [axis])
    check(tmp_path, of(lambda: one.squeeze(axis)), "Squeeze", one, *inputs, **attributes, opset=opset)
    inputs, attributes = axes_written("Unsqueeze", opset, [axis])
    check(tmp_path, lambda: np.expand_dims(A, axis), "Unsqueeze", A, *inputs, **attributes, opset=opset)


def shape_of(tmp_path, op: str, *inputs: Any, opset: int = 17, **attributes: Any) -> list[int]:
    """The shape of what an operator makes of constants."""
    arrays = {f"c{i}": np.asarray(value) for i, value in enumerate(inputs)}
    nodes = [onnx.helper.make_node(op, list(arrays), ["c"], **attributes), node("Shape", "c", "d")]
    nodes += [node("Reshape", "x d", "e"), node("Relu", "e", "y")]
    model = load(proto(nodes, arrays, (1, A.size // 2, 2, 1), opset=opset), tmp_path)
    return list(model(np.ones((1, A.size // 2, 2, 1), np.float32)).shape)


@pytest.mark.parametrize("opset", [12, 13])
@pytest.mark.parametrize(
    ("axes", "shape"), [([0], (1, 2, 3, 4)), ([0, 2], (1, 2, 1, 3, 4)), ([-5, -1], (1, 2, 3, 4, 1))]
)
def test_axes_are_put_in_where_numpy_puts_them(axes: list[int], shape: tuple[int, ...], opset: int, tmp_path) -> None:
    inputs, attributes = axes_written("Unsqueeze", opset, axes)
    assert shape_of(tmp_path, "Unsqueeze", A, *inputs, **attributes, opset=opset) == list(shape)
    inputs, attributes = axes_written("Squeeze", opset, [1, -1])
    squeezed = A.reshape(1, 1, 2, 3, 4, 1)
    assert shape_of(tmp_path, "Squeeze", squeezed, *inputs, **attributes, opset=opset) == [1, 2, 3, 4]


@pytest.mark.parametrize("written", FORMS)
@pytest.mark.parametrize(
    ("start", "stop", "axis"), [(0, 2, 2), (1, 99, 2), (-2, 99, 1), (-99, -1, 2), (2, 3, 1), (0, 1, 0)]
)
def test_a_slice_is_numpys_before_and_from_opset_10(start: int, stop: int, axis: int, written: str, tmp_path) -> None:
    def expected() -> Any:
        return np.moveaxis(np.moveaxis(A, axis, 0)[start:stop], 0, axis)

    if written == "attribute":
        check(tmp_path, expected, "Slice", A, starts=[start], ends=[stop], axes=[axis], opset=9)
    else:
        inputs = (np.int64([n]) for n in (start, stop, axis, 1))
        check(tmp_path, expected, "Slice", A, *inputs, opset=10)


@pytest.mark.parametrize(("start", "stop", "step"), [(0, 4, 2), (3, 0, -1), (-1, -99, -2), (2, -4, -1), (-1, -5, -1)])
def test_a_slice_has_steps_from_opset_10(start: int, stop: int, step: int, tmp_path) -> None:
    inputs = [np.int64([n]) for n in (start, stop, 2, step)]
    past = stop < -A.shape[2]  # where NumPy counts from the other end again
    check(tmp_path, lambda: A[:, :, start : None if past else stop : step], "Slice", A, *inputs, opset=10)


def test_slices_without_axes_are_of_the_first_ones(tmp_path) -> None:
    check(tmp_path, lambda: A[1:2, :2], "Slice", A, np.int64([1, 0]), np.int64([2, 2]))
    check(tmp_path, lambda: A[1:2, :2], "Slice", A, starts=[1, 0], ends=[2, 2], opset=9)


@pytest.mark.parametrize(
    "numbers", [([0], [1, 2], [0], [1]), ([0, 0], [1], [0], [1]), ([0], [1], [0, 1], [1]), ([0], [1], [0], [1, 1])]
)
def test_slices_of_other_numbers_than_axes_are_refused(numbers: tuple[list[int], ...], tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"Slice 'c': starts .* make no slices"):
        folded(tmp_path, "Slice", A, *map(np.int64, numbers))


def test_what_is_gathered_without_an_axis_is_of_the_first(tmp_path) -> None:
    check(tmp_path, lambda: A[[1]], "Gather", A, np.int64([1]))


def test_a_step_of_0_is_refused(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"Slice 'c': starts .* make no slices"):
        folded(tmp_path, "Slice", A, *map(np.int64, ([0], [1], [0], [0])))


B = np.float32([[-2.5, -0.0, 0.75, 3.0]])
COMPUTED: dict[str, tuple[list[Any], Any]] = {
    "Abs": ([B], [2.5, 0, 0.75, 3]),
    "Add": ([B, np.float32([1])], [-1.5, 1, 1.75, 4]),
    "Ceil": ([B], [-2, 0, 1, 3]),
    "Div": ([np.int64([7, -7, 7, -7]), np.int64([2, 2, -2, -2])], [3, -3, -3, 3]),  # as in C: toward zero
    "Equal": ([B, np.float32([0.75])], [0, 0, 1, 0]),
    "Expand": ([np.float32([[1], [2]]), np.int64([2, 3])], [1, 1, 1, 2, 2, 2]),
    "Floor": ([B], [-3, 0, 0, 3]),
    "Identity": ([B], [-2.5, 0, 0.75, 3]),
    "Max": ([B, np.float32([0.5]), np.float32([0, 1, 0, 0])], [0.5, 1, 0.75, 3]),
    "Min": ([B, np.float32([0.5]), np.float32([0, 1, 0, 9])], [-2.5, 0, 0, 0.5]),
    "Mul": ([B, np.float32([2])], [-5, 0, 1.5, 6]),
    "Neg": ([B], [2.5, 0, -0.75, -3]),
    "Reciprocal": ([np.float32([2, -4])], [0.5, -0.25]),
    "Reshape": ([A, np.int64([0, -1, 6])], A.ravel()),
    "Sqrt": ([np.float32([4, 2.25])], [2, 1.5]),
    "Sub": ([B, np.float32([1])], [-3.5, -1, -0.25, 2]),
    "Transpose": ([A], A.T.ravel()),
    "Where": ([np.int64([1, 0, 2, -1]), np.float32([5]), B], [5, 0, 5, 5]),
}


@pytest.mark.parametrize("op", COMPUTED)
def test_numbers_are_computed_as_the_standard_says(op: str, tmp_path) -> None:
    inputs, expected = COMPUTED[op]
    check(tmp_path, lambda: np.float32(expected), op, *inputs)


@pytest.mark.parametrize(("kind", "expected"), [(1, [-2.5, 0, 0.75, 3]), (7, [-2, 0, 0, 3]), (9, [1, 0, 1, 1])])
def test_numbers_are_cast_as_the_standard_says(kind: int, expected: list[float], tmp_path) -> None:
    """To floating point, to whole numbers toward zero, and to whether they are not 0."""
    check(tmp_path, lambda: np.float32(expected), "Cast", B, to=kind)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"value_float": 1.5}, [1.5]),
        ({"value_floats": [1.5, -2.0]}, [1.5, -2]),
        ({"value_int": 3}, [3]),
        ({"value_ints": [3, 0]}, [3, 0]),
        ({"value": onnx.numpy_helper.from_array(np.float64([0.25, 4]))}, [0.25, 4]),
    ],
)
def test_a_constant_is_written_in_five_ways(given: dict[str, Any], expected: list[float], tmp_path) -> None:
    check(tmp_path, lambda: np.float32(expected), "Constant", **given)


@pytest.mark.parametrize("given", [{}, {"value_string": "three"}])
def test_a_constant_that_is_no_numbers_is_refused(given: dict[str, Any], tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="Constant 'c': expected a tensor or numbers"):
        folded(tmp_path, "Constant", **given)


@pytest.mark.parametrize("kind", [8, 14])  # text, and complex numbers
def test_numbers_are_cast_to_nothing_else(kind: int, tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"Cast 'c': to .* is not supported"):
        folded(tmp_path, "Cast", B, to=kind)


PARTS = [({}, slice(None)), ({"start": 1}, slice(1, None)), ({"end": 2}, slice(0, 2))]


@pytest.mark.parametrize(("options", "part"), [*PARTS, ({"start": -2, "end": -1}, slice(-2, -1))])
def test_a_shape_may_be_of_some_axes(options: dict[str, int], part: slice, tmp_path) -> None:
    check(tmp_path, lambda: np.float32(A.shape[part]), "Shape", A, **options)


@pytest.mark.parametrize("value", [None, 2.5])
@pytest.mark.parametrize("shape", [[4], [1, 2, 1, 1, 1, 1, 1, 3]])
def test_a_shape_is_filled_with_one_number_or_zeros(shape: list[int], value: float | None, tmp_path) -> None:
    given = {} if value is None else {"value": onnx.numpy_helper.from_array(np.float32([value]))}
    check(tmp_path, lambda: np.full(shape, value or 0, np.float32), "ConstantOfShape", np.int64(shape), **given)


def test_a_shape_of_2_to_the_31_numbers_is_an_array_but_takes_too_much(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="ConstantOfShape nodes make take over 600000000 bytes"):
        folded(tmp_path, "ConstantOfShape", np.int64([2**31]))


@pytest.mark.parametrize("shape", [[2, -1], [1] * 9, [2**31 + 1], [2**16, 2**16]])
def test_a_shape_of_no_array_is_not_filled(shape: list[int], tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="ConstantOfShape 'c': 1 values of the invalid shape"):
        folded(tmp_path, "ConstantOfShape", np.int64(shape))
