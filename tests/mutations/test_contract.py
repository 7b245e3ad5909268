"""Breaches of the contract, and mistakes in the smallest ops."""

import numpy as np

from minicnn import ops


def input_overwritten(x):
    """ReLU works in place: x is changed"""
    _, right = ops.relu(x)
    return np.maximum(x, 0, out=x) if x.flags.writeable else np.maximum(x, 0), right


def upstream_gradient_overwritten(x):
    """the pullback works in place: dy is changed"""
    y, _ = ops.relu(x)

    def pullback(dy):
        dy *= x > 0
        return (dy,)

    return y, pullback


def pullback_used_up(x):
    """the pullback frees its cache: a second call fails"""
    y, _ = ops.relu(x)
    cache = [x > 0]
    return y, lambda dy: (dy * cache.pop(),)


CACHE = {}


def cache_shared_by_all_calls(x):
    """the cache is on the layer: the next batch overwrites it"""
    CACHE["x"] = x
    return ops.relu(x)[0], lambda dy: (dy * (CACHE["x"] > 0) if CACHE["x"].shape == dy.shape else dy,)


def gradient_accumulated(x):
    """the gradient is added to the last one, as in an engine with .grad"""
    y, right = ops.relu(x)
    grad = np.zeros_like(x)

    def pullback(dy):
        nonlocal grad
        grad = grad + right(dy)[0]
        return (grad,)

    return y, pullback


def everything_in_float64(x):
    """float32 goes in, float64 comes out"""
    return np.where(x > 0, x, 0).astype(np.float64), ops.relu(x)[1]


def gradient_in_float64(x):
    """the gradient of float32 arrays is float64"""
    return ops.relu(x)[0], lambda dy: (dy.astype(np.float64) * (x > 0),)


def guided_by_default(x):
    """guided backpropagation is used as the gradient"""
    return ops.relu(x, rule="guided")


def leaking(x):
    """the gradient leaks where x is negative"""
    return ops.relu(x)[0], lambda dy: (np.where(x > 0, dy, 0.01 * dy),)


def not_a_number_cut_off(x):
    """x · [x > 0] with a NaN is 0, and should be NaN"""
    return np.where(x > 0, x, 0), ops.relu(x)[1]


def wants_ignored(x, w, *b):
    """everything is computed, regardless of `wants`"""
    y, right = ops.dense(x, w, *b)
    return y, lambda dy, wants=None: right(dy)


def unwanted_left_out(x, w, *b):
    """what is not wanted is left out of the tuple, and should be None"""
    y, right = ops.dense(x, w, *b)

    def pullback(dy, wants=(True, True, True)):
        return tuple(g for g in right(dy, wants) if g is not None)

    return y, pullback


def weights_transposed(x, w, *b):
    """w is taken for (inputs, outputs) where it is square"""
    return ops.dense(x, w.T if w.shape[0] == w.shape[1] else w, *b)


def bias_gradient_not_summed(x, w, *b):
    """the bias gradient is one per example"""
    y, right = ops.dense(x, w, *b)
    return y, lambda dy: (*right(dy)[:2], *(dy for _ in b))


def weight_gradient_transposed(x, w, *b):
    """the weight gradient is xᵀ · dy"""
    y, right = ops.dense(x, w, *b)

    def pullback(dy):
        dx, dw, *db = right(dy)
        return dx, dw.T.reshape(w.shape), *db

    return y, pullback


def read_in_memory_order(x):
    """flattened in the order of memory, and should be in that of the indices"""
    return x.transpose(np.argsort([-s for s in x.strides], kind="stable")).reshape(len(x), -1), ops.flatten(x)[1]


def channels_last_taken_for_channels_first(x):
    """channels-last memory is read as if it were channels-first, and C = H = W hides it"""
    if x.ndim == 4 and x.shape[1] == x.shape[2] == x.shape[3] and x.transpose(0, 2, 3, 1).flags.c_contiguous:
        x = x.transpose(0, 2, 3, 1)
    return ops.flatten(x)


def cut_in_reverse_order(*arrays, axis=1):
    """concat's gradient is cut in the order of the arrays reversed"""
    y, _ = ops.concat(*arrays, axis=axis)
    ends = np.cumsum([x.shape[axis] for x in arrays[::-1]])[:-1]

    def pullback(dy):
        return tuple(np.split(dy, ends, axis)[::-1])

    return y, pullback


def gradient_shared_out(*arrays):
    """each summand receives its share of the gradient, and should receive all of it"""
    y, right = ops.add(*arrays)
    return y, lambda dy: tuple(g / len(arrays) for g in right(dy))


def first_summand_overwritten(*arrays):
    """the sum is built up in the first array"""
    y, right = ops.add(*arrays)
    if arrays[0].flags.writeable:
        arrays[0][...] = y
    return y, right


MISTAKES = {
    "relu": [
        input_overwritten,
        upstream_gradient_overwritten,
        pullback_used_up,
        cache_shared_by_all_calls,
        gradient_accumulated,
        everything_in_float64,
        gradient_in_float64,
        guided_by_default,
        leaking,
        not_a_number_cut_off,
    ],
    "dense": [
        wants_ignored,
        unwanted_left_out,
        weights_transposed,
        bias_gradient_not_summed,
        weight_gradient_transposed,
    ],
    "flatten": [read_in_memory_order, channels_last_taken_for_channels_first],
    "concat": [cut_in_reverse_order],
    "add": [gradient_shared_out, first_summand_overwritten],
}


def test_the_right_op_is_caught_by_nobody(op, caught_by) -> None:
    assert not caught_by(op, getattr(ops, op))


def test_the_mistake_is_caught(op, mistake, caught_by) -> None:
    assert caught_by(op, mistake)
