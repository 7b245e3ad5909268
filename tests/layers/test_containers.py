"""Containers: layers by name, passes that watch and end early, and users' layers among ours."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import Pass, Watch
from minicnn.testing import tie_free


def network() -> cnn.Sequential:
    return cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3),
        relu=cnn.ReLU(),
        pool=cnn.MaxPool2d(2),
        fire=cnn.Concat(left=cnn.Conv2d(4, 2, 1), right=cnn.Sequential(cnn.Conv2d(4, 2, 3, padding=1), cnn.ReLU())),
        block=cnn.Residual(conv=cnn.Conv2d(4, 4, 1), shortcut=cnn.Conv2d(4, 4, 1)),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(16, 3),
    ).initialize(0)


x = tie_free((2, 1, 6, 6), dtype=np.float32)


# Names


def test_parameters_are_named_by_their_path() -> None:
    assert list(network().parameters()) == [
        *("conv.weight", "conv.bias", "fire.left.weight", "fire.left.bias", "fire.right.0.weight", "fire.right.0.bias"),
        *("block.conv.weight", "block.conv.bias", "block.shortcut.weight", "block.shortcut.bias"),
        *("fc.weight", "fc.bias"),
    ]


def test_gradients_come_under_the_parameters_names() -> None:
    model = network()
    y, pullback = model.forward(x)
    assert list(pullback(y)[1]) == list(model.parameters())


def test_a_layer_is_found_by_path_or_position() -> None:
    model = network()
    assert model["fire.right.0"] is model["fire"]["right"][0] is model[3][1][0]
    assert len(model) == 7


@pytest.mark.parametrize(
    ("cut", "names"),
    [
        (slice("conv", "pool"), ["conv", "relu", "pool"]),
        (slice("block", None), ["block", "flatten", "fc"]),
        (slice(None, 2), ["conv", "relu"]),
        (slice("relu", -2), ["relu", "pool", "fire", "block"]),
    ],
)
def test_a_slice_is_a_network_that_shares_the_layers(cut: slice, names: list[str]) -> None:
    model = network()
    part = model[cut]
    assert list(part.children) == names and all(part[name] is model[name] for name in names)


def test_two_slices_in_a_row_are_the_whole() -> None:
    model = network()
    np.testing.assert_allclose(model["fire":](model[:"pool"](x)), model(x), rtol=1e-6)


REFUSED = {
    "Sequential: expected at least one layer, got none": cnn.Sequential,
    "Sequential: expected 'a' to be a layer with a forward(x, pass_), got 3": lambda: cnn.Sequential(a=3),
    "Concat: expected names without dots, got 'a.b'": lambda: cnn.Concat({"a.b": cnn.ReLU()}),
    "Residual: expected at least one layer besides 'shortcut', got none": lambda: cnn.Residual(shortcut=cnn.ReLU()),
    "Pass: there is no layer 'convv'; did you mean conv": lambda: network().forward(x, Pass(until="convv")),
    "Pass: there is no layer 'fire.middle'": lambda: network().forward(x, Pass(watch=Watch("fire.middle"))),
    "fire.left: conv2d: x has 3 channels, but w (2, 4, 1, 1) takes 4": lambda: network()["fire":].forward(
        np.ones((1, 3, 2, 2), np.float32)
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_it_is_refused(message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        REFUSED[message]()
    assert str(refusal.value).startswith(message)


def test_a_name_that_is_not_there_suggests_one_that_is() -> None:
    with pytest.raises(KeyError, match="Sequential has no layer 'pol'; did you mean pool"):
        network()["pol"]
    with pytest.raises(KeyError, match="no layer 'fc2'"):
        network()["fc2":]


# Passes


def test_a_watch_records_what_layers_put_out_and_the_gradients_that_arrive() -> None:
    model, watch = network(), Watch("relu", "fire.right", "fc")
    y, pullback = model.forward(x, Pass(watch=watch))
    dy = np.ones_like(y)
    pullback(dy)
    np.testing.assert_array_equal(watch.activations["relu"], np.maximum(model["conv"](x), 0))
    np.testing.assert_array_equal(watch.activations["fc"], y)
    np.testing.assert_array_equal(watch.gradients["fc"], dy)
    assert watch.gradients["fire.right"].shape == watch.activations["fire.right"].shape == (2, 2, 2, 2)


@pytest.mark.parametrize("path", ["pool", "fire.left", "fire.right.0", "block.conv", "block.shortcut", "block"])
def test_a_pass_may_end_anywhere_and_be_pulled_back_from_there(path: str) -> None:
    model = network().astype(np.float64)
    assert (
        cnn.gradcheck(
            cnn.Sequential(model=model), tie_free((2, 1, 6, 6)), until=f"model.{path}", tolerance=1e-7, max_entries=24
        )
        < 1e-7
    )


def test_the_rule_of_relu_reaches_every_depth() -> None:
    model = cnn.Sequential(a=cnn.ReLU(), b=cnn.Concat(c=cnn.Sequential(d=cnn.ReLU())))
    z = np.array([[1.0, -1.0]])
    for rule, expected in {"plain": [-5, 0], "deconv": [0, 2], "guided": [0, 0], "linear": [-5, 2]}.items():
        assert model.forward(z, Pass(relu=rule))[1](np.array([[-5.0, 2.0]]))[0].tolist() == [expected]


def test_only_a_training_pass_drops_and_normalizes_by_the_batch() -> None:
    model = cnn.Sequential(norm=cnn.BatchNorm2d(1), drop=cnn.Dropout(0.5))
    np.testing.assert_allclose(model(x), x, rtol=1e-4)
    y, _ = model.forward(x, Pass(train=True, rng=np.random.default_rng(0)))
    assert (y == 0).any() and model["norm"].running_mean.item() != 0


def test_half_of_a_pullback_is_not_computed() -> None:
    y, pullback = network().forward(x)
    dx, grads = pullback(y)
    assert np.array_equal(pullback(y, wants="input")[0], dx)
    only = pullback(y, wants="parameters")[1]
    assert all(np.array_equal(only[name], gradient) for name, gradient in grads.items())


def test_what_nobody_wants_is_not_given() -> None:
    y, pullback = network().forward(x)
    assert pullback(y, wants="input")[1] == {}
    assert pullback(y, wants="parameters")[0] is None


@pytest.mark.parametrize("wants", ["both", "input", "parameters"])
@pytest.mark.parametrize("container", [cnn.Sequential, cnn.Concat, cnn.Residual])
def test_no_layer_inside_is_asked_for_more_than_is_wanted(container, wants) -> None:
    asked = []

    class Listening(cnn.Conv2d):
        def forward(self, x, pass_):
            y, pullback = super().forward(x, pass_)

            def listening(dy, wants="both"):
                asked.append(wants)
                return pullback(dy, wants)

            return y, listening

    first, second = (Listening(1, 1, 1).initialize(seed) for seed in (0, 1))
    names = {"a": first, "shortcut" if container is cnn.Residual else "b": second}
    model = cnn.Sequential(before=cnn.ReLU(), inside=container(**names))
    y, pullback = model.forward(x)
    pullback(np.ones_like(y), wants=wants)
    expected = [wants, wants]
    if container is cnn.Sequential and wants == "parameters":
        expected = ["both", "parameters"]  # the second passes on what the first one needs
    assert asked == expected


def test_the_gradient_that_is_recorded_is_the_one_that_was_used() -> None:
    """It includes what was injected."""
    model, watch = cnn.Sequential(a=cnn.Flatten(), b=cnn.Dense(36, 2).initialize(0)), Watch("a")
    y, pullback = model.forward(x, Pass(watch=watch))
    dy = tie_free(y.shape, 4, np.float32)
    plain = pullback(dy)[0]
    watch.inject["a"] = tie_free(watch.activations["a"].shape, 3, np.float32)
    assert np.array_equal(watch.gradients["a"].reshape(x.shape), plain)
    dx = pullback(dy)[0]
    np.testing.assert_allclose(dx, plain + watch.inject["a"].reshape(x.shape), rtol=1e-6)
    assert np.array_equal(watch.gradients["a"].reshape(x.shape), dx)


def test_parameters_alone_need_no_way_back_beyond_the_first_of_them() -> None:
    class Once(cnn.ReLU):
        def forward(self, x, pass_):
            return x, lambda dy, wants="both": pytest.fail("nobody needs this gradient")

    y, pullback = cnn.Sequential(Once(), cnn.Flatten(), cnn.Dense(36, 1)).forward(x)
    assert list(pullback(y, wants="parameters")[1]) == ["2.weight", "2.bias"]
    y, pullback = cnn.Sequential(Once()).forward(x)
    assert pullback(y, wants="parameters") == (None, {})
    y, pullback = cnn.Residual(cnn.Conv2d(1, 1, 1), shortcut=Once()).forward(x)
    assert list(pullback(y, wants="parameters")[1]) == ["0.weight", "0.bias"]


# A user's layer


class Shift:
    """y = x + shift, with only what a layer needs."""

    def __init__(self, size: int) -> None:
        self.parameters = {"shift": np.zeros(size, np.float32)}
        self.buffers: dict = {}

    def forward(self, x, pass_):
        return x + self.parameters["shift"], lambda dy, wants="both": (dy, {"shift": dy.sum(axis=0)})


def test_a_layer_of_ones_own_composes_trains_and_is_converted_like_ours() -> None:
    model = cnn.Sequential(fc=cnn.Dense(4, 3), shift=Shift(3)).initialize(0)
    assert list(model.parameters()) == ["fc.weight", "fc.bias", "shift.shift"]
    inputs = tie_free((5, 4), dtype=np.float32)
    y, pullback = model.forward(inputs)
    cnn.SGD(0.1).step(model.parameters(), pullback(np.ones_like(y))[1])
    np.testing.assert_allclose(model["shift"].parameters["shift"], -0.5)
    assert model.astype(np.float64)(tie_free((5, 4))).dtype == np.float64
    assert cnn.gradcheck(model, tie_free((5, 4))) < 1e-7
