"""Image synthesis: every gradient is checked, every run can be repeated, every method reaches its goal."""

import copy
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.synthesis import objectives as of
from viz.synthesis import transforms as by
from viz.synthesis.evaluate import value_and_gradient
from viz.synthesis.style_transfer import with_average_pooling

RNG = np.random.default_rng(0)
module = sys.modules[viz.ascend.__module__]
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


MAPS = RNG.standard_normal((2, 3, 4, 5))
FORMULAS = {
    "unit": MAPS[:, 1, 2, 2].sum(),
    "unit at a place": MAPS[:, 2, 0, 3].sum(),
    "channel": MAPS[:, 1].sum() / 20,
    "layer": (MAPS**2).sum() / 60 / 2,
    "total variation": (np.diff(MAPS) ** 2).sum() + (np.diff(MAPS, axis=2) ** 2).sum(),
    "total variation of another power": (
        (np.diff(MAPS, append=MAPS[..., -1:]) ** 2 + np.diff(MAPS, axis=2, append=MAPS[:, :, -1:]) ** 2) ** 1.5
    ).sum(),
    "squared norm": (MAPS**2).sum(),
    "a mixture": 2 * MAPS[:, 0].sum() / 20 - (MAPS**2).sum() / 240 - MAPS[:, 1, 2, 2].sum(),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_an_objective_is_its_formula(name):
    layer = next(iter(OBJECTIVES[name].layers))
    assert OBJECTIVES[name].evaluate({layer: MAPS})[0] == pytest.approx(FORMULAS[name], rel=1e-12)


def test_what_is_compared_with_a_target_is_nothing_at_the_target():
    vector, target = RNG.standard_normal(3), RNG.standard_normal((1, 3, 4, 5))
    along = np.einsum("c,nchw->", vector, MAPS) / 20
    assert of.direction("a", vector).evaluate({"a": MAPS})[0] == pytest.approx(along, rel=1e-12)
    assert of.content("a", target).evaluate({"a": MAPS})[0] == pytest.approx(-((MAPS - target) ** 2).sum() / 2)
    assert of.content("a", MAPS).evaluate({"a": MAPS})[0] == 0
    assert of.style("a", of.gram(target) / 20).evaluate({"a": target})[0] == pytest.approx(0, abs=1e-20)
    center, scale = RNG.standard_normal((3, 1, 1)), np.array([1.0, 2.0, 4.0]).reshape(3, 1, 1)
    norm = of.squared_norm(center, scale)
    assert norm.evaluate({"input": MAPS})[0] == pytest.approx((((MAPS - center) / scale) ** 2).sum())
    assert cnn.gradcheck(as_op(norm), MAPS) < 1e-6


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (4, 0), (0, 5)])
def test_a_place_beyond_the_map_is_refused(place):
    with pytest.raises(ValueError, match="which have no position"):
        of.unit("a", 0, place).evaluate({"a": MAPS})
    corner = tuple(min(max(n, 0), most) for n, most in zip(place, (3, 4), strict=True))
    assert of.unit("a", 0, corner).evaluate({"a": MAPS})[0] == pytest.approx(MAPS[:, 0, corner[0], corner[1]].sum())


@pytest.mark.parametrize("target", [-1, 4])
def test_a_class_beyond_the_scores_is_refused(target):
    scores = RNG.standard_normal((2, 4))
    with pytest.raises(ValueError, match="expected a class of outputs"):
        of.logit(target).evaluate({"output": scores})
    inside = 0 if target < 0 else 3
    assert of.logit(inside).evaluate({"output": scores})[0] == pytest.approx(scores[:, inside].sum())
    with pytest.raises(ValueError, match="at least two images"):
        of.diversity("a").evaluate({"a": MAPS[:1]})


