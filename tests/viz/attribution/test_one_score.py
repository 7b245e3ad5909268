"""A network with the one score that is asked for: the same values, without the last layer's other filters."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.attribution.one_score import only_asked
from viz.attribution.passes import input_gradient

X = np.random.default_rng(0).standard_normal((3, 2, 9, 9)).astype(np.float32)


def dense_last():
    return cnn.Sequential(conv=cnn.Conv2d(2, 4, 3), relu=cnn.ReLU(), flat=cnn.Flatten(), fc=cnn.Dense(4 * 49, 5))


def conv_last(groups=1, **pool):
    """As SqueezeNet: one map for each class, averaged."""
    head = cnn.Sequential(drop=cnn.Dropout(), conv=cnn.Conv2d(4, 8, 1, groups=groups), relu=cnn.ReLU())
    parts = {"features": cnn.Sequential(conv=cnn.Conv2d(2, 4, 3), relu=cnn.ReLU()), "head": head} | pool
    return cnn.Sequential(parts | {"flat": cnn.Flatten()})


NETWORKS = {
    "dense": dense_last(),
    "convolution and global average": conv_last(pool=cnn.AdaptiveAvgPool2d(1)),
    "convolution and global maximum": conv_last(pool=cnn.GlobalMaxPool2d()),
}
OTHERS = {
    "pixels that are scores of their own": conv_last(),
    "a coarse average": conv_last(pool=cnn.AdaptiveAvgPool2d(2)),
    "filters in groups": conv_last(groups=2, pool=cnn.AdaptiveAvgPool2d(1)),
    "probabilities": cnn.Sequential(net=dense_last(), softmax=cnn.Softmax(), drop=cnn.Dropout()),
    "normalized scores": cnn.Sequential(net=dense_last(), norm=cnn.BatchNorm1d(5)),
}


@pytest.fixture(params=NETWORKS)
def model(request):
    model = NETWORKS[request.param].initialize(1)
    for name, array in model.parameters().items():
        if name.endswith("bias"):
            array[...] = np.random.default_rng(2).uniform(0.1, 0.3, array.shape)
    return model


@pytest.mark.parametrize("target", [3, np.int64(3), [3], np.array([3, 3, 3])])
def test_its_output_is_the_score(model, target):
    smaller, its_target = only_asked(model, target)
    assert its_target == 0
    np.testing.assert_allclose(smaller(X), model(X)[:, 3:4], rtol=1e-5, atol=1e-6)
    last = list(model.parameters())[-1]
    assert model.parameters()[last].shape[0] in (5, 8) and smaller.parameters()[last].shape == (1,)


def one_of(chosen):
    """The score of a class as an op, for which nothing can be left out."""

    def op(logits):
        one = np.eye(logits.shape[1], dtype=logits.dtype)[chosen]
        return logits[:, chosen], lambda d, wants=(True,): (np.outer(d, one),)

    return op


@pytest.mark.parametrize("rule", ["plain", "guided"])
@pytest.mark.parametrize("network", [*NETWORKS, *OTHERS])
def test_gradients_are_those_of_the_whole_network(network, rule):
    model = (NETWORKS | OTHERS)[network].initialize(1)
    expected = input_gradient(model, X, one_of(3), relu=rule)
    np.testing.assert_allclose(input_gradient(model, X, 3, relu=rule), expected, rtol=1e-5, atol=1e-7)
    assert np.abs(expected).max() > 1e-4


@pytest.mark.parametrize("frozen", [False, True])
def test_integrated_gradients_are_those_of_the_whole_network(model, frozen):
    model = cnn.freeze(model) if frozen else model
    expected = viz.integrated_gradients(model, X, one_of(3), steps=5)
    np.testing.assert_allclose(viz.integrated_gradients(model, X, 3, steps=5), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", OTHERS)
def test_other_networks_stay_as_they_are(network):
    model = OTHERS[network].initialize(1)
    assert only_asked(model, 3) == (model, 3)


def test_maps_for_scores_are_refused_with_their_own_shape():
    model = cnn.Sequential(conv=cnn.Conv2d(2, 8, 3), pool=cnn.AdaptiveAvgPool2d(1)).initialize(0)
    with pytest.raises(ValueError, match=r"expected a model with outputs \(N, classes\), got \(3, 8, 1, 1\)"):
        viz.saliency(model, X, 3)


@pytest.mark.parametrize("target", [None, [0, 1, 2], 2.0, 99, -1, pytest.param(one_of(1), id="a function")], ids=str)
def test_other_targets_too(model, target):
    assert only_asked(model, target) == (model, target)


def test_every_class_can_be_asked_for_and_none_beyond(model):
    last = list(model.parameters().values())[-1]
    for chosen in (0, len(last) - 1):
        smaller, _ = only_asked(model, chosen)
        np.testing.assert_allclose(smaller(X), model(X)[:, chosen : chosen + 1], rtol=1e-5, atol=1e-6)
    assert only_asked(model, len(last)) == (model, len(last))


def test_an_average_may_follow_the_convolution_at_once():
    model = cnn.Sequential(conv=cnn.Conv2d(2, 8, 1), pool=cnn.AdaptiveAvgPool2d(1), flat=cnn.Flatten()).initialize(1)
    smaller, target = only_asked(model, 3)
    assert target == 0 and smaller["conv"].weight.shape == (1, 2, 1, 1)
    np.testing.assert_allclose(smaller(X), model(X)[:, 3:4], rtol=1e-5, atol=1e-6)
