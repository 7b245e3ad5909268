"""Shapes as signed distance fields: functions of the plane, negative inside, zero on the outline, positive outside.

A shape is an array, so shapes combine by arithmetic (Quilez, "2D distance functions"):

    a ∪ b = min(a, b)      a ∩ b = max(a, b)      a \\ b = max(a, −b)      outline of a = |a| − w/2

Coordinates are x to the right and y *down*, as pixels run. Every argument may be an array with one value for each
image, or each pixel.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np

from minicnn.data.garments.dice import Floats, Number


def ramp(t: Number, start: Number, end: Number) -> Floats:
    """0 before `start`, 1 after `end`, straight between."""
    return np.clip((t - start) / (end - start), 0.0, 1.0)


def ellipse(x: Floats, y: Floats, a: Number, b: Number) -> Floats:
    """(√((x/a)² + (y/b)²) − 1) · min(a, b): exact for a circle, and right to first order near a circle."""
    return (np.sqrt(np.square(x / a) + np.square(y / b)) - 1.0) * np.minimum(a, b, dtype=np.float32)


def box(x: Floats, y: Floats, a: Number, b: Number, radius: Number = 0.0) -> Floats:
    """A rectangle of half-sides a and b with rounded corners: q = |p| − (a, b) + r, |max(q, 0)| + min(max q, 0) − r."""
    qx, qy = np.abs(x) - a + radius, np.abs(y) - b + radius
    outside = np.sqrt(np.square(np.maximum(qx, 0.0)) + np.square(np.maximum(qy, 0.0)))
    return outside + np.minimum(np.maximum(qx, qy), 0.0) - radius


def segment(x: Floats, y: Floats, x0: Number, y0: Number, x1: Number, y1: Number, width: Number) -> Floats:
    """A stroke from p₀ to p₁ with round ends: |p − p₀ − h (p₁ − p₀)| − w/2, h the projection clipped to [0, 1]."""
    dx, dy = x1 - x0, y1 - y0
    px, py = x - x0, y - y0
    h = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0.0, 1.0)
    return np.sqrt(np.square(px - h * dx) + np.square(py - h * dy)) - width * 0.5


def convex(x: Floats, y: Floats, *corners: tuple[Number, Number]) -> Floats:
    """A convex polygon: maxᵢ nᵢ · (p − pᵢ), nᵢ the normal of side i, outward if corners run from x toward y.

    That is clockwise on a screen, where y runs down, and counterclockwise where y runs up.
    """
    sides = []
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        dx, dy = x1 - x0, y1 - y0
        sides.append(((x - x0) * dy - (y - y0) * dx) / np.sqrt(dx * dx + dy * dy, dtype=np.float32))
    return functools.reduce(np.maximum, sides)


def below(t: Floats, value: Floats, *knots: tuple[Number, Number]) -> Floats:
    """The region below a graph: value < f(t), where f runs through the knots (t₀, f₀), (t₁, f₁), …

    The distance to a graph is, to first order, (value − f(t)) / √(1 + f′(t)²). Between knots f is a smooth step,
    f₀ + (f₁ − f₀) s² (3 − 2s); beyond the ends it is constant.
    """
    f: Number = knots[0][1]
    slope: Number = 0.0
    for (t0, f0), (t1, f1) in itertools.pairwise(knots):
        s = ramp(t, t0, t1)
        f = f + (f1 - f0) * s * s * (3.0 - 2.0 * s)
        slope = slope + (f1 - f0) * 6.0 * s * (1.0 - s) / (t1 - t0)
    return (value - f) / np.sqrt(1.0 + np.square(slope))
