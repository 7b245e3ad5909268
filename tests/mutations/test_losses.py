"""Mistakes in softmax and the losses."""

import numpy as np

from minicnn import ops


def off_diagonal_lost(x, *, axis=-1):
    """the off-diagonal of softmax's Jacobian is lost: it is taken for y · (1 − y)"""
    y, _ = ops.softmax(x, axis=axis)
    return y, lambda dy: (dy * y * (1 - y),)


def maximum_not_subtracted(x, *, axis=-1):
    """the maximum is not subtracted: exp overflows"""
    y = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    return y, ops.softmax(x, axis=axis)[1]


def maximum_of_the_whole_array(x, *, axis=-1):
    """the maximum is that of the whole array: other rows underflow to 0 / 0"""
    y = np.exp(x - x.max())
    return y / y.sum(axis=axis, keepdims=True), ops.softmax(x, axis=axis)[1]


def always_the_last_axis(x, *, axis=-1):
    """the axis is ignored"""
    return ops.softmax(x)


def logarithm_of_softmax(x, *, axis=-1):
    """the logarithm of a number that has underflowed to 0"""
    return np.log(ops.softmax(x, axis=axis)[0]), ops.log_softmax(x, axis=axis)[1]


def gradient_of_softmax(x, *, axis=-1):
    """log_softmax's pullback subtracts y · Σ dy, and should subtract exp(y) · Σ dy"""
    y, _ = ops.log_softmax(x, axis=axis)
    return y, lambda dy: (dy - y * dy.sum(axis=axis, keepdims=True),)


def cross_entropy_pulled_back(alter):
    """cross_entropy whose gradient of the logits is altered by alter(dlogits, dloss, logits, target, options)."""

    def wrong(logits, target, **options):
        loss, right = ops.cross_entropy(logits, target, **options)

        def pullback(dloss):
            dlogits, *dtarget = right(dloss)
            return alter(dlogits, dloss, logits, target, options), *dtarget

        return loss, pullback

    return wrong


def mean_not_divided(logits, target, **options):
    """the mean's gradient is not divided by the number of examples"""

    def alter(dlogits, dloss, logits, target, options):
        return dlogits * (logits[:, 0].size if options.get("reduction", "mean") == "mean" else 1)

    return cross_entropy_pulled_back(alter)(logits, target, **options)


def upstream_gradient_ignored(logits, target, **options):
    """the loss is assumed to be the last op: the upstream gradient is ignored"""
    loss, right = ops.cross_entropy(logits, target, **options)
    return loss, lambda dloss: right(np.ones_like(loss))


def smoothing_forgotten_on_the_way_back(logits, target, *, label_smoothing=0.0, **options):
    """label smoothing is in the loss, not in its gradient"""
    loss, _ = ops.cross_entropy(logits, target, label_smoothing=label_smoothing, **options)
    return loss, ops.cross_entropy(logits, target, **options)[1]


def target_taken_for_a_distribution(logits, target, **options):
    """softmax − t, also where t does not sum to 1"""

    def alter(dlogits, dloss, logits, target, options):
        if np.issubdtype(target.dtype, np.integer):
            return dlogits
        share = 1 / logits[:, 0].size if options.get("reduction", "mean") == "mean" else 1
        smoothing = options.get("label_smoothing", 0)
        t = (1 - smoothing) * target + smoothing / logits.shape[1]
        return (ops.softmax(logits, axis=1)[0] - t) * np.expand_dims(dloss * share * np.ones(t[:, 0].shape), 1)

    return cross_entropy_pulled_back(alter)(logits, target, **options)


def smoothing_over_the_other_classes(logits, target, *, label_smoothing=0.0, **options):
    """smoothing spreads over the K − 1 other classes"""
    K = logits.shape[1]
    spread = label_smoothing * K / (K - 1) if K > 1 else label_smoothing
    return ops.cross_entropy(logits, target, label_smoothing=min(1, spread), **options)


def mean_over_the_batch_alone(logits, target, *, reduction="mean", **options):
    """with one classification per pixel the mean divides by the number of images"""
    if reduction != "mean":
        return ops.cross_entropy(logits, target, reduction=reduction, **options)
    loss, right = ops.cross_entropy(logits, target, reduction="sum", **options)
    return loss / len(logits), lambda dloss: right(dloss / len(logits))


def two_forgotten(prediction, target, **options):
    """the derivative of a square is taken for the difference itself"""
    loss, right = ops.mse(prediction, target, **options)
    return loss, lambda dloss: tuple(g / 2 for g in right(dloss))


def both_gradients_alike(prediction, target, **options):
    """the target's gradient has the prediction's sign"""
    loss, right = ops.mse(prediction, target, **options)
    return loss, lambda dloss: (right(dloss)[0],) * 2


MISTAKES = {
    "softmax": [off_diagonal_lost, maximum_not_subtracted, maximum_of_the_whole_array, always_the_last_axis],
    "log_softmax": [logarithm_of_softmax, gradient_of_softmax],
    "cross_entropy": [
        mean_not_divided,
        upstream_gradient_ignored,
        smoothing_forgotten_on_the_way_back,
        target_taken_for_a_distribution,
        smoothing_over_the_other_classes,
        mean_over_the_batch_alone,
    ],
    "mse": [two_forgotten, both_gradients_alike],
}


def test_the_right_op_is_caught_by_nobody(op, caught_by) -> None:
    assert not caught_by(op, getattr(ops, op))


def test_the_mistake_is_caught(op, mistake, caught_by) -> None:
    assert caught_by(op, mistake)
