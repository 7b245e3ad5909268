"""Integrated gradients: the score's rise along the path from a baseline to the image, divided among the pixels."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

import minicnn as cnn
from minicnn.display import tqdm

from .inputs import baselines_for, batches
from .passes import input_gradient, logits_of
from .target import Array, Target, check_target, one_for_each, score


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
    batch_size: int = 16,
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
    batch_size: int = 16,
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
    batch_size: int = 16,
    progress: bool = False,
) -> Any:
    """Each pixel's share of the difference between the image's score and the baseline's.

        map = (x − x′) · ∫₀¹ ∂S_target / ∂x (x′ + α·(x − x′)) dα

    Completeness: the map sums to S(x) − S(x′), up to the error of the numerical integral. With ReLU and max pooling the
        gradient jumps wherever a unit switches on or off or another pixel wins, far more often along the path than 50
        points can resolve. So the error falls slowly with the number of steps; on a trained network it stays above 1e-3
        for most images with 50 steps. `python -m benchmarks attribution mnist` measures it.

    Args:
        model, x, target: those of `saliency`; the predicted class is that of x, along the whole path.
        baseline: the image x′ without evidence, one number or an array that broadcasts to x; 0 is the mean
            image after normalization.
        steps: the number of points of the numerical integral.
        method: "gauss-legendre" (as in Captum) or "riemann" (midpoints).
        return_error: also return |Σ map − (S(x) − S(x′))| for each image.
        batch_size: points in memory at once.
        progress: whether to show a bar.

    Returns:
        an array of x's shape; with `return_error` also the errors (N,).

    Raises:
        ValueError: an option is out of range, x is not a batch of images, or the baseline does not fit it.

    Source: Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, equation 1.
    """
    target = check_target(model, x, target)
    if steps < 1:
        raise ValueError(f"integrated_gradients: expected at least 1 step, got {steps}")
    alphas, weights = _quadrature(method, steps)
    baselines = baselines_for(x, baseline)
    model = cnn.freeze(model, copy=False)
    logits = logits_of(model, x, batch_size)
    target = logits.argmax(axis=1) if target is None else target
    attribution, errors = np.empty_like(x), np.empty(len(x))
    with tqdm(total=len(x) * len(alphas), desc="integrated gradients", unit="point", disable=not progress) as bar:
        for n, (image, base) in enumerate(zip(x, baselines, strict=True)):
            mine = one_for_each(target, slice(n, n + 1))
            integral = np.zeros(image.shape)
            for part in batches(alphas, batch_size):
                points = base + alphas[part, None, None, None].astype(x.dtype) * (image - base)
                integral += np.tensordot(
                    weights[part], input_gradient(model, points, mine, batch_size=batch_size), axes=1
                )
                bar.update(len(alphas[part]))
            attribution[n] = (image - base) * integral
            rise = score(logits[n : n + 1], mine) - score(logits_of(model, base[None]), mine)
            errors[n] = abs(attribution[n].sum(dtype=np.float64) - rise.item())
    return (attribution, errors) if return_error else attribution


def _quadrature(method: str, steps: int) -> tuple[Array, Array]:
    """Points in [0, 1], and their weights, which sum to 1."""
    if method == "gauss-legendre":
        points, weights = np.polynomial.legendre.leggauss(steps)
        return (points + 1) / 2, weights / 2
    if method == "riemann":
        return (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)
    raise ValueError(f"integrated_gradients: expected method gauss-legendre or riemann, got {method!r}")
