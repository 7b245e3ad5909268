"""However a convolution is computed, and wherever it lies in memory, it is the same convolution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import gradcheck, ops
from minicnn.testing import Case, assert_contract, in_order, memory_orders, seeds, tie_free, wide_conv2d_cases

# Of float32, measured by what the largest sum would be if nothing in it cancelled.
TOLERANCE = {"direct": 1e-6, "im2col": 1e-6, "winograd2": 1e-5, "winograd4": 1e-4}


@st.composite
def winograd_cases(draw: st.DrawFn) -> Case:
    """3 × 3 filters with stride 1, the only ones that Winograd is for: tiles whole and cut, and any border."""
    padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    H, W = (draw(st.integers(max(1, 3 - 2 * p), 11)) for p in padding)
    C, O = draw(st.sampled_from([1, 3, 16, 33])), draw(st.sampled_from([1, 4, 16, 33]))
    shapes = [(draw(st.integers(1, 3)), C, H, W), (O, C, 3, 3), *draw(st.sampled_from([[], [(O,)]]))]
    return Case("conv2d", tuple(shapes), {"padding": padding}, draw(seeds()))


def results(op, arrays, dtype, dy, order="C", **options):
    """Output and gradients."""
    y, pullback = op(*(in_order(a.astype(dtype), order) for a in arrays), **options)
    return y, *pullback(dy.astype(dtype))


def sizes(arrays, dy, **options):
    """The largest sum of magnitudes that enters the output, and each gradient."""
    return [r.max() for r in results(ops.conv2d, map(np.abs, arrays), np.float64, np.abs(dy), **options)]


def assert_all_close(found, expected, sizes, tolerance):
    for ours, exact, size in zip(found, expected, sizes, strict=True):
        assert ours.shape == exact.shape
        np.testing.assert_allclose(ours, exact, rtol=0, atol=tolerance * size)


def upstream(arrays, **options):
    return tie_free(ops.conv2d(*arrays, **options)[0].shape, 7)


@pytest.mark.parametrize("algorithm", TOLERANCE)
@given(case=winograd_cases(), order=memory_orders())
def test_every_algorithm_gives_the_same_output_and_gradients(algorithm: str, case: Case, order: str) -> None:
    arrays = case.arrays()
    dy = upstream(arrays, **case.options)
    expected = results(ops.conv2d, arrays, np.float64, dy, **case.options)
    found = results(ops.conv2d, arrays, np.float32, dy, order, algorithm=algorithm, **case.options)
    assert_all_close(found, expected, sizes(arrays, dy, **case.options), TOLERANCE[algorithm])


@pytest.mark.parametrize("algorithm", TOLERANCE)
@given(case=winograd_cases(), pooled=st.booleans())
def test_and_so_it_does_fused_with_relu_and_pooling(algorithm: str, case: Case, pooled: bool) -> None:
    arrays = case.arrays()
    conv = ops.conv2d(*arrays, **case.options)[0]
    pool_size = 2 if pooled and min(conv.shape[2:]) >= 2 else 1
    scale = sizes(arrays, upstream(arrays, **case.options), **case.options)
    options = {**case.options, "pool_size": pool_size}
    y, pullback = ops.conv2d_relu_max_pool2d(*(a.astype(np.float32) for a in arrays), algorithm=algorithm, **options)
    expected, exact_pullback = ops.conv2d_relu_max_pool2d(*arrays, **options)
    assert_all_close([y], [expected], scale[:1], TOLERANCE[algorithm])
    close_calls = np.diff(np.sort(np.append(conv, 0))) < TOLERANCE[algorithm] * scale[0]
    if not close_calls.any():  # otherwise rounding may choose another winner, and send the gradient elsewhere
        dy = tie_free(y.shape, 7)
        assert_all_close(pullback(dy.astype(np.float32)), exact_pullback(dy), scale[1:], TOLERANCE[algorithm])


@given(case=wide_conv2d_cases())
def test_wide_convolutions_keep_the_contract(case: Case) -> None:
    assert_contract(ops.conv2d, *case.arrays(), **case.options)


@given(case=wide_conv2d_cases())
def test_wide_convolutions_have_the_right_gradient(case: Case) -> None:
    assert gradcheck(ops.conv2d, *case.arrays(), **case.options) < 1e-7


@given(case=wide_conv2d_cases(), pool_size=st.sampled_from([1, 2]))
def test_wide_fused_convolutions_have_the_right_gradient(case: Case, pool_size: int) -> None:
    if min(ops.conv2d(*case.arrays(), **case.options)[0].shape[2:]) >= pool_size:
        options = {**case.options, "pool_size": pool_size}
        assert gradcheck(ops.conv2d_relu_max_pool2d, *case.arrays(), **options) < 1e-7
        assert_contract(ops.conv2d_relu_max_pool2d, *case.arrays(), **options)
