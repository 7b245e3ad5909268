"""Sneaker, ankle boot and sandal, seen from the side with the toe to the left; the canvas mirrors half of them.

x runs along the shoe; h runs *up*, from the ground, or from where the foot rests.
"""

from __future__ import annotations

import numpy as np

from minicnn.data.garments.canvas import Canvas
from minicnn.data.garments.dice import Dice, Floats, Number
from minicnn.data.garments.fields import below, box, convex, ellipse, ramp, segment


def arch(x: Floats, lift: Number) -> Floats:
    """How far the foot is off the ground: a smooth step from 0 under the ball to `lift` under the heel."""
    s = ramp(x, -0.45, 0.45)
    return lift * s * s * (3.0 - 2.0 * s)


def sneaker(dice: Dice) -> Canvas:
    """A low upper on a thick sole; laces up the instep, toe cap and heel counter, a mark on the side."""
    canvas = Canvas(dice, mirrored=True, plain=4, knit=1, twill=1)
    x, h = canvas.x - 0.08, 0.45 - canvas.y
    tongue, collar = dice.uniform(0.68, 0.9), dice.uniform(0.5, 0.65)
    heel = collar + dice.uniform(0.0, 0.2)
    vamp = (-0.98, -0.2), (-0.72, 0.34), (-0.5, 0.36), (0.06, tongue)
    upper = np.maximum(below(x, h, *vamp, (0.36, collar), (0.62, heel), (0.8, -0.2)), -h)
    canvas.drape(upper)
    canvas.paint(np.maximum(upper, ellipse(x + 0.85, h, 0.3, 0.5)), canvas.trim, dice.either(0.4, 0.6, 0.0))
    canvas.paint(np.maximum(upper, 0.55 - x), canvas.trim, dice.either(0.4, 0.6, 0.0))
    for k in (0.1, 0.37, 0.63, 0.9):
        lace_x, lace_h = 0.42 * (k - 1.0), 0.4 + k * (tongue - 0.46)
        canvas.paint(segment(x, h, lace_x, lace_h, lace_x + 0.16, lace_h - 0.06, 0.06), canvas.trim)
    bars = np.minimum(segment(x, h, -0.1, 0.2, 0.12, 0.42, 0.09), segment(x, h, 0.08, 0.2, 0.3, 0.42, 0.09))
    crescent = np.maximum(ellipse(x - 0.15, h - 0.5, 0.4, 0.25), -ellipse(x - 0.2, h - 0.6, 0.45, 0.28))
    mark = dice.either(0.5, bars, crescent)
    canvas.paint(np.maximum(mark, upper), canvas.trim, dice.chance(0.7))
    half = dice.uniform(0.06, 0.11)
    canvas.paint(box(x + 0.08, h - half, 0.9, half, 0.06), dice.either(0.7, 0.9, 0.2))
    return canvas


def ankle_boot(dice: Dice) -> Canvas:
    """A foot and a shaft above the ankle, on a heel; with an elastic gusset, a zip, or a turned-down top."""
    canvas = Canvas(dice, mirrored=True, plain=4, twill=1)
    x, ground = canvas.x - 0.1, 0.7 - canvas.y
    lift = dice.uniform(0.05, 0.35)
    h = ground - arch(x, lift)
    height, lean = dice.uniform(0.85, 1.2), dice.uniform(-0.15, 0.15)
    foot = below(x, h, (-0.95, -0.2), (-0.7, 0.32), (-0.45, 0.36), (0.1, 0.62), (0.6, 0.55), (0.68, -0.2))
    shaft = below(h, np.abs(x - 0.3), (0.2, 0.34), (0.55, 0.28), (height, 0.33))
    shaft = np.maximum(shaft, np.maximum(h - height - lean * x, 0.2 - h))
    boot = np.maximum(np.minimum(foot, shaft), 0.05 - h)
    front = 0.62 - dice.uniform(0.15, 0.35)
    canvas.paint(convex(x, ground, (0.2, lift), (front, 0.0), (0.6, 0.0), (0.66, lift)), canvas.lining)
    canvas.drape(boot)
    canvas.paint(np.maximum(np.abs(h - 0.04) - 0.05, np.abs(x + 0.13) - 0.8), canvas.lining)
    closure = dice.pick((3, 2, 2, 1))
    gusset = convex(x, h, (0.42, 0.5), (0.5, height), (0.2, height), (0.26, 0.5))
    canvas.paint(np.maximum(gusset, boot), canvas.trim, closure == 0)
    canvas.paint(segment(x, h, 0.36, 0.2, 0.36, height - 0.05, 0.06), canvas.trim, closure == 1)
    canvas.paint(np.maximum(boot, height - 0.16 - h), canvas.trim, closure == 2)
    return canvas


def sandal(dice: Dice) -> Canvas:
    """A thin sole, flat, wedged or on a heel; straps, and air between them."""
    canvas = Canvas(dice, mirrored=True, plain=1)
    x, ground = canvas.x - 0.08, 0.5 - canvas.y
    lift = dice.either(0.5, dice.uniform(0.05, 0.12), dice.uniform(0.2, 0.5))
    h = ground - arch(x, lift)
    width = dice.uniform(0.08, 0.15)
    for position, probability in ((-0.5, 1.0), (-0.2, 0.4), (-0.62, 0.5)):
        loop = np.abs(ellipse(x - position, h - 0.05, 0.2, dice.uniform(0.25, 0.36))) - 0.5 * width
        canvas.drape(np.maximum(loop, 0.05 - h), opacity=dice.chance(probability))
    ankle = dice.uniform(0.4, 0.6)
    canvas.drape(np.abs(ellipse(x - 0.46, h - ankle, 0.22, 0.12)) - 0.5 * width)
    canvas.drape(segment(x, h, 0.64, 0.05, 0.66, ankle, width))
    canvas.drape(segment(x, h, -0.42, 0.32, 0.32, ankle, width), opacity=dice.chance(0.5))
    wedge = np.maximum(np.maximum(np.abs(x - 0.25) - 0.45, -ground), h)
    tip = 0.6 - dice.uniform(0.0, 0.15)
    heel = convex(x, ground, (0.45, lift), (tip, 0.0), (0.68, 0.0), (0.72, lift))
    leather = canvas.cloth * dice.uniform(0.5, 1.0)
    canvas.paint(dice.either(0.3, wedge, heel), leather)
    half = dice.uniform(0.05, 0.08)
    canvas.paint(np.maximum(np.abs(h - half) - half, np.abs(x + 0.1) - 0.82), leather)
    return canvas
