"""Mistakes in batch normalization, local response normalization and dropout."""

import numpy as np

from minicnn import ops

AXES = (0, 2, 3)


def over(channels):
    return channels[:, None, None]


def batch_norm(x, weight, bias, options, *, center=None, dx=None, scale=None):
    """Batch normalization in training, written out, with three places to go wrong; the real one otherwise."""
    y, right = ops.batch_norm2d(x, weight, bias, **options)  # updates the running statistics
    if not options.get("training"):
        return y, right
    eps = options.get("eps", 1e-5)
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    if center is not None:
        mean, var = center(x)
    factor = 1 / np.sqrt(var + eps) if scale is None else scale(var, eps)
    normalized = (x - over(mean)) * over(factor)

    def pullback(dy):
        dbias, dweight = dy.sum(axis=AXES), (dy * normalized).sum(axis=AXES)
        M = x[:, 0].size
        parts = dy, -over(dbias) / M, -normalized * over(dweight) / M
        kept = [part for i, part in enumerate(parts) if dx is None or i in dx]
        return over(weight * factor) * sum(kept), dweight, dbias

    return over(weight) * normalized + over(bias), pullback


def mean_term_left_out(x, weight, bias, **options):
    """the mean's term is left out of the gradient"""
    return batch_norm(x, weight, bias, options, dx=(0, 2))


def variance_term_left_out(x, weight, bias, **options):
    """the variance's term is left out of the gradient"""
    return batch_norm(x, weight, bias, options, dx=(0, 1))


def statistics_taken_for_constants(x, weight, bias, **options):
    """the batch's statistics are treated as constants in the backward pass"""
    return batch_norm(x, weight, bias, options, dx=(0,))


def eps_outside_the_root(x, weight, bias, **options):
    """eps is added to the deviation, and should be added to the variance"""
    return batch_norm(x, weight, bias, options, scale=lambda var, eps: 1 / (np.sqrt(var) + eps))


def unbiased_variance_to_normalize(x, weight, bias, **options):
    """the batch is normalized by its unbiased variance"""
    return batch_norm(x, weight, bias, options, center=lambda x: (x.mean(axis=AXES), x.var(axis=AXES, ddof=1)))


def batch_statistics_in_evaluation(x, weight, bias, *, training=False, **options):
    """the batch's statistics are used outside training too"""
    return ops.batch_norm2d(x, weight, bias, training=training or x[:, 0].size > 1, **options)


def updated_running_statistics(x, weight, bias, running_mean=None, running_var=None, *, update, **options):
    """The real op, its running statistics updated by `update(old, new, M)`, for the mean and for the variance."""
    if options.get("training") and running_mean is not None:
        running_mean[:], running_var[:] = update(running_mean, running_var, x.mean(axis=AXES), x.var(axis=AXES))
        return ops.batch_norm2d(x, weight, bias, **options)
    return ops.batch_norm2d(x, weight, bias, running_mean, running_var, **options)


def running_variance_biased(x, weight, bias, running_mean=None, running_var=None, **options):
    """the running variance is divided by M, and should be by M − 1"""

    def update(mean, var, new_mean, new_var):
        return 0.9 * mean + 0.1 * new_mean, 0.9 * var + 0.1 * new_var

    return updated_running_statistics(x, weight, bias, running_mean, running_var, update=update, **options)


def momentum_on_the_old_value(x, weight, bias, running_mean=None, running_var=None, **options):
    """momentum weighs the old running value, and should weigh the new one"""
    M = x[:, 0].size

    def update(mean, var, new_mean, new_var):
        return 0.1 * mean + 0.9 * new_mean, 0.1 * var + 0.9 * new_var * M / (M - 1)

    return updated_running_statistics(x, weight, bias, running_mean, running_var, update=update, **options)


def running_statistics_never_updated(x, weight, bias, running_mean=None, running_var=None, **options):
    """the running statistics are replaced by a new array, and the caller's is not updated"""
    if options.get("training"):
        return ops.batch_norm2d(x, weight, bias, **options)
    return ops.batch_norm2d(x, weight, bias, running_mean, running_var, **options)


def window_not_mirrored(x, size=5, *, alpha=1e-4, beta=0.75, k=1.0):
    """the pullback's window of channels is not mirrored: wrong for even sizes"""
    y, _ = ops.local_response_norm(x, size, alpha=alpha, beta=beta, k=k)

    def summed(z):
        return sum(
            np.roll(np.pad(z, ((0, 0), (size, size), (0, 0), (0, 0))), shift, 1)[:, size:-size]
            for shift in range(-((size - 1) // 2), size // 2 + 1)
        )

    s = k + alpha / size * summed(x * x)
    return y, lambda dy: (dy * s**-beta - 2 * alpha * beta / size * x * summed(dy * y / s),)


def alpha_not_divided(x, size=5, *, alpha=1e-4, **options):
    """alpha is not divided by the window's size"""
    return ops.local_response_norm(x, size, alpha=alpha * size, **options)


def mask(x, p, rng, shape=None):
    return np.random.default_rng(rng).random(shape or x.shape, dtype=np.float32) >= p


def mask_not_applied_on_the_way_back(x, p=0.5, **options):
    """the mask is not applied in the backward pass: the gradient passes where units were dropped"""
    y, _ = ops.dropout(x, p, **options)
    return y, lambda dy: (dy / (1 - p) if options["training"] and p < 1 else dy,)


def mask_drawn_anew_on_the_way_back(x, p=0.5, *, training, rng):
    """the pullback draws another mask"""
    y, _ = ops.dropout(x, p, training=training, rng=rng)
    return y, lambda dy: ops.dropout(dy, p, training=training, rng=rng + 1)[:1]


def not_scaled(x, p=0.5, *, training, rng):
    """the remaining units are not scaled up: the expectation shrinks"""
    kept = mask(x, p, rng) if training else np.ones(x.shape)
    return x * kept, lambda dy: (dy * kept,)


def kept_with_probability_p(x, p=0.5, **options):
    """p is the probability of keeping, and should be of dropping"""
    return ops.dropout(x, 1 - p, **options)


def dropped_in_evaluation(x, p=0.5, *, training, rng):
    """units are dropped outside training too"""
    return ops.dropout(x, p, training=True, rng=rng)


def one_mask_for_the_batch(x, p=0.5, *, training, rng):
    """every image of the batch loses the same maps"""
    if not training or p in (0, 1):
        return ops.dropout2d(x, p, training=training, rng=rng)
    kept = mask(x, p, rng, (1, x.shape[1], 1, 1)) / (1 - p)
    return x * kept, lambda dy: (dy * kept,)


MISTAKES = {
    "batch_norm2d": [
        mean_term_left_out,
        variance_term_left_out,
        statistics_taken_for_constants,
        eps_outside_the_root,
        unbiased_variance_to_normalize,
        batch_statistics_in_evaluation,
        running_variance_biased,
        momentum_on_the_old_value,
        running_statistics_never_updated,
    ],
    "local_response_norm": [window_not_mirrored, alpha_not_divided],
    "dropout": [
        mask_not_applied_on_the_way_back,
        mask_drawn_anew_on_the_way_back,
        not_scaled,
        kept_with_probability_p,
        dropped_in_evaluation,
    ],
    "dropout2d": [one_mask_for_the_batch],
}


def test_the_right_op_is_caught_by_nobody(op, caught_by) -> None:
    assert not caught_by(op, getattr(ops, op))


def test_the_mistake_is_caught(op, mistake, caught_by) -> None:
    assert caught_by(op, mistake)