def test_the_style_is_the_papers_but_for_the_number_of_places():
    """Equation 4 of Gatys et al.: E = Σ (G − A)² / (4 N² M²), with N maps of M pixels in both."""
    painting, image = RNG.standard_normal((2, 1, 3, 4, 5))
    G, A = (np.einsum("ihw,jhw->ij", maps[0], maps[0]) for maps in (image, painting))
    value, _ = of.style("a", of.gram(painting) / 20).evaluate({"a": image})
    assert value == pytest.approx(-((G - A) ** 2).sum() / (4 * 3**2 * 20**2), rel=1e-12)


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


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_ascent_raises_the_objective_and_repeats_with_its_seed(model, optimizer):
    options = {"steps": 15, "optimizer": optimizer}
    pixels = viz.Pixels((1, 1, 28, 28))
    first, again, other = (
        viz.ascend(model, of.logit(3) - of.squared_norm() * 0.01, pixels, seed=s, **options) for s in (0, 0, 1)
    )
    assert first.values[-1] > first.values[0]
    assert np.array_equal(first.images, again.images) and not np.array_equal(first.images, other.images)


def test_feature_visualization_excites_its_channel(model):
    found = viz.feature_visualization(model, ("conv2", 4), size=28, steps=40, transform=by.Jitter(0))
    noise = viz.feature_visualization(model, ("conv2", 4), size=28, steps=1, transform=None)
    excited = model.forward(found.images, cnn.Pass(until="conv2"))[0][:, 4].mean()
    assert excited > 5 * abs(model.forward(noise.images, cnn.Pass(until="conv2"))[0][:, 4].mean())


def test_a_unit_that_sleeps_in_noise_is_woken(model):
    sleepy = copy.deepcopy(model)
    sleepy["conv2"].bias[4] = -1  # off on gray noise
    found = viz.feature_visualization(sleepy, ("relu2", 4), size=28, steps=60, transform=None)
    assert found.values[0] == 0 and found.values[-1] > 0


@pytest.mark.parametrize("batch", [2, 3, 5])
def test_diversity_is_minus_1_for_images_of_one_style_and_0_for_those_that_share_no_map(batch):
    maps = np.zeros((batch, batch, 4, 4))
    maps[range(batch), range(batch)] = 1 + np.arange(16.0).reshape(4, 4)
    diversity = of.diversity("a")
    assert diversity.evaluate({"a": maps})[0] == 0
    one = np.repeat(RNG.standard_normal((1, 3, 4, 4)), batch, axis=0)
    assert diversity.evaluate({"a": one * np.arange(1.0, batch + 1).reshape(-1, 1, 1, 1)})[0] == pytest.approx(-1)


def test_diversity_tells_images_of_a_batch_apart(model):
    alike = viz.feature_visualization(model, of.channel("relu2", 4), size=28, batch=2, steps=30, transform=None)
    apart = viz.feature_visualization(
        model, of.channel("relu2", 4) + 5 * of.diversity("relu2"), size=28, batch=2, steps=30, transform=None
    )

    def difference(found):
        return -of.diversity("relu2").evaluate({"relu2": model.forward(found.images, cnn.Pass(until="relu2"))[0]})[0]

    assert difference(apart) < difference(alike)


@pytest.mark.parametrize("transform", ["robust", None])
def test_class_model_is_of_its_class(model, transform):
    found = viz.class_model(model, 6, size=28, steps=60, lr=0.05, transform=transform)
    assert model(found.images).argmax() == 6


def test_class_model_is_the_same_whatever_the_unit_of_pixels(model):
    in_bytes = copy.deepcopy(model)  # the same network, for pixels from 0 to 255
    in_bytes.transform = cnn.data.Transform(mean=(0.0,), std=(1.0,), scale=1.0)
    in_bytes["conv1"].weight /= np.float32(255 / 4)
    in_bytes["conv1"].bias -= 2 * model["conv1"].weight.sum(axis=(1, 2, 3))
    found, same = (viz.class_model(m, 6, size=28, steps=20, transform=None).images for m in (model, in_bytes))
    np.testing.assert_allclose(same / 255 * 4 - 2, found, atol=0.05)


