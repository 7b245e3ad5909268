"""Whose score is explained: the same four ways to say it for every method, in any batch."""

import copy

import numpy as np
import pytest

import minicnn as cnn
import viz

MODEL = cnn.zoo.build("seed", seed=2)
X = np.random.default_rng(0).standard_normal((3, 1, 28, 28)).astype(np.float32)
METHODS = {
    "saliency": viz.saliency,
    "gradient_times_input": viz.gradient_times_input,
    "guided_backprop": viz.guided_backprop,
    "deconvnet": viz.deconvnet,
    "grad_cam": viz.grad_cam,
    "guided_grad_cam": viz.guided_grad_cam,
    "integrated_gradients": lambda *a, **k: viz.integrated_gradients(*a, steps=3, **k),
    "smooth_grad": lambda *a, **k: viz.smooth_grad(*a, samples=2, **k),
    "occlusion": lambda *a, **k: viz.occlusion(*a, window=14, **k),
    "layer_attribution": lambda *a, **k: viz.layer_attribution(*a, layer="relu2", **k),
    "conductance": lambda *a, **k: viz.layer_attribution(*a, layer="relu2", method="conductance", steps=3, **k),
}


def class_1_minus_class_2(logits):
    """An op of the logits that is not the score of one class."""

    def pullback(d, wants=(True,)):
        return (np.outer(d, np.eye(10)[1] - np.eye(10)[2]).astype(logits.dtype),)

    return logits[:, 1] - logits[:, 2], pullback


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_target_is_a_class_or_one_for_each_image_or_the_predicted_one(method):
    predicted = MODEL(X).argmax(axis=1)
    maps = method(MODEL, X)
    np.testing.assert_allclose(method(MODEL, X, predicted), maps, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(method(MODEL, X, predicted.tolist()), maps, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_list_of_one_class_is_that_class_for_all_images(method):
    np.testing.assert_allclose(method(MODEL, X, [4], batch_size=1), method(MODEL, X, 4), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_an_image_is_explained_alike_in_any_batch(method):
    maps = method(MODEL, X, [4, 5, 6])
    np.testing.assert_allclose(method(MODEL, X, [4, 5, 6], batch_size=1), maps, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(method(MODEL, X[2:], 6), maps[2:], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_target_is_the_name_of_a_class_or_one_for_each_image(method):
    model = copy.deepcopy(MODEL)
    model.classes = tuple("abcdefghij")
    np.testing.assert_array_equal(method(model, X, "e"), method(MODEL, X, 4))
    np.testing.assert_array_equal(method(model, X, ["e", "f", "g"]), method(MODEL, X, [4, 5, 6]))


def test_curves_checks_and_attacks_take_the_name_of_a_class_too():
    model = copy.deepcopy(MODEL)
    model.classes = tuple("abcdefghij")
    maps = viz.saliency(MODEL, X)
    for call in (
        lambda m, target: viz.deletion_curve(m, X, maps, target, steps=2).probabilities,
        lambda m, target: viz.insertion_curve(m, X, maps, target, steps=2).probabilities,
        lambda m, target: viz.sanity_check(viz.saliency, m, X, target).spearman,
        lambda m, target: viz.deconvnet(m, X, target),
        lambda m, target: viz.guided_backprop_by_layer(m, X, target, layers=["conv1"])["conv1"],
        lambda m, target: viz.fgsm(m, X, target, 0.1),
    ):
        np.testing.assert_array_equal(call(model, ["e", "f", "g"]), call(MODEL, [4, 5, 6]))


@pytest.mark.parametrize("kind", [object, np.dtypes.StringDType()], ids=str)
def test_an_array_of_names_is_as_good_as_a_list_of_them_whatever_holds_them(kind):
    model = copy.deepcopy(MODEL)
    model.classes = tuple("abcdefghij")
    maps = viz.saliency(model, X, ["e", "f", "g"])
    np.testing.assert_array_equal(viz.saliency(model, X, np.array(["e", "f", "g"], kind)), maps)
    np.testing.assert_array_equal(viz.saliency(model, X[:1], np.array("e", kind)), maps[:1])
    with pytest.raises(ValueError, match="target: there is no class 'cat'"):
        viz.saliency(model, X, np.array(["e", "cat", "g"], kind))


def test_an_array_of_pythons_own_numbers_is_as_good_as_a_list_of_them():
    maps = viz.saliency(MODEL, X, np.array([4, 5, 6], object))
    np.testing.assert_array_equal(maps, viz.saliency(MODEL, X, [4, 5, 6]))


@pytest.mark.parametrize(
    ("classes", "target", "message"),
    [
        (
            None,
            "cat",
            "target: the model has no class names, so 'cat' is unknown; give its number, or set model.classes",
        ),
        (("cat", "dog"), "dig", r"target: there is no class 'dig'; did you mean dog\? Or give its number"),
        (("cat", "dog"), ["cat", "dog", "eel"], "target: there is no class 'eel'"),
        (("crane", "crane"), "crane", r"target: 'crane' may mean 2 classes: 0 \(crane\), 1 \(crane\); give the number"),
    ],
)
def test_a_name_that_is_no_class_is_refused(classes, target, message):
    model = copy.deepcopy(MODEL)
    model.classes = classes
    for method in METHODS.values():
        with pytest.raises(ValueError, match=message):
            method(model, X, target)


LINEAR = ("gradient_times_input", "integrated_gradients", "occlusion", "layer_attribution", "conductance")


@pytest.mark.parametrize("name", METHODS)
def test_a_target_is_any_op_of_the_logits(name):
    method = METHODS[name]
    maps = method(MODEL, X, class_1_minus_class_2)
    assert np.isfinite(maps).all() and maps.any()
    if name in LINEAR:  # what is linear in the score's gradient
        np.testing.assert_allclose(maps, method(MODEL, X, 1) - method(MODEL, X, 2), rtol=1e-3, atol=1e-5)


def test_a_layer_after_the_score_is_refused():
    model = cnn.Sequential(MODEL.children | {"softmax": cnn.Softmax()})
    assert list(viz.guided_backprop_by_layer(model, X)) == list(MODEL.children)
    with pytest.raises(ValueError, match="does not depend on 'softmax'; choose an earlier layer"):
        viz.guided_backprop(model, X, layer="softmax")


def test_a_softmax_alone_has_no_scores_before_it():
    with pytest.raises(ValueError, match=r"expected a model with outputs \(N, classes\), got \(2, 3, 1, 1\)"):
        viz.saliency(cnn.Sequential(softmax=cnn.Softmax()), np.ones((2, 3, 1, 1), np.float32), 0)
