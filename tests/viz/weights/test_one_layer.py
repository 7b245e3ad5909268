"""First-layer filters in numbers, and one unit's weights."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.weights import beyond_chance, color_opponency, orientation

RNG = np.random.default_rng(0)


def grating(angle, size=11, channels=3):
    y, x = np.mgrid[:size, :size] - size // 2
    wave = np.cos(1.2 * (x * np.cos(angle) + y * np.sin(angle))) * np.exp(-(x**2 + y**2) / 18)
    return np.broadcast_to(wave, (1, channels, size, size))


@pytest.mark.parametrize("angle", [0, 0.5, 1.2, np.pi / 2, 2.5])
def test_a_grating_is_oriented_whatever_its_direction(angle):
    assert orientation(grating(angle))[0] > 0.8


def test_a_blob_and_a_constant_are_not():
    y, x = np.mgrid[:11, :11] - 5
    blob = np.exp(-(x**2 + y**2) / 4)[None, None]
    assert orientation(blob)[0] < 0.05
    assert orientation(np.ones((1, 3, 5, 5)))[0] == 0


def test_opposing_colors_are_told_from_gray():
    red_against_green = np.zeros((1, 3, 5, 5))
    red_against_green[0, 0], red_against_green[0, 1] = 1, -1
    assert color_opponency(red_against_green)[0] == pytest.approx(1)
    assert color_opponency(grating(0.3))[0] == pytest.approx(0)
    assert color_opponency(RNG.standard_normal((500, 3, 5, 5))).mean() == pytest.approx(2 / 3, abs=0.01)
    assert color_opponency(np.zeros((1, 3, 2, 2)))[0] == 0


def test_chance_is_five_percent():
    share, _ = beyond_chance(orientation, RNG.standard_normal((2000, 3, 5, 5)))
    assert share == pytest.approx(0.05, abs=0.02)
    share, threshold = beyond_chance(orientation, np.concatenate([grating(a) for a in (0, 1, 2)]))
    assert share == 1 and threshold < 0.8


@pytest.fixture
def model():
    layers = {"a": cnn.Conv2d(1, 6, 3), "b": cnn.Conv2d(6, 4, 3), "grouped": cnn.Conv2d(4, 4, 1, groups=2)}
    return cnn.Sequential(layers).initialize(0)


def test_the_most_important_inputs_have_the_largest_norms(model):
    model["b"].weight[2] *= np.array([1, 9, 1, 1, 5, 0])[:, None, None] / np.abs(model["b"].weight[2]).max()
    channels, norms = viz.important_inputs(model, "b", 2, count=2)
    assert channels.tolist() == [1, 4]
    np.testing.assert_allclose(norms, np.linalg.norm(model["b"].weight[2].reshape(6, -1), axis=1)[[1, 4]], rtol=1e-6)


def test_a_group_s_inputs_keep_their_numbers_in_the_layer_s_input(model):
    assert set(viz.important_inputs(model, "grouped", 1)[0]) == {0, 1}
    assert set(viz.important_inputs(model, "grouped", 3)[0]) == {2, 3}
    images = np.arange(4).reshape(4, 1)
    for unit, group in ((1, 0), (3, 2)):
        found = viz.contextualized_weights(model, "grouped", unit, inputs=images, outputs=images)
        assert found.inputs.ravel().tolist() == found.channels.tolist()
        np.testing.assert_array_equal(found.weights, model["grouped"].weight[unit, found.channels - group])


def test_weights_are_laid_out_beside_what_they_connect(model):
    inputs, outputs = RNG.integers(0, 9, (6, 2, 1, 3, 3)), RNG.integers(0, 9, (4, 5, 1, 5, 5))
    found = viz.contextualized_weights(model, "b", 3, inputs=inputs, outputs=outputs, count=3)
    channels, _ = viz.important_inputs(model, "b", 3, 3)
    assert np.array_equal(found.channels, channels)
    assert np.array_equal(found.weights, model["b"].weight[3, channels])
    assert np.array_equal(found.inputs, inputs[channels]) and np.array_equal(found.output, outputs[3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: viz.important_inputs(m, "b", 9), "expected a unit in 0…3"),
        (lambda m: viz.important_inputs(m, "z", 0), "expected the path of a convolution"),
        (lambda m: viz.contextualized_weights(m, "b", 0, inputs=np.zeros((1, 1)), outputs=np.zeros((4, 1))), "needs"),
        (lambda m: viz.important_inputs(m, "b", 0, count=0), "a count of at least 1"),
        (lambda m: orientation(np.ones((3, 3))), "orientation: expected filters"),
        (lambda m: color_opponency(m["b"].weight), "color_opponency: expected filters"),
        (lambda m: color_opponency(np.ones((2, 3, 3))), "color_opponency: expected filters"),
    ],
)
def test_bad_input_is_refused(call, message, model):
    with pytest.raises(ValueError, match=message):
        call(model)


def test_orientation_is_the_resultant_of_a_spectrum_up_to_half_a_cycle_per_pixel():
    w = np.random.default_rng(4).standard_normal((1, 2, 3, 4))
    total, resultant = 0.0, 0j
    for i, j in np.ndindex(32, 32):
        down, right = ((n - 32 if n >= 16 else n) / 32 for n in (i, j))
        if 0 < down**2 + right**2 <= 0.25:
            waves = np.exp(-2j * np.pi * np.add.outer(down * np.arange(3), right * np.arange(4)))
            power = sum(abs((waves * (channel - channel.mean())).sum()) ** 2 for channel in w[0])
            total += power
            resultant += power * (complex(right, down) / np.hypot(down, right)) ** 2
    assert orientation(w)[0] == pytest.approx(abs(resultant) / total)


def test_a_unit_is_one_of_the_layer_s_with_images_for_it_and_its_inputs(model):
    for unit in (-1, 4):
        with pytest.raises(ValueError, match="expected a unit in 0…3"):
            viz.important_inputs(model, "b", unit)
    images = np.zeros((6, 1))
    assert len(viz.contextualized_weights(model, "b", 3, inputs=images, outputs=images[:4], count=6).inputs) == 6
    for inputs, outputs in ((images[:5], images[:4]), (images, images[:3])):
        with pytest.raises(ValueError, match="needs images of its 6 input channels and of unit 3"):
            viz.contextualized_weights(model, "b", 3, inputs=inputs, outputs=outputs, count=6)


def test_chance_is_the_ninety_fifth_percentile_of_two_thousand_random_filters():
    given = []

    def measure(w):
        given.append(w)
        return np.arange(len(w)) if len(given) % 2 else np.array([1899.0, 1899.1, 5000.0, 0.0])

    w = np.zeros((4, 3, 2, 5))
    assert beyond_chance(measure, w) == beyond_chance(measure, w, draws=2000, seed=0) == (0.5, pytest.approx(1899.05))
    assert given[0].shape == (2000, 3, 2, 5) and given[1] is w
    np.testing.assert_array_equal(given[0], given[2])
    assert given[0].std() == pytest.approx(1, rel=0.02) and abs(given[0].mean()) < 0.02


def test_one_input_is_the_most_important_one_and_only_images_are_drawn(model, monkeypatch):
    norms = np.linalg.norm(model["b"].weight[1].reshape(6, -1), axis=1)
    assert viz.important_inputs(model, "b", 1, count=1)[0].tolist() == [norms.argmax()]
    monkeypatch.setattr(
        "viz.weights.unit.drawing", lambda: SimpleNamespace(contextualized_weights=lambda found: "drawn")
    )
    for dtype, drawn in ((np.uint8, "drawn"), (np.float32, None)):
        images = np.zeros((6, 1), dtype)
        assert viz.contextualized_weights(model, "b", 1, inputs=images, outputs=images).plot() == drawn
