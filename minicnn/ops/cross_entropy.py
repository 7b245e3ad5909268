"""Cross-entropy of logits: the loss of a classifier."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet
from .reduction import reduce
from .softmax import log_softmax


@quiet
def cross_entropy(
    logits: Array, target: Array, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> tuple[Array, Pullback]:
    """How surprised a classifier is by the truth, in nats.

        loss[n] = − Σ_k t[n, k] · log_softmax(logits)[n, k]
        dlogits = softmax(logits) · Σ_k t − t,    and the mean divides by N

    with 0 · (−∞) = 0, and t the target distribution: for a label, 1 at the label; with label smoothing s,
    (1 − s) · t + s / K.

    Args:
        logits: (N, K), or (N, K, …) with one classification per position; unnormalized, of any magnitude.
        target: integer labels (N, …) from 0 to K − 1, or distributions of the shape of the logits.
        label_smoothing: s, from 0 to 1.
        reduction: "mean" over all classifications, "sum", or "none": one loss for each.

    Returns:
        the loss, a scalar array (or (N, …) with "none"), and the pullback dloss → (dlogits,) for labels,
        (dlogits, dtarget) for distributions.

    Raises:
        ValueError: shapes do not fit, a label is out of range, an option is unknown.

    Source: Bishop (2006), Pattern recognition and machine learning, section 4.3.4; Szegedy et al. (2016), Rethinking
    the Inception architecture, section 7, for label smoothing.
    """
    (logits,) = arrays_of_one_dtype("cross_entropy", logits=logits)
    if logits.ndim < 2 or not logits.shape[1]:
        raise ValueError(f"cross_entropy: expected logits of shape (N, classes), got {logits.shape}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: expected label_smoothing from 0 to 1, got {label_smoothing}")
    K = logits.shape[1]
    labels = np.issubdtype(np.asarray(target).dtype, np.integer)
    if labels:
        t = _one_hot(np.asarray(target), logits)
    else:
        logits, t = arrays_of_one_dtype("cross_entropy", logits=logits, target=target)
        if t.shape != logits.shape:
            raise ValueError(
                f"cross_entropy: expected distributions of the logits' shape {logits.shape}, got {t.shape}"
            )
    if label_smoothing:
        t = (1 - label_smoothing) * t + t.dtype.type(label_smoothing / K)
    log_p, log_softmax_pullback = log_softmax(logits, axis=1)
    # 0 · log 0 is 0: a class with target probability 0 costs nothing, whatever its predicted probability.
    surprise = np.multiply(t, log_p, out=np.zeros_like(log_p), where=(t != 0) | np.isnan(log_p))
    loss, to_each = reduce("cross_entropy", -surprise.sum(axis=1), reduction)

    def logits_gradient(dloss: Array) -> Array | None:
        each = to_each(dloss)[:, None]  # the weight of each classification's loss
        return log_softmax_pullback(np.where(t == 0, t, -each * t))[0]  # 0 where t is, however large `each`

    def target_gradient(dloss: Array) -> Array:
        return -to_each(dloss)[:, None] * log_p * (1 - label_smoothing)

    return loss, as_pullback("cross_entropy", loss, *[logits_gradient, target_gradient][: 1 if labels else 2])


def _one_hot(target: Array, logits: Array) -> Array:
    N, K = logits.shape[:2]
    if target.shape != (N, *logits.shape[2:]):
        raise ValueError(f"cross_entropy: expected labels of shape {(N, *logits.shape[2:])}, got {target.shape}")
    if target.size and not 0 <= target.min() <= target.max() < K:
        raise ValueError(f"cross_entropy: expected labels from 0 to {K - 1}, got {target.min()} to {target.max()}")
    classes = np.arange(K).reshape(K, *[1] * (target.ndim - 1))
    return (target[:, None] == classes).astype(logits.real.dtype)
