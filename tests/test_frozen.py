"""A frozen model is the same model, read-only, whose filters are packed once."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.ops.convolution.problem import Filters


def network() -> cnn.Layer:
    """Every kind of row that can be fused: with and without normalization, rectification and pooling."""
    model = cnn.Sequential(
        conv1=cnn.Conv2d(3, 6, 3, padding=1, bias=False),
        bn1=cnn.BatchNorm2d(6),
        relu1=cnn.ReLU(),
        pool1=cnn.MaxPool2d(2),
        block=cnn.Residual(
            conv2=cnn.Conv2d(6, 6, 3, padding=1),
            bn2=cnn.BatchNorm2d(6),
            relu2=cnn.ReLU(),
            conv3=cnn.Conv2d(6, 6, 3, padding=1),
            bn3=cnn.BatchNorm2d(6),
        ),
        relu3=cnn.ReLU(),
        conv4=cnn.Conv2d(6, 7, 3, groups=1),
        relu4=cnn.ReLU(),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(7 * 4, 5),
    ).initialize(3)
    rng = np.random.default_rng(0)
    for name, array in model.state().items():
        if "bn" in name:
            array[...] = rng.uniform(0.5, 2, array.shape)
    return model


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((4, 3, 8, 8)).astype(np.float32)


def test_its_output_and_input_gradient_are_the_models(x) -> None:
    model = network()
    frozen = cnn.freeze(model)
    dy = np.random.default_rng(2).standard_normal((4, 5)).astype(np.float32)
    for _ in range(2):  # the second time with the filters that the first has packed
        (y, pullback), (found, frozen_pullback) = model.forward(x), frozen.forward(x)
        np.testing.assert_allclose(found, y, rtol=0, atol=1e-5)
        dx, gradients = frozen_pullback(dy)
        np.testing.assert_allclose(dx, pullback(dy)[0], rtol=0, atol=1e-5)
        assert gradients == {} and frozen_pullback(dy, "parameters") == (None, {})


@pytest.mark.parametrize("path", ["conv1", "bn1", "block.conv2", "block.bn2", "relu1"])
def test_a_watched_layer_gives_its_own_output(x, path) -> None:
    """Folded and fused layers run separately if one of them is watched."""
    watches = [cnn.Watch(path), cnn.Watch(path)]
    for model, watch in zip((network(), cnn.freeze(network())), watches, strict=True):
        model.forward(x, cnn.Pass(watch=watch))
    np.testing.assert_allclose(watches[1].activations[path], watches[0].activations[path], rtol=0, atol=1e-5)


@pytest.mark.parametrize("rule", ["guided", "deconv", "linear"])
def test_rules_for_relu_hold(x, rule) -> None:
    dy = np.ones((4, 5), np.float32)
    gradients = [
        model.forward(x, cnn.Pass(relu=rule))[1](dy, "input")[0] for model in (network(), cnn.freeze(network()))
    ]
    np.testing.assert_allclose(*gradients, rtol=0, atol=1e-5)


def test_filters_are_packed_once(x, monkeypatch) -> None:
    packed = []
    keep = Filters.packed

    def counting(self, form, pack):
        return keep(self, form, lambda: packed.append(form) or pack())

    monkeypatch.setattr(Filters, "packed", counting)
    frozen = cnn.freeze(network())
    for _ in range(3):
        frozen.forward(x)[1](np.ones((4, 5), np.float32), "input")
    first = len(packed)
    assert first  # each convolution, forward and turned around
    frozen.forward(x)[1](np.ones((4, 5), np.float32), "input")
    assert len(packed) == first
    network().forward(x)
    assert len(packed) > first  # if nothing is frozen, again in each pass


def test_it_does_not_follow_the_original_unless_it_shares_its_arrays(x) -> None:
    model = network()
    frozen, sharing = cnn.freeze(model), cnn.freeze(model, copy=False)
    before = frozen(x)
    assert sharing["fc"].weight.base is model["fc"].weight
    model["fc"].weight += 1
    assert np.array_equal(frozen(x), before)
    model["fc"].weight[...] = 0  # the original can still be written to
    assert not model["fc"].weight.any()


def test_it_has_all_arrays_and_no_parameters() -> None:
    model = network()
    frozen = cnn.freeze(model)
    assert not frozen.parameters() and set(frozen.state()) == set(model.state())
    with pytest.raises(ValueError, match="read-only"):
        frozen["conv1"].weight[...] = 0


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.load_state(network().state()),
        lambda model: model.initialize(0),
        lambda model: model.astype(np.float64),
    ],
)
def test_what_would_change_it_is_refused(change) -> None:
    with pytest.raises(ValueError, match="this one is frozen"):
        change(cnn.freeze(network()))


def test_fit_refuses_it(x) -> None:
    data = cnn.data.Dataset(np.zeros((4, 3, 8, 8), np.uint8), np.zeros(4, np.int64), classes=tuple("abcde"))
    with pytest.raises(ValueError, match="this one is frozen"):
        cnn.fit(cnn.freeze(network()), data, epochs=1)


def test_a_bias_beside_kept_filters_is_refused(x) -> None:
    filters = cnn.ops.Filters(np.ones((2, 3, 3, 3), np.float32))
    with pytest.raises(ValueError, match="b to be None, because w is Filters"):
        cnn.ops.conv2d(x, filters, np.zeros(2, np.float32))


def test_a_model_that_has_run_is_frozen_as_a_new_one(x, monkeypatch) -> None:
    """What a pass has fused is of the layers as they were: trained, their normalization not folded into filters."""
    model = network()
    folded = []
    monkeypatch.setattr(cnn.Conv2d, "filters", lambda self, norm=None: folded.append(norm) or (self.weight, self.bias))
    fused = []
    for run_before in (False, True):
        if run_before:
            model(x)
        frozen = cnn.freeze(model)
        folded.clear()
        y, pullback = frozen.forward(x)
        assert pullback(np.ones_like(y))[1] == {}
        fused.append([norm is not None for norm in folded])
    assert fused[0] == fused[1] and any(fused[0])
