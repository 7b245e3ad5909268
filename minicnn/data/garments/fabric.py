"""Fabrics: patterns in [−1, 1] over a garment's own coordinates, which modulate its tone."""

from __future__ import annotations

import numpy as np

from minicnn.data.garments.dice import Dice, Floats


def wave(t: Floats) -> Floats:
    """A triangle wave of period 1: 4 |t − ⌊t⌋ − ½| − 1, which is 1 at whole t and −1 halfway between."""
    return 4.0 * np.abs(t - np.floor(t) - 0.5) - 1.0


def band(t: Floats) -> Floats:
    """The wave with its crests cut flat: light and dark stripes with soft borders."""
    return np.clip(2.0 * wave(t), -1.0, 1.0)


def plain(x: Floats, y: Floats) -> Floats:
    """No pattern."""
    return np.zeros_like(x)


def stripes(x: Floats, y: Floats) -> Floats:
    """Broad bands around the body."""
    return band(y)


def pinstripes(x: Floats, y: Floats) -> Floats:
    """Narrow lines down the body."""
    return wave(1.4 * x)


def checks(x: Floats, y: Floats) -> Floats:
    """Bands both ways, darkest where they cross."""
    return 0.5 * (band(x) + band(y))


def knit(x: Floats, y: Floats) -> Floats:
    """Rows of chevrons, like stocking stitch."""
    return 0.6 * wave(1.2 * y + 0.4 * wave(x))


def twill(x: Floats, y: Floats) -> Floats:
    """Diagonal ribs."""
    return wave(x + 1.3 * y)


def dots(x: Floats, y: Floats) -> Floats:
    """Spots on a square grid."""
    return np.clip(3.0 * (wave(x) + wave(y)) - 2.0, -1.0, 1.0)


FABRICS = {f.__name__: f for f in (plain, stripes, pinstripes, checks, knit, twill, dots)}


def weave(dice: Dice, x: Floats, y: Floats, weights: dict[str, float]) -> Floats:
    """A fabric for each image, chosen by `weights` from the functions above, with a random period."""
    picked = dice.pick(weights.values())[:, 0, 0]
    period = dice.uniform(0.25, 0.5)
    x, y = x / period, y / period
    value = np.empty_like(x)
    for i, name in enumerate(weights):
        value[picked == i] = FABRICS[name](x[picked == i], y[picked == i])
    return value
