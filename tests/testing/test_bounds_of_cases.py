"""Cases reach no further than they should: they are small, and the wide ones are as in networks."""

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis.errors import NoSuchExample

from minicnn import ops
from minicnn.ops.convolution.choice import ALGORITHMS, choose
from minicnn.ops.convolution.problem import Filters, problem
from minicnn.testing import (
    CASES,
    Case,
    conv2d_cases,
    pool2d_cases,
    seeds,
    wide_conv2d_cases,
)
from tests.testing.measures import (
    CI,
    REACH,
    agree,
    draws,
    ends,
    enlarged,
    fits_its_mode,
    kept,
    listed,
    spare,
)

SMALL = {
    "three arrays of length three are joined": (
        CASES["concat"],
        lambda case: len(case.arguments) <= 3 and max(map(max, case.arguments)) <= 3,
    ),
    "five channels are normalized together": (CASES["local_response_norm"], lambda case: case.options["size"] <= 5),
    "the widths of real networks: color's three, or even ones": (
        wide_conv2d_cases(),
        lambda case: case.arguments[0][1] % 2 == 0 or case.arguments[0][1] == 3,
    ),
    "as many filters as real networks have: even ones": (
        wide_conv2d_cases(),
        lambda case: case.arguments[1][0] % 2 == 0,
    ),
    "a transposed convolution leaves a pixel": (CASES["conv_transpose2d"], lambda case: min(enlarged(case)) >= 1),
    "a border is no wider than its mode can": (CASES["pad"], fits_its_mode),
    "a pooling has a window": (pool2d_cases(), lambda case: kept(case) >= 1),
    "a filter fits, and leaves four pixels, or an image of five": (
        conv2d_cases(),
        lambda c: (
            min(spare(c)) >= 0
            and all(n <= 4 or side <= 5 for n, side in zip(spare(c), c.arguments[0][2:], strict=True))
        ),
    ),
    "a slice has an element": (CASES["slice_axis"], lambda case: ends(case)[0] < ends(case)[1] <= ends(case)[2]),
    "a mean is of four values or more": (
        CASES["batch_norm2d"],
        lambda c: not c.options["training"] or np.prod(c.arguments[0]) >= 4 * c.arguments[0][1],
    ),
    "seeds go up to 999": (seeds(), lambda seed: 0 <= seed <= 999),
    "two channels are padded to on a side": (CASES["pad"], lambda case: max(case.options["padding"]) <= 2),
}


@pytest.mark.parametrize("what", listed(SMALL))
def test_the_cases_reach_no_further_than(what: str) -> None:
    strategy, small = SMALL[what]
    with pytest.raises(NoSuchExample):
        find(strategy, lambda case: not small(case), settings=draws(60, 200))


NUMBERS = {  # that an option's ints are, where it is given (not its default): all of these, and no others
    "conv2d": {"stride": {1, 2, 3}, "padding": {0, 1, 2}, "dilation": {1, 2}, "groups": {2, 3}},
    "conv_transpose2d": {"stride": {1, 2, 3}, "padding": {0, 1, 2}, "dilation": {1, 2}, "groups": {2, 3}},
    "max_pool2d": {"kernel_size": {1, 2, 3}, "stride": {1, 2, 3, 4}, "padding": {0, 1, 2}, "dilation": {1, 2}},
    "avg_pool2d": {"kernel_size": {1, 2, 3}, "stride": {1, 2, 3, 4}, "padding": {0, 1, 2}},
    "conv2d_relu_max_pool2d": {"pool_size": {1, 2, 3}, "pool_stride": {1, 2, 3, 4}},
    "slice_axis": {"axis": {-4, -3, -2, -1, 0, 2, 3}, "start": {1, 2, 3}, "step": {2, 3}},
    "interpolate2d": {"size": {1, 2, 3, 4, 5, 6, 7}},
    "adaptive_avg_pool2d": {"output_size": {1, 2, 3, 4}},
    "pad": {"padding": {0, 1, 2}},
}
CHANNELS = {  # that images have, those of a filter, and how many filters there are: groups times those of one
    "conv2d": ({1, 2, 3, 4, 6, 8, 9, 12}, {1, 2, 3, 4}, {1, 2, 3, 4, 6, 9}),
    "conv_transpose2d": ({1, 2, 3, 4, 6}, {1, 2}, {1, 2, 3, 4, 6}),
    "conv2d_relu_max_pool2d": ({1, 2, 3, 4, 6, 8, 9, 12}, {1, 2, 3, 4}, {1, 2, 3, 4, 6, 9}),
    "max_pool2d": ({1, 2}, set(), set()),
    "avg_pool2d": ({1, 2}, set(), set()),
}
WINDOWS = {op for op in NUMBERS if op.endswith("2d") and op not in ("interpolate2d", "adaptive_avg_pool2d")}


