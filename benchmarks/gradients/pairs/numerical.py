"""Mistakes that rounding can hide: near a kink, in fast oscillation, and at very small or very large values."""

from __future__ import annotations

import math

import numpy as np

from .pair import pair, x6, y6


@pair
def near_a_kink(wrong):
    """ReLU's slope at −1e-7 is 1"""
    return lambda x: (np.where(x.real > 0, x, 0), lambda dy: (((x > 0) | wrong) * dy,)), [np.array([1e-7, -1e-7])]


@pair
def once_differentiable(wrong):
    """Huber's loss has slope 2x up to its joint"""

    def op(x):
        near = np.abs(x) <= 1
        return np.where(near, x * x / 2, np.abs(x) - 0.5), lambda dy: (
            np.where(near, (2 if wrong else 1) * x, np.sign(x)) * dy,
        )

    return op, [np.array([1.0, -1.0, 0.4])]


@pair
def fast_oscillation(wrong):
    """sin(1e8 x) with slope 0.99e8 cos(1e8 x)"""
    k = 0.99e8 if wrong else 1e8
    return lambda x: (np.sin(1e8 * x), lambda dy: (k * np.cos(1e8 * x) * dy,)), [x6]


@pair
def not_analytic(wrong):
    """x·x̄, with slope x"""
    return lambda x: ((x * np.conj(x)).real, lambda dy: ((1 if wrong else 2) * x * dy,)), [x6]


@pair
def no_complex_numbers(wrong):
    """the error function without its factor 2/√π"""
    k = 1 if wrong else 2 / math.sqrt(math.pi)
    return lambda x: (np.array([math.erf(v) for v in x]), lambda dy: (k * np.exp(-(x**2)) * dy,)), [x6]


@pair
def log_near_zero(wrong):
    """log at 1e-7, with a slope of 1.01/x"""
    k = 1.01 if wrong else 1
    return lambda x: (np.log(x), lambda dy: (k * dy / x,)), [np.array([1e-7, 1.0])]


@pair
def root_near_zero(wrong):
    """√x at 1e-8, with a slope of 0.51/√x"""
    k = 0.51 if wrong else 0.5
    return lambda x: (np.sqrt(x), lambda dy: (k * dy / np.sqrt(x),)), [np.array([1e-8, 1.0])]


@pair
def small_gradient(wrong):
    """1e-9 x², with slope 4e-9 x"""
    k = 4e-9 if wrong else 2e-9
    return lambda x: (1e-9 * x**2, lambda dy: (k * x * dy,)), [x6]


@pair
def large_gradient(wrong):
    """1e9 x³, with one entry's slope 1 % too large"""
    k = np.array([1, 1, 1, 1, 1, 1.01 if wrong else 1])
    return lambda x: (1e9 * x**3, lambda dy: (3e9 * k * x**2 * dy,)), [x6]


@pair
def large_argument(wrong):
    """x² at 1e6, with slope 2.01 x"""
    k = 2.01 if wrong else 2
    return lambda x: (x**2, lambda dy: (k * x * dy,)), [1e6 * x6]


@pair
def large_constant(wrong):
    """1e12 + x·x̄, with slope 3x"""
    k = 3 if wrong else 2
    return lambda x: (1e12 + (x * np.conj(x)).real.sum(), lambda dy: (k * x * dy,)), [x6]


@pair
def small_and_large(wrong):
    """1e12 a² + b³, with slope 2b² by b"""
    k = 2 if wrong else 3
    return lambda a, b: (1e12 * a**2 + b**3, lambda dy: (2e12 * a * dy, k * b**2 * dy)), [x6, y6]


@pair
def small_entry(wrong):
    """one entry's slope is 1e-5 of the others', and 10 % too large"""
    k = np.array([1, 1, 1, 1e-5, 1, 1])
    slope = k * np.where(k < 1, 1.1 if wrong else 1, 1)
    return lambda x: (np.sin(k * x), lambda dy: (slope * np.cos(k * x) * dy,)), [x6]


@pair
def slight_mistake(wrong):
    """a slope 0.02 % too large"""
    k = 1.0002 if wrong else 1
    return lambda x: (np.sin(x), lambda dy: (k * np.cos(x) * dy,)), [x6]


@pair
def steep(wrong):
    """exp(20 x), with slope 20.1 exp(20 x)"""
    k = 20.1 if wrong else 20
    return lambda x: (np.exp(20 * x), lambda dy: (k * np.exp(20 * x) * dy,)), [x6]
