"""Gradient × input: how much each pixel would contribute to the score if the model were linear."""

from __future__ import annotations

from typing import Any

from .passes import input_gradient
from .target import Array, Target


def gradient_times_input(model: Any, x: Array, target: Target = None, *, batch_size: int = 32) -> Array:
    """Every pixel's value times the gradient of the score there.

        map = x · ∂S_target / ∂x

    For a linear model without bias the map sums to the score. Arguments and errors are those of `saliency`; the map
    has x's shape and both signs.

    Source: Shrikumar et al. (2017), Learning important features through propagating activation differences, section 2.
    """
    return x * input_gradient(model, x, target, batch_size=batch_size)
