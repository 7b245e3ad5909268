"""What each method maximizes, from where and under which changes: read off the search that it would begin."""

import sys

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.synthesis import feature_visualization, invert, style_transfer
from viz.synthesis import transforms as by
from viz.synthesis.evaluate import value_and_gradient
from viz.synthesis.parameterization import colors_of
from viz.synthesis.style_transfer import with_average_pooling

MODULES = {f.__name__: sys.modules[f.__module__] for f in (feature_visualization, invert, style_transfer)}
RNG = np.random.default_rng(0)
LOW, HIGH = -1.0, 2.0


@pytest.fixture(scope="module")
def model():
    net = cnn.Sequential(
        conv1=cnn.Conv2d(3, 4, 3), relu1=cnn.ReLU(), pool=cnn.MaxPool2d(2), conv2=cnn.Conv2d(4, 5, 3), relu2=cnn.ReLU()
    ).initialize(0)
    net["conv1"].bias[...] = 0.1
    net.transform = cnn.data.Transform(mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3), channels="RGB")
    return net


@pytest.fixture
def begun(monkeypatch):
    """What a search is begun with, instead of the search."""
    found = {}

    def ascend(model, objective, parameterization, **options):
        found.update(options, model=model, objective=objective, parameterization=parameterization)
        return None

    for module in MODULES.values():
        monkeypatch.setattr(module, "ascend", ascend)
    return found


def value(begun, x) -> float:
    return value_and_gradient(begun["model"], x.astype(np.float32), begun["objective"])[0]


def features(model, x, layer):
    return model.forward(x, cnn.Pass(until=layer))[0].astype(np.float64)


def variation(x) -> float:
    """The squared differences of neighbors."""
    return float((np.diff(x, axis=2) ** 2).sum() + (np.diff(x, axis=3) ** 2).sum())


@pytest.fixture
def images():
    return RNG.uniform(LOW, HIGH, (1, 3, 12, 14)).astype(np.float32), RNG.uniform(LOW, HIGH, (1, 3, 10, 16)).astype(
        np.float32
    )


def transferred(model, image, painting, **options):
    given = {"content_layers": ["conv2", "relu2"], "style_layers": ["conv1", "relu1", "pool"], "bounds": (LOW, HIGH)}
    viz.style_transfer(model, image, painting, **given | options)


def grams(model, x, layer):
    maps = features(model, x, layer)[0].reshape(-1, features(model, x, layer)[0, 0].size)
    return maps @ maps.T / maps.shape[1]


@pytest.mark.parametrize("weight", [0.0, 30.0, 7.0])
def test_gray_costs_one_for_its_content_and_the_style_s_weight_for_its_style(model, begun, images, weight) -> None:
    transferred(model, *images, style_weight=weight, smoothness=9.0)
    gray = np.full_like(images[0], (LOW + HIGH) / 2)  # which varies nowhere
    assert value(begun, gray) == pytest.approx(-1 - weight, rel=1e-4)


def test_the_content_costs_nothing_at_the_image_and_the_style_nothing_at_the_painting(model, begun, images) -> None:
    image, painting = images
    transferred(model, image, painting, style_weight=0.0, smoothness=0.0)
    assert value(begun, image) == pytest.approx(0, abs=1e-9)
    transferred(model, image, painting, smoothness=0.0, style_weight=2.0)
    gray = np.full_like(image, (LOW + HIGH) / 2)
    layers = ("conv1", "relu1", "pool")
    costs = [
        [((grams(model, x, layer) - grams(model, painting, layer)) ** 2).sum() for layer in layers]
        for x in (image, gray)
    ]
    expected = -2 / 3 * sum(here / there for here, there in zip(*costs, strict=True))
    assert value(begun, image) == pytest.approx(expected, rel=1e-3)
    transferred(model, painting, painting, smoothness=0.0)
    assert value(begun, painting) == pytest.approx(0, abs=1e-6)


