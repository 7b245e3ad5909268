"""Users' layers that cannot be saved or run as they are written, and the error that says why."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import GradientError, Pass, gradcheck
from minicnn.testing import assert_contract, tie_free

from .test_own import Squeezed

x = tie_free((2, 2, 4, 4), dtype=np.float32)


class Forgetful(cnn.Layer):
    def __init__(self, channels):
        self.body = cnn.Conv2d(channels, channels, 1)


class Function(cnn.Layer):
    def __init__(self, function):
        self.function = function


class Dense(cnn.Dense):
    pass


class Extended(cnn.Sequential):
    def __init__(self, **more):
        super().__init__(conv=cnn.Conv2d(1, 1, 1), **more)


class Grown(cnn.Layer):
    parameter_names = ("weight",)

    def __init__(self):
        self.weight = np.ones(2, np.float32)


def grown() -> Grown:
    layer = Grown()
    layer.weight = np.ones(3, np.float32)
    return layer


class Scattered(cnn.Layer):
    def __init__(self):
        self.first, self.second = cnn.Conv2d(1, 2, 3), cnn.ReLU()


def test_layers_that_nobody_finds_are_refused(tmp_path) -> None:
    message = r"inner: it keeps a layer as self.first, so its weights are not found; put its layers into one self.body"
    with pytest.raises(ValueError, match=message):
        cnn.Sequential(inner=Scattered()).initialize()
    with pytest.raises(ValueError, match=message):
        gradcheck(cnn.Sequential(inner=Scattered()), tie_free((2, 1, 5, 5)))
    with pytest.raises(ValueError, match=message):
        cnn.summary(cnn.Sequential(inner=Scattered()), (1, 5, 5))
    with pytest.raises(ValueError, match=message):
        cnn.save(cnn.Sequential(inner=Scattered()), tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def odd(block: Squeezed) -> Squeezed:
    block.children["more"] = cnn.Conv2d(4, 4, 1)
    return block


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (odd(Squeezed(4)), r"makes other layers from the options"),
        (grown(), r"it has other layers or arrays than this one"),
        (Extended(end=cnn.ReLU()), r"multiple values for keyword argument 'conv'"),
        (Forgetful(4), r"expected the option 'channels' to be stored as self\.channels"),
        (Function(len), r"not JSON serializable"),
        (Dense(4, 4), r"minicnn has a layer of this name"),
    ],
)
def test_save_refuses_what_load_could_not_rebuild(layer, why: str, tmp_path) -> None:
    with pytest.raises(ValueError, match=rf"layer: {type(layer).__name__} could not be loaded again: .*{why}"):
        cnn.save(cnn.Sequential(layer=layer), tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_class_that_has_changed_since_is_noticed(tmp_path) -> None:
    model = cnn.Sequential(first=cnn.Conv2d(2, 4, 1), block=Squeezed(4), last=cnn.GlobalAvgPool2d()).initialize(0)
    cnn.save(model, tmp_path / "model.safetensors")

    class Squeezed2(Squeezed):
        def __init__(self, channels, *, reduction=2):
            super().__init__(channels, reduction=reduction)
            self.children.pop("relu")

    Squeezed2.__name__ = "Squeezed"
    with pytest.raises(cnn.CheckpointError, match="Squeezed: its class makes other layers"):
        cnn.load(tmp_path / "model.safetensors", layers=[Squeezed2])


# A forward that returns only y


class OnlyY(cnn.Layer):
    def forward(self, x, pass_=Pass()):
        return 2 * x


MESSAGE = r"OnlyY.forward: expected it to return \(y, pullback\), got ndarray"
CALLS = {
    "called": lambda layer: layer(x),
    "in a Sequential": lambda layer: cnn.Sequential(layer)(x),
    "in a Concat": lambda layer: cnn.Concat(layer, cnn.ReLU())(x),
    "in a Residual": lambda layer: cnn.Residual(layer)(x),
    "in a Graph": lambda layer: cnn.Graph(only=layer, inputs={})(x),
    "as a body": lambda layer: _with_body(layer)(x),
    "summarized": lambda layer: cnn.summary(cnn.Sequential(layer), (2, 4, 4)),
}


def images(count: int) -> cnn.data.Dataset:
    return cnn.data.Dataset(np.zeros((count, 3, 1, 1), np.uint8), np.zeros(count, int), ["a"])


def _with_body(layer):
    whole = cnn.Layer()
    whole.body = layer
    return whole


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_two_images_are_not_an_output_and_a_pullback(call) -> None:
    with pytest.raises(ValueError, match=MESSAGE):
        call(OnlyY())


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("run", [cnn.evaluate, lambda *what: cnn.fit(*what, epochs=1)], ids=["evaluate", "fit"])
def test_they_are_not_when_a_whole_model_forgets_it(run, count: int) -> None:
    model = OnlyY()
    model.transform = cnn.data.Transform()
    with pytest.raises(ValueError, match=MESSAGE):
        run(model, images(count))


@pytest.mark.parametrize("check", [gradcheck, assert_contract])
def test_two_images_are_not_an_output_and_a_pullback_for_the_checks(check) -> None:
    with pytest.raises(GradientError, match=MESSAGE):
        check(OnlyY(), x)


def test_integers_are_refused_by_the_layers_own_name() -> None:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), relu=cnn.ReLU(), pool=cnn.MaxPool2d(2)).initialize(0)
    with pytest.raises(ValueError, match=r"^conv: expected floating-point input, got uint8;"):
        model(np.zeros((1, 1, 8, 8), np.uint8))