def test_deep_dream_excites_its_layer_keeps_the_shape_and_repeats(model):
    x = RNG.standard_normal((1, 1, 40, 36)).astype(np.float32)
    net = model["conv1":"relu2"]  # any size of image
    dream = viz.deep_dream(net, x, "relu2", octaves=2, steps=12)
    assert dream.shape == x.shape and np.array_equal(dream, viz.deep_dream(net, x, "relu2", octaves=2, steps=12))
    assert (net(dream) ** 2).mean() > 1.5 * (net(x) ** 2).mean()


def test_inversion_recovers_the_features(model):
    x = RNG.standard_normal((1, 1, 28, 28)).astype(np.float32)
    found = viz.invert(model, x, "relu1", steps=60, smoothness=1e-6)
    target, reached = (model.forward(image, cnn.Pass(until="relu1"))[0] for image in (x, found.images))
    assert ((target - reached) ** 2).sum() < 0.1 * (target**2).sum()


def test_style_transfer_comes_nearer_to_the_style_and_stays_near_the_content(model):
    image, painting = (RNG.standard_normal((1, 1, 28, side)).astype(np.float32) for side in (28, 20))
    net = model["conv1":"relu2"]
    found = viz.style_transfer(
        net, image, painting, content_layers=["relu2"], style_layers=["relu1"], steps=25, bounds=(-4, 4)
    )
    assert found.images.shape == image.shape and found.values[-1] > found.values[0]


def test_average_pooling_replaces_every_maximum_in_a_copy(model):
    changed = with_average_pooling(model)
    assert isinstance(changed["pool2"], cnn.AvgPool2d) and isinstance(model["pool2"], cnn.MaxPool2d)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: viz.feature_visualization(m, ("conv9", 0), size=28), "no layer 'conv9'"),
        (lambda m: viz.feature_visualization(m, ("conv2", 99), size=28, transform=None), "no channel 99"),
        (
            lambda m: value_and_gradient(m, np.zeros((1, 1, 28, 28), np.float32), of.unit("conv2", 0, (0, 99))),
            "no position",
        ),
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


def test_a_direction_of_a_dense_layer_is_a_weighted_sum():
    units, vector = RNG.standard_normal((2, 3)), np.array([1.0, -2, 0.5])
    value, gradients = of.direction("a", vector).evaluate({"a": units})
    assert value == pytest.approx((units @ vector).sum()) and (gradients["a"] == vector).all()
    for odd in (np.ones(4), np.ones((1, 3))):
        with pytest.raises(ValueError, match="but the vector has shape"):
            of.direction("a", odd).evaluate({"a": units})


@pytest.mark.parametrize("channel", [-1, 3])
@pytest.mark.parametrize("objective", [of.channel, of.unit])
def test_a_channel_beyond_the_maps_is_refused(channel, objective):
    with pytest.raises(ValueError, match=f"which has no channel {channel}"):
        objective("a", channel).evaluate({"a": MAPS})
    with pytest.raises(ValueError, match="which has no channel 0"):
        objective("a", 0).evaluate({"a": MAPS[0]})
    assert np.isfinite(objective("a", 0 if channel < 0 else 2).evaluate({"a": MAPS})[0])


