"""A dream's sizes, steps and limits."""

import importlib

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.synthesis import objectives as of
from viz.synthesis import transforms as by

module = importlib.import_module("viz.synthesis.deep_dream")


@pytest.fixture
def model():
    return cnn.Sequential(conv=cnn.Conv2d(1, 3, 3, padding=1), relu=cnn.ReLU()).initialize(0).astype(np.float64)


@pytest.fixture
def seen(monkeypatch, model):
    """The images whose gradients are asked for, and how far each may have been shifted."""
    sizes, shifts = [], []
    plain = module.value_and_gradient
    monkeypatch.setattr(module, "value_and_gradient", lambda m, x, o: (sizes.append(x.shape[2:]), plain(m, x, o))[1])
    monkeypatch.setattr(module, "Roll", lambda pixels: (shifts.append(pixels), by.Roll(0))[1])
    return sizes, shifts


X = np.random.default_rng(0).standard_normal((1, 1, 40, 56))


@pytest.mark.parametrize(
    ("octaves", "scale", "sizes"),
    [
        (1, 1.4, [(40, 56)]), (3, 1.4, [(20, 29), (29, 40), (40, 56)]), (3, 2.0, [(10, 14), (20, 28), (40, 56)]),
        (4, 3.0, [(8, 8), (8, 8), (13, 19), (40, 56)]),
    ],
)  # fmt: skip
def test_it_dreams_on_growing_sizes_each_for_so_many_steps(model, seen, octaves, scale, sizes) -> None:
    dream = viz.deep_dream(model, X, "relu", octaves=octaves, octave_scale=scale, steps=2, jitter=6)
    assert dream.shape == X.shape
    assert seen[0] == [size for size in sizes for _ in range(2)]
    assert seen[1] == [min(6, min(size) // 4) for size in sizes]


def test_a_step_moves_by_its_share_of_the_deviation_along_the_gradient(model, seen) -> None:
    moments = []
    dream = viz.deep_dream(
        model, X, of.layer("relu"), octaves=1, steps=2, step_size=0.5, callback=lambda k, x: moments.append((k, x))
    )
    assert [k for k, _ in moments] == [1, 2] and np.array_equal(moments[1][1], dream)
    before = X
    for _, after in moments:
        y, pullback = model.forward(before, cnn.Pass())
        gradient, _ = pullback(y, wants="input")
        expected = 0.5 * X.std() * gradient / np.abs(gradient).mean()
        np.testing.assert_allclose(after - before, expected, rtol=1e-6, atol=1e-9)
        before = after


def test_the_details_of_a_smaller_size_are_kept(model, seen, monkeypatch) -> None:
    """Without any step on the larger size, the dream is the image with the smaller one's detail, enlarged."""
    found = []
    viz.deep_dream(model, X, "relu", octaves=2, octave_scale=2.0, steps=1, callback=lambda k, x: found.append(x))
    small = module.resize(X, (20, 28))
    detail = module.resize(found[0] - small, (40, 56))
    y, pullback = model.forward(X + detail, cnn.Pass())
    gradient, _ = pullback(y, wants="input")
    expected = X + detail + 0.02 * X.std() * gradient / np.abs(gradient).mean()
    np.testing.assert_allclose(found[1], expected, rtol=1e-6, atol=1e-9)


def test_bounds_hold_at_every_step_and_a_true_answer_ends_the_octave(model) -> None:
    ends = []
    viz.deep_dream(
        model, X, "relu", octaves=2, steps=5, step_size=0.3, bounds=(-1, 0.5),
        callback=lambda k, x: (ends.append((x.min(), x.max(), x.shape[2])), k in (2, 4))[1],
    )  # fmt: skip
    assert [side for *_, side in ends] == [29, 29, 40, 40]
    assert all(low == -1 and high == 0.5 for low, high, _ in ends)


@pytest.mark.parametrize("options", [{"octaves": 0}, {"octave_scale": 1.0}, {"octave_scale": 0.5}, {"steps": 0}])
def test_fewer_sizes_or_steps_than_one_are_refused(model, options) -> None:
    with pytest.raises(ValueError, match="expected octaves ≥ 1, octave_scale > 1 and steps ≥ 1"):
        viz.deep_dream(model, X, "relu", **options)
    viz.deep_dream(model, X, "relu", **({"octaves": 1, "steps": 1} | {"octave_scale": 1.01}))
