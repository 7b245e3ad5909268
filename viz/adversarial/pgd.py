"""Projected gradient descent: many small steps that raise the loss, never farther than ε from the image."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.display import tqdm

from ..attribution.inputs import batches, noise_for
from ..attribution.passes import last_before_softmax, logits_of
from ..attribution.target import Array, Labels, check_classes, check_target, number_of_classes

NORMS = ("linf", "l2")


def pgd(
    model: Any,
    x: Array,
    labels: Labels,
    epsilon: Array | float,
    *,
    norm: str = "linf",
    steps: int = 10,
    step_size: Array | float | None = None,
    targeted: bool = False,
    bounds: tuple[Array | float, Array | float] | None = None,
    random_start: bool = True,
    seed: int = 0,
    batch_size: int = 64,
    progress: bool = False,
) -> Array:
    """Many small steps that raise the loss, each followed by a projection onto the allowed images.

        x' ← Π(x' + step_size · direction(∂ loss / ∂x')),    Π: within ε of x, and within the bounds

    The direction is the gradient's sign where ε bounds every pixel ("linf"), and the gradient divided by its length
    where ε bounds the length of the whole change ("l2").

    Args:
        model, x, labels, epsilon, targeted, bounds, batch_size, progress: those of `fgsm`.
        norm: "linf", or "l2", for which ε is one number.
        steps: how many.
        step_size: how far each goes; by default 2.5 · ε / steps, enough to reach the border of the ε-ball and move
            along it.
        random_start: start at a random point within ε, displaced in the same direction for every image.
        seed: of that direction.

    Returns:
        changed images, of x's shape, never farther than ε from x.

    Raises:
        ValueError: an option is out of range, or labels or bounds do not fit.

    Source: Madry et al. (2018), Towards deep learning models resistant to adversarial attacks, section 2.1.
    """
    if np.any(np.asarray(epsilon) < 0) or steps < 1:
        raise ValueError(f"pgd: expected epsilon ≥ 0 and at least 1 step, got {epsilon} and {steps}")
    if norm not in NORMS or (norm == "l2" and np.ndim(epsilon)):
        raise ValueError(f"pgd: expected norm to be one of {', '.join(NORMS)}, and one ε for l2, got {norm!r}")
    labels = class_numbers(model, x, labels)
    low, high = _bounds(x, bounds)
    size = np.asarray(epsilon, x.dtype)
    step = 2.5 * size / steps if step_size is None else np.asarray(step_size, x.dtype)
    rng = np.random.default_rng(seed)
    start = x
    if random_start:
        start = _allowed(x + size * noise_for(x, lambda shape: rng.uniform(-1, 1, shape)), x, size, norm, low, high)
    changed = np.empty_like(x)
    with tqdm(total=steps * len(x), desc="attack", unit="step", disable=not progress) as bar:
        for part in batches(x, batch_size):
            here = start[part]
            for _ in range(steps):
                uphill = _loss_gradient(model, here, labels[part])
                direction = np.sign(uphill) if norm == "linf" else uphill / np.maximum(_length(uphill), 1e-12)
                moved = here + (-step if targeted else step) * direction
                here = _allowed(moved, x[part], size, norm, low[part], high[part])
                bar.update(len(here))
            changed[part] = here
    return changed


def class_numbers(model: Any, x: Array, labels: Labels) -> Array:
    """The class of each image as a number, (N,)."""
    target = check_target(model, x, labels)
    return check_classes(target, len(x), number_of_classes(logits_of(model, x[:1])))


def _bounds(x: Array, bounds: tuple[Array | float, Array | float] | None) -> tuple[Array, Array]:
    """The least and the largest value of every pixel, both of x's shape."""
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    try:
        return np.broadcast_to(np.asarray(low, x.dtype), x.shape), np.broadcast_to(np.asarray(high, x.dtype), x.shape)
    except ValueError as error:
        got = f"{np.shape(low)} and {np.shape(high)}"
        raise ValueError(f"pgd: expected bounds that are numbers or broadcast to x {x.shape}, got {got}") from error


def _loss_gradient(model: Any, x: Array, labels: Array) -> Array:
    logits, pullback = model.forward(x, cnn.Pass(until=last_before_softmax(model)))
    _, loss_pullback = cnn.ops.cross_entropy(logits, labels, reduction="sum")  # each image's own gradient
    gradient, _ = pullback(loss_pullback(1.0)[0], wants="input")
    return np.asarray(gradient)


def _allowed(moved: Array, x: Array, size: Array, norm: str, low: Array, high: Array) -> Array:
    """The nearest point within ε of x, then within the bounds (which never moves it farther from x)."""
    if norm == "linf":
        moved = np.clip(moved, x - size, x + size)
    else:
        change = moved - x
        moved = x + change * np.minimum(1, size / np.maximum(_length(change), 1e-12)).astype(x.dtype)
    return np.clip(moved, low, high)


def _length(change: Array) -> Array:
    return np.sqrt((change * change).sum(axis=(1, 2, 3), keepdims=True))
