"""Pictures from within: every gradient proven, every run repeatable, every method reaches what it is for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
import viz
from viz.synthesis import objectives as of
from viz.synthesis import transforms as by
from viz.synthesis.evaluate import value_and_gradient
from viz.synthesis.style_transfer import with_average_pooling

RNG = np.random.default_rng(0)
OBJECTIVES = {
    "unit": of.unit("a", 1),
    "unit at a place": of.unit("a", 2, (0, 3)),
    "channel": of.channel("a", 1),
    "layer": of.layer("a"),
    "direction": of.direction("a", RNG.standard_normal(3)),
    "diversity": of.diversity("a"),
    "content": of.content("a", RNG.standard_normal((2, 3, 4, 5))),
    "style": of.style("a", of.gram(RNG.standard_normal((2, 3, 2, 2)))),
    "total variation": of.total_variation(),
    "total variation of another power": of.total_variation(3.0),
    "squared norm": of.squared_norm(),
    "a mixture": 2 * of.channel("a", 0) - of.layer("a") * 0.5 + -of.unit("a", 1),
}


@pytest.fixture(scope="module")
def model():
    net = cnn.zoo.build("seed")
    net.transform = cnn.data.Transform(mean=(0.5,), std=(0.25,))
    return net


def as_op(objective):
    """One layer's objective as an op of the contract."""
    (layer,) = objective.layers

    def op(A):
        value, gradients = objective.evaluate({layer: A})
        return np.array(value), lambda d, wants=(True,): (d * gradients[layer],)

    return op


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_gives_its_own_gradient(name):
    assert cnn.gradcheck(as_op(OBJECTIVES[name]), RNG.standard_normal((2, 3, 4, 5))) < 1e-6


def test_the_gradient_in_the_pixels_is_that_of_all_layers_together(model):
    model = cnn.zoo.build("seed").astype(np.float64)
    objective = of.channel("conv1", 3) + 2 * of.channel("relu2", 5) - of.squared_norm() * 0.1 + of.logit(7)

    def op(x):
        value, gradient = value_and_gradient(model, x, objective)
        return np.array(value), lambda d, wants=(True,): (d * gradient,)

    assert cnn.gradcheck(op, RNG.standard_normal((1, 1, 28, 28))) < 1e-6


@given(
    st.sampled_from(
        [by.Pad(2, 0.0), by.Jitter(3), by.Roll(4), by.RandomScale((0.8, 1.3)), by.RandomRotate((17, -40)), by.robust()]
    ),
    st.integers(5, 14).map(lambda n: 2 * n),
    st.integers(13, 20),
    st.integers(0, 99),
)
def test_the_pullback_of_a_transformation_is_its_transpose(transform, height, width, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 3, height, width))
    y, pullback = transform(x, rng)
    dy = rng.standard_normal(y.shape)
    assert np.vdot(y, dy) == pytest.approx(np.vdot(x, pullback(dy)), rel=1e-9, abs=1e-9)


def test_rotating_by_a_right_angle_and_scaling_by_one_only_move_pixels():
    x = RNG.standard_normal((1, 2, 7, 7))
    rotated, _ = by.RandomRotate((90,))(x, np.random.default_rng(0))
    assert any(np.allclose(rotated, np.rot90(x, turns, (2, 3)), atol=1e-9) for turns in (1, 3))
    np.testing.assert_allclose(by.RandomScale((1,))(x, np.random.default_rng(0))[0], x)


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (9, 5)])
def test_the_pullback_of_the_fourier_parameterization_is_its_gradient(size):
    colours = RNG.standard_normal((3, 3))
    fourier = viz.Fourier((2, 3, *size), -1.0, np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1), colours)
    p = fourier.initial(np.random.default_rng(0)).astype(np.float64)
    x, pullback = fourier.picture(p)
    dx, direction = RNG.standard_normal(x.shape), RNG.standard_normal(p.shape)
    h = 1e-3
    numeric = np.vdot((fourier.picture(p + h * direction)[0] - fourier.picture(p - h * direction)[0]) / (2 * h), dx)
    assert np.vdot(pullback(dx), direction) == pytest.approx(numeric, rel=1e-2)


def test_fourier_pictures_stay_between_black_and_white():
    fourier = viz.Fourier((1, 1, 16, 16), -2.0, 3.0)
    x, _ = fourier.picture(1e3 * fourier.initial(np.random.default_rng(0)))
    assert x.min() >= -2 and x.max() <= 3


