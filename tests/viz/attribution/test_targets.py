"""Whose score is explained: the same four ways to say it for every method, in any batch."""

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
    """An op of the logits that is no class's score."""

    def pullback(d, wants=(True,)):
        return (np.outer(d, np.eye(10)[1] - np.eye(10)[2]).astype(logits.dtype),)

    return logits[:, 1] - logits[:, 2], pullback


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_target_is_a_class_or_one_for_each_picture_or_the_predicted_one(method):
    predicted = MODEL(X).argmax(axis=1)
    maps = method(MODEL, X)
    np.testing.assert_allclose(method(MODEL, X, predicted), maps, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(method(MODEL, X, predicted.tolist()), maps, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_picture_is_explained_alike_in_any_batch(method):
    if method is METHODS["smooth_grad"]:  # which draws its noise for all pictures at once
        maps = viz.smooth_grad(MODEL, X, [4, 5, 6], samples=2, batch_size=3)
        np.testing.assert_allclose(viz.smooth_grad(MODEL, X, [4, 5, 6], samples=2, batch_size=1), maps, atol=1e-6)
        return
    maps = method(MODEL, X, [4, 5, 6])
    np.testing.assert_allclose(method(MODEL, X, [4, 5, 6], batch_size=1), maps, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(method(MODEL, X[2:], 6), maps[2:], rtol=1e-4, atol=1e-6)


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
    assert "softmax" not in viz.guided_backprop_by_layer(model, X)
    with pytest.raises(ValueError, match="does not depend on 'softmax'; choose an earlier layer"):
        viz.guided_backprop(model, X, layer="softmax")
