"""Cases are valid calls, cover what they should, and shrink to something readable."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from minicnn import ops
from minicnn.testing import (
    CASES,
    conv2d_cases,
    conv2d_relu_max_pool2d_cases,
    pool2d_cases,
    tie_free,
    wide_conv2d_cases,
)
from minicnn.testing.case import both
from minicnn.testing.random_networks import _layers
from tests.testing.measures import REACH, above_and_below, cropped, ends, enlarged, kept, listed, pads, room, spare

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
    "the last axis, unsaid": (CASES["softmax"], lambda c: "axis" not in c.options and len(c.arguments[0]) > 1),
    "the last axis, unsaid, of logarithms": (CASES["log_softmax"], lambda c: "axis" not in c.options),
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
    "most rows of a convolution pooled at once": (
        conv2d_relu_max_pool2d_cases(),
        lambda c: "stride" not in c.options and both(c.options.get("pool_size", 1))[0] > (spare(c)[0] + 2) // 2,
    ),
    "a pooling of more rows than a dilated filter would give": (
        conv2d_relu_max_pool2d_cases(),
        lambda c: (
            not {"stride", "dilation"} & set(c.options)
            and both(c.options.get("pool_size", 1))[0] > spare(c)[0] + 2 - c.arguments[1][2]
        ),
    ),
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
    "one image alone is classified": (
        CASES["cross_entropy"],
        lambda c: c.arguments[0][0] == 1 < len(c.arguments[0]) < 3,
    ),
    "one class alone": (CASES["cross_entropy"], lambda case: case.arguments[0][1] == 1),
    "16 channels and as many filters": (wide_conv2d_cases(), lambda case: case.arguments[1][:2] == (16, 16)),
    "a loss for every pixel": (CASES["cross_entropy"], lambda case: len(case.arguments[0]) == 4),
}


@pytest.mark.parametrize("what", listed(REACHED))
def test_the_cases_reach(what: str) -> None:
    strategy, condition = REACHED[what]
    found = find(strategy, condition, settings=REACH)
    assert condition(found)


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
