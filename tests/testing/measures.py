"""What the tests of cases and networks measure of a case, and how they draw many."""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from minicnn import layers
from minicnn.ops.geometry import sides
from minicnn.testing import Case
from minicnn.testing.case import both

REACH = settings(max_examples=2000, database=None, derandomize=True, phases=[Phase.generate])  # and none is smaller
CI = "CI" in os.environ


def draws(few: int, many: int) -> settings:
    """So many draws every day, and more in CI."""
    return settings(REACH, max_examples=many if CI else few, suppress_health_check=list(HealthCheck))


def agree(found: set[int], expected: set[int]) -> bool:
    """Whether no other numbers have been drawn, and all of these; in few draws, the smallest of a few."""
    frequent = {min(expected)} if 0 < len(expected) <= 4 else set()
    return found == expected if CI else frequent <= found <= expected


RARE = ("a filter", "a mean is", "a slice has", "a pooling has", "four", "factors of one")  # found after many draws


def listed(what: Iterable[str]) -> list[Any]:
    return [pytest.param(each, marks=pytest.mark.slow if each.startswith(RARE) else ()) for each in what]


def pads(layer: layers.Layer) -> bool:
    """Whether it adds a border."""
    return isinstance(layer, layers.Pad) and any(layer.padding)


def room(case: Case) -> list[int]:
    """How many pixels, padding included, are left beside a pooling's window, in each direction."""
    left, right, top, bottom = sides("pool", case.options.get("padding", 0))
    kernel, dilation = both(case.options["kernel_size"]), both(case.options.get("dilation", 1))
    axes = zip(case.arguments[0][2:], kernel, dilation, (top + bottom, left + right), strict=True)
    return [length + padding - d * (k - 1) - 1 for length, k, d, padding in axes]


def kept(case: Case) -> int:
    """How many pixels of a pooling's last window are left at least: with ceil_mode one is enough."""
    stride = both(case.options.get("stride") or case.options["kernel_size"])
    more = stride if case.options.get("ceil_mode") else (1, 1)
    return min(n + left for n, left in zip(more, room(case), strict=True))


def spare(case: Case) -> list[int]:
    """How many pixels, padding included, are left beside a convolution's filter, in each direction."""
    padding, dilation = both(case.options.get("padding", 0)), both(case.options.get("dilation", 1))
    axes = zip(case.arguments[0][2:], case.arguments[1][2:], padding, dilation, strict=True)
    return [side + 2 * padding - dilation * (k - 1) - 1 for side, k, padding, dilation in axes]


def ends(case: Case) -> tuple[int, int, int]:
    """Of a slice: where it starts and stops, and the length of its axis."""
    length = case.arguments[0][case.options.get("axis", 1)]
    return case.options.get("start", 0), case.options.get("stop") or length, length


def enlarged(case: Case) -> list[int]:
    """The size of a transposed convolution's output, in each direction."""
    x, w = case.arguments[:2]
    defaults = {"stride": 1, "dilation": 1, "output_padding": 0, "padding": 0}
    axes = zip(x[2:], w[2:], *(both(case.options.get(name, n)) for name, n in defaults.items()), strict=True)
    return [(n - 1) * stride + dilation * (k - 1) + 1 + more - 2 * cut for n, k, stride, dilation, more, cut in axes]


def cropped(case: Case) -> list[tuple[int, int, int, int]]:
    """Of a transposed convolution, in each direction in which padding leaves two pixels or one: how many steps there
    are and how wide, the filter's pixels, and those of output_padding."""
    x, w = case.arguments[:2]
    stride, more, cut = (
        both(case.options.get(name, n)) for name, n in (("stride", 1), ("output_padding", 0), ("padding", 0))
    )
    axes = zip(x[2:], stride, w[2:], more, cut, enlarged(case), strict=True)
    return [(n - 1, s, k, extra) for n, s, k, extra, padding, size in axes if padding and size <= 2]


def fits_its_mode(case: Case) -> bool:
    """Whether a border is of no more pixels than there are beside the edge, or, going around, in all."""
    (_, _, H, W), (left, right, top, bottom) = case.arguments[0], case.options["padding"][:4]
    beyond = {"reflect": 1, "circular": 0}.get(case.options.get("mode", "constant"), -2)
    return max(left, right) <= max(W - beyond, 0) and max(top, bottom) <= max(H - beyond, 0)


def above_and_below(case: Case) -> tuple[int, int]:
    """The padding of a pooling."""
    return sides("pool", case.options.get("padding", 0))[2:]
