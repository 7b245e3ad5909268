"""NaN, infinity, −0, subnormal and huge numbers: as PyTorch, with the exceptions of docs/design.md and no others.

Warnings are errors here, so this also tests that NumPy does not warn.
"""

import runpy
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minicnn import ops
from minicnn.testing import CASES, tie_free

torch = pytest.importorskip("torch")
sizes_of_terms = runpy.run_path(str(Path(__file__).with_name("terms.py")))["sizes_of_terms"]
PEERS = runpy.run_path(str(Path(__file__).with_name("test_ops.py")))
THEIRS, PYTORCHS, as_tensor = PEERS["THEIRS"], PEERS["PYTORCHS"], PEERS["as_tensor"]

# The exceptions.
SUMS = {  # of huge numbers, in an output or a gradient: whether they overflow depends on their order
    *("adaptive_avg_pool2d", "add", "affine", "avg_pool2d", "conv2d", "conv2d_relu_max_pool2d", "conv_transpose2d"),
    *("cross_entropy", "dense", "global_avg_pool2d", "interpolate2d", "local_response_norm", "log_softmax"),
    *("max_pool2d", "mse", "mul", "pad", "prelu", "softmax"),
}
PADDED = {"conv2d", "conv2d_relu_max_pool2d", "conv_transpose2d"}  # whose zeros meet NaN and infinity: 0 · ∞ is NaN;
# and with larger steps PyTorch's zeros between the steps, too, where we leave out the term
AS_FORMULAS_SAY = {"batch_norm2d": [0, 2], "cross_entropy": [0]}  # the arguments where PyTorch does too

ROUNDINGS = 64  # of huge terms, at most
VALUES = {
    "NaN": [np.nan],
    "infinity": [np.inf, -np.inf],
    "NaN and infinity": [np.nan, np.inf, -np.inf, 0.0],
    "zero": [0.0, -0.0],
    "subnormal": [1e-40, -1e-40, 1e-310, 0.0],
    "huge": [1e38, -1e38],
}


CHECKED = [(op, kind) for op in sorted(THEIRS.keys()) for kind in VALUES]
CHECKED.remove(("batch_norm2d", "huge"))  # PyTorch's underflow to 0: tests/ops/test_not_finite.py has the right ones


@pytest.fixture(autouse=True, scope="module")
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def planted(array, values, seed):
    """The array with about a third of its numbers replaced."""
    rng = np.random.default_rng(seed)
    chosen = np.array(values).astype(array.dtype)[rng.integers(0, len(values), array.shape)]
    return np.where(rng.random(array.shape) < 0.35, chosen, array)


def check(op, ours, theirs, terms=None, steps=False):
    """Equal up to rounding, except for what the exceptions leave open.

    Args:
        terms: of huge numbers, the size of what is summed, at each place.
        steps: whether they are gradients, or outputs, of an op that moves by more than one pixel.
    """
    ours, theirs = np.atleast_1d(ours), np.atleast_1d(theirs)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    compared = np.ones(ours.shape, bool)
    if terms is not None and op in SUMS:
        compared = np.isfinite(ours) & np.isfinite(theirs)
    elif op in PADDED:
        compared = np.isfinite(ours) & (np.isfinite(theirs) | (not steps))
        assert np.isfinite(theirs[compared]).all()
    elif op == "interpolate2d":  # PyTorch's multiplies by weights of 0
        compared = np.isfinite(theirs)
        assert np.isfinite(ours[compared]).all()
    ours, theirs = ours[compared], theirs[compared]
    if terms is None:
        tolerance = 1e-4 if ours.dtype == np.float32 else 1e-9
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
        return
    finite = np.isfinite(theirs)
    np.testing.assert_array_equal(ours[~finite], theirs[~finite])
    off = np.abs(ours[finite].astype(float) - theirs[finite])
    allowed = ROUNDINGS * np.finfo(ours.dtype).eps * (1 + terms[compared][finite])
    assert (off <= allowed).all(), f"off by {off[off > allowed]}, where rounding may be {allowed[off > allowed]}"