def test_roughness_costs_its_share_of_the_image_s_contrast(model, begun, images) -> None:
    image, painting = images
    values = []
    for smoothness in (0.0, 0.1):
        transferred(model, image, painting, smoothness=smoothness)
        values.append(value(begun, image))
    contrast = float(((image - image.mean()) ** 2).sum())
    assert values[0] - values[1] == pytest.approx(0.1 * variation(image) / contrast, rel=1e-3)
    flat = np.full_like(image, 0.3)  # without contrast, that of deviation 1 counts
    for smoothness in (0.0, 0.1):
        transferred(model, flat, painting, smoothness=smoothness)
        values.append(value(begun, image))
    assert values[2] - values[3] == pytest.approx(0.1 * variation(image) / image.size, rel=1e-3)


@pytest.mark.parametrize("start", ["image", "noise"])
def test_a_painting_begins_with_the_image_or_with_noise(model, begun, images, start) -> None:
    transferred(model, *images, start=start, steps=7, lr=0.5, seed=3, optimizer="adam", progress=False)
    assert {name: begun[name] for name in ("steps", "lr", "seed", "optimizer", "progress")} == {
        "steps": 7, "lr": 0.5, "seed": 3, "optimizer": "adam", "progress": False
    }  # fmt: skip
    if start == "noise":
        assert begun["initial"] is None
    else:
        seen, _ = begun["parameterization"].image(begun["initial"])
        inside = np.abs(images[0] - (LOW + HIGH) / 2) < 0.48 * (HIGH - LOW)
        np.testing.assert_allclose(seen[inside], images[0][inside], atol=0.01)
    assert begun["parameterization"].shape == images[0].shape


@pytest.mark.parametrize("colors", [None, np.diag([1.0, 0.5, 0.25])])
def test_colors_and_bounds_are_the_model_s_unless_they_are_given(model, begun, images, colors) -> None:
    transferred(model, *images, bounds=None, colors=colors)
    viz_low, viz_high = viz.pixel_bounds(model)
    own = begun["parameterization"]
    np.testing.assert_allclose(own.low.ravel(), np.ravel(viz_low), rtol=1e-6)
    np.testing.assert_allclose((own.low + own.range).ravel(), np.ravel(viz_high), rtol=1e-6)
    photographs = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
    expected = photographs / np.linalg.norm(photographs[:, 0]) if colors is None else colors
    np.testing.assert_allclose(own.colors, expected, rtol=1e-5)


@pytest.mark.parametrize("channels", ["RGB", "BGR", "gray"])
def test_photographs_have_their_colors_in_the_order_of_the_model_s_channels(channels) -> None:
    count = 1 if channels == "gray" else 3
    net = cnn.Sequential(cnn.Conv2d(count, 1, 1))
    net.transform = cnn.data.Transform(mean=(0.5,) * count, std=(0.25,) * count, channels=channels)
    found = colors_of(net)
    if channels == "gray":
        assert found is None
        return
    yellow_blue = found[:, 1] if channels == "RGB" else found[::-1, 1]
    assert found.shape == (3, 3) and np.linalg.norm(found, axis=0).max() == pytest.approx(1)
    assert yellow_blue[0] == -yellow_blue[2] > 0 and yellow_blue[1] == 0


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_maxima_become_means_of_the_same_windows_without_the_padding(pooling, model, begun, images) -> None:
    net = cnn.Sequential(
        first=model["conv1"],
        pool=cnn.MaxPool2d((3, 2), (2, 1), (1, 0), ceil_mode=True),
        inside=cnn.Residual(pool=cnn.MaxPool2d(3, 1, 1)),
    )
    net.transform = model.transform
    transferred(net, *images, content_layers=["inside"], style_layers=["first"], pooling=pooling)
    if pooling == "max":
        assert begun["model"] is net
        return
    assert isinstance(net["inside.pool"], cnn.MaxPool2d)
    for path, options in (("pool", ((3, 2), (2, 1), (1, 0), True)), ("inside.pool", ((3, 3), (1, 1), (1, 1), False))):
        layer = begun["model"][path]
        assert type(layer) is cnn.AvgPool2d and not layer.count_include_pad
        assert (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode) == options
    flat = with_average_pooling(net[1:2])(np.ones((1, 1, 5, 6), np.float32))
    np.testing.assert_allclose(flat, 1, rtol=1e-6)  # the mean of ones is one at the border too


