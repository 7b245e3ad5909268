"""Cases are valid calls, cover what they should, and shrink to something readable."""

import inspect
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import minicnn as cnn
from minicnn import layers, ops
from minicnn.layers import walk
from minicnn.ops.convolution.choice import ALGORITHMS, choose
from minicnn.ops.convolution.problem import Filters, problem
from minicnn.ops.geometry import sides
from minicnn.testing import (
    CASES,
    Case,
    Network,
    conv2d_cases,
    networks,
    pool2d_cases,
    seeds,
    tie_free,
    wide_conv2d_cases,
)
from minicnn.testing.case import both
from minicnn.testing.random_networks import _layers, _same_size

FIRST = settings(max_examples=2000, database=None, derandomize=True, phases=[Phase.generate])  # and none is smaller


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


MAPS = _layers((2, 6, 5, 4), 0)  # layers for these maps, not nested

# What the suite promises to reach. `find` fails if the strategy cannot.
REACHED = {
    "a batch of one": (conv2d_cases(), lambda case: case.arguments[0][0] == 1),
    "an image of one pixel": (conv2d_cases(), lambda case: case.arguments[0][2:] == (1, 1)),
    "a kernel as large as the image": (conv2d_cases(), lambda c: c.arguments[0][2:] == c.arguments[1][2:] != (1, 1)),
    "an oblong kernel": (conv2d_cases(), lambda case: case.arguments[1][2] != case.arguments[1][3]),
    "different strides each way": (conv2d_cases(), lambda case: case.options.get("stride") == (1, 2)),
    "a stride beyond the kernel": (conv2d_cases(), lambda c: c.options.get("stride") == 3 and c.arguments[1][2] < 3),
    "padding, dilation and groups at once": (
        conv2d_cases(),
        lambda c: {"padding", "dilation", "groups"} <= set(c.options),
    ),
    "windows that overlap": (pool2d_cases(), lambda c: (c.options["kernel_size"], c.options.get("stride")) == (3, 1)),
    "a remainder that ceil_mode keeps": (pool2d_cases(), lambda c: "ceil_mode" in c.options and c.arguments[0][2] % 2),
    "channels as many as rows and columns": (
        CASES["flatten"],
        lambda c: c.arguments[0] in ((2, 2, 2, 2), (2, 3, 3, 3)),
    ),
    "a border of zeros in a network": (MAPS, lambda pad: pads(pad) and pad.mode == "constant" and pad.value == 0),
    "a border of another number": (MAPS, lambda pad: pads(pad) and pad.value != 0),
    "a pooled image of one pixel": (pool2d_cases(), lambda case: case.arguments[0][2:] == (1, 1)),
    "a window that just fits with padding above": (pool2d_cases(), lambda c: above_and_below(c)[0] and not room(c)[0]),
    "a window that just fits with padding below": (pool2d_cases(), lambda c: above_and_below(c)[1] and not room(c)[0]),
    "a padded image of two pixels": (
        pool2d_cases("avg_pool2d"),
        lambda case: above_and_below(case)[0] and case.arguments[0][2] == 2,
    ),
    "a pooling's window that only ceil_mode keeps": (pool2d_cases(), lambda case: max(room(case)) < 0),
    "a pooled image that leaves room": (pool2d_cases(), lambda c: min(room(c)) == 4 and "ceil_mode" not in c.options),
    "a transposed convolution cropped to one pixel": (
        CASES["conv_transpose2d"],
        lambda case: both(case.options.get("padding", 0))[0] > 0 and enlarged(case)[0] == 1,
    ),
    "steps of three, cropped to two pixels": (
        CASES["conv_transpose2d"],
        lambda c: any(x and s == 3 for x, s, *_ in cropped(c)),
    ),
    "a filter of three, cropped to two pixels": (
        CASES["conv_transpose2d"],
        lambda c: any(k == 3 for *_, k, _ in cropped(c)),
    ),
    "more pixels, cropped to two": (CASES["conv_transpose2d"], lambda c: any(more for *_, more in cropped(c))),
    "an image that fits by its padding alone": (
        conv2d_cases(),
        lambda case: case.arguments[0][2] < case.arguments[1][2] and case.arguments[0][3] < case.arguments[1][3],
    ),
    "a number without axes": (CASES["relu"], lambda case: case.arguments[0] == ()),
    "one axis alone": (CASES["softmax"], lambda case: len(case.arguments[0]) == 1),
    "one image of one row": (CASES["slice_axis"], lambda case: len(case.arguments[0]) == 2),
    "channels without pixels": (CASES["prelu"], lambda case: len(case.arguments[0]) == 2),
    "a window that ceil_mode keeps for its first pixel": (
        pool2d_cases(),
        lambda case: "ceil_mode" in case.options and min(room(case)) < 0 and kept(case) == 1,
    ),
    "a filter that just fits, dilated, above": (conv2d_cases(), lambda c: "dilation" in c.options and not spare(c)[0]),
    "a filter that just fits, dilated, beside": (conv2d_cases(), lambda c: "dilation" in c.options and not spare(c)[1]),
    "four spare rows and no more": (conv2d_cases(), lambda c: spare(c)[0] == 4 and c.arguments[0][2] > 5),
    "four spare columns and no more": (conv2d_cases(), lambda c: spare(c)[1] == 4 and c.arguments[0][3] > 5),
    "a ReLU6": (CASES["clip"], lambda case: (case.options["low"], case.options["high"]) == (0, 6)),
    "a clip that cuts what is negative and what is positive": (
        CASES["clip"],
        lambda case: (case.options["low"] or 0) < 0 < (case.options["high"] or 0) < 2,
    ),
    "all units dropped": (CASES["dropout"], lambda case: case.options["p"] == 1),
    "no channel dropped": (CASES["dropout2d"], lambda case: case.options["p"] == 0),
    "some channels dropped": (CASES["dropout2d"], lambda case: 0 < case.options["p"] < 1 and case.options["training"]),
    "labels that are smoothed to nothing": (
        CASES["cross_entropy"],
        lambda case: case.options.get("label_smoothing") == 1,
    ),
    "a leaky ReLU that is the identity": (CASES["leaky_relu"], lambda case: case.options["negative_slope"] == 1),
    "four values of a channel in training": (
        CASES["batch_norm2d"],
        lambda case: case.options["training"] and np.prod(case.arguments[0]) == 4 * case.arguments[0][1] > 4,
    ),
    "training without running statistics": (CASES["batch_norm2d"], lambda case: "running_mean" not in case.options),
    "training with running statistics": (
        CASES["batch_norm2d"],
        lambda case: case.options["training"] and "running_mean" in case.options and case.arguments[1][0] > 1,
    ),
    "a class for each image": (CASES["cross_entropy"], lambda case: isinstance(case.arguments[1], np.ndarray)),
    "a distribution for each image": (CASES["cross_entropy"], lambda case: case.arguments[1] == case.arguments[0]),
    "one slope for all channels": (CASES["prelu"], lambda c: c.arguments[1] == (1,) and c.arguments[0][1] > 1),
    "a slope for each channel": (CASES["prelu"], lambda c: c.arguments[1] == c.arguments[0][1:2] != (1,)),
    "factors for each channel, one bias for all": (
        CASES["affine"],
        lambda case: case.arguments[0][1] > 1 and case.arguments[1:] == (case.arguments[0][1:2], (1,)),
    ),
    "no bias": (CASES["affine"], lambda case: len(case.arguments) == 2),
    "a factor of fewer rows": (CASES["mul"], lambda c: len(c.arguments) > 1 and c.arguments[1] != c.arguments[0]),
    "factors of one shape": (CASES["mul"], lambda c: len(c.arguments) > 1 and len({*c.arguments, (1,), ()}) == 3),
    "several axes made one": (CASES["reshape"], lambda c: len(c.options["shape"]) == 1 and len(c.arguments[0]) > 2),
    "an axis split in two": (
        CASES["reshape"],
        lambda case: len(case.arguments[0]) == 2 == len(case.options["shape"]),
    ),
    "axes that change places": (
        CASES["permute"],
        lambda case: case.options["axes"] != tuple(sorted(case.options["axes"])),
    ),
    "a slice of one": (CASES["slice_axis"], lambda c: 1 < ends(c)[1] == ends(c)[0] + 1 < ends(c)[2]),
    "a slice that is told to stop at the end": (
        CASES["slice_axis"],
        lambda case: case.options.get("stop") == ends(case)[2] > 1,
    ),
    "a loss for every pixel": (CASES["cross_entropy"], lambda case: len(case.arguments[0]) == 4),
}


