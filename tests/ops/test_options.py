"""Every option at once, unlike on each axis and side, on arrays of unlike lengths: what random examples draw rarely."""

import itertools
from typing import Any

import numpy as np
import pytest

from minicnn import gradcheck, ops, reference
from minicnn.testing import Case, tie_free

MAPS = (2, 4, 7, 6)
POOL = {"kernel_size": (3, 2), "stride": (1, 3)}
SIDES = {"kernel_size": (4, 3), "stride": (2, 1), "padding": (1, 2, 0, 3)}
GROUPS = {"stride": (2, 1), "dilation": (1, 2), "groups": 2}
LABELS = np.array([[4, 0], [1, 3], [2, 2]])

CASES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("conv2d", (MAPS, (6, 2, 3, 2), (6,)), GROUPS | {"padding": (1, 3)}),
    ("conv2d", (MAPS, (3, 4, 2, 3)), {"stride": (1, 3), "padding": (2, 0), "dilation": (3, 1)}),
    ("conv2d_relu_max_pool2d", (MAPS, (6, 2, 3, 2), (6,)), {"padding": (1, 3), "groups": 2, "pool_size": (2, 3)}),
    ("conv2d_relu_max_pool2d", (MAPS, (3, 4, 1, 1)), {"pool_size": (3, 2), "pool_stride": (1, 4)}),
    *(
        ("conv2d_relu_max_pool2d", (MAPS, (3, 4, 1, 2)), {"pool_size": size, "pool_stride": stride})
        for size, stride in (((1, 2), (1, 2)), ((2, 1), (2, 1)), (1, (1, 2)), (1, (2, 1)), ((2, 1), 1), ((1, 2), 1))
    ),
    (
        "conv_transpose2d",
        ((2, 4, 3, 4), (4, 3, 3, 2), (6,)),
        {"stride": (3, 2), "padding": (2, 1), "dilation": (1, 3), "output_padding": (1, 2), "groups": 2},
    ),
    (
        "conv_transpose2d",
        ((1, 2, 4, 3), (2, 3, 2, 3)),
        {"stride": (1, 3), "dilation": (2, 1), "output_padding": (1, 0)},
    ),
    *(("max_pool2d", (MAPS,), POOL | {"dilation": (1, 3), "ceil_mode": ceil}) for ceil in (False, True)),
    *(("max_pool2d", (MAPS,), SIDES | {"dilation": (2, 1), "ceil_mode": ceil}) for ceil in (False, True)),
    ("max_pool2d", ((2, 19, 5, 7),), POOL | {"dilation": (1, 2)}),  # channels of several vectors, of which one is cut
    ("avg_pool2d", ((2, 19, 5, 7),), POOL),
    *(
        ("avg_pool2d", (MAPS,), options | {"ceil_mode": ceil, "count_include_pad": counted})
        for options, ceil, counted in itertools.product((POOL, SIDES), (False, True), (False, True))
    ),
    ("adaptive_avg_pool2d", (MAPS,), {"output_size": (3, 4)}),
    ("adaptive_avg_pool2d", (MAPS,), {"output_size": (5, 8)}),
    *(
        ("interpolate2d", (shape,), {"size": size} | kind)
        for shape, size in (((2, 3, 5, 4), (3, 7)), ((1, 2, 4, 5), (9, 1)), ((1, 2, 1, 2), (2, 3)))
        for kind in ({}, {"mode": "bilinear"}, {"mode": "bilinear", "align_corners": True})
    ),
    *(("pad", (MAPS,), {"padding": (1, 3, 2, 0), "mode": m}) for m in ("reflect", "replicate", "circular")),
    ("pad", (MAPS,), {"padding": (1, 3, 2, 0, 2, 1), "value": -1.5}),
    *(
        ("local_response_norm", ((2, 7, 2, 3),), {"size": size, "alpha": 0.5, "beta": 0.6, "k": 1.5})
        for size in (1, 4, 5, 16)
    ),
    ("batch_norm2d", (MAPS, (4,), (4,)), {"training": True, "momentum": 0.3, "eps": 0.1}),
    (
        "batch_norm2d",
        (MAPS, (4,), (4,)),
        {"running_mean": np.arange(4) / 4, "running_var": 1 + np.arange(4) / 2, "eps": 0.1},
    ),
    *((op, ((3, 4, 2, 5),), {"axis": axis}) for op in ("softmax", "log_softmax") for axis in (1, 2, -1)),
    *(
        ("cross_entropy", ((3, 5, 2), target), {"label_smoothing": 0.3, "reduction": reduction})
        for target in (LABELS, (3, 5, 2))
        for reduction in ("none", "sum", "mean")
    ),
    *(("mse", ((3, 2, 4),) * 2, {"reduction": reduction}) for reduction in ("none", "sum", "mean")),
    ("concat", ((2, 3, 4, 2), (2, 3, 1, 2), (2, 3, 5, 2)), {"axis": -2}),
    ("concat", ((2, 3, 4, 2), (2, 1, 4, 2), (2, 5, 4, 2)), {}),
    ("mul", ((2, 3, 4, 5), (2, 1, 4, 1), (2, 3, 1, 5)), {}),
    ("slice_axis", ((2, 3, 9, 2),), {"axis": 2, "start": 1, "stop": 8, "step": 3}),
    ("slice_axis", ((2, 3, 9, 2),), {"axis": -2, "start": -7, "stop": -1, "step": 2}),
    ("permute", ((2, 3, 4, 5),), {"axes": (2, 0, 3, 1)}),
    *(("affine", (MAPS, weight, bias), {}) for weight, bias in (((4,), (1,)), ((1,), (4,)), ((4,), (4,)))),
    *(("prelu", (MAPS, weight), {}) for weight in ((4,), (1,))),
]


@pytest.mark.parametrize(("op", "arguments", "options"), CASES, ids=str)
def test_all_options_together_are_the_textbooks_and_have_the_right_gradient(op, arguments, options) -> None:
    arrays = Case(op, arguments, options, 3).arrays()
    y, _ = getattr(ops, op)(*arrays, **options)
    np.testing.assert_allclose(y, getattr(reference, op)(*arrays, **options), rtol=1e-9, atol=1e-9)
    assert gradcheck(getattr(ops, op), *arrays, max_entries=32, **options) < 1e-7


@pytest.mark.parametrize(("stride", "size"), [(None, (7, 6)), ((2, 3), (5, 9)), ((1, 2), (3, 6))])
def test_unpooling_knows_how_large_the_image_was(stride, size) -> None:
    """Three by four windows of 3 × 2 with padding of (1, 1)."""
    x = tie_free((2, 3, 3, 4))
    indices = np.random.default_rng(0).permutation(size[0] * size[1])[:12].reshape(1, 1, 3, 4) + np.zeros_like(x, int)
    options = {"kernel_size": (3, 2), "stride": stride, "padding": (1, 1)}
    expected = reference.max_unpool2d(x, indices, **options)
    assert expected.shape == (2, 3, *size)
    np.testing.assert_array_equal(ops.max_unpool2d(x, indices, **options)[0], expected)
    assert gradcheck(ops.max_unpool2d, x, indices, **options) < 1e-7
