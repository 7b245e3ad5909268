"""Attacks stay within their bounds, and raise the loss."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
import viz

RNG = np.random.default_rng(0)
MODEL = cnn.zoo.build("seed")
X = RNG.uniform(-1, 1, (6, 1, 28, 28)).astype(np.float32)
LABELS = np.array([3, 1, 4, 1, 5, 9])


def losses(x):
    return cnn.ops.cross_entropy(MODEL(x), LABELS, reduction="none")[0]


def test_fgsm_of_a_linear_model_moves_every_pixel_by_epsilon_along_the_sign_of_the_weights():
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(4, 2, bias=False))
    model["fc"].weight[...] = [[1, -1, 2, 0], [0, 0, 0, 0]]
    x = np.zeros((1, 1, 2, 2), np.float32)
    assert viz.fgsm(model, x, 0, 0.5).ravel().tolist() == [-0.5, 0.5, -0.5, 0]
    assert viz.fgsm(model, x, 0, 0.5, targeted=True).ravel().tolist() == [0.5, -0.5, 0.5, 0]


@given(st.sampled_from(["linf", "l2"]), st.floats(0, 3), st.integers(1, 4), st.booleans())
def test_pgd_stays_within_epsilon_and_the_bounds(norm, epsilon, steps, targeted):
    changed = viz.pgd(MODEL, X, LABELS, epsilon, norm=norm, steps=steps, targeted=targeted, bounds=(-1.0, 1.0))
    change = (changed - X).reshape(len(X), -1)
    size = np.abs(change).max(axis=1) if norm == "linf" else np.linalg.norm(change, axis=1)
    assert (size <= epsilon * 1.0001 + 1e-6).all()
    assert changed.min() >= -1 and changed.max() <= 1


def test_attacks_raise_the_loss_and_targeted_ones_lower_it():
    assert (losses(viz.fgsm(MODEL, X, LABELS, 0.01)) > losses(X)).all()
    assert (losses(viz.pgd(MODEL, X, LABELS, 0.1)) > losses(viz.fgsm(MODEL, X, LABELS, 0.1))).mean() > 0.5
    assert (losses(viz.pgd(MODEL, X, LABELS, 1.0, norm="l2")) > losses(X)).all()
    assert (losses(viz.pgd(MODEL, X, LABELS, 0.1, targeted=True)) < losses(X)).all()
    assert (losses(viz.pgd(MODEL, X, LABELS, 1.0, norm="l2", targeted=True)) < losses(X)).all()


def test_a_targeted_attack_arrives_at_its_class_in_either_norm():
    for options in ({"epsilon": 0.5}, {"epsilon": 10.0, "norm": "l2"}):
        changed = viz.pgd(MODEL, X, LABELS, **options, steps=40, targeted=True)
        assert (MODEL(changed).argmax(axis=1) == LABELS).all()


def test_epsilon_may_differ_between_channels():
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(2, 2, bias=False))
    model["fc"].weight[...] = [[1, 1], [0, 0]]
    epsilon = np.array([0.25, 0.5]).reshape(1, 2, 1, 1)
    assert viz.fgsm(model, np.zeros((1, 2, 1, 1), np.float32), 0, epsilon).ravel().tolist() == [-0.25, -0.5]
    assert viz.pgd(model, np.zeros((1, 2, 1, 1), np.float32), 0, epsilon).ravel().tolist() == [-0.25, -0.5]


@pytest.mark.parametrize("epsilon", [0.1, np.float64(0.1), np.full((1, 1, 1, 1), 0.1)])
def test_the_images_keep_their_precision(epsilon):
    assert viz.pgd(MODEL, X, LABELS, epsilon, steps=1).dtype == np.float32


def test_pgd_repeats_with_its_seed():
    first, again, other = (viz.pgd(MODEL, X, LABELS, 0.1, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(("steps", "epsilon", "norm"), [(1, 0.1, "linf"), (5, 0.02, "linf"), (3, 0.5, "l2")])
def test_a_step_is_by_default_what_the_documentation_says(steps, epsilon, norm):
    attack = partial(viz.pgd, MODEL, X, LABELS, epsilon, steps=steps, norm=norm)
    np.testing.assert_allclose(attack(), attack(step_size=2.5 * epsilon / steps), rtol=0, atol=1e-6)
    assert not np.allclose(attack(), attack(step_size=epsilon / steps), rtol=0, atol=1e-4)


def test_an_image_does_not_depend_on_the_batch_it_is_in():
    np.testing.assert_allclose(viz.fgsm(MODEL, X, LABELS, 0.1)[2:3], viz.fgsm(MODEL, X[2:3], 4, 0.1), atol=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_random_start_of_an_image_does_not_depend_on_its_place_in_the_batch(norm):
    start = partial(viz.pgd, MODEL, epsilon=0.1, norm=norm, step_size=0)
    starts = start(X, LABELS)
    assert (starts != X).any()
    np.testing.assert_array_equal(start(X[2:3], 4), starts[2:3])
    np.testing.assert_array_equal(start(X[::-1], LABELS[::-1]), starts[::-1])


def test_accuracy_under_attack_falls_from_the_clean_one():
    labels = MODEL(X).argmax(axis=1)
    accuracies = viz.accuracy_under_attack(MODEL, X, labels, [0, 0.05, 2])
    assert accuracies[0] == 1 and accuracies[2] < 0.5 and (np.diff(accuracies) <= 0).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (10, "expected classes from 0 to 9, got 10"),
        ([3, 1, 4, -1, 5, 9], "expected classes from 0 to 9, got"),
        (None, "expected classes from 0 to 9, got None"),
        (LABELS.astype(float), "expected classes from 0 to 9, got"),
        (LABELS == 1, "expected classes from 0 to 9, got"),
        ([3, 1, None, 1, 5, 9], "expected classes from 0 to 9, got"),
        (lambda logits: logits, "expected classes from 0 to 9, got <function"),
        (LABELS[:5], r"one for each of 6 images, got shape \(5,\)"),
        (LABELS[:, None], r"one for each of 6 images, got shape \(6, 1\)"),
        ("cat", "the model has no class names"),
    ],
)
def test_labels_that_are_no_classes_are_refused_even_where_nothing_is_attacked(labels, message):
    for call in (
        lambda: viz.accuracy_under_attack(MODEL, X, labels, [0]),
        lambda: viz.fgsm(MODEL, X, labels, 0.1),
        lambda: viz.pgd(MODEL, X, labels, 0.0),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_model_without_scores_for_classes_is_refused():
    with pytest.raises(ValueError, match=r"expected a model with outputs \(N, classes\), got \(1, 1, 28, 28\)"):
        viz.fgsm(cnn.Sequential(relu=cnn.ReLU()), X, LABELS, 0.1)


def test_epsilons_are_multiples_of_a_unit():
    labels = MODEL(X).argmax(axis=1)
    in_units = viz.accuracy_under_attack(MODEL, X, labels, [0.1, 0.2], unit=2.0)
    np.testing.assert_array_equal(in_units, viz.accuracy_under_attack(MODEL, X, labels, [0.2, 0.4]))


def test_pixel_bounds_are_black_and_white_as_the_model_sees_them():
    model = cnn.zoo.build("seed")
    with pytest.raises(ValueError, match="has no transform"):
        viz.pixel_bounds(model)
    model.transform = cnn.data.Transform(mean=(0.5,), std=(0.25,))
    low, high = viz.pixel_bounds(model)
    assert low.item() == -2 and high.item() == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l1"}, "linf, l2"),
        ({"norm": "l2", "epsilon": np.ones((1, 1, 1, 1))}, "one ε for l2"),
        ({"epsilon": np.array([[[[-1.0]]]])}, "epsilon ≥ 0"),
        ({"steps": 0}, "at least 1 step"),
        ({"epsilon": -1.0}, "epsilon ≥ 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        viz.pgd(MODEL, X, LABELS, **{"epsilon": 0.1, **options})


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_random_start_is_uniform_within_epsilon(norm):
    x = np.zeros((1, 1, 28, 28), np.float32)
    start = viz.pgd(MODEL, x, 3, 0.1, norm=norm, step_size=0)
    if norm == "linf":
        np.testing.assert_allclose(
            np.quantile(start, [0.001, 0.25, 0.5, 0.75, 0.999]), 0.1 * np.arange(-2, 3) / 2, atol=0.01
        )
    else:
        assert np.linalg.norm(start) == pytest.approx(0.1) and abs(start.mean()) < 0.1 * start.std()


def test_a_step_has_its_full_length_however_small_the_gradient_is():
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(2, 2, bias=False)).initialize(0)
    model["fc"].weight[...] = [[1.2e-12 * 2, 1.6e-12 * 2], [0, 0]]  # of which the gradient is half: 2e-12 long
    x = np.zeros((1, 1, 1, 2), np.float32)
    changed = viz.pgd(model, x, 0, 1.0, norm="l2", steps=1, step_size=0.5, random_start=False)
    np.testing.assert_allclose(changed.ravel(), [-0.3, -0.4], rtol=1e-4)