def test_inversion_measures_features_and_roughness_in_the_image_s_own_units(model, begun, images) -> None:
    image, other = images[0], RNG.uniform(LOW, HIGH, images[0].shape).astype(np.float32)
    viz.invert(model, image, "relu2", smoothness=0.25, steps=9, seed=4)
    target, reached = features(model, image, "relu2"), features(model, other, "relu2")
    contrast = float(((image - image.mean()) ** 2).sum())
    expected = -((target - reached) ** 2).sum() / 2 / (target**2).sum() - 0.25 * variation(other) / contrast
    assert value(begun, other) == pytest.approx(expected, rel=1e-3)
    assert (begun["steps"], begun["seed"], begun["optimizer"]) == (9, 4, "lbfgs")
    pixels = begun["parameterization"]
    assert pixels.shape == image.shape
    assert (pixels.center, pixels.scale) == pytest.approx((image.mean(), image.std()), rel=1e-5)
    viz.invert(model, np.full_like(image, 0.5), "relu2")
    assert (begun["parameterization"].center, begun["parameterization"].scale) == pytest.approx((0.5, 1))


@pytest.mark.parametrize("size", [12, (12, 20)])
@pytest.mark.parametrize("transform", ["robust", None, by.Jitter(2)])
def test_a_class_is_sought_near_gray_and_a_unit_anywhere(begun, size, transform) -> None:
    net = cnn.Sequential(conv=cnn.Conv2d(2, 3, 3), mean=cnn.GlobalAvgPool2d(), softmax=cnn.Softmax()).initialize(0)
    low, high = np.array([-1.0, 0.0]).reshape(2, 1, 1), np.array([3.0, 1.0]).reshape(2, 1, 1)
    gray, half = np.array([1.0, 0.5]).reshape(1, 2, 1, 1), np.array([2.0, 0.5]).reshape(1, 2, 1, 1)
    shape = (12, 12) if size == 12 else size
    viz.class_model(net, 2, size=size, decay=0.5, transform=transform, bounds=(low, high), steps=3, lr=0.1, seed=8)
    x = RNG.uniform(-1, 1, (1, 2, *shape)).astype(np.float32)
    score = float(features(net, x, "mean")[0, 2])
    assert value(begun, x) == pytest.approx(score - 0.5 * float((((x - gray) / half) ** 2).sum()), rel=1e-4)
    assert begun["parameterization"].shape == (1, 2, *shape)
    ends = [begun["parameterization"].image(np.full((1, 2, *shape), p, np.float32))[0][0, :, 0, 0] for p in (-1, 0, 1)]
    np.testing.assert_allclose(ends, [[-1, 0], [1, 0.5], [3, 1]])
    assert (begun["steps"], begun["lr"], begun["seed"]) == (3, 0.1, 8)
    changes = [begun["transform"]]
    viz.feature_visualization(net, ("conv", 1), size=size, batch=4, transform=transform, bounds=(low, high))
    assert begun["parameterization"].shape == (4, 2, *shape) and (begun["parameterization"].colors == np.eye(2)).all()
    assert value(begun, x) == pytest.approx(features(net, x, "conv")[0, 1].mean(), rel=1e-4)
    for changed in [*changes, begun["transform"]]:
        if transform is None:
            assert changed is None
        else:  # around gray, and by as much as the shorter side allows
            assert np.ravel(changed.color).tolist() == [1.0, 0.5]
            assert changed.transform == (by.robust(12) if transform == "robust" else transform)
