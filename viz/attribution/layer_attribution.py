"""Layer attribution: the contribution of each unit of a hidden layer to the score."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.display import tqdm

from .inputs import baselines_for, batches
from .passes import layer_gradients, logits_of
from .target import Array, Target, check_target, one_for_each

METHODS = ("gradient", "gradient_times_activation", "conductance")


def layer_attribution(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    layer: str,
    method: str = "gradient_times_activation",
    baseline: Array | float = 0.0,
    steps: int = 50,
    batch_size: int = 32,
    progress: bool = False,
) -> Array:
    """Divide the score among a layer's units A, as other methods divide it among pixels.

        "gradient"                      ∂S_target / ∂A
        "gradient_times_activation"     A · ∂S_target / ∂A
        "conductance"                   ∫₀¹ ∂S_target / ∂A · dA/dα dα    along x′ + α·(x − x′)

    Over any layer that all evidence passes through, conductances sum to S(x) − S(x′), as integrated gradients do over
    the pixels and with a similar error. The integral is a sum over `steps` pieces of the path: the change of A in each
    piece, times the mean of the gradients at its two ends.

    Args:
        model, x, target: those of `saliency`; the predicted class is that of x, along the whole path.
        layer: the path of the layer.
        method: one of the above.
        baseline, steps: of the path, for "conductance".
        batch_size: images, or points of the path, in memory at once.
        progress: whether to show a bar.

    Returns:
        an array of the shape of the layer's output, with both signs. Sum over a map for its channel's share.

    Raises:
        ValueError: the method or the layer is unknown, or the baseline does not fit the images.

    Source: Shrikumar et al. (2017), Learning important features through propagating activation differences, section 2;
    Dhamdhere, Sundararajan & Yan (2019), How important is a neuron?, equation 3.
    """
    target = check_target(model, x, target)
    if method not in METHODS:
        raise ValueError(f"layer_attribution: expected method to be one of {', '.join(METHODS)}, got {method!r}")
    if steps < 1:
        raise ValueError(f"layer_attribution: expected at least 1 step, got {steps}")
    if method == "conductance":
        return _conductance(model, x, target, layer, baselines_for(x, baseline), steps, batch_size, progress)
    activations, gradients = layer_gradients(model, x, target, layer, batch_size=batch_size)
    return gradients[layer] if method == "gradient" else activations[layer] * gradients[layer]


def _conductance(
    model: Any, x: Array, target: Target, layer: str, baselines: Array, steps: int, batch_size: int, progress: bool
) -> Array:
    target = logits_of(model, x, batch_size).argmax(axis=1) if target is None else target
    alphas = np.linspace(0, 1, steps + 1, dtype=x.dtype)
    found = []
    with tqdm(total=len(x) * len(alphas), desc="conductance", unit="point", disable=not progress) as bar:
        for n, (image, base) in enumerate(zip(x, baselines, strict=True)):
            mine = one_for_each(target, slice(n, n + 1))
            total: Any = 0.0
            before: tuple[Array, Array] | None = None  # A and its gradient at the end of the batch before
            for part in batches(alphas, batch_size):
                points = base + alphas[part, None, None, None] * (image - base)
                A, dA = (by[layer] for by in layer_gradients(model, points, mine, layer, batch_size=batch_size))
                if before is not None:
                    A, dA = np.concatenate([before[0], A]), np.concatenate([before[1], dA])
                total = total + (np.diff(A, axis=0) * (dA[1:] + dA[:-1]) / 2).sum(axis=0, dtype=np.float64)
                before = A[-1:], dA[-1:]
                bar.update(len(points))
            found.append(total)
    return np.stack(found).astype(x.dtype)
