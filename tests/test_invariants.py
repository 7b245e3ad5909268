"""What is true of these operations for all numbers: each test is a fact worth knowing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn import Pass, ops
from minicnn.ops.geometry import sides
from minicnn.testing import (
    CASES,
    Case,
    batch_norm2d_cases,
    both,
    conv2d_cases,
    images,
    pool2d_cases,
    softmax_cases,
    tie_free,
)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def inner(a, b):
    return float(np.vdot(a, b))


# Convolution


@given(conv2d_cases())
def test_transposed_convolution_is_the_adjoint_of_convolution(case: Case) -> None:
    """⟨conv x, y⟩ = ⟨x, convᵀ y⟩"""
    x, w = case.arrays()[:2]
    g = {name: case.options.get(name, default) for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))}
    sizes = zip(x.shape[2:], w.shape[2:], *(both(g[name]) for name in ("stride", "padding", "dilation")), strict=True)
    remainder = tuple((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in sizes)
    conv = ops.conv2d(x, w, **case.options)[0]
    y = tie_free(conv.shape, 7)
    transposed = ops.conv_transpose2d(y, w, output_padding=remainder, **case.options)[0]
    assert inner(conv, y) == pytest.approx(inner(x, transposed), rel=1e-10, abs=1e-10)


@given(conv2d_cases())
def test_a_pullback_is_the_adjoint_of_a_linear_op(case: Case) -> None:
    """⟨conv x, y⟩ = ⟨x, pullback y⟩ = ⟨w, pullback y⟩, for x and for w"""
    x, w = case.arrays()[:2]
    conv, pullback = ops.conv2d(x, w, **case.options)
    y = tie_free(conv.shape, 7)
    dx, dw = pullback(y)
    assert inner(conv, y) == pytest.approx(inner(x, dx), rel=1e-10, abs=1e-10)
    assert inner(conv, y) == pytest.approx(inner(w, dw), rel=1e-10, abs=1e-10)


@given(x=images())
def test_a_dense_layer_is_a_convolution_by_a_kernel_as_large_as_the_image(x) -> None:
    w = tie_free((5, *x.shape[1:]), 1)
    close(ops.conv2d(x, w)[0][:, :, 0, 0], ops.dense(ops.flatten(x)[0], w.reshape(5, -1))[0])


@given(x=images())
def test_a_1x1_convolution_is_a_dense_layer_at_every_pixel(x) -> None:
    w = tie_free((4, x.shape[1]), 1)
    pixels = x.transpose(0, 2, 3, 1)
    close(ops.conv2d(x, w[:, :, None, None])[0].transpose(0, 2, 3, 1), pixels @ w.T)


@given(conv2d_cases())
def test_dilation_is_a_kernel_with_zeros_between(case: Case) -> None:
    x, w, *b = case.arrays()
    dh, dw = both(case.options.get("dilation", 1))
    kh, kw = w.shape[2:]
    spread = np.zeros((*w.shape[:2], dh * (kh - 1) + 1, dw * (kw - 1) + 1))
    spread[:, :, ::dh, ::dw] = w
    close(ops.conv2d(x, w, *b, **case.options)[0], ops.conv2d(x, spread, *b, **{**case.options, "dilation": 1})[0])


@given(conv2d_cases())
def test_a_stride_keeps_every_so_manyth_output_of_stride_one(case: Case) -> None:
    x, w, *b = case.arrays()
    sh, sw = both(case.options.get("stride", 1))
    everywhere = ops.conv2d(x, w, *b, **{**case.options, "stride": 1})[0]
    close(ops.conv2d(x, w, *b, **case.options)[0], everywhere[:, :, ::sh, ::sw])


@given(conv2d_cases())
def test_groups_are_convolutions_side_by_side(case: Case) -> None:
    x, w, *b = case.arrays()
    options = dict(case.options)
    groups = options.pop("groups", 1)
    parts = [np.split(a, groups, axis) for a, axis in ((x, 1), (w, 0), *((bias, 0) for bias in b))]
    alone = [ops.conv2d(*part, **options)[0] for part in zip(*parts, strict=True)]
    close(ops.conv2d(x, w, *b, **case.options)[0], ops.concat(*alone)[0])


@given(x=images(least=3), shift=st.integers(0, 3))
def test_a_shifted_image_has_a_shifted_convolution(x, shift: int) -> None:
    w = tie_free((2, x.shape[1], 3, 3), 1)
    wide = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2 + shift)))
    shifted = np.roll(wide, shift, axis=3)
    close(
        ops.conv2d(shifted, w)[0][..., shift:], ops.conv2d(wide, w)[0][..., : ops.conv2d(wide, w)[0].shape[3] - shift]
    )


# Pooling


@given(pool2d_cases("avg_pool2d").filter(lambda case: "ceil_mode" not in case.options))
def test_average_pooling_is_a_convolution_of_each_channel_by_a_constant(case: Case) -> None:
    (x,) = case.arrays()
    kh, kw = both(case.options["kernel_size"])
    C = x.shape[1]
    stride, padding = case.options.get("stride", (kh, kw)), case.options.get("padding", 0)
    padded = ops.pad(x, sides("pad", padding))[0]
    conv = ops.conv2d(padded, np.full((C, 1, kh, kw), 1 / (kh * kw)), stride=stride, groups=C)[0]
    close(ops.avg_pool2d(x, (kh, kw), stride=stride, padding=padding)[0], conv)


@given(x=images())
def test_global_average_pooling_is_adaptive_pooling_to_one_pixel(x) -> None:
    close(ops.global_avg_pool2d(x)[0], ops.adaptive_avg_pool2d(x, 1)[0][:, :, 0, 0])


@given(pool2d_cases())
def test_max_pooling_commutes_with_whatever_keeps_the_order(case: Case) -> None:
    (x,) = case.arrays()
    close(ops.max_pool2d(np.exp(x), **case.options)[0], np.exp(ops.max_pool2d(x, **case.options)[0]))


@given(pool2d_cases())
def test_max_pooling_hands_on_every_gradient_once(case: Case) -> None:
    (x,) = case.arrays()
    y, pullback = ops.max_pool2d(x, **case.options)
    dy = tie_free(y.shape, 7)
    assert pullback(dy)[0].sum() == pytest.approx(dy.sum(), abs=1e-10)


def touching(case: Case) -> Case:
    """A pooling whose windows lie next to each other: without stride and dilation, of images that hold one at least."""
    N, C, H, W = case.arguments[0]
    kh, kw = both(case.options["kernel_size"])
    options = {name: value for name, value in case.options.items() if name not in ("stride", "dilation")}
    return Case(case.op, ((N, C, max(H, kh), max(W, kw)),), options, case.seed)


# Not a filter, which only one case in ten passes: Hypothesis gives up where too many are refused.
@given(pool2d_cases(sided=False).map(touching))
def test_pooling_what_was_unpooled_gives_the_maxima_back(case: Case) -> None:
    x = np.abs(case.arrays()[0])
    (y, indices), _ = ops.max_pool2d(x, **case.options, return_indices=True)
    kernel, padding = case.options["kernel_size"], case.options.get("padding", 0)
    put_back = ops.max_unpool2d(y, indices, kernel, padding=padding, output_size=x.shape[2:])[0]
    close(ops.max_pool2d(put_back, **case.options)[0], y)


# Elementwise functions


@given(CASES["relu"])
def test_relu_is_idempotent_and_scales_with_its_input(case: Case) -> None:
    (x,) = case.arrays()
    y = ops.relu(x)[0]
    close(ops.relu(y)[0], y)
    close(ops.relu(3 * x)[0], 3 * y)
    close(y - ops.relu(-x)[0], x)


@given(CASES["dropout"].filter(lambda case: case.options["p"] < 1))
def test_dropout_keeps_the_expectation(case: Case) -> None:
    p, draws = case.options["p"], 400
    y = ops.dropout(np.ones((draws, 50)), p, rng=case.options["rng"])[0]
    assert y.mean() == pytest.approx(1, abs=0.1)
    assert ((y == 0) | np.isclose(y, 1 / (1 - p))).all()


# Softmax and its loss


@given(softmax_cases())
def test_softmax_does_not_see_a_shift(case: Case) -> None:
    (x,) = case.arrays()
    close(ops.softmax(x + 100, **case.options)[0], ops.softmax(x, **case.options)[0])
    close(ops.softmax(x, **case.options)[0].sum(axis=case.options.get("axis", -1)), 1)


@given(softmax_cases())
def test_therefore_its_gradient_sums_to_zero(case: Case) -> None:
    (x,) = case.arrays()
    for op in (ops.softmax, ops.log_softmax):
        y, pullback = op(x, **case.options)
        close(pullback(tie_free(y.shape, 7))[0].sum(axis=case.options.get("axis", -1)), 0)


def test_the_gradient_of_the_loss_is_the_prediction_minus_the_truth() -> None:
    logits, labels = tie_free((4, 3)), np.array([0, 2, 1, 1])
    (dlogits,) = ops.cross_entropy(logits, labels, reduction="sum")[1](1.0)
    close(dlogits, ops.softmax(logits)[0] - np.eye(3)[labels])


# Batch normalization


training_cases = batch_norm2d_cases().filter(lambda case: case.options["training"])


@given(training_cases)
def test_batch_normalization_gives_mean_zero_and_variance_one(case: Case) -> None:
    x, weight, bias = case.arrays()
    y = ops.batch_norm2d(x, np.ones_like(weight), np.zeros_like(bias), training=True, eps=0)[0]
    close(y.mean(axis=(0, 2, 3)), 0)
    close(y.var(axis=(0, 2, 3)), 1)


@given(training_cases)
def test_it_does_not_see_a_shift_or_a_scale_of_a_channel(case: Case) -> None:
    x, weight, bias = case.arrays()
    plain, moved = (ops.batch_norm2d(a, weight, bias, training=True, eps=0)[0] for a in (x, 5 * x - 3))
    close(plain, moved)


@given(training_cases)
def test_therefore_its_input_gradient_sums_to_zero_and_is_orthogonal_to_the_input(case: Case) -> None:
    x, weight, bias = case.arrays()
    y, pullback = ops.batch_norm2d(x, weight, bias, training=True, eps=0)
    dx = pullback(tie_free(y.shape, 7))[0]
    close(dx.sum(axis=(0, 2, 3)), 0)
    close((dx * x).sum(axis=(0, 2, 3)), 0)


# Linear ops


LINEAR = {
    name: CASES[name]
    for name in ("avg_pool2d", "global_avg_pool2d", "adaptive_avg_pool2d", "flatten", "concat", "add", "dropout")
}


@pytest.mark.parametrize("op", LINEAR)
@given(data=st.data())
def test_the_pullback_of_a_linear_op_does_not_depend_on_its_input(op: str, data: st.DataObject) -> None:
    case = data.draw(LINEAR[op])
    xs = case.arrays()
    y, pullback = getattr(ops, op)(*xs, **case.options)
    elsewhere = getattr(ops, op)(*(1 - 2 * x for x in xs), **case.options)[1]
    for here, there in zip(pullback(y), elsewhere(y), strict=True):
        close(here, there)


# Networks


def classifier() -> cnn.Sequential:
    return cnn.Sequential(
        conv1=cnn.Conv2d(1, 8, 3),
        relu1=cnn.ReLU(),
        pool1=cnn.MaxPool2d(2),
        conv2=cnn.Conv2d(8, 16, 3),
        relu2=cnn.ReLU(),
        pool2=cnn.MaxPool2d(2),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(16 * 25, 10),
    ).initialize(seed=0)


def noise(count: int):
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, count)


@pytest.mark.parametrize("name", ["seed", "lenet5", "mnist-cnn"])
def test_a_network_that_knows_nothing_has_the_loss_ln_10(name: str) -> None:
    x, labels = noise(256)
    loss = ops.cross_entropy(cnn.zoo.build(name, seed=0)(x), labels)[0]
    assert loss == pytest.approx(np.log(10), abs=0.02)


def test_twenty_images_can_be_learned_by_heart() -> None:
    model, optimizer = classifier(), cnn.Adam(3e-3)
    x, labels = noise(20)
    loss = np.inf
    for _ in range(100):
        logits, pullback = model.forward(x, Pass(train=True))
        loss, loss_pullback = ops.cross_entropy(logits, labels)
        optimizer.step(model.parameters(), pullback(*loss_pullback(1.0), wants="parameters")[1])
        if loss < 0.01:
            break
    assert loss < 0.01


def test_a_residual_block_that_has_learned_nothing_is_the_identity() -> None:
    block = cnn.Residual(cnn.Conv2d(3, 3, 3, padding=1)).astype(np.float64)  # its weights are 0
    x = tie_free((2, 3, 4, 4))
    y, pullback = block.forward(x)
    close(y, x)
    close(pullback(x)[0], x)
