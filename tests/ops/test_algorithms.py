"""A convolution does not depend on the algorithm, nor on the memory order of its arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import gradcheck, ops, reference
from minicnn.kernels import direct
from minicnn.testing import (
    Case,
    assert_contract,
    conv2d_cases,
    conv2d_relu_max_pool2d_cases,
    in_order,
    memory_orders,
    seeds,
    tie_free,
    wide_conv2d_cases,
)

# Of float32, relative to the largest sum of magnitudes.
TOLERANCE = {"direct": 1e-6, "im2col": 1e-6, "winograd2": 1e-5, "winograd4": 1e-4}


@st.composite
def winograd_cases(draw: st.DrawFn) -> Case:
    """3 × 3 filters with stride 1, the only ones that Winograd computes: whole and cut tiles, and any border."""
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
    """The largest sum of magnitudes in the output, and in each gradient."""
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
    if not close_calls.any():  # otherwise rounding may choose another winner, and the gradient goes elsewhere
        dy = tie_free(y.shape, 7)
        assert_all_close(pullback(dy.astype(np.float32)), exact_pullback(dy), scale[1:], TOLERANCE[algorithm])


@pytest.mark.parametrize(("kernel", "images"), [((1, 1), 1), ((1, 2), 3), ((2, 1), 3)])
def test_filters_of_one_pixel_take_all_images_for_one(kernel: tuple[int, int], images: int, monkeypatch) -> None:
    """One image after the other would be just as right, but slower."""
    run, seen = direct.forward, []
    monkeypatch.setattr(direct, "forward", lambda x, *rest: (seen.append(len(x.values)), run(x, *rest)))
    x, w = tie_free((3, 2, 4, 5), 0, np.float32), tie_free((2, 2, *kernel), 1, np.float32)
    y, pullback = ops.conv2d(x, w, algorithm="direct")
    pullback(y)
    assert seen == [images, images]  # of the forward and the backward pass


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


GENERAL = ["direct", "im2col"]  # which take every stride, padding, dilation and pooling


def fits(algorithm: str, case: Case) -> bool:
    return algorithm == "direct" or "groups" not in case.options


@pytest.mark.parametrize("algorithm", GENERAL)
@given(data=st.data())
def test_general_algorithms_are_the_textbook_and_their_pullbacks_its_gradients(algorithm: str, data) -> None:
    """Requested by name: for maps as small as these, the engine would choose im2col."""
    case = data.draw(conv2d_cases().filter(lambda case: fits(algorithm, case)))
    arrays = case.arrays()
    y, _ = ops.conv2d(*arrays, algorithm=algorithm, **case.options)
    np.testing.assert_allclose(y, reference.conv2d(*arrays, **case.options), rtol=1e-9, atol=1e-9)
    gradcheck(ops.conv2d, *arrays, algorithm=algorithm, max_entries=64, **case.options)


@pytest.mark.parametrize("algorithm", GENERAL)
@given(data=st.data())
def test_general_algorithms_are_the_three_products_of_the_textbook(algorithm: str, data) -> None:
    case = data.draw(conv2d_cases().filter(lambda case: fits(algorithm, case)))
    assert_the_textbooks_products(case, algorithm, np.float64, 1e-12)


@pytest.mark.parametrize("algorithm", ["winograd2", "winograd4"])
@given(case=winograd_cases())
def test_winograd_is_the_three_products_of_the_textbook(algorithm: str, case: Case) -> None:
    assert_the_textbooks_products(case, algorithm, np.float32, TOLERANCE[algorithm])


def assert_the_textbooks_products(case: Case, algorithm: str, dtype, tolerance: float) -> None:
    arrays = case.arrays()
    x, w, b = (*arrays, None)[:3]
    dy = upstream(arrays, **case.options)
    expected = reference.conv2d_by_columns(x, w, b, dy, **case.options)[: len(arrays) + 1]
    found = results(ops.conv2d, arrays, dtype, dy, algorithm=algorithm, **case.options)
    assert_all_close(found, expected, sizes(arrays, dy, **case.options), tolerance)


@pytest.mark.parametrize("algorithm", GENERAL)
@given(data=st.data())
def test_and_so_they_are_where_they_pool(algorithm: str, data) -> None:
    case = data.draw(conv2d_relu_max_pool2d_cases().filter(lambda case: fits(algorithm, case)))
    arrays = case.arrays()
    y, _ = ops.conv2d_relu_max_pool2d(*arrays, algorithm=algorithm, **case.options)
    np.testing.assert_allclose(y, reference.conv2d_relu_max_pool2d(*arrays, **case.options), rtol=1e-9, atol=1e-9)
    gradcheck(ops.conv2d_relu_max_pool2d, *arrays, algorithm=algorithm, max_entries=64, **case.options)


@pytest.mark.parametrize("options", [{"padding": 1}, {"stride": 2}, {"dilation": 2, "padding": 2}])
def test_every_loop_has_a_second_block_and_a_remainder(options) -> None:
    """Three images (fewer than tasks), bands of rows, and panels of which the last is nearly empty."""
    x, w, b = tie_free((3, 5, 75, 61), 0), tie_free((67, 5, 3, 3), 1), tie_free(67, 2)
    exact, exact_pullback = ops.conv2d(x, w, b, algorithm="im2col", **options)
    np.testing.assert_allclose(exact[:1], reference.conv2d(x[:1], w, b, **options), rtol=1e-9, atol=1e-9)
    dy = tie_free(exact.shape, 3)
    expected = exact_pullback(dy)
    for dtype, tolerance in ((np.float32, 1e-5), (np.float64, 1e-12)):
        y, pullback = ops.conv2d(*(a.astype(dtype) for a in (x, w, b)), algorithm="direct", **options)
        assert_close(y, exact, tolerance)  # before the pullback: if it fails, less has been compiled
        for found, right in zip(pullback(dy.astype(dtype)), expected, strict=True):
            assert_close(found, right, tolerance)


def test_groups_of_several_panels_have_the_filters_and_biases_of_their_own() -> None:
    x, w, b = tie_free((2, 4, 9, 11), 0), tie_free((140, 2, 3, 3), 1), tie_free(140, 2)
    y, pullback = ops.conv2d(x, w, b, padding=1, groups=2)
    found = pullback(dy := tie_free(y.shape, 3))
    for g in range(2):
        images, filters = slice(2 * g, 2 * g + 2), slice(70 * g, 70 * g + 70)
        alone, alone_pullback = ops.conv2d(x[:, images], w[filters], b[filters], padding=1, algorithm="direct")
        np.testing.assert_allclose(y[:, filters], alone, rtol=1e-12)
        expected = alone_pullback(dy[:, filters])
        for gradient, right in zip((found[0][:, images], found[1][filters], found[2][filters]), expected, strict=True):
            np.testing.assert_allclose(gradient, right, rtol=1e-10, atol=1e-12)


def assert_close(found: np.ndarray, right: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(found, right, rtol=0, atol=tolerance * np.abs(right).max())


@pytest.mark.parametrize("examples", [5, 67])  # few, whose gradient is summed in shares of the outputs; and many
def test_every_block_of_a_dense_layer_has_a_second_one_and_a_remainder(examples: int) -> None:
    x, w, b = tie_free((examples, 530), 0), tie_free((519, 530), 1), tie_free(519, 2)
    y, pullback = ops.dense(x, w, b)
    np.testing.assert_allclose(y, x @ w.T + b, rtol=0, atol=1e-10)
    dy = tie_free(y.shape, 3)
    for found, right in zip(pullback(dy), (dy @ w, dy.T @ x, dy.sum(axis=0)), strict=True):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(7, 2, 60, 61), (3, 1 << 14, 1, 1), (3, (1 << 14) + 9, 1, 1)])
def test_every_part_of_a_batch_counts_in_its_normalization(shape) -> None:
    """Of 2 channels, several parts and a remainder; of very many, a part is one pixel."""
    x, weight, bias, dy = tie_free(shape, 0), tie_free(shape[1], 1), tie_free(shape[1], 2), tie_free(shape, 3)
    y, pullback = ops.batch_norm2d(x, weight, bias, training=True, eps=0.1)
    over, (w, b) = (0, 2, 3), (a[:, None, None] for a in (weight, bias))
    spread = np.sqrt(x.var(axis=over, keepdims=True) + 0.1)
    normal = (x - x.mean(axis=over, keepdims=True)) / spread
    np.testing.assert_allclose(y, normal * w + b, rtol=0, atol=1e-9)
    dx, dweight, dbias = pullback(dy)
    np.testing.assert_allclose(dweight, (dy * normal).sum(axis=over), rtol=0, atol=1e-9)
    np.testing.assert_allclose(dbias, dy.sum(axis=over), rtol=0, atol=1e-9)
    mean, along = dy.mean(axis=over, keepdims=True), (dy * normal).mean(axis=over, keepdims=True)
    np.testing.assert_allclose(dx, w / spread * (dy - mean - normal * along), rtol=0, atol=1e-9)


THREE_TAPS = {
    "3×3, one channel": ((3, 1), (4, 1, 3, 3), {}),
    "3×3, one channel, dilated": ((3, 1), (4, 1, 3, 3), {"dilation": (2, 1)}),
    "3×3, one channel a group": ((3, 2), (4, 1, 3, 3), {"groups": 2}),
    "3×1, three channels": ((3, 3), (2, 3, 3, 1), {}),
    "3×1, three channels, strided": ((3, 3), (2, 3, 3, 1), {"stride": (2, 1)}),
    "3×1, three channels a group": ((3, 6), (4, 3, 3, 1), {"groups": 2}),
    "1×3, three channels, dilated": ((3, 3), (2, 3, 1, 3), {"dilation": (1, 2)}),
}


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("three", THREE_TAPS)
def test_three_taps_of_three_numbers_are_summed_as_one_tile(three: str, padding: int) -> None:
    """The weight gradient's shortcut, in every form it has: one channel and rows of three taps, or three channels."""
    (images, channels), filters, options = THREE_TAPS[three]
    case = Case("conv2d", ((images, channels, 9, 8), filters, filters[:1]), {"padding": padding, **options}, 0)
    assert_the_textbooks_products(case, "direct", np.float64, 1e-12)
    gradcheck(ops.conv2d, *case.arrays(), algorithm="direct", **case.options)


