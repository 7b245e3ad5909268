"""What takes long shows a bar where it is asked to, and it ends full; nothing is shown unasked."""

import re

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.synthesis import objectives as of

x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
labels = np.array([0, 1])


@pytest.fixture(scope="module")
def model():
    layers = {"conv": cnn.Conv2d(1, 2, 3), "relu": cnn.ReLU(), "flatten": cnn.Flatten(), "fc": cnn.Dense(72, 3)}
    net = cnn.Sequential(**layers).initialize(0)
    net.transform = cnn.data.Transform()
    return net


BARS = {
    "conductance": lambda m, **on: viz.layer_attribution(m, x, layer="relu", method="conductance", **on),
    "integrated gradients": lambda m, **on: viz.integrated_gradients(m, x, labels, steps=3, **on),
    "occlusion": lambda m, **on: viz.occlusion(m, x, labels, window=4, stride=4, **on),
    "smooth_grad": lambda m, **on: viz.smooth_grad(m, x, labels, samples=3, **on),
    "attack": lambda m, **on: viz.pgd(m, x, labels, 0.1, steps=3, **on),
    "exchanging pixels": lambda m, **on: viz.deletion_curve(m, x, np.abs(x[:, 0]), labels, steps=3, **on),
    "randomizing": lambda m, **on: viz.sanity_check(viz.saliency, m, x, labels, **on),
    "class 1": lambda m, **on: viz.ascend(m, of.logit(1), viz.Pixels((1, 1, 8, 8)), steps=3, **on),
    "dreaming of relu": lambda m, **on: viz.deep_dream(m["conv":"relu"], x, "relu", octaves=1, steps=3, **on),
}


@pytest.mark.parametrize("title", BARS)
def test_a_bar_is_shown_on_demand_and_ends_full(title, model, capsys):
    BARS[title](model)
    assert not capsys.readouterr().err
    BARS[title](model, progress=True)
    last = capsys.readouterr().err.rstrip().rpartition("\r")[2]
    assert title in last and re.search(r"100%\|.*\| (\d+)/\1 ", last), last