RARE = ("a filter", "a mean is", "a slice has", "a pooling has", "four", "factors of one")  # found after many draws


def listed(what: Iterable[str]) -> list[Any]:
    return [pytest.param(each, marks=pytest.mark.slow if each.startswith(RARE) else ()) for each in what]


@pytest.mark.parametrize("what", listed(REACHED))
def test_the_cases_reach(what: str) -> None:
    strategy, condition = REACHED[what]
    found = find(strategy, condition, settings=FIRST)
    assert condition(found)


REACH = settings(max_examples=2000, database=None, derandomize=True, phases=[Phase.generate])
CI = "CI" in os.environ


def draws(few: int, many: int) -> settings:
    """So many draws every day, and more in CI."""
    return settings(REACH, max_examples=many if CI else few, suppress_health_check=list(HealthCheck))


def agree(found: set[int], expected: set[int]) -> bool:
    """Whether no other numbers have been drawn, and all of these; in few draws, the smallest of a few."""
    frequent = {min(expected)} if 0 < len(expected) <= 4 else set()
    return found == expected if CI else frequent <= found <= expected


# And to reach no further: the arrays are to be small, and the wide ones as they are in networks.
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


@pytest.mark.parametrize("op", ops.__all__)
@given(data=st.data())
def test_a_case_reads_as_a_call_that_can_be_pasted(op: str, data: st.DataObject) -> None:
    case = data.draw(CASES[op])
    pasted, _ = eval(repr(case), {"np": np, "tie_free": tie_free, op: getattr(ops, op)})  # the case's own text
    y, _ = getattr(ops, op)(*case.arrays(), **case.options)
    np.testing.assert_array_equal(pasted, y)


