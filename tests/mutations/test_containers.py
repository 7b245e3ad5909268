"""Mistakes in how layers are joined, and run."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import Pass, gradcheck, ops
from minicnn.layers import fusion
from minicnn.testing import LAYER_PROPERTIES, PROPERTIES, Call, tie_free, with_random_arrays


def network():
    """A layer of each kind that mistakes are planted in, by name."""
    model = cnn.Sequential(
        conv=cnn.Conv2d(2, 3, 3, padding=1),
        relu=cnn.ReLU(),
        pool=cnn.MaxPool2d(2),
        branches=cnn.Concat(one=cnn.Conv2d(3, 1, 1), three=cnn.Conv2d(3, 1, 3, padding=1)),
        norm=cnn.BatchNorm2d(2),
        block=cnn.Residual(inner=cnn.Conv2d(2, 2, 3, padding=1)),
        drop=cnn.Dropout(0.5),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(8, 2),
    )
    return with_random_arrays(model, 0)


def rewired(kind, pullback):
    """A kind of layer whose pullback is replaced by pullback(layer, x, pass_, right)."""

    class Wrong(kind):
        def forward(self, x, pass_):
            y, right = super().forward(x, pass_)
            return y, lambda dy, wants="both": pullback(self, x, pass_, right, dy, wants)

    return Wrong


def shortcut_forgotten():
    """the gradient of a residual block's shortcut is not added"""

    def pullback(self, x, pass_, right, dy, wants):
        return cnn.Sequential(self.children).forward(x, pass_)[1](dy, wants)

    return {"block": rewired(cnn.Residual, pullback)}


def branches_overwritten():
    """where branches fork, x receives only the last one's gradient, and should receive the sum"""

    def pullback(self, x, pass_, right, dy, wants):
        dx, grads = right(dy, wants)
        return dx if dx is None else self["three"].forward(x, pass_)[1](dy[:, 1:])[0], grads

    return {"branches": rewired(cnn.Concat, pullback)}


def names_confused():
    """two branches' gradients are returned under each other's names"""

    def pullback(self, x, pass_, right, dy, wants):
        dx, grads = right(dy, wants)
        return dx, grads and grads | {"one.bias": grads["three.bias"], "three.bias": grads["one.bias"]}

    return {"branches": rewired(cnn.Concat, pullback)}


def parameters_not_given_back():
    """a layer withholds its gradients unless nothing else is requested"""

    def pullback(self, x, pass_, right, dy, wants):
        return right(dy, "input" if wants == "both" else wants)

    return {"fc": rewired(cnn.Dense, pullback)}


def dropped_in_evaluation():
    """a dropout layer drops outside training too"""

    class Wrong(cnn.Dropout):
        def forward(self, x, pass_):
            return super().forward(x, Pass(train=True, rng=np.random.default_rng()))

    return {"drop": Wrong}


def batch_statistics_in_evaluation():
    """batch normalization forgets that training is over"""

    class Wrong(cnn.BatchNorm2d):
        def forward(self, x, pass_):
            return super().forward(x, Pass(train=True))

    return {"norm": Wrong}


def weights_decay_in_forward():
    """the forward pass changes the layer's own weights"""

    class Wrong(cnn.Dense):
        def forward(self, x, pass_):
            self.weight *= 0.9
            return super().forward(x, pass_)

    return {"fc": Wrong}


def batch_reversed():
    """flatten mixes up the images of a batch"""

    class Wrong(cnn.Flatten):
        def forward(self, x, pass_):
            y, right = super().forward(x, pass_)
            return y[::-1], lambda dy, wants="both": right(dy[::-1], wants)

    return {"flatten": Wrong}


def pass_ends_one_layer_late():
    """a pass that ends inside a block runs the whole block"""

    class Wrong(cnn.Residual):
        def forward(self, x, pass_):
            return super().forward(x, Pass(pass_.train, pass_.rng, pass_.relu, pass_.watch, path=pass_.path))

    return {"block": Wrong}


def caught(model):
    """The names of the properties that a model violates, in training or outside."""
    x, names = tie_free((3, 2, 4, 4)), []
    for name, property in {"gradient": gradient, **PROPERTIES, **LAYER_PROPERTIES}.items():
        try:
            property(Call.of(model, x, train=True))
        except (AssertionError, KeyError, ValueError):
            names.append(name)
    return names


def gradient(call):
    gradcheck(call.layer, call.arguments[0], train=True)
    gradcheck(call.layer, call.arguments[0], train=False)


def test_the_right_network_is_caught_by_nobody() -> None:
    assert not caught(network())


@pytest.mark.parametrize(
    "mistake",
    [
        shortcut_forgotten,
        branches_overwritten,
        names_confused,
        parameters_not_given_back,
        dropped_in_evaluation,
        batch_statistics_in_evaluation,
        weights_decay_in_forward,
        batch_reversed,
        pass_ends_one_layer_late,
    ],
)
def test_the_mistake_is_caught(mistake, caught_by) -> None:
    model = network()
    for name, kind in mistake().items():
        model[name].__class__ = kind
    assert caught_by.record("layers", mistake, caught(model))


def first_pixel_for_the_largest(*arrays, pool_size=1, pool_stride=1, **options):
    """the fused kernel takes each window's first pixel, and gives it the gradient"""
    return ops.conv2d_relu_max_pool2d(*arrays, pool_size=1, pool_stride=pool_stride, **options)


def bias_gradient_before_the_mask(*arrays, **options):
    """the fused bias gradient sums dy without regard to ReLU and pooling"""
    y, right = ops.conv2d_relu_max_pool2d(*arrays, **options)

    def pullback(dy, wants=(True, True, True)):
        dx, dw, db = right(dy, wants)
        return dx, dw, db if db is None else dy.sum(axis=(0, 2, 3))

    return y, pullback


@pytest.mark.parametrize("mistake", [first_pixel_for_the_largest, bias_gradient_before_the_mask])
def test_a_mistake_in_the_fused_path_is_caught(mistake, caught_by, monkeypatch) -> None:
    class WrongOps:
        conv2d_relu_max_pool2d = staticmethod(mistake)

    monkeypatch.setattr(fusion, "ops", WrongOps)
    names = caught_by.record("fused layers", mistake, caught(network()))
    assert "watching" in names
