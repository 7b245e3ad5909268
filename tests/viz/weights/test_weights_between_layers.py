"""Weights between hidden layers, on networks whose answers are known."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.weights.expanded_weights import _cut

RNG = np.random.default_rng(0)


def grouped_layer():
    """Input channels in two groups: all of a group carry the same filter, up to a positive factor."""
    model = cnn.Sequential(conv1=cnn.Conv2d(1, 6, 3), relu1=cnn.ReLU(), conv2=cnn.Conv2d(6, 4, 3)).initialize(0)
    patterns = RNG.standard_normal((2, 4, 3, 3))
    for c in range(6):
        model["conv2"].weight[:, c] = (c + 1) * patterns[c % 2]
    return model, patterns


@pytest.mark.parametrize("method", ["semi-nmf", "nmf-pos-neg"])
def test_groups_of_channels_become_factors(method):
    model, patterns = grouped_layer()
    factors = viz.weight_factors(model, "conv2", factors=2, method=method)
    assert factors.shape == (4, 3, 3, 2)
    found = factors.transpose(3, 0, 1, 2).reshape(2, -1)
    true = patterns.reshape(2, -1)
    cosines = (found @ true.T) / np.outer(np.linalg.norm(found, axis=1), np.linalg.norm(true, axis=1))
    assert sorted(cosines.argmax(axis=1)) == [0, 1] and (cosines.max(axis=1) > 0.95).all()


def test_principal_factors_keep_the_size_of_rank_two_weights():
    model, _ = grouped_layer()
    centered = model["conv2"].weight - model["conv2"].weight.mean(axis=(0, 2, 3), keepdims=True)
    factors = viz.weight_factors(model, "conv2", factors=2, method="pca")
    assert np.linalg.norm(factors) == pytest.approx(np.linalg.norm(centered), rel=1e-4)


def test_factors_come_in_order_of_size_and_repeat():
    model = cnn.zoo.build("seed")
    factors = viz.weight_factors(model, "conv2", factors=3)
    sizes = np.linalg.norm(factors.reshape(-1, 3), axis=0)
    assert (np.diff(sizes) <= 0).all() and np.array_equal(factors, viz.weight_factors(model, "conv2", factors=3))


def banded(kh=3, kw=3):
    return np.broadcast_to(RNG.standard_normal((8, 5, kh, 1)), (8, 5, kh, kw)) + 0.1 * RNG.standard_normal(
        (8, 5, kh, kw)
    )


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 7)])
def test_bands_have_a_large_index_and_random_weights_one_near_1(shape):
    index, p = viz.banding_test(banded(*shape), permutations=199)
    assert index > 20 and p == 1 / 200
    index, p = viz.banding_test(RNG.standard_normal((64, 32, *shape)), permutations=99)
    assert index == pytest.approx(1, abs=0.15) and p > 0.01


@pytest.mark.parametrize("shape", [(6, 4, 3, 3), (1, 1, 2, 2), (5, 2, 2, 4)])
def test_the_shuffles_indices_are_those_of_the_definition(shape):
    w = np.random.default_rng(1).standard_normal(shape)
    O, C, kh, kw = shape
    rng, places = np.random.default_rng(5), np.tile(np.arange(kh * kw), (O, 1))
    larger = 0
    for _ in range(50):
        order = rng.permuted(places, axis=1)
        shuffled = np.take_along_axis(w.reshape(O, C, -1), order[:, None], axis=2).reshape(shape)
        larger += viz.banding_index(shuffled) >= viz.banding_index(w) * (1 - 1e-9)
    assert viz.banding_test(w, permutations=50, seed=5) == (viz.banding_index(w), (1 + larger) / 51)


def test_what_takes_long_shows_a_bar_on_demand(capsys):
    model = cnn.Sequential(a=cnn.Conv2d(2, 3, 3), b=cnn.Conv2d(3, 4, 2)).initialize(0)
    for work, title in (
        (lambda **shown: viz.expanded_weights(model, None, "b", input_shape=(2, 12, 12), **shown), "weights up to b"),
        (lambda **shown: viz.banding_test(banded(), permutations=9, **shown), "shuffling filters"),
    ):
        work(progress=True)
        assert title in capsys.readouterr().err
        work()
        assert not capsys.readouterr().err


@pytest.mark.parametrize("source", [None, "a"])
def test_neurons_in_batches_have_the_weights_of_all_at_once(source):
    model = cnn.Sequential(a=cnn.Conv2d(2, 3, 3), relu=cnn.ReLU(), b=cnn.Conv2d(3, 5, 2)).initialize(0)
    model = model.astype(np.float64)
    few, all_ = (viz.expanded_weights(model, source, "b", input_shape=(2, 12, 12), batch_size=size) for size in (2, 32))
    np.testing.assert_allclose(few, all_, atol=1e-12)


def test_a_quarter_turn_makes_the_index_its_reciprocal():
    w = banded()
    assert viz.banding_index(np.rot90(w, axes=(2, 3))) == pytest.approx(1 / viz.banding_index(w))


def test_constant_filters_have_no_bands():
    assert viz.banding_index(np.ones((2, 2, 3, 3))) == 1


def test_expanded_weights_of_two_convolutions_are_their_full_convolution():
    model = cnn.Sequential(a=cnn.Conv2d(2, 3, 3), b=cnn.Conv2d(3, 4, 2)).initialize(0).astype(np.float64)
    expanded = viz.expanded_weights(model, None, "b", input_shape=(2, 12, 12))
    assert expanded.shape == (4, 2, 4, 4)
    a, b = model["a"].weight, model["b"].weight
    expected = np.zeros((4, 2, 4, 4))
    for i in range(2):
        for j in range(2):
            expected[:, :, i : i + 3, j : j + 3] += np.einsum("om,mcyx->ocyx", b[:, :, i, j], a)
    np.testing.assert_allclose(expanded, expected, atol=1e-12)
    np.testing.assert_allclose(viz.expanded_weights(model, "a", "b", input_shape=(2, 12, 12)), b, atol=1e-12)


@pytest.mark.parametrize("top, bottom", [(-2, 2), (0, 3), (1, 5), (-1, 6)])
@pytest.mark.parametrize("left, right", [(-3, 1), (0, 4), (2, 7), (-2, 6)])
def test_what_lies_beyond_any_edge_is_0(top, bottom, left, right):
    maps = np.random.default_rng(0).standard_normal((2, 3, 3, 4))
    around = np.pad(maps, ((0, 0), (0, 0), (9, 9), (9, 9)))[:, :, top + 9 : bottom + 9, left + 9 : right + 9]
    np.testing.assert_array_equal(_cut(maps, (top, left, bottom, right)), around)


def test_expanded_weights_go_through_relu_pooling_branches_and_shortcuts():
    model = cnn.Sequential(
        a=cnn.Conv2d(2, 4, 3, padding=1),
        relu=cnn.ReLU(),
        pool=cnn.MaxPool2d(2),
        r=cnn.Residual(c=cnn.Conv2d(4, 4, 3, padding=1), relu=cnn.ReLU()),
        split=cnn.Concat(one=cnn.Conv2d(4, 2, 1), three=cnn.Conv2d(4, 3, 3, padding=1)),
    )
    model = model.initialize(0).astype(np.float64)
    expanded = viz.expanded_weights(model, None, "split", input_shape=(2, 32, 32))
    linear = cnn.Sequential(
        {**model.children, "relu": cnn.AvgPool2d(1), "pool": cnn.AvgPool2d(2)}
        | {"r": cnn.Residual(c=model["r.c"], relu=cnn.AvgPool2d(1))}
    )
    field = cnn.receptive_field.receptive_fields(model)["split"]
    x = RNG.standard_normal((1, 2, 32, 32))
    middle = linear(x)[0, :, 8, 8] - linear(np.zeros_like(x))[0, :, 8, 8]  # without the biases
    top, left, bottom, right = field.box(8, 8)
    np.testing.assert_allclose(np.einsum("ocyx,cyx->o", expanded, x[0, :, top:bottom, left:right]), middle, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: viz.weight_factors(m, "conv9"), "expected the path of a convolution"),
        (lambda m: viz.weight_factors(m, "conv2", factors=7), "1 to 6 factors"),
        (lambda m: viz.weight_factors(m, "conv2", method="svd"), "semi-nmf, nmf-pos-neg, pca"),
        (lambda m: viz.banding_index(np.ones((2, 2, 1, 3))), "at least 2 x 2"),
        (lambda m: viz.banding_index(np.ones((2, 2, 3, 1))), "at least 2 x 2"),
        (lambda m: viz.banding_index(np.ones((2, 3, 3))), "at least 2 x 2"),
        (lambda m: viz.banding_index(np.ones((0, 2, 3, 3))), "at least 2 x 2"),
        (lambda m: viz.expanded_weights(m, "conv2", "conv1", input_shape=(1, 9, 9)), "not below"),
        (lambda m: viz.expanded_weights(m, None, "flat", input_shape=(1, 9, 9)), "fixed receptive field"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(grouped_layer()[0])


@pytest.mark.parametrize(("few", "most"), [(0, 1), (7, 6)])
def test_there_are_from_one_to_as_many_factors_as_channels(few, most):
    model, _ = grouped_layer()
    with pytest.raises(ValueError, match="1 to 6 factors"):
        viz.weight_factors(model, "conv2", factors=few, method="pca")
    assert viz.weight_factors(model, "conv2", factors=most, method="pca").shape == (4, 3, 3, most)


def test_rows_that_differ_while_columns_do_not_have_an_infinite_index():
    w = np.broadcast_to(np.array([1.0, 2.0, 4.0])[:, None], (1, 1, 3, 3))
    assert viz.banding_index(w) == np.inf and viz.banding_index(np.swapaxes(w, 2, 3)) == 0