@pytest.mark.parametrize("shape", [(1, 3, 75, 61), (5, 1, 40, 23), (20, 4, 9, 8)])
@pytest.mark.parametrize("options", [{"padding": 1}, {"stride": (2, 3)}, {"dilation": (2, 3), "padding": 2}])
def test_the_input_gradient_of_few_channels_has_bands_and_a_remainder(shape, options) -> None:
    """Lines of one large image are shared out in bands; a few small images are taken together."""
    x, w = tie_free(shape, 0), tie_free((37, shape[1], 3, 3), 1)
    y, pullback = ops.conv2d(x, w, **options)
    dy = tie_free(y.shape, 2)
    right = reference.conv2d_by_columns(x, w, None, dy, **options)[1]
    np.testing.assert_allclose(pullback(dy)[0], right, rtol=0, atol=1e-12 * np.abs(right).max())


def test_the_bias_gradient_alone_needs_no_product(monkeypatch) -> None:
    from minicnn.ops.convolution import direct

    x, w, b = tie_free((2, 3, 9, 9)), tie_free((4, 3, 3, 3), 1), tie_free(4, 2)
    y, pullback = ops.conv2d(x, w, b)
    dy = tie_free(y.shape, 3)
    expected = pullback(dy)[2]
    monkeypatch.delattr(direct, "weight_gradient")
    dx, dw, db = pullback(dy, (False, False, True))
    assert dx is None and dw is None
    np.testing.assert_allclose(db, expected, rtol=1e-12)