def test_images_are_shown_from_black_to_white_or_from_their_least_to_their_largest_value():
    images = np.array([-1.0, 0, 1, 3]).reshape(1, 1, 2, 2)
    assert viz.Synthesis(images, (1.0,)).shown().ravel().tolist() == [0, 0.25, 0.5, 1]
    assert viz.Synthesis(images, (1.0,), (0.0, 2.0)).shown().ravel().tolist() == [0, 0, 0.5, 1]
    assert viz.Synthesis(0 * images + 7, (1.0,)).shown().ravel().tolist() == [0] * 4
    assert repr(viz.Synthesis(images, (1.0, 2.5))) == ("Synthesis(images 1×1×2×2 after 2 steps, objective 1 → 2.5)")
    assert viz.Synthesis(np.zeros((1, 2, 4, 4)), ()).plot() is None


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_an_ascent_makes_a_step_at_least_and_stops_at_a_true_answer(model, optimizer):
    pixels, told = viz.Pixels((1, 1, 28, 28)), []
    found = viz.ascend(
        model, of.logit(3), pixels, steps=5, optimizer=optimizer, callback=lambda k, x: (told.append((k, x)), k == 2)[1]
    )
    assert [k for k, _ in told] == [1, 2] and len(found.values) == 2 and told[0][1].shape == (1, 1, 28, 28)
    with pytest.raises(ValueError, match="at least 1 step, got 0"):
        viz.ascend(model, of.logit(3), pixels, steps=0, optimizer=optimizer)
    assert len(viz.ascend(model, of.logit(3), pixels, steps=1, optimizer=optimizer).values) == 1


def test_a_start_may_be_given_and_adam_moves_it_by_its_rate(model):
    initial = np.full((1, 1, 28, 28), 0.25, np.float32)
    objective = of.squared_norm(center=1.0)
    found = viz.ascend(model, objective, viz.Pixels((1, 1, 28, 28)), steps=1, lr=0.125, initial=initial)
    np.testing.assert_allclose(found.images, 0.125, rtol=1e-5)
    assert found.values == (pytest.approx(28 * 28 * 0.75**2),)


@pytest.mark.parametrize("first", [0, 1])
def test_a_model_is_run_as_far_as_the_last_layer_that_is_asked_for(first):
    class Never(cnn.Layer):
        def forward(self, x, pass_):
            raise AssertionError("it was run")

    net = cnn.Sequential(a=cnn.Conv2d(1, 2, 3), b=cnn.ReLU(), c=cnn.Conv2d(2, 3, 2), d=Never()).initialize(0)
    x = RNG.standard_normal((2, 1, 7, 6)).astype(np.float32)
    terms = [of.channel("b", 1), of.channel("c", 2)]
    value, gradient = value_and_gradient(net, x, terms[first] + terms[1 - first] - of.squared_norm())
    b = np.maximum(net["a"](x), 0)
    expected = b[:, 1].mean(axis=(1, 2)).sum() + net["c"](b)[:, 2].mean(axis=(1, 2)).sum() - (x**2).sum()
    assert value == pytest.approx(expected, rel=1e-5) and gradient.shape == x.shape
    alone = [value_and_gradient(net, x, term)[1] for term in terms]
    np.testing.assert_allclose(gradient, sum(alone) - 2 * x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_of_one_or_three_channels_can_be_drawn(channels, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        module, "drawing", lambda: SimpleNamespace(synthesis=lambda found: drawn.append(found) or "drawn")
    )
    assert viz.Synthesis(np.zeros((1, channels, 3, 1)), ()).plot() == ("drawn" if channels in (1, 3) else None)


def test_l_bfgs_finds_the_top_of_a_paraboloid_of_any_height_and_tells_its_values(model):
    for height in (1e-3, 1.0, 1e4):
        objective = of.squared_norm(center=0.5) * -height
        found = viz.ascend(model, objective, viz.Pixels((1, 1, 28, 28)), steps=9, optimizer="lbfgs")
        np.testing.assert_allclose(found.images, 0.5, atol=1e-3)
        assert found.bounds == tuple(map(pytest.approx, viz.pixel_bounds(model)))
        again = viz.ascend(model, objective, viz.Pixels((1, 1, 28, 28)), steps=1, optimizer="lbfgs")
        assert again.values[-1] == pytest.approx(objective.evaluate({"input": again.images})[0], rel=1e-3, abs=1e-9)
