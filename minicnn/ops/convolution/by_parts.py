"""Convolution of complex numbers, used only to check derivatives: real and imaginary parts are convolved separately."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..contract import Array
from . import direct
from .problem import Filters, Problem, Source, Target, images, target


def forward(p: Problem, x: Source, filters: Filters) -> Target:
    """y = w · x + b."""
    real = _real(p)

    def product(x: Array, w: Array) -> Array:
        return direct.forward(real, _images(x), Filters(w)).y

    result = target(p, p.outputs, False, p.pool)
    result.y[...] = _bilinear(product, x.values, filters.w)
    if filters.b is not None:
        result.y[...] += filters.b
    return result


def input_gradient(p: Problem, dy: Source, filters: Filters) -> Array:
    """dx."""
    real = _real(p)
    return _bilinear(lambda dy, w: direct.input_gradient(real, _images(dy), Filters(w)), dy.values, filters.w)


def weight_gradient(p: Problem, x: Source, dy: Source) -> tuple[Array, Array]:
    """dw and db."""
    real = _real(p)

    def product(x: Array, dy: Array) -> Array:
        return direct.weight_gradient(real, _images(x), _images(dy))[0]

    return _bilinear(product, x.values, dy.values), dy.values.sum(axis=(0, 1, 2))


def _images(values: Array) -> Source:
    return images(values.transpose(0, 3, 1, 2))


def _real(p: Problem) -> Problem:
    return p._replace(dtype=np.zeros(0, p.dtype).real.dtype)


def _bilinear(product: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """a · b = (Re a · Re b − Im a · Im b) + i (Re a · Im b + Im a · Re b)."""
    (a_real, a_imag), (b_real, b_imag) = ((np.ascontiguousarray(z.real), np.ascontiguousarray(z.imag)) for z in (a, b))
    real = product(a_real, b_real) - product(a_imag, b_imag)
    return real + 1j * (product(a_real, b_imag) + product(a_imag, b_real))
