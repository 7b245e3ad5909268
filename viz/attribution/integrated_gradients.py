"""Integrated gradients: the score's rise along the way from nothing to the image, shared out among the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np

import minicnn as cnn
from minicnn.display import tqdm

from .target import (
    Array,
    Target,
    baselines_for,
    batches,
    check_target,
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

    Completeness: the map sums to S(x) − S(x′), but for the error of the sum that stands for the integral. With ReLU and
    max pooling the gradient jumps wherever a unit is switched on or off, or another pixel wins: far more often along
    the way than a rule of 50 points can find, so that the error falls slowly with the number of steps; below 1e-3
    for every image is out of reach with 50 on a trained network. What it is there is printed by
    `python -m benchmarks attribution mnist`.

    "piecewise" is a rule of this package, not of the paper. Between jumps the gradient is constant: in each of `steps`
    pieces of the way it takes a share w of the gradient at the piece's beginning and 1 − w of that at its end, with the
    w for which the slope agrees with the rise of the score. That is exact wherever a piece holds no more than one jump;
    where it holds several, w mends the sum but not each pixel's share. So its error of completeness is small by
    construction, and says less of the map's accuracy than that of the other rules.

    Args:
        model, x, target: those of `saliency`; the predicted class is that of x, all along the way.
        baseline: the image x′ without evidence, one number or an array that broadcasts to x; 0 is the mean
            image after normalization.
        steps: how many pieces, or points, stand for the integral.
        method: "gauss-legendre" (as in Captum), "riemann" (midpoints), or "piecewise".
        return_error: also return |Σ map − (S(x) − S(x′))| for each image.
        batch_size: points in memory at once.
        progress: whether to show a bar.

    Returns:
        an array of x's shape; with `return_error` also the errors (N,).

    Raises:
        ValueError: an option is out of range, x is no batch of images, or the baseline does not fit it.

    Source: Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, equation 1.
    """
    target = check_target(model, x, target)
    if steps < 1:
        raise ValueError(f"integrated_gradients: expected at least 1 step, got {steps}")
    alphas, weights = _quadrature(method, steps)
    baselines = baselines_for(x, baseline)
    logits = logits_of(model, x, batch_size)
    target = logits.argmax(axis=1) if target is None else target
    attribution, errors = np.empty_like(x), np.empty(len(x))
    with tqdm(total=len(x) * len(alphas), desc="integrated gradients", unit="point", disable=not progress) as bar:
        for n, (image, base) in enumerate(zip(x, baselines, strict=True)):
            mine = one_for_each(target, slice(n, n + 1))
            integral = np.zeros(image.shape)
            before: Points | None = None  # where the batch before ended
            for part in batches(alphas, batch_size):
                here = _along(model, image, base, alphas[part], mine)
                if weights is None:
                    here = here if before is None else before.followed_by(here)
                    before = here.last()
                integral += np.tensordot(_shares(here) if weights is None else weights[part], here.gradients, axes=1)
                bar.update(len(alphas[part]))
            attribution[n] = (image - base) * integral
            rise = score(logits[n : n + 1], mine) - score(logits_of(model, base[None]), mine)
            errors[n] = abs(attribution[n].sum(dtype=np.float64) - rise.item())
    return (attribution, errors) if return_error else attribution


@dataclass(frozen=True)
class Points:
    """What is known at some points α of the way: the score, its slope dS/dα, and its gradient."""

    alphas: Array
    scores: Array
    slopes: Array
    gradients: Array

    def followed_by(self, other: Points) -> Points:
        return Points(*(np.concatenate([vars(self)[name], vars(other)[name]]) for name in vars(self)))

    def last(self) -> Points:
        return Points(*(values[-1:] for values in vars(self).values()))


def _along(model: Any, image: Array, base: Array, alphas: Array, target: Target) -> Points:
    points = base + alphas[:, None, None, None].astype(image.dtype) * (image - base)
    logits, pullback = model.forward(points, cnn.Pass(until=last_before_softmax(model)))
    gradients, _ = pullback(upstream(logits, target), wants="input")
    slopes = np.tensordot(gradients, image - base, axes=3)
    return Points(alphas, score(logits, target).astype(np.float64), slopes.astype(np.float64), gradients)


def _shares(points: Points) -> Array:
    """How much each point's gradient counts in the integral from the first point to the last."""
    length = np.diff(points.alphas)
    begin, end = points.slopes[:-1], points.slopes[1:]
    bend = begin - end
    mean = np.diff(points.scores) / length  # w · begin + (1 − w) · end is to be this
    w = np.divide(mean - end, bend, out=np.full_like(mean, 0.5), where=np.abs(bend) > 1e-12)
    w = np.clip(w, 0, 1)  # beyond, the piece holds several jumps
    shares = np.zeros(len(points.alphas))
    shares[:-1] += w * length
    shares[1:] += (1 - w) * length
    return shares


def _quadrature(method: str, steps: int) -> tuple[Array, Array | None]:
    """Points in [0, 1], and their weights, which sum to 1; for "piecewise" these follow from what is found there."""
    if method == "piecewise":
        alphas = np.linspace(0, 1, steps + 1)
        alphas[0] = 1e-6  # not on the baseline itself: at zero a ReLU without bias jumps
        return alphas, None
    if method == "gauss-legendre":
        points, weights = np.polynomial.legendre.leggauss(steps)
        return (points + 1) / 2, weights / 2
    if method == "riemann":
        return (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)
    raise ValueError(f"integrated_gradients: expected method gauss-legendre, riemann or piecewise, got {method!r}")