@pytest.mark.parametrize("algorithm", ["winograd2", "winograd4"])
@pytest.mark.parametrize("shape", [(3, 67, 37, 71), (1, 67, 8, 8), (1, 67, 4, 60)])
def test_every_loop_of_winograd_has_a_second_block_and_a_remainder(shape: tuple[int, ...], algorithm: str) -> None:
    """Three panels of filters and of channels, rows of more tiles than a run, and shares of the runs; or so few runs
    that it is the panels that are shared."""
    x, w, b = tie_free(shape, 0), tie_free((70, 67, 3, 3), 1), tie_free(70, 2)
    exact, exact_pullback = ops.conv2d(x, w, b, padding=1, algorithm="direct")
    y, pullback = ops.conv2d(*(a.astype(np.float32) for a in (x, w, b)), padding=1, algorithm=algorithm)
    assert_close(y, exact, 2e-4)
    dy = tie_free(y.shape, 3)
    for found, right in zip(pullback(dy.astype(np.float32)), exact_pullback(dy), strict=True):
        assert_close(found, right, 2e-4)


@pytest.mark.parametrize("algorithm", GENERAL)
@pytest.mark.parametrize("images", [16, 47])  # a task for each; three to a task, and two to the sixteenth
def test_every_task_has_its_images_and_the_last_what_is_left(algorithm: str, images: int) -> None:
    x, w, b = tie_free((images, 5, 4, 5), 0), tie_free((67, 5, 3, 3), 1), tie_free(67, 2)
    y, pullback = ops.conv2d(x, w, b, padding=1, algorithm=algorithm)
    np.testing.assert_allclose(y, reference.conv2d(x, w, b, padding=1), rtol=1e-9, atol=1e-9)
    dy = tie_free(y.shape, 3)
    dx, dw, db = pullback(dy)
    np.testing.assert_allclose(db, dy.sum(axis=(0, 2, 3)), rtol=0, atol=1e-9)
    one_by_one = [ops.conv2d(x[i : i + 1], w, b, padding=1)[1](dy[i : i + 1]) for i in range(images)]
    np.testing.assert_allclose(dx, np.concatenate([gradients[0] for gradients in one_by_one]), rtol=0, atol=1e-9)
    np.testing.assert_allclose(dw, sum(gradients[1] for gradients in one_by_one), rtol=0, atol=1e-9)
