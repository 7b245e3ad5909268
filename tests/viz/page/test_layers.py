"""How a layer's images come about: filters in color, and what excites a channel, brightened up."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.sheets import images_of
from viz.page import layers
from viz.page.layers import (
    _imagine,
    _in_colors,
    _rectified,
    _weights,
    _with_contrast,
    each_its_own,
    make,
)
from viz.page.sprites import Sprites
from viz.page.subject import study


def test_a_pale_image_gets_contrast_and_others_stay() -> None:
    waves = np.sin(np.arange(4 * 3 * 16 * 16).reshape(4, 3, 16, 16))
    waves /= waves.std(axis=(1, 2, 3), keepdims=True)
    spreads = np.array([5, 20, 48, 0]).reshape(4, 1, 1, 1)
    images = 120 + spreads * waves
    found = _with_contrast(images)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found[:2].std(axis=(1, 2, 3)), 40, rtol=0.02)
    np.testing.assert_allclose(found[:2].mean(axis=(1, 2, 3)), 127.5, atol=1)
    np.testing.assert_array_equal(found[2:], np.rint(images[2:]))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_filter_in_color_is_gray_at_zero_and_the_brighter_the_larger_its_weights_are(sign: int) -> None:
    w = sign * np.linspace(-0.5, 0.25, 2 * 3 * 5 * 5).reshape(2, 3, 5, 5)
    w[0, :, 2, 2] = 0
    sprites = Sprites()
    _in_colors(sprites, "filters", w)
    levels = images_of(sprites, "filters").astype(int).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(levels, 127.5 * (1 + w / 0.5), atol=0.51)  # the largest weight reaches an end
    assert levels[0, :, 2, 2].tolist() in ([127] * 3, [128] * 3)


def test_a_dead_channel_has_no_patches(network, few, quick):
    model = network.initialize(seed=0)
    model.transform = cnn.data.Transform(mean=(0.5,), std=(0.5,))
    model["conv2"].bias[1], model["conv2"].bias[2] = -1e6, 1e6
    sprites = Sprites()
    layer = make(study(model, few), sprites)["layers"][1]
    assert layer["path"] == "conv2" and layer["dead"] == [k for k, hits in enumerate(layer["hits"]) if hits == 0]
    assert layer["hits"][1:3] == [0, 6] and layer["top"] == 6 and layer["of"] == 5
    assert (images_of(sprites, layer["patches"])[6:12] == 255).all()


def test_shares_have_four_digits_and_activations_three(network, few, quick, monkeypatch) -> None:
    shares = np.full(9, 2 / 3)
    found = SimpleNamespace(active=shares, active_images=shares / 2, max=shares * 10, dead=shares > 1)
    monkeypatch.setattr(layers, "activation_statistics", lambda model, data, paths, **options: {paths[0]: found})
    monkeypatch.setattr(layers, "_imagine", lambda *given: None)
    model = network.initialize(seed=0)
    model.transform = cnn.data.Transform(mean=(0.5,), std=(0.5,))
    for layer, count in zip(make(study(model, few), Sprites())["layers"], (4, 5), strict=True):
        assert layer["active"] == [0.6667] * count and layer["active_images"] == [0.3333] * count
        assert layer["strongest"] == [6.667] * count and layer["of"] == count and layer["dead"] == []


def stage(path: str, kind: str = "Conv2d") -> SimpleNamespace:
    return SimpleNamespace(path=path, kind=kind, channels=np.array([0, 2]))


@pytest.mark.parametrize(
    ("kinds", "measured"),
    [
        (["ReLU"], 1),
        (["BatchNorm2d", "ReLU", "ReLU"], 2),
        (["BatchNorm2d", "Conv2d", "ReLU"], 0),
        (["MaxPool2d", "ReLU"], 0),
        (["BatchNorm2d"], 0),
        ([], 0),
    ],
)
def test_a_channel_is_measured_behind_its_relu(kinds: list[str], measured: int) -> None:
    stages = [stage("before", "ReLU"), *(stage(f"{i}", kind) for i, kind in enumerate(["Conv2d", *kinds]))]
    assert _rectified(SimpleNamespace(stages=stages), stages[1]) == str(measured)


@pytest.mark.parametrize(
    ("conv", "kind"),
    [
        (cnn.Conv2d(1, 3, 3), "signed"),
        (cnn.Conv2d(1, 3, 1), "signed"),
        (cnn.Conv2d(3, 3, 2), "colors"),
        (cnn.Conv2d(3, 3, 1), "Filters of one pixel have no shape to look at."),
        (cnn.Conv2d(2, 3, (1, 2)), "Filters over 2 channels can be shown neither in gray nor in color."),
        (cnn.Conv2d(4, 3, (2, 1)), "factors"),
    ],
)
def test_filters_are_shown_as_what_they_look_at(conv: cnn.Conv2d, kind: str) -> None:
    model, sprites = cnn.Sequential(conv=conv, relu=cnn.ReLU()).initialize(0), Sprites()
    found, why_not = _weights(SimpleNamespace(model=model, stages=[stage("conv")]), sprites, "w", stage("conv"))
    if found is None:
        assert why_not == kind and not sprites.files
    else:
        assert (found, why_not) == ({"sprite": "w", "kind": kind}, None)
        assert sprites.sheets["w"]["count"] == 2  # of its channels, those that are shown
        assert (sprites.sheets["w"]["height"], sprites.sheets["w"]["width"]) == conv.kernel_size


def test_filters_of_three_channels_that_are_not_colors_are_shown_by_their_factors() -> None:
    model = cnn.Sequential(first=cnn.Conv2d(1, 3, 3), second=cnn.Conv2d(3, 3, 3)).initialize(0)
    subject = SimpleNamespace(model=model, stages=[stage("first"), stage("second")])
    found, _ = _weights(subject, Sprites(), "w", stage("second"))
    assert found["kind"] == "factors"
    block = cnn.Sequential(only=cnn.Residual(cnn.Conv2d(3, 3, 1)))
    only = stage("only", "Residual")
    assert _weights(SimpleNamespace(model=block, stages=[only]), Sprites(), "w", only)[0] is None


def test_each_image_is_excited_in_a_channel_of_its_own() -> None:
    A = np.random.default_rng(0).standard_normal((2, 4, 3, 5))

    def op(A):
        value, gradients = each_its_own("a", np.array([3, 1])).evaluate({"a": A})
        return np.array(value), lambda d, wants=(True,): (d * gradients["a"],)

    assert op(A)[0] == pytest.approx(A[0, 3].mean() + A[1, 1].mean())
    assert cnn.gradcheck(op, A) < 1e-9


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("size", [(20, 30), (200, 150)])
@pytest.mark.parametrize("count", [3, 10, 11, 64, 130])
def test_what_is_imagined_is_cut_from_its_middle_for_some_channels(large, size, count, monkeypatch) -> None:
    asked = {}

    def imagine(model, objective, **options):
        asked.update(options)
        images = np.zeros((options["batch"], 1, options["size"], options["size"]))
        images[:, :, 8:-8, 8:-8] = np.linspace(0.2, 0.8, options["size"] - 16)
        return SimpleNamespace(images=images)

    monkeypatch.setattr(layers, "feature_visualization", imagine)
    monkeypatch.setattr(layers, "STEPS", 9)  # which the tests of whole pages make smaller
    monkeypatch.setattr(layers, "LARGE_STEPS", 4)
    model = SimpleNamespace(transform=SimpleNamespace(inverse=lambda images: images))
    data = SimpleNamespace(images=np.zeros((1, 1, *size)))
    subject, sprites = SimpleNamespace(is_large=large, model=model, data=data, seed=7), Sprites()
    shown = SimpleNamespace(path="conv", channels=5 * np.arange(count))
    found = _imagine(subject, sprites, "imagined", shown)
    most, side = (10, min(96, *size)) if large else (64, min(48, *size))
    step = -(-count // most)
    assert found == {"sprite": "imagined", "channels": (5 * np.arange(0, count, step)).tolist()}
    assert len(found["channels"]) <= most
    assert asked == {
        "size": side + 16, "batch": len(found["channels"]), "steps": 4 if large else 9, "seed": 7
    }  # fmt: skip
    sheet = sprites.sheets["imagined"]
    assert (sheet["count"], sheet["height"], sheet["width"]) == (len(found["channels"]), side, side)