@pytest.mark.parametrize(("op", "kind"), CHECKED)
@given(data=st.data())
def test_output_and_gradients_are_pytorchs_at_the_ends_of_the_range(op: str, kind: str, data: st.DataObject) -> None:
    case = data.draw(PYTORCHS.get(op, CASES[op]))
    assume(case.options.get("label_smoothing") != 1)  # PyTorch multiplies by 0 what then counts for nothing
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    arrays = case.arrays(dtype)
    options = {
        name: value.astype(dtype) if isinstance(value, np.ndarray) else value for name, value in case.options.items()
    }
    floats = AS_FORMULAS_SAY.get(op, [i for i, array in enumerate(arrays) if array.dtype.kind == "f"])
    place = data.draw(st.sampled_from([*floats, "dy"]))
    seed = data.draw(st.integers(0, 99))
    if place != "dy":
        arrays[place] = planted(arrays[place], VALUES[kind], seed)

    y, pullback = getattr(ops, op)(
        *arrays, **{k: np.copy(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    )
    dy = tie_free(np.shape(y), 7, dtype)
    if place == "dy":
        dy = planted(np.asarray(dy), VALUES[kind], seed)
    gradients = pullback(dy)

    tensors = [torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]
    theirs = THEIRS[op](*tensors, **{name: as_tensor(value) for name, value in options.items()})
    theirs.backward(torch.tensor(dy))

    expected_y = theirs.detach().numpy()
    expected = [t.grad.numpy() if t.grad is not None else np.zeros(t.shape, dtype) for t in tensors if t.requires_grad]
    if op == "clip":  # at a bound PyTorch's passes
        at_a_bound = (arrays[0] == options["low"]) | (arrays[0] == options["high"])
        gradients, expected = [np.where(at_a_bound, 0, gradients[0])], [np.where(at_a_bound, 0, expected[0])]
    if op in ("elu", "hardswish"):  # PyTorch's vector code and its scalar code differ
        expected = [np.where(np.isnan(arrays[0]), np.nan, expected[0]).astype(dtype)]
    if op == "gelu":  # here too
        expected_y = np.where(arrays[0] == np.inf, arrays[0], expected_y)
    if op == "hardswish":  # PyTorch's x · 6 / 6 overflows
        expected_y = np.where(arrays[0] > 3, arrays[0], expected_y)
    terms = sizes_of_terms(op, THEIRS[op], arrays, options, np.asarray(dy)) if kind == "huge" else repeat(None)
    if op == "conv2d_relu_max_pool2d" and kind == "huge":  # ReLU makes 0 of a sum that overflows on its way, to −∞
        assume((terms[0] <= np.finfo(dtype).max).all())
    if op == "conv2d_relu_max_pool2d":  # ReLU lets the gradient pass where NaN came from a zero of the padding
        assume((np.isnan(y) == np.isnan(expected_y)).all())
    for our, their, size in zip([y, *gradients], [expected_y, *expected], terms, strict=kind == "huge"):
        check(op, our, their, size, np.max(options.get("stride", 1)) > 1)


@pytest.mark.parametrize("op", ["conv2d", "avg_pool2d"])
def test_a_mistake_is_seen_beside_a_huge_number(op: str) -> None:
    arrays = [np.ones((1, 1, 6, 6), np.float32), np.ones((1, 1, 2, 2), np.float32)][: 2 if op == "conv2d" else 1]
    arrays[0][0, 0, 0, 0] = 1e38
    options = {} if op == "conv2d" else {"kernel_size": 2, "stride": 1}
    y = THEIRS[op](*map(torch.tensor, arrays), **options).numpy()
    terms, *_ = sizes_of_terms(op, THEIRS[op], arrays, options, np.ones_like(y))
    for place, mistake in (((0, 0, 0, 0), 1e34), ((0, 0, 4, 4), 1e-3)):
        wrong = y.copy()
        check(op, wrong, y, terms)
        wrong[place] += mistake
        with pytest.raises(AssertionError, match="off by"):
            check(op, wrong, y, terms)
