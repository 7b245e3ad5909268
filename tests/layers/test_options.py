"""Layers check their options when they are built: whether from a file or mistyped, a bad one is reported in one line.

The options of every layer are read from its constructor, so a new layer is tested too.
"""

import inspect
import json
import math

import numpy as np
import pytest

import minicnn as cnn
from minicnn.layers import LAYERS
from minicnn.layers.container import Container
from minicnn.layers.description import build, describe
from minicnn.layers.options import options_of

NO_INT = ["3", "", 1.5, 2.0, True, None, math.nan, [], {}, (1, 2, 3), np.array([2])]
NO_NUMBER = ["3", "", True, None, math.nan, [], {}, (1.0,), [0.5], np.array([0.5])]
NO_PAIR = [
    "3",
    "33",
    1.5,
    True,
    None,
    math.nan,
    [],
    {},
    (1,),
    (1, 2, 3),
    (2, 2.0),
    (True, 2),
    {"1": 1},
    -1,
    (-1, 2),
]

# For each annotation of an option: bad values, and a good one.
KINDS = {
    "int": (NO_INT, 4),
    "int | None": ([value for value in NO_INT if value is not None], 4),
    "Pair": (NO_PAIR, 2),
    "Pair | None": ([value for value in NO_PAIR if value is not None], 2),
    "Padding": ([*NO_PAIR, (1, 1, 1, -1), (1, 1, 1, 0.5), (1,) * 5], 0),
    "float": (NO_NUMBER, 0.5),
    "float | None": ([value for value in NO_NUMBER if value is not None], None),
    "bool": ([0, 1, 1.0, None, "yes", "False", [], {}], True),
    "str": ([3, 1.5, None, True, [], {}, ("add",)], "add"),
    "Sequence[int]": ([3, "1111", None, [], {}, (1, 1, 1, -1), (1, 1, 1, 1.0), (1, 1, 1, True)], (1, 1, 1, 1)),
    "Mapping[str, Iterable[str]]": ([3, "a", None, [], {"0": "input"}, {"0": 3}, {"0": [3]}], {}),
}


