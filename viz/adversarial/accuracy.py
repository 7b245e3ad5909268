"""How easily a network is fooled: its accuracy on attacked images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..attribution.inputs import Array
from ..attribution.passes import logits_of
from ..attribution.target import Labels
from .fgsm import fgsm
from .pgd import class_numbers


def accuracy_under_attack(
    model: Any,
    x: Array,
    labels: Labels,
    epsilons: Sequence[float],
    attack: Callable[..., Array] = fgsm,
    *,
    unit: Array | float = 1.0,
    **options: Any,
) -> Array:
    """The share of images that are still classified correctly, for each ε.

    Args:
        model, x, labels: those of `fgsm`.
        epsilons: the sizes of the attack, 0 for none.
        attack: `fgsm`, `pgd`, or a function that is called like them.
        unit: the unit of the sizes; for the scale from black to white `high - low` of `pixel_bounds(model)`.
        options: passed on to the attack.

    Returns:
        an array with one share for each ε, (K,).

    Raises:
        ValueError: labels do not fit, or what the attack raises.
    """
    labels = class_numbers(model, x, labels)
    accuracies = []
    for epsilon in epsilons:
        changed = attack(model, x, labels, epsilon * unit, **options) if epsilon else x
        accuracies.append((logits_of(model, changed, 256).argmax(axis=1) == labels).mean())
    return np.array(accuracies)
