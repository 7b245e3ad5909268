"""Attributions of networks so small that they can be worked out on paper."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.attribution.grad_cam import last_with_maps


def tiny():
    """Two 1×1 filters (+1 and −1), ReLU, and a dense layer over the two maps of a 1×2 image."""
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 1, bias=False), relu=cnn.ReLU(), flat=cnn.Flatten(), fc=cnn.Dense(4, 2, bias=False)
    )
    model["conv"].weight[:, 0, 0, 0] = [1, -1]
    model["fc"].weight[0] = [3, -1, 2, 4]  # of: positive part of pixels 0 and 1, negative part of pixels 0 and 1
    model["fc"].weight[1] = [1, 1, 1, 1]
    return model


IMAGE = np.array([[[[2.0, -5.0]]]], np.float32)  # after ReLU: [2, 0] and [0, 5]


def linear(seed=0, shape=(2, 4, 5)):
    rng = np.random.default_rng(seed)
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(int(np.prod(shape)), 3)).initialize(seed)
    return model, rng.standard_normal((4, *shape)).astype(np.float32)


def test_saliency_is_the_size_of_the_gradient():
    # S₀ = 3·x₀ + 4·(−x₁) here, so the slopes are 3 and −4
    assert viz.saliency(tiny(), IMAGE, target=0).tolist() == [[[3, 4]]]


def test_gradient_times_input_shares_out_the_score_of_a_network_without_bias():
    model = tiny()
    shares = viz.gradient_times_input(model, IMAGE, target=0)
    assert shares.tolist() == [[[[6, 20]]]]
    assert shares.sum() == model(IMAGE)[0, 0]


def test_guided_backprop_drops_what_is_negative_on_the_way_back():
    # Gradient at ReLU: [3, −1] and [2, 4]; alive: [1, 0] and [0, 1]; so [3, 0] and [0, 4]; then times +1 and −1
    assert viz.guided_backprop(tiny(), IMAGE, target=0).tolist() == [[[[3, -4]]]]
    # Against class 1's negative weight −1 nothing positive is left where pixel 1 is dark
    assert viz.guided_backprop(tiny(), -IMAGE, target=0).tolist() == [[[[-2, 0]]]]


def test_guided_backprop_by_layer_is_what_comes_by_on_one_way_back():
    found = viz.guided_backprop_by_layer(tiny(), IMAGE, target=0)
    assert list(found) == ["conv", "relu", "flat", "fc"]
    assert found["fc"].tolist() == [[1, 0]]
    assert found["relu"].tolist() == [[[[3, -1]], [[2, 4]]]]
    assert found["conv"].tolist() == [[[[3, 0]], [[0, 4]]]]
    assert list(viz.guided_backprop_by_layer(tiny(), IMAGE, layers=["relu"])) == ["relu"]


def test_deconvnet_rectifies_by_what_comes_back_alone():
    # [3, −1] and [2, 4] rectified: [3, 0] and [2, 4]; then 3 − 2 and 0 − 4
    assert viz.deconvnet(tiny(), IMAGE, target=0).tolist() == [[[[1, -4]]]]


def test_grad_cam_weighs_the_maps_by_their_mean_gradient():
    # α = mean(3, −1), mean(2, 4) = 1, 3; maps [2, 0] and [0, 5]
    assert viz.grad_cam(tiny(), IMAGE, target=0, layer="relu").tolist() == [[[2, 15]]]


def test_guided_grad_cam_is_the_product():
    assert viz.guided_grad_cam(tiny(), IMAGE, target=0, layer="relu").tolist() == [[[[6, -60]]]]


def test_units_share_out_the_score_of_a_network_without_bias():
    # Activations [2, 0] and [0, 5], gradients [3, −1] and [2, 4]
    shares = viz.layer_attribution(tiny(), IMAGE, target=0, layer="relu")
    assert shares.tolist() == [[[[6, 0]], [[0, 20]]]]
    assert viz.layer_attribution(tiny(), IMAGE, target=0, layer="relu", method="gradient").tolist() == [
        [[[3, -1]], [[2, 4]]]
    ]
    assert viz.layer_attribution(tiny(), IMAGE, target=0, layer="relu", method="conductance").tolist() == [
        [[[6, 0]], [[0, 20]]]  # from black on, the activations grow in proportion
    ]


def test_occlusion_takes_away_what_a_pixel_gives():
    assert viz.occlusion(tiny(), IMAGE, target=0, window=1, stride=1).tolist() == [[[6, 20]]]


def test_occlusion_returns_what_is_predicted_meanwhile():
    model = tiny()
    model["fc"].weight[1] = [0, 0, 0, 4.1]  # wins only while pixel 0 is hidden: 20.5 against 20
    _, classes = viz.occlusion(model, IMAGE, window=1, stride=1, return_predictions=True)
    assert classes.tolist() == [[[1, 0]]]


def test_occlusion_hides_with_a_color_of_each_channel():
    model, x = linear()
    color = np.array([2, -3], np.float32).reshape(1, 2, 1, 1)
    maps = viz.occlusion(model, x, target=1, window=(4, 5), baseline=color)
    expected = ((x - color) * model["fc"].weight[1].reshape(1, 2, 4, 5)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(maps, np.broadcast_to(expected[:, None, None], maps.shape), rtol=1e-4)


def test_occlusion_covers_every_pixel_and_averages_where_windows_overlap():
    model, x = linear()
    model["fc"].weight[0] = 1
    maps = viz.occlusion(model, np.ones_like(x), target=0, window=3, stride=2)
    np.testing.assert_allclose(maps, 2 * 9, rtol=1e-5)  # each window hides 9 pixels of 2 channels


def test_of_a_linear_model_saliency_is_the_weight():
    model, x = linear()
    weight = np.abs(model["fc"].weight[1].reshape(x.shape[1:])).max(axis=0)
    np.testing.assert_array_equal(viz.saliency(model, x, target=1), np.broadcast_to(weight, (4, 4, 5)))


@pytest.mark.parametrize("method", ["gauss-legendre", "riemann"])
def test_of_a_linear_model_integrated_gradients_are_exact(method):
    model, x = linear()
    baseline = np.float32(0.5)
    maps = viz.integrated_gradients(model, x, target=2, baseline=baseline, steps=3, method=method)
    np.testing.assert_allclose(maps, model["fc"].weight[2].reshape(x.shape[1:]) * (x - baseline), rtol=1e-5, atol=1e-6)


def seed_with_biases():
    """Without biases the gradient would be the same all the way from zero, and any rule exact."""
    model = cnn.zoo.build("seed")
    for name, array in model.parameters().items():
        if name.endswith("bias"):
            array[...] = np.random.default_rng(7).uniform(-0.2, 0.2, array.shape)
    return model


def test_integrated_gradients_are_complete():
    model = seed_with_biases()
    x = np.random.default_rng(0).standard_normal((3, 1, 28, 28)).astype(np.float32)
    maps, errors = viz.integrated_gradients(model, x, target=3, steps=50, return_error=True)
    rise = model(x)[:, 3] - model(np.zeros_like(x))[:, 3]
    assert (errors > 1e-7).any()  # there are kinks on the way
    np.testing.assert_allclose(maps.sum(axis=(1, 2, 3)), rise, atol=1e-3)
    np.testing.assert_allclose(np.abs(maps.sum(axis=(1, 2, 3)) - rise), errors, atol=1e-5)


@pytest.mark.parametrize("method", ["riemann", "gauss-legendre"])
@pytest.mark.parametrize(("kink", "share"), [(0.3, 2), (0.7, 0)])
def test_one_step_asks_the_middle_of_the_way(method, kink, share):
    # S = relu(x₀ − 2·kink), which on the way from 0 to 2 rises from the kink on
    model = tiny()
    model["conv"].weight[:, 0, 0, 0] = [1, 0]
    model["conv"].bias = np.array([-2 * kink, 0], np.float32)
    model["fc"].weight[0] = [1, 0, 0, 0]
    maps = viz.integrated_gradients(model, np.array([[[[2.0, 0.0]]]], np.float32), target=0, steps=1, method=method)
    assert maps.tolist() == [[[[share, 0]]]]


def test_more_steps_bring_both_rules_together():
    model = seed_with_biases()
    x = np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)
    maps = [
        viz.integrated_gradients(model, x, target=3, steps=400, method=method, batch_size=64)
        for method in ("gauss-legendre", "riemann")
    ]
    np.testing.assert_allclose(maps[1], maps[0], atol=0.01 * np.abs(maps[0]).max())


def test_deconvnet_from_the_first_layer_is_the_transposed_convolution():
    model = cnn.zoo.build("seed")
    x = np.random.default_rng(1).standard_normal((2, 1, 28, 28)).astype(np.float32)
    maps = model["conv1"](x)
    kept = np.zeros_like(maps)
    kept[:, 4] = maps[:, 4]
    expected, _ = cnn.ops.conv_transpose2d(kept, model["conv1"].weight)
    np.testing.assert_allclose(viz.deconvnet(model, x, layer="conv1", channel=4), expected, rtol=1e-4, atol=1e-5)


def test_deconvnet_of_one_position_stays_in_its_receptive_field():
    model = cnn.zoo.build("seed")
    x = np.random.default_rng(1).standard_normal((1, 1, 28, 28)).astype(np.float32)
    image = viz.deconvnet(model, x, layer="pool2", position=(1, 3))[0, 0]
    top, left, bottom, right = cnn.receptive_field.receptive_fields(model)["pool2"].box(1, 3)
    assert image[top:bottom, left:right].any()
    image[top:bottom, left:right] = 0
    assert not image.any()


def test_a_final_softmax_is_left_out():
    logits, x = linear()
    with_softmax = cnn.Sequential(flat=logits["flat"], fc=logits["fc"], probabilities=cnn.Softmax())
    np.testing.assert_array_equal(viz.saliency(with_softmax, x, target=1), viz.saliency(logits, x, target=1))


def test_targets_are_a_class_one_for_each_image_the_predicted_one_or_an_op():
    model, x = linear()
    predicted = model(x).argmax(axis=1)
    np.testing.assert_array_equal(viz.saliency(model, x), viz.saliency(model, x, target=predicted))
    np.testing.assert_array_equal(
        viz.saliency(model, x, predicted)[2], viz.saliency(model, x[2:3], int(predicted[2]))[0]
    )

    def difference(logits):
        def pullback(d, wants=(True,)):
            return (np.outer(d, [1, -1, 0]).astype(np.float32),)

        return logits[:, 0] - logits[:, 1], pullback

    expected = np.abs((model["fc"].weight[0] - model["fc"].weight[1]).reshape(x.shape[1:])).max(axis=0)
    np.testing.assert_allclose(viz.saliency(model, x, target=difference)[0], expected, rtol=1e-6)


def test_smooth_grad_without_noise_is_its_method_and_repeats_with_its_seed():
    model = cnn.zoo.build("seed")
    x = np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)
    still = viz.smooth_grad(model, x, 1, method=viz.saliency, noise=0.0, samples=2)
    np.testing.assert_allclose(still, viz.saliency(model, x, 1), rtol=1e-5)
    first, again, other = (viz.smooth_grad(model, x, 1, samples=3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: viz.saliency(m, x[0]), r"expected images as floats"),
        (lambda m, x: viz.saliency(m, x, target=3), r"expected classes from 0 to 2, got 3"),
        (lambda m, x: viz.occlusion(m, x, window=9), r"expected a window inside the 4 x 5 image"),
        (lambda m, x: viz.grad_cam(m, x, layer="fc"), r"expected 'fc' to output maps"),
        (lambda m, x: viz.deconvnet(m, x, channel=1), r"give the layer"),
        (lambda m, x: viz.integrated_gradients(m, x, method="simpson"), r"gauss-legendre or riemann"),
        (lambda m, x: viz.smooth_grad(m, x, samples=0), r"samples ≥ 1"),
        (lambda m, x: viz.layer_attribution(m, x, layer="fc", method="shap"), r"one of gradient, gradient_times"),
        (lambda m, x: viz.layer_attribution(m, x, layer="fc9"), r"no layer 'fc9'"),
        (lambda m, x: viz.deletion_curve(m, x, x[:, :, 1:]), r"expected maps of shape \(4, 4, 5\)"),
        (lambda m, x: viz.insertion_curve(m, x, x, steps=21), r"from 1 to 20 steps"),
        (lambda m, x: viz.deletion_curve(m, x, x, target=-1, steps=2), r"expected classes from 0 to 2, got -1"),
        (lambda m, x: viz.deletion_curve(m, x, x * np.nan, steps=2), r"expected finite maps"),
        (lambda m, x: viz.saliency(m, x, target=[0, 1, 2, 0, 1]), r"one for each of 4 images, got shape \(5,\)"),
        (lambda m, x: viz.integrated_gradients(m, x, [0, 1]), r"one for each of 4 images, got shape \(2,\)"),
        (lambda m, x: viz.grad_cam(m, x, [0] * 5, layer="fc"), r"one for each of 4 images, got shape \(5,\)"),
        (lambda m, x: viz.fgsm(m, x, [0, 1], 0.1), r"one for each of 4 images, got shape \(2,\)"),
        (lambda m, x: viz.integrated_gradients(m, x[:0]), r"at least one image"),
        (lambda m, x: viz.integrated_gradients(m, x, baseline=x[..., :3]), r"a baseline .*, got \(4, 2, 4, 3\)$"),
        (lambda m, x: viz.occlusion(m, x, window=2, baseline=x[:3]), r"a baseline .*, got \(3, 2, 4, 5\)$"),
        (lambda m, x: viz.layer_attribution(m, x, layer="fc", method="conductance", baseline=x[:2]), r"a baseline"),
        (lambda m, x: viz.deletion_curve(m, x, x, steps=2, baseline=np.ones(3)), r"a baseline .*, got \(3,\)$"),
        (lambda m, x: viz.insertion_curve(m, x, x, steps=2, baseline="gray"), r"a baseline .*, got 'gray'"),
        (lambda m, x: viz.fgsm(m, x, 0, 0.1, bounds=(x[:3], 1.0)), r"bounds .*, got \(3, 2, 4, 5\) and \(\)"),
        (lambda m, x: viz.accuracy_under_attack(m, x, [0, 1], [0]), r"one for each of 4 images, got shape \(2,\)"),
        (lambda m, x: viz.accuracy_under_attack(m, x, ["cat"] * 4, [0]), r"has no class names, so 'cat' is unknown"),
        (lambda m, x: viz.sanity_check(m, x, viz.saliency), r"expected a method as first argument.*got Sequential"),
        (lambda m, x: viz.sanity_check(viz.saliency, cnn.Sequential(flat=m["flat"]), x), r"no weights to randomize"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(*linear())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("sides", "last"), [((2, 2), "small"), ((1, 2), "small"), ((2, 1), "small"), ((1, 1), "large")]
)
def test_grad_cam_takes_the_last_maps_of_more_than_one_pixel(sides, last) -> None:
    large = cnn.Conv2d(1, 2, 1)
    small = cnn.Conv2d(2, 2, tuple(5 - side for side in sides))
    model = cnn.Sequential(large=large, small=small, flatten=cnn.Flatten(), fc=cnn.Dense(2 * sides[0] * sides[1], 3))
    assert last_with_maps(model.initialize(0), np.ones((1, 1, 4, 4), np.float32)) == last


def test_smooth_grad_averages_over_noise_in_proportion_to_each_image_s_range():
    model, x = linear()
    x *= np.array([1, 2, 4, 8], np.float32).reshape(4, 1, 1, 1)
    seen = []

    def method(model, noisy, target):
        seen.append(noisy - x)
        return np.full_like(noisy, len(seen))

    maps = viz.smooth_grad(model, x, 0, method=method, samples=400, noise=0.25)
    assert (maps == 200.5).all() and len(seen) == 400
    spread = np.ptp(x.reshape(4, -1), axis=1)
    np.testing.assert_allclose(np.std(seen, axis=(0, 2, 3, 4)), 0.25 * spread, rtol=0.02)
    each = np.array(seen) / spread.reshape(4, 1, 1, 1)
    np.testing.assert_allclose(each[:, 1:], np.broadcast_to(each[:, :1], each[:, 1:].shape), atol=1e-5)
    assert np.abs(np.mean(each)) < 0.01
    with pytest.raises(ValueError, match="noise ≥ 0"):
        viz.smooth_grad(model, x, 0, noise=-0.1)


def test_deconvnet_begins_with_the_strongest_map_of_each_image():
    model, x = tiny(), np.array([[[[2.0, -1.0]]], [[[1.0, -3.0]]]], np.float32)
    # Maps [2, 0] and [0, 1], then [1, 0] and [0, 3]; the filters are +1 and −1
    assert viz.deconvnet(model, x, layer="relu").tolist() == [[[[2, 0]]], [[[0, -3]]]]
    assert viz.deconvnet(model, x, layer="relu", channel=0).tolist() == [[[[2, 0]]], [[[1, 0]]]]
    assert viz.deconvnet(model, x, layer="relu", channel=1, position=(0, 1)).tolist() == [[[[0, -1]]], [[[0, -3]]]]
    for options, message in (
        ({"channel": 2}, "has channels 0 to 1, got 2"),
        ({"channel": -1}, "has channels 0 to 1, got -1"),
        *(({"position": at}, "are 1 x 2, got position") for at in ((-1, 0), (1, 0), (0, -1), (0, 2))),
    ):
        with pytest.raises(ValueError, match=message):
            viz.deconvnet(model, x, layer="relu", **options)
    with pytest.raises(ValueError, match="give the layer"):
        viz.deconvnet(model, x, position=(0, 0))
    with pytest.raises(ValueError, match="expected 'fc' to output maps"):
        viz.deconvnet(model, x, layer="fc")


@pytest.mark.parametrize("call", [viz.integrated_gradients, lambda *a, **k: viz.layer_attribution(*a, layer="fc", **k)])
def test_a_path_has_a_step_at_least(call):
    model, x = linear()
    with pytest.raises(ValueError, match="at least 1 step, got 0"):
        call(model, x, 0, steps=0)
    assert np.isfinite(call(model, x, 0, steps=1)).all()