def options(kind: type) -> dict[str, inspect.Parameter]:
    named = inspect.signature(kind).parameters.values()
    return {p.name: p for p in named if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def made(kind: type, **given):
    """A layer with these options, and good values for those without a default."""
    needed = {name: KINDS[p.annotation][1] for name, p in options(kind).items() if p.default is p.empty}
    return kind(*([cnn.ReLU()] if issubclass(kind, Container) else []), **needed | given)


EVERY_OPTION = [(kind, name) for kind in LAYERS.values() for name in options(kind)]
NAMED = [f"{kind.__name__}-{name}" for kind, name in EVERY_OPTION]


@pytest.mark.parametrize(("kind", "name"), EVERY_OPTION, ids=NAMED)
def test_an_option_of_the_wrong_type_is_refused_by_its_name(kind: type, name: str) -> None:
    for wrong in KINDS[options(kind)[name].annotation][0]:
        with pytest.raises(ValueError, match=rf"^{kind.__name__}: expected {name} .*, got ") as refusal:
            made(kind, **{name: wrong})
            pytest.fail(f"{name}={wrong!r} was taken")
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("kind", "name"), EVERY_OPTION, ids=NAMED)
def test_what_a_long_file_holds_makes_no_long_message(kind: type, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{kind.__name__}: ") as refusal:
        made(kind, **{name: ["x" * 100_000]})
    assert len(str(refusal.value)) < 250


INDICES = ("axis", "start")  # 0 and negative ones are good
COUNTS = [
    (kind, name) for kind, name in EVERY_OPTION if options(kind)[name].annotation == "int" and name not in INDICES
]


@pytest.mark.parametrize(("kind", "name"), COUNTS, ids=[f"{kind.__name__}-{name}" for kind, name in COUNTS])
@pytest.mark.parametrize("count", [0, -1])
def test_a_count_is_at_least_1(kind: type, name: str, count: int) -> None:
    with pytest.raises(ValueError, match=f"^{kind.__name__}: expected {name} to be an int of at least 1, got {count}$"):
        made(kind, **{name: count})


OUT_OF_RANGE = {
    "AvgPool2d: expected padding below the kernel size (2, 2), got 2": lambda: cnn.AvgPool2d(2, padding=2),
    "MaxPool2d: expected padding below the kernel size (3, 2), got (0, 0, 3, 0)": lambda: cnn.MaxPool2d(
        (3, 2), padding=(0, 0, 3, 0)
    ),
    "MaxPool2d: expected dilation to be an int or a pair of ints, at least 1, got 0": lambda: cnn.MaxPool2d(
        2, dilation=0
    ),
    "BatchNorm2d: expected eps to be a number of at least 0, got -0.1": lambda: cnn.BatchNorm2d(1, eps=-0.1),
    "BatchNorm2d: expected momentum to be a number of at least 0 and at most 1, got 1.5": lambda: cnn.BatchNorm2d(
        1, momentum=1.5
    ),
    "Clip: expected low not above high, got 6 and 0": lambda: cnn.Clip(6, 0),
    "Clip: expected high to be a number, got inf": lambda: cnn.Clip(0, math.inf),
    "ConvTranspose2d: expected output_padding below the stride or the dilation, got 2": lambda: cnn.ConvTranspose2d(
        1, 1, 3, stride=2, output_padding=2
    ),
    "Dropout: expected p to be a number of at least 0 and at most 1, got -0.1": lambda: cnn.Dropout(-0.1),
    "LeakyReLU: expected negative_slope to be a number, got -inf": lambda: cnn.LeakyReLU(-math.inf),
    "LeakyReLU: expected negative_slope to be a number, got 1000": lambda: cnn.LeakyReLU(10**400),
    "LocalResponseNorm: expected alpha to be a number of at least 0, got -1": lambda: cnn.LocalResponseNorm(5, -1),
    "LocalResponseNorm: expected beta to be a number of at least 0, got -1": lambda: cnn.LocalResponseNorm(beta=-1),
    "LocalResponseNorm: expected k to be a number of at least 0, got -1": lambda: cnn.LocalResponseNorm(k=-1),
    "Pad: expected padding to be 4 or 6 ints of at least 0, got (1, 1)": lambda: cnn.Pad((1, 1)),
    "Permute: expected axes to name each axis once, 0 first, got (0, 1, 1)": lambda: cnn.Permute((0, 1, 1)),
    "Slice: expected an axis other than the batch's, got 0": lambda: cnn.Slice(axis=np.int64(0)),
    "Upsample: expected size or scale_factor, got 2 and 2": lambda: cnn.Upsample(2, 2),
    "Upsample: expected mode nearest, or bilinear with or without align_corners, got 'nearest' with align": lambda: (
        cnn.Upsample(2, align_corners=True)
    ),
}


@pytest.mark.parametrize("message", OUT_OF_RANGE)
def test_an_option_out_of_range_is_refused(message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        OUT_OF_RANGE[message]()
    assert str(refusal.value).startswith(message)


NUMPYS = {
    "int": np.int64(4),
    "int | None": np.int64(4),
    "Pair": (np.int32(2), np.int64(2)),
    "Pair | None": np.int64(2),
    "Padding": np.int64(1),
    "float": np.float32(0.5),
    "float | None": np.float64(0.5),
    "bool": np.bool_(True),
    "Sequence[int]": np.array([1, 1, 1, 1]),
}

NUMPYS_FOR = {  # where options depend on each other
    cnn.ConvTranspose2d: {"output_padding": np.int64(1)},
    cnn.Permute: {"axes": np.array([0, 2, 1])},
    cnn.Upsample: {"scale_factor": None, "mode": "bilinear"},
}


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_numpys_numbers_are_taken_and_stored_as_pythons_so_that_a_file_can_hold_them(kind: type) -> None:
    given = {name: NUMPYS[p.annotation] for name, p in options(kind).items() if p.annotation in NUMPYS}
    layer = made(kind, **given | NUMPYS_FOR.get(kind, {}))
    again = build(json.loads(json.dumps(describe(layer))))
    assert options_of(again) == options_of(layer)
