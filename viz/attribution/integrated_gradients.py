"""Integrated gradients: the score's rise along the way from nothing to the picture, shared out among the pixels."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

import minicnn as cnn

from .target import Array, Target, batches, check_pictures, last_before_softmax, one_for_each, upstream


@overload
def integrated_gradients(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    baseline: Array | float = 0.0,
    steps: int = 50,
    method: str = "gauss-legendre",
    return_error: Literal[False] = False,
    batch_size: int = 32,
) -> Array: ...
@overload
def integrated_gradients(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    baseline: Array | float = 0.0,
    steps: int = 50,
    method: str = "gauss-legendre",
    return_error: Literal[True],
    batch_size: int = 32,
) -> tuple[Array, Array]: ...
def integrated_gradients(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    baseline: Array | float = 0.0,
    steps: int = 50,
    method: str = "gauss-legendre",
    return_error: bool = False,
    batch_size: int = 32,
) -> Any:
    """Each pixel's share of the difference between the picture's score and the baseline's.

        map = (x − x′) · ∫₀¹ ∂S_target / ∂x (x′ + α·(x − x′)) dα

    Completeness: the map sums to S(x) − S(x′), but for the error of the sum that stands for the integral.

    Args:
        model, x, target: those of `saliency`; the predicted class is that of x, all along the way.
        baseline: the picture x′ without evidence, one number or an array that broadcasts to x; 0 is the mean
            picture after normalisation.
        steps: how many points stand for the integral.
        method: "gauss-legendre", or "riemann" (midpoints).
        return_error: also return |Σ map − (S(x) − S(x′))| for each picture.
        batch_size: points in memory at once, over all pictures.

    Returns:
        an array of x's shape; with `return_error` also the errors (N,).

    Raises:
        ValueError: an option is out of range, or x is no batch of pictures.

    Source: Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, equation 1.
    """
    check_pictures(x)
    if steps < 1:
        raise ValueError(f"integrated_gradients: expected at least 1 step, got {steps}")
    alphas, weights = _quadrature(method, steps)
    until = last_before_softmax(model)
    baselines = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape)
    scores = [model.forward(pictures, cnn.Pass(until=until))[0] for pictures in (x, baselines)]
    if target is None:
        target = scores[0].argmax(axis=1)
    attribution, errors = np.empty_like(x), np.empty(len(x))
    for n, (picture, base) in enumerate(zip(x, baselines, strict=True)):
        mine = one_for_each(np.asarray(target) if not callable(target) else target, slice(n, n + 1))
        path = base + alphas[:, None, None, None].astype(x.dtype) * (picture - base)
        total = np.zeros(picture.shape)
        for part in batches(path, batch_size):
            logits, pullback = model.forward(path[part], cnn.Pass(until=until))
            gradient, _ = pullback(upstream(logits, mine), wants="input")
            total += np.tensordot(weights[part], gradient, axes=1)
        attribution[n] = (picture - base) * total
        rise = _score(scores[0][n : n + 1], mine) - _score(scores[1][n : n + 1], mine)
        errors[n] = abs(attribution[n].sum(dtype=np.float64) - rise)
    return (attribution, errors) if return_error else attribution


def _score(logits: Array, target: Target) -> float:
    if callable(target):
        return float(target(logits)[0].sum())
    return float((upstream(logits, target) * logits).sum(dtype=np.float64))


def _quadrature(method: str, steps: int) -> tuple[Array, Array]:
    """Points in (0, 1) and their weights, which sum to 1."""
    if method == "gauss-legendre":
        points, weights = np.polynomial.legendre.leggauss(steps)
        return (points + 1) / 2, weights / 2
    if method == "riemann":
        return (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)
    raise ValueError(f"integrated_gradients: expected method gauss-legendre or riemann, got {method!r}")
