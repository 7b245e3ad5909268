"""Integrated gradients: the score's rise along the way from nothing to the picture, shared out among the pixels."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from tqdm import tqdm

import minicnn as cnn

from .target import (
    Array,
    Target,
    batches,
    check_pictures,
    last_before_softmax,
    logits_of,
    one_for_each,
    score,
    upstream,
)


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
    progress: bool = False,
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
    progress: bool = False,
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
    progress: bool = False,
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
        batch_size: points in memory at once.
        progress: whether to show a bar.

    Returns:
        an array of x's shape; with `return_error` also the errors (N,).

    Raises:
        ValueError: an option is out of range, or x is no batch of pictures.

    Source: Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, equation 1.
    """
    check_pictures(x)
    if steps < 1:
        raise ValueError(f"integrated_gradients: expected at least 1 step, got {steps}")
    alphas, weights = quadrature(method, steps)
    until = last_before_softmax(model)
    baselines = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape)
    logits = logits_of(model, x, batch_size)
    target = logits.argmax(axis=1) if target is None else target
    attribution, errors = np.empty_like(x), np.empty(len(x))
    with tqdm(total=len(x) * steps, desc="integrated gradients", unit="point", disable=not progress) as bar:
        for n, (picture, base) in enumerate(zip(x, baselines, strict=True)):
            mine = one_for_each(target, slice(n, n + 1))
            integral = np.zeros(picture.shape)
            for part in batches(alphas, batch_size):
                points = base + alphas[part, None, None, None].astype(x.dtype) * (picture - base)
                there, pullback = model.forward(points, cnn.Pass(until=until))
                gradient, _ = pullback(upstream(there, mine), wants="input")
                integral += np.tensordot(weights[part], gradient, axes=1)
                bar.update(len(points))
            attribution[n] = (picture - base) * integral
            rise = score(logits[n : n + 1], mine) - score(logits_of(model, base[None]), mine)
            errors[n] = abs(attribution[n].sum(dtype=np.float64) - rise.item())
    return (attribution, errors) if return_error else attribution


def quadrature(method: str, steps: int) -> tuple[Array, Array]:
    """Points in (0, 1) and their weights, which sum to 1."""
    if method == "gauss-legendre":
        points, weights = np.polynomial.legendre.leggauss(steps)
        return (points + 1) / 2, weights / 2
    if method == "riemann":
        return (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)
    raise ValueError(f"integrated_gradients: expected method gauss-legendre or riemann, got {method!r}")