@pytest.mark.parametrize("op", NUMBERS)
def test_the_numbers_of_an_option_are_all_small_ones(op: str) -> None:
    found: dict[str, set[int]] = {name: set() for name in NUMBERS[op]}
    kernels: tuple[set[int], ...] = (set(), set())  # in each direction
    places: dict[tuple[str, int], set[int]] = {}  # of an option's numbers, where it has several
    batches = set()
    channels: tuple[set[int], ...] = (set(), set(), set())

    @draws(80, 500)
    @given(CASES[op])
    def collect(case: Case) -> None:
        batches.add(case.arguments[0][0])
        channels[0].add(case.arguments[0][1])
        if len(case.arguments) > 1:
            channels[1].add(case.arguments[1][1])
            channels[2].add(case.arguments[1][0])
        for direction, k in enumerate(case.arguments[1][2:] if len(case.arguments) > 1 else ()):
            kernels[direction].add(k)
        for name in found:
            numbers = [int(n) for n in np.ravel(case.options.get(name, []))]
            found[name].update(numbers)
            for place, n in enumerate(numbers):
                places.setdefault((name, place), set()).add(n)

    collect()
    assert {name: numbers for name, numbers in found.items() if not agree(numbers, NUMBERS[op][name])} == {}
    assert not CI or all(min(some) == min(NUMBERS[op][name]) for (name, _), some in places.items())
    assert op not in WINDOWS or agree(batches, {1, 2})
    assert op not in WINDOWS or all(agree(some, {1, 2, 3}) for some in kernels if op.startswith("conv"))
    assert op not in WINDOWS or all(map(agree if CI else set.issubset, channels, CHANNELS[op]))


def test_wide_convolutions_have_the_kernels_and_strides_of_real_networks_and_room_for_a_few_windows() -> None:
    kernels, room, strides, batches = set(), set(), set(), set()

    @draws(60, 150)
    @given(wide_conv2d_cases())
    def collect(case: Case) -> None:
        x, w, b = case.arguments
        padding = case.options.get("padding", 0)
        assert w[1:] == (x[1], w[2], w[2]) and b == (w[0],)
        kernels.add((w[2], padding))
        room.update(side - max(1, w[2] - 2 * padding) for side in x[2:])
        strides.add(case.options.get("stride", 1))
        batches.add(x[0])

    collect()
    real = {(1, 0), (3, 0), (3, 1), (5, 0), (5, 2)}
    assert kernels == real if CI else kernels <= real
    assert agree(room, set(range(13))) and agree(strides, {1, 2}) and agree(batches, {1, 2})


LENGTHS = {  # of the arrays of ops without windows: how many there are, their axes, and the longest of any or of each
    "relu": ({1}, {0, 1, 2, 3, 4}, [4]),
    "softmax": ({1}, {1, 2, 3, 4}, [4]),
    "slice_axis": ({1}, {2, 3, 4}, [4]),
    "affine": ({2, 3}, {1, 2, 3, 4}, [4]),
    "add": ({1, 2, 3}, {0, 1, 2, 3, 4}, [4]),
    "mul": ({1, 2, 3}, {0, 1, 2, 3, 4}, [4]),
    "concat": ({1, 2, 3}, {2, 3, 4}, [3]),
    "dense": ({2, 3}, {1, 2}, [4, 4]),
    "cross_entropy": ({2}, {2, 3, 4}, [4, 5, 3, 3]),
    "global_avg_pool2d": ({1}, {4}, [3, 4, 5, 5]),
}


@pytest.mark.parametrize("op", LENGTHS)
def test_arrays_have_all_small_numbers_of_axes_and_lengths(op: str) -> None:
    numbers, ranks, longest = LENGTHS[op]
    shapes: set[tuple[int, ...]] = set()
    found: set[int] = set()

    @draws(60, 120)
    @given(CASES[op])
    def collect(case: Case) -> None:
        found.add(len(case.arguments))
        shapes.update(argument for argument in case.arguments if isinstance(argument, tuple))

    collect()
    lengths = [{shape[axis] for shape in shapes if len(shape) > axis} or {1} for axis in range(max(ranks))]
    ends = [max(some) for some in lengths] if len(longest) > 1 else [max(set().union(*lengths))]
    assert all(min(some) == 1 for some in (lengths if CI else lengths[:2]))
    if CI:
        assert (found, set(map(len, shapes)), ends) == (numbers, ranks, longest)
    else:  # in few draws, not all of them, but no others
        assert found <= numbers and set(map(len, shapes)) <= ranks and np.all(np.array(ends) <= longest)


LEFT_OUT = {("max_pool2d", "return_indices"), ("relu", "rule")}  # another number of outputs; no gradient
OPTIONS = [
    (op, name, parameter.default)
    for op in ops.__all__
    for name, parameter in inspect.signature(getattr(ops, op)).parameters.items()
    if parameter.default not in (parameter.empty, None) and (op, name) not in LEFT_OUT
]


@pytest.mark.parametrize(("op", "name", "default"), OPTIONS)
def test_an_option_is_drawn_at_its_default_and_at_another_value(op: str, name: str, default: Any) -> None:
    for at_default in (True, False):
        find(CASES[op], lambda case, at=at_default: (case.options.get(name, default) == default) == at, settings=REACH)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_wide_convolutions_reach_every_algorithm(algorithm: str) -> None:
    def chosen(case: Case) -> bool:
        x, w, b = case.arrays(np.float32)
        stride, padding = (case.options.get(name, default) for name, default in (("stride", 1), ("padding", 0)))
        return choose("conv2d", problem("conv2d", x, Filters(w, b), stride, padding, 1, 1)) is ALGORITHMS[algorithm]

    find(wide_conv2d_cases(), chosen, settings=REACH)