def test_the_smallest_case_is_small() -> None:
    smallest = find(conv2d_cases(), lambda case: "stride" in case.options, settings=settings(database=None))
    assert repr(smallest) == "conv2d(tie_free((1, 1, 1, 1), 0), tie_free((1, 1, 1, 1), 1), stride=2)"


# Networks


@pytest.mark.slow
def test_networks_hold_every_kind_of_layer() -> None:
    seen: set[str] = set()

    def complete(network: Network) -> bool:
        seen.update(type(layer).__name__ for _, layer in walk(network.model))
        return seen >= set(layers.LAYERS)

    find(networks(), complete, settings=settings(FIRST, max_examples=400))


SIZES = {  # of the layers of a network whose maps are 6 × 5 × 4
    ("Conv2d", "kernel_size"): {1, 2, 3},
    ("Conv2d", "stride"): {1, 2},
    ("Conv2d", "padding"): {0, 1, 2},
    ("Conv2d", "groups"): {1, 2, 3},
    ("ConvTranspose2d", "kernel_size"): {1, 2, 3},
    ("ConvTranspose2d", "stride"): {1, 2},
    ("MaxPool2d", "kernel_size"): {1, 2, 3},
    ("MaxPool2d", "stride"): {1, 2, 3},
    ("AvgPool2d", "stride"): {1, 2, 3},
    ("AdaptiveAvgPool2d", "output_size"): {1, 2, 3},
    ("LocalResponseNorm", "size"): {1, 2, 3},
    ("Pad", "padding"): {0, 1},
    ("Slice", "axis"): {1, 2, 3},
    ("Slice", "start"): {0, 1, 2, 3, 4, 5},
    ("Upsample", "scale_factor"): {1, 2, 3},
}


CHOICES = {  # of them, by a layer's kind and what is asked of it: the answers, all of which occur
    "Conv2d": (lambda layer: layer.bias is None, {True, False}),
    "AvgPool2d": (lambda layer: (layer.ceil_mode, any(layer.padding)), {(a, b) for a in (0, 1) for b in (0, 1)}),
    "Clip": (lambda layer: layer.low < 0 < layer.high < 2, {True}),
    "Scale": (lambda layer: (layer.factor < 0, layer.shift == 0), {(a, b) for a in (0, 1) for b in (0, 1)}),
    "Affine": (lambda layer: (layer.weight.size, layer.bias is None), {(6, True), (6, False)}),
    "PReLU": (lambda layer: layer.weight.size, {1, 6}),
    "GELU": (lambda layer: layer.approximate, {"none", "tanh"}),
    "Hardsigmoid": (lambda layer: layer.alpha == 1 / 6, {True, False}),
    "Upsample": (
        lambda layer: (layer.mode, layer.align_corners),
        {("nearest", False), ("bilinear", False), ("bilinear", True)},
    ),
    "Pad": (
        lambda layer: (layer.mode, layer.value != 0),
        {("constant", False), ("constant", True), ("replicate", False), ("reflect", False)},
    ),
    "Permute": (lambda layer: layer.axes[0], {0}),
    "Reshape": (lambda layer: sorted(layer.shape) == [4, 5, 6], {True}),
    "Residual": (lambda layer: "shortcut" in layer.children, {True, False}),
    "Graph": (lambda layer: len(layer.inputs["join"]), {2, 3}),
}
NESTED = {"Residual", "Graph"}