def test_colour_statistics_are_a_root_of_the_covariance():
    images = RNG.integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    images[:, 1] = images[:, 0]  # two channels always alike
    root = viz.colour_statistics(images)
    covariance = root @ root.T
    np.testing.assert_allclose(covariance[0], covariance[1], rtol=1e-4)
    assert np.linalg.norm(root, axis=0).max() == pytest.approx(1)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_ascent_raises_the_objective_and_repeats_with_its_seed(model, optimizer):
    options = {"steps": 15, "optimizer": optimizer}
    pixels = viz.Pixels((1, 1, 28, 28))
    first, again, other = (
        viz.ascend(model, of.logit(3) - of.squared_norm() * 0.01, pixels, seed=s, **options) for s in (0, 0, 1)
    )
    assert first.values[-1] > first.values[0]
    assert np.array_equal(first.pictures, again.pictures) and not np.array_equal(first.pictures, other.pictures)


def test_feature_visualization_excites_its_channel(model):
    found = viz.feature_visualization(model, ("conv2", 4), size=28, steps=40, transform=by.Jitter(0))
    noise = viz.feature_visualization(model, ("conv2", 4), size=28, steps=1, transform=None)
    excited = model.forward(found.pictures, cnn.Pass(until="conv2"))[0][:, 4].mean()
    assert excited > 5 * abs(model.forward(noise.pictures, cnn.Pass(until="conv2"))[0][:, 4].mean())


def test_diversity_tells_pictures_of_a_batch_apart(model):
    alike = viz.feature_visualization(model, of.channel("relu2", 4), size=28, batch=2, steps=30, transform=None)
    apart = viz.feature_visualization(
        model, of.channel("relu2", 4) + 5 * of.diversity("relu2"), size=28, batch=2, steps=30, transform=None
    )

    def difference(found):
        return -of.diversity("relu2").evaluate({"relu2": model.forward(found.pictures, cnn.Pass(until="relu2"))[0]})[0]

    assert difference(apart) < difference(alike)


def test_class_model_is_of_its_class(model):
    found = viz.class_model(model, 6, size=28, steps=40)
    assert model(found.pictures).argmax() == 6


def test_deep_dream_excites_its_layer_keeps_the_shape_and_repeats(model):
    x = RNG.standard_normal((1, 1, 40, 36)).astype(np.float32)
    net = model["conv1":"relu2"]  # any size of picture
    dream = viz.deep_dream(net, x, "relu2", octaves=2, steps=12)
    assert dream.shape == x.shape and np.array_equal(dream, viz.deep_dream(net, x, "relu2", octaves=2, steps=12))
    assert (net(dream) ** 2).mean() > 1.5 * (net(x) ** 2).mean()


def test_inversion_recovers_the_features(model):
    x = RNG.standard_normal((1, 1, 28, 28)).astype(np.float32)
    found = viz.invert(model, x, "relu1", steps=60, smoothness=1e-6)
    target, reached = (model.forward(picture, cnn.Pass(until="relu1"))[0] for picture in (x, found.pictures))
    assert ((target - reached) ** 2).sum() < 0.1 * (target**2).sum()


def test_style_transfer_comes_nearer_to_the_style_and_stays_near_the_content(model):
    picture, painting = (RNG.standard_normal((1, 1, 28, side)).astype(np.float32) for side in (28, 20))
    net = model["conv1":"relu2"]
    found = viz.style_transfer(
        net, picture, painting, content_layers=["relu2"], style_layers=["relu1"], steps=25, bounds=(-4, 4)
    )
    assert found.pictures.shape == picture.shape and found.values[-1] > found.values[0]


def test_average_pooling_replaces_every_maximum_in_a_copy(model):
    changed = with_average_pooling(model)
    assert isinstance(changed["pool2"], cnn.AvgPool2d) and isinstance(model["pool2"], cnn.MaxPool2d)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: viz.feature_visualization(m, ("conv9", 0), size=28), "no layer 'conv9'"),
        (lambda m: viz.feature_visualization(m, ("conv2", 99), size=28, transform=None), "no channel 99"),
        (lambda m: viz.class_model(m, 10, size=28), "expected a class of outputs"),
        (lambda m: viz.ascend(m, of.logit(0), viz.Pixels((1, 1, 28, 28)), optimizer="sgd"), "adam, lbfgs"),
        (
            lambda m: viz.ascend(m, of.logit(0), viz.Pixels((1, 1, 28, 28)), optimizer="lbfgs", transform=by.Jitter(1)),
            'use "adam"',
        ),
        (lambda m: viz.deep_dream(m, np.zeros((1, 1, 28, 28), np.float32), "conv2", octaves=0), "octaves ≥ 1"),
    ],
)
def test_bad_input_is_refused_in_one_line(model, call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(model)
    assert "\n" not in str(error.value)
