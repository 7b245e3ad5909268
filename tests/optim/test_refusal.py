"""What optimizers refuse: options out of range, and gradients that do not fit."""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from minicnn.optim import SGD, Adam, AdamW

optimizers = runpy.run_path(str(Path(__file__).with_name("optimizers.py")))
identical, random_arrays, run = (optimizers[name] for name in ("identical", "random_arrays", "run"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.0), "SGD: lr must be positive and finite, got 0.0"),
        (lambda: SGD(math.inf), "SGD: lr must be positive and finite, got inf"),
        (lambda: SGD(0.1, weight_decay=math.inf), "SGD: weight_decay must be zero or positive, and finite, got inf"),
        (lambda: Adam(eps=math.inf), "Adam: eps must be positive and finite, got inf"),
        (lambda: Adam(betas=(1.0, 0.9)), r"Adam: betas must be two numbers in \[0, 1\), got \(1.0, 0.9\)"),
        (lambda: Adam(betas=(0.9, -0.1)), r"Adam: betas must be two numbers in \[0, 1\), got \(0.9, -0.1\)"),
        (lambda: SGD(math.nan), "SGD: lr must be positive and finite, got nan"),
        (lambda: Adam(-1e-3), "Adam: lr must be positive"),
        (lambda: SGD(0.1, weight_decay=-1), "SGD: weight_decay must be zero or positive, and finite, got -1"),
        (lambda: SGD(0.1, momentum=1.0), r"SGD: momentum must be in \[0, 1\), got 1.0"),
        (lambda: SGD(0.1, momentum=-0.1), r"SGD: momentum must be in \[0, 1\), got -0.1"),
        (lambda: SGD(0.1, nesterov=True), "SGD: nesterov=True .* momentum is 0"),
        (lambda: Adam(betas=(0.9, 1.0)), r"Adam: betas must be two numbers in \[0, 1\), got \(0.9, 1.0\)"),
        (lambda: AdamW(betas=(0.9,)), "AdamW: betas must be two numbers"),
        (lambda: Adam(eps=0.0), "Adam: eps must be positive and finite, got 0.0"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_options_are_pytorchs_unless_given_and_may_be_zero():
    assert repr(SGD(0.1)) == "SGD(lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0)"
    assert repr(Adam()) == "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0)"
    assert repr(AdamW()) == "AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)"
    assert Adam(betas=(0, 0)).betas == (0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, g: g.pop("scale"), "SGD: no gradient for scale"),
        (lambda p, g: g.update(extra=g["scale"]), "SGD: a gradient for extra, but no such parameter"),
        (
            lambda p, g: g.update({"conv.bias": np.zeros(5)}),
            r"SGD: conv.bias is float64 of shape \(4,\), but its gradient is float64 of shape \(5,\)",
        ),
        (lambda p, g: g.update({"conv.bias": np.zeros(4, np.float32)}), "but its gradient is float32"),
        (lambda p, g: p.update(scale=np.array(1)), "SGD: scale is int64, but a parameter is float32 or float64"),
        (lambda p, g: p["conv.bias"].setflags(write=False), "SGD: conv.bias is read-only"),
    ],
)
def test_gradients_that_do_not_fit_are_refused_and_update_nothing(change, message):
    optimizer, parameters, grads = SGD(0.1, momentum=0.9), random_arrays(0), random_arrays(1)
    change(parameters, grads)
    before = {name: w.copy() for name, w in parameters.items()}
    with pytest.raises(ValueError, match=message):
        optimizer.step(parameters, grads)
    assert identical(parameters, before)
    assert optimizer.steps == 0


def test_another_models_parameters_are_refused():
    optimizer = SGD(0.1, momentum=0.9)
    run(optimizer, random_arrays(0), range(1))
    with pytest.raises(ValueError, match="no velocity for other; a new set of parameters takes a new optimizer"):
        optimizer.step({"other": np.zeros(3)}, {"other": np.zeros(3)})
    parameters, grads = random_arrays(0) | {"scale": np.zeros(3)}, random_arrays(1) | {"scale": np.zeros(3)}
    with pytest.raises(ValueError, match=r"scale is float64 of shape \(3,\), but its velocity is .* shape \(\)"):
        optimizer.step(parameters, grads)