@pytest.mark.slow
def test_layers_of_networks_have_all_small_sizes_and_every_choice() -> None:
    chosen: dict[str, set[Any]] = {kind: set() for kind in CHOICES if CI or kind not in NESTED}
    found: dict[tuple[str, str], set[int]] = {key: set() for key in SIZES}
    branches = set()

    @draws(300, 700)
    @given(_layers((2, 6, 5, 4), 1 if CI else 0))
    def collect(layer: layers.Layer) -> None:
        if isinstance(layer, layers.Concat):
            branches.add(len(layer.children))
        if type(layer).__name__ in chosen:
            chosen[type(layer).__name__].add(CHOICES[type(layer).__name__][0](layer))
        for kind, option in SIZES:
            if kind == type(layer).__name__:
                found[kind, option].update(map(int, np.ravel(getattr(layer, option))))

    collect()
    assert {key: numbers for key, numbers in found.items() if not agree(numbers, SIZES[key])} == {}
    assert branches == ({1, 2, 3} if CI else set())
    assert {kind: answers for kind, answers in chosen.items() if answers != CHOICES[kind][1]} == {}


@pytest.mark.slow
def test_networks_have_small_batches_up_to_four_blocks_and_every_head() -> None:
    shapes, blocks, heads = set(), set(), set()

    @draws(150, 150)
    @given(networks(depth=0))
    def collect(network: Network) -> None:
        kinds = [type(layer).__name__ for layer in network.model.children.values()]
        head = next((i for i, kind in enumerate(kinds) if kind in ("Flatten", "GlobalAvgPool2d", "GlobalMaxPool2d")), 9)
        shapes.add(network.shape)
        blocks.add(len(kinds[:head]))
        heads.add("-".join(kinds[head:]))

    collect()
    assert [(min(axis), max(axis)) for axis in zip(*shapes, strict=True)] == [(1, 3), (1, 3), (1, 6), (1, 6)]
    assert blocks == {1, 2, 3, 4}
    assert heads == {
        "",
        "Flatten-Dense-ReLU-Dense",
        "GlobalAvgPool2d-Dense",
        "GlobalMaxPool2d-Dense",
        "GlobalMaxPool2d-BatchNorm1d-Dense",
    }


@pytest.mark.parametrize("strategy", [lambda shape: _layers(shape, 0), lambda shape: _same_size(shape, 0)])
def test_batch_norm_is_drawn_where_there_are_two_values_and_never_for_one(strategy) -> None:
    def normalizes(layer: layers.Layer) -> bool:
        return any(isinstance(inner, layers.BatchNorm2d) for _, inner in walk(layer))

    for shape in ((2, 3, 1, 1), (1, 1, 2, 1), (1, 1, 1, 2)):
        find(strategy(shape), normalizes, settings=REACH)
    with pytest.raises(NoSuchExample):
        find(strategy((1, 3, 1, 1)), normalizes, settings=settings(REACH, max_examples=300))


def test_networks_are_nested() -> None:
    def deep(network: Network) -> bool:
        return any(path.count(".") >= 3 for path, _ in walk(network.model))

    find(networks(), deep, settings=FIRST)


@pytest.mark.slow
def test_the_smallest_network_is_small() -> None:
    smallest = find(networks(), lambda network: True, settings=settings(database=None))
    assert repr(smallest) == "Sequential(\n    0=ReLU(),\n) on (1, 1, 1, 1), seed 0"


@given(network=networks())
def test_nothing_in_a_network_is_zero(network: Network) -> None:
    for array in network.model.state().values():
        assert array.dtype == np.float64 and np.all(array != 0)
    assert all(np.all(a > 0) for name, a in network.model.buffers().items() if name.endswith("running_var"))
    assert isinstance(network.model, cnn.Sequential)
