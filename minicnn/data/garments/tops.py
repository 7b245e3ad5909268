"""T-shirt, pullover, coat and shirt, which share one cut of body and sleeves; and the dress.

The four are told apart by details that overlap on purpose: sleeve length, hem, neck, what runs down the front. A plain
dark shirt with a faint placket looks like a plain dark pullover.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicnn.data.garments.canvas import Canvas
from minicnn.data.garments.dice import Dice, Floats, Mask, Number
from minicnn.data.garments.fabric import wave
from minicnn.data.garments.fields import below, box, convex, ellipse, ramp, segment

NECK = -0.78  # the height where collar and shoulders meet


@dataclass
class Cut:
    """Proportions: half-widths from the middle, how steeply the shoulders slope, the height of the lower edge."""

    neck: Floats
    slope: Floats
    shoulder: Floats
    chest: Floats
    waist: Floats
    hip: Floats
    hem: Floats

    @classmethod
    def random(cls, dice: Dice, hem: tuple[float, float]) -> Cut:
        """A cut whose lower edge lies in the range `hem`."""
        chest = dice.uniform(0.36, 0.46)
        return cls(
            neck=dice.uniform(0.14, 0.21),
            slope=dice.uniform(0.3, 0.6),
            shoulder=chest + dice.uniform(-0.02, 0.05),
            chest=chest,
            waist=chest * dice.uniform(0.86, 1.02),
            hip=chest * dice.uniform(0.92, 1.12),
            hem=dice.uniform(*hem),
        )


def torso(canvas: Canvas, cut: Cut) -> Floats:
    """|x| below a half-width that runs from shoulder over chest and waist to the hem, under sloping shoulders."""
    x, y = np.abs(canvas.x), canvas.y
    sides = below(y, x, (-0.6, cut.shoulder), (-0.3, cut.chest), (0.15, cut.waist), (cut.hem, cut.hip))
    shoulders = (NECK + cut.slope * (x - cut.neck) - y) / np.sqrt(1.0 + np.square(cut.slope))
    return np.maximum(np.maximum(sides, shoulders), np.maximum(y - cut.hem, NECK - y))


def sleeves(
    canvas: Canvas, dice: Dice, cut: Cut, length: Number, spread: tuple[float, float], cuff: Number | Mask = 0.0
) -> None:
    """Two tapered tubes from the shoulders, each at its own angle; `spread` is sideways per downward.

    In a sleeve's own axes, s along and t across, it is |t| < ½ width(s), cut straight at s = length.
    """
    slope = np.where(canvas.x < 0.0, dice.uniform(*spread), dice.uniform(*spread))
    down = 1.0 / np.sqrt(1.0 + slope * slope)
    out = slope * down
    width = dice.uniform(0.25, 0.32)
    wrist = width * dice.uniform(0.6, 0.8)
    x, y = np.abs(canvas.x) - (cut.shoulder - 0.4 * width), canvas.y + 0.53
    s, t = x * out + y * down, x * down - y * out
    half = 0.5 * (width + (wrist - width) * ramp(s, 0.0, 1.0))
    arm = np.maximum(np.maximum(np.abs(t) - half, s - length), -s - half)
    canvas.drape(arm)
    canvas.paint(np.maximum(arm, length - 0.12 - s), canvas.trim, cuff)


def scoop(canvas: Canvas, dice: Dice, cut: Cut, depth: tuple[float, float], band: Number) -> None:
    """A round neck: cut away in front, where one sees the lining of the back, with a band around it."""
    y = canvas.y - NECK
    front = dice.uniform(*depth)
    hole, above = ellipse(canvas.x, y, cut.neck, front), -0.03 - y
    canvas.paint(np.maximum(hole - 0.06, above), canvas.trim, band)
    canvas.paint(np.maximum(hole, above), canvas.lining)
    canvas.paint(ellipse(canvas.x, y + 0.03, cut.neck, 0.5 * front), canvas.backdrop)


def buttons(canvas: Canvas, x: Floats, top: Number, bottom: Number, spacing: Number, opacity: Number | Mask) -> None:
    """A column of round buttons at x = 0, one every `spacing`."""
    rows = (canvas.y - top) / spacing
    nearest = (rows - np.floor(rows) - 0.5) * spacing
    ends = np.maximum(top - canvas.y, canvas.y - bottom)
    canvas.paint(np.maximum(ellipse(x, nearest, 0.035, 0.035), ends), canvas.trim, opacity)


def t_shirt(dice: Dice) -> Canvas:
    """Short sleeves and an open neck, now and then a print on the chest."""
    canvas = Canvas(dice, plain=4, stripes=2, dots=1, knit=0.5)
    cut = Cut.random(dice, hem=(0.55, 0.85))
    length = dice.either(0.12, 1.0, dice.uniform(0.25, 0.5))
    sleeves(canvas, dice, cut, length, spread=(0.4, 1.2), cuff=dice.chance(0.2))
    canvas.drape(torso(canvas, cut))
    scoop(canvas, dice, cut, depth=(0.12, 0.32), band=dice.uniform(0.0, 0.7))
    x, y = canvas.x, canvas.y + dice.uniform(0.05, 0.2)
    size = dice.uniform(0.12, 0.22)
    shape = dice.either(0.5, ellipse(x, y, size, size), box(x, y, 1.3 * size, 0.6 * size, 0.05))
    canvas.paint(shape, canvas.trim, dice.chance(0.4))
    return canvas


def pullover(dice: Dice) -> Canvas:
    """Long sleeves, ribs at cuffs and hem, the neck narrow or rolled."""
    canvas = Canvas(dice, plain=3, stripes=2, knit=4, twill=0.5)
    cut = Cut.random(dice, hem=(0.55, 0.85))
    ribbed = dice.uniform(0.3, 1.0)
    sleeves(canvas, dice, cut, dice.uniform(0.95, 1.25), spread=(0.12, 0.5), cuff=ribbed)
    body = torso(canvas, cut)
    canvas.drape(body)
    ribs = 0.6 + 0.4 * wave(canvas.x / 0.22)
    canvas.paint(np.maximum(body, cut.hem - 0.14 - canvas.y), canvas.trim, ribbed * ribs)
    scoop(canvas, dice, cut, depth=(0.04, 0.16), band=dice.uniform(0.2, 0.8))
    roll, rolled = box(canvas.x, canvas.y - NECK, cut.neck + 0.02, 0.14, 0.04), dice.either(0.4, 1.0, 0.0)
    canvas.paint(roll, canvas.cloth, rolled)
    canvas.paint(np.abs(roll) - 0.02, canvas.lining, 0.5 * rolled)
    return canvas


def coat(dice: Dice) -> Canvas:
    """Long sleeves and a long hem; lapels, an open front, pockets, sometimes two rows of buttons or a belt."""
    canvas = Canvas(dice, plain=4, twill=2, checks=1, knit=0.5)
    cut = Cut.random(dice, hem=(0.75, 1.0))
    sleeves(canvas, dice, cut, dice.uniform(1.0, 1.3), spread=(0.1, 0.4))
    body = torso(canvas, cut)
    canvas.drape(body)
    x, y = np.abs(canvas.x), canvas.y
    closing = dice.uniform(-0.45, 0.0)  # the height where the lapels meet
    canvas.paint(convex(canvas.x, y, (-cut.neck, NECK), (cut.neck, NECK), (0.0, closing)), canvas.lining)
    lapel = convex(x, y, (0.7 * cut.neck, NECK - 0.04), (cut.neck + 0.06, NECK), (0.24, -0.55), (0.02, closing + 0.04))
    canvas.paint(lapel, canvas.trim, dice.uniform(0.6, 1.0))
    parting = np.maximum(np.abs(canvas.x) - dice.uniform(0.03, 0.07), np.maximum(closing - y, y - cut.hem))
    canvas.paint(parting, 0.6 * canvas.lining)
    pocket = dice.uniform(0.2, 0.45)
    canvas.paint(segment(x, y, 0.17, pocket, 0.3, pocket - 0.04, 0.06), canvas.trim, dice.chance(0.6))
    buttons(canvas, x - 0.12, closing, cut.hem - 0.2, 0.24, dice.chance(0.3))
    waist = dice.uniform(0.0, 0.12)
    canvas.paint(np.maximum(body, np.abs(y - waist) - 0.05), canvas.trim, dice.chance(0.2))
    return canvas


def shirt(dice: Dice) -> Canvas:
    """A collar of two leaves, a buttoned placket, sometimes a chest pocket; a hem rounded at the sides."""
    canvas = Canvas(dice, plain=3, pinstripes=3, checks=3, dots=0.5, stripes=0.5)
    cut = Cut.random(dice, hem=(0.58, 0.85))
    length = dice.either(0.25, dice.uniform(0.3, 0.5), dice.uniform(0.95, 1.25))
    sleeves(canvas, dice, cut, length, spread=(0.12, 0.6), cuff=dice.uniform(0.0, 0.5))
    x, y = np.abs(canvas.x), canvas.y
    body = np.maximum(torso(canvas, cut), y - cut.hem + dice.uniform(0.5, 1.5) * np.square(x))
    canvas.drape(body)
    clarity = dice.either(0.25, 0.15, dice.uniform(0.8, 1.0))  # in one of four the front is barely visible
    button = NECK + dice.uniform(0.1, 0.25)  # the height of the topmost one
    canvas.paint(np.maximum(np.abs(canvas.x - 0.03) - 0.045, np.maximum(button - y, body)), canvas.trim, clarity)
    buttons(canvas, canvas.x + 0.03, button, cut.hem - 0.05, dice.uniform(0.18, 0.28), clarity)
    canvas.paint(convex(canvas.x, y, (-cut.neck, NECK), (cut.neck, NECK), (0.0, button)), canvas.lining)
    edge, point = (cut.neck + 0.06, NECK + 0.02), (0.17, NECK + 0.3)
    leaf = convex(x, y, (0.0, button - 0.03), (cut.neck - 0.03, NECK - 0.07), edge, point)
    canvas.drape(leaf, canvas.cloth + clarity * (canvas.trim - canvas.cloth))
    canvas.paint(box(canvas.x - 0.2, y + 0.25, 0.09, 0.1, 0.02), canvas.trim, clarity * dice.chance(0.4))
    return canvas


def dress(dice: Dice) -> Canvas:
    """Narrow at the waist, flared below it, long; on straps or with short sleeves."""
    canvas = Canvas(dice, plain=3, stripes=1, pinstripes=1, checks=1, dots=2)
    cut = Cut.random(dice, hem=(0.8, 1.0))
    cut.shoulder = cut.chest * dice.uniform(0.65, 0.8)
    strapped = dice.either(0.5, 1.0, 0.0)
    x, y = np.abs(canvas.x), canvas.y
    sleeves(canvas, dice, cut, np.where(strapped, -1.0, dice.uniform(0.0, 0.45)), spread=(0.4, 1.0))
    canvas.paint(segment(x, y, cut.shoulder - 0.1, -0.5, cut.neck, NECK - 0.05, 0.08), canvas.cloth, strapped)
    waist, flare = dice.uniform(-0.25, 0.1), dice.uniform(0.28, 0.65)
    knots = (NECK, cut.neck + 0.06), (-0.6, cut.shoulder), (-0.4, cut.shoulder), (waist, 0.8 * cut.shoulder)
    top = NECK + 0.26 * strapped
    body = np.maximum(below(y, x, *knots, (cut.hem, flare)), np.maximum(y - cut.hem, top - y))
    canvas.drape(body)
    pleats = wave(canvas.x / (0.1 + 0.2 * ramp(y, waist, cut.hem)))
    canvas.paint(np.maximum(body, waist - y), canvas.lining, (0.25 + 0.25 * pleats) * dice.chance(0.5))
    canvas.paint(ellipse(x, y - top, cut.neck, dice.uniform(0.08, 0.3)), canvas.backdrop)
    canvas.paint(np.maximum(body, np.abs(y - waist) - 0.05), canvas.trim, dice.chance(0.5))
    return canvas
