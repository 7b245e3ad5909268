"""Trousers and bags, which share no parts with the other classes."""

from __future__ import annotations

import numpy as np

from minicnn.data.garments.canvas import Canvas
from minicnn.data.garments.dice import Dice
from minicnn.data.garments.fields import below, box, ellipse, segment


def trouser(dice: Dice) -> Canvas:
    """Two legs from one waistband; a fly, slanted pockets, turned-up hems. One pair in eight is short."""
    canvas = Canvas(dice, plain=4, pinstripes=1, checks=1, twill=1)
    x, y = np.abs(canvas.x), canvas.y
    top, crotch = -0.9, dice.uniform(-0.42, -0.2)
    hem = dice.either(0.12, dice.uniform(0.0, 0.3), dice.uniform(0.7, 1.0))
    hip, apart, leg = dice.uniform(0.28, 0.4), dice.uniform(0.02, 0.2), dice.uniform(0.16, 0.34)
    outside = below(y, x, (top, 0.85 * hip), (crotch, hip), (1.0, apart + leg))
    gap = np.maximum(below(y, x, (crotch, 0.0), (0.9, apart)), crotch - y)
    cloth = np.maximum(np.maximum(outside, -gap), np.maximum(top - y, y - hem))
    canvas.drape(cloth)
    canvas.paint(np.maximum(cloth, y - top - 0.1), canvas.trim, dice.uniform(0.3, 1.0))
    canvas.paint(segment(canvas.x, y, 0.0, top, 0.0, crotch + 0.05, 0.05), canvas.lining, 0.8)
    canvas.paint(np.maximum(segment(x, y, 0.14, top + 0.1, hip, top + 0.3, 0.05), cloth), canvas.trim, dice.chance(0.5))
    canvas.paint(np.maximum(cloth, hem - 0.1 - y), canvas.trim, dice.chance(0.25))
    return canvas


def bag(dice: Dice) -> Canvas:
    """A body with rounded corners, wider below; most have a handle, many a flap with a clasp, some a pocket."""
    canvas = Canvas(dice, plain=4, stripes=1, pinstripes=1, checks=1, knit=1, twill=1, dots=1)
    x, y = np.abs(canvas.x), canvas.y
    top, bottom = dice.uniform(-0.4, 0.05), dice.uniform(0.5, 0.8)
    lower = dice.uniform(0.55, 0.9)
    upper = lower * dice.uniform(0.7, 1.0)
    handle = np.abs(ellipse(x, y - top, upper * dice.uniform(0.4, 0.95), dice.uniform(0.2, 0.6)))
    canvas.paint(np.maximum(handle - dice.uniform(0.03, 0.06), y - top), canvas.trim, dice.chance(0.85))
    middle, half = 0.5 * (top + bottom), 0.5 * (bottom - top)
    corners = box(x, y - middle, lower, half, dice.uniform(0.02, 0.3))
    body = np.maximum(below(y, x, (top, upper), (bottom, lower + 0.02)), corners)
    canvas.drape(body)
    edge, flapped = top + dice.uniform(0.25, 0.55) - 0.3 * np.square(x), dice.chance(0.6)
    canvas.paint(np.maximum(body, y - edge), 0.85 * canvas.cloth, flapped)
    canvas.paint(np.maximum(body, np.abs(y - edge) - 0.03), canvas.trim, flapped)
    canvas.paint(box(x, y - edge, 0.08, 0.08), canvas.trim, dice.chance(0.6))
    pocket = np.abs(box(x, y - 0.35, 0.3, 0.15, 0.05)) - 0.02
    canvas.paint(np.maximum(body, pocket), canvas.trim, dice.chance(0.3) & ~flapped)
    return canvas
