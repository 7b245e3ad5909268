"""A network as steps for the page's own engine: what each takes, its weights' places, and which networks it runs."""

import base64

import numpy as np
import pytest

import minicnn as cnn
from viz.page.missing import Missing
from viz.page.program import Program, as_text


def network(**layers) -> cnn.Sequential:
    model = cnn.Sequential(**layers).initialize(0)
    model.transform = cnn.data.Transform(mean=(0.5, 0.4), std=(0.25, 0.5), channels=None)
    return model


def conv(inputs: int = 2, outputs: int = 2, **options) -> cnn.Conv2d:
    return cnn.Conv2d(inputs, outputs, 1, **options)


def wired(program: Program) -> list[tuple]:
    return [(step["path"], step["op"], step["from"]) for step in program.steps]


def test_steps_take_the_values_that_the_network_s_branches_take() -> None:
    model = network(
        one=conv(),
        fork=cnn.Concat(a=cnn.Sequential(c=conv(), r=cnn.ReLU()), b=cnn.MaxPool2d(1)),
        around=cnn.Residual(c=conv(4, 4), shortcut=conv(4, 4), r=cnn.ReLU()),
        plain=cnn.Residual(c=conv(4, 4)),
        flat=cnn.Flatten(),
        soft=cnn.Softmax(),
    )
    program = Program(model, (2, 1, 1))
    assert wired(program) == [
        ("one", "conv2d", [0]), ("fork.a.c", "conv2d", [1]), ("fork.a.r", "relu", [2]), ("fork.b", "maxPool2d", [1]),
        ("fork", "concat", [3, 4]), ("around.c", "conv2d", [5]), ("around.shortcut", "conv2d", [5]),
        ("around.r", "relu", [6]), ("around", "add", [8, 7]), ("plain.c", "conv2d", [9]), ("plain", "add", [10, 9]),
        ("flat", "flatten", [11]), ("soft", "softmax", [12]),
    ]  # fmt: skip
    assert program.values["fork.a"] == 3 and program.values["fork"] == 5 and program.values["around"] == 9
    assert program.values == {step["path"]: i + 1 for i, step in enumerate(program.steps)} | {"fork.a": 3}
    assert program.logits == 12
    assert Program(network(one=conv(), flat=cnn.Flatten()), (2, 1, 1)).logits == 2


def test_weights_stand_one_after_the_other_where_their_steps_say() -> None:
    norm = cnn.BatchNorm2d(3)
    model = network(conv=conv(2, 3, bias=False), norm=norm, gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(3, 4))
    for name, values in (
        ("weight", [1, 2, 3]),
        ("bias", [4, 5, 6]),
        ("running_mean", [7, 8, 9]),
        ("running_var", [1, 4, 9]),
    ):
        getattr(norm, name)[...] = values
    program = Program(model, (2, 1, 1))
    flat = program.weights()
    assert flat.dtype == np.float32 and flat.shape == (6 + 3 + 3 + 12 + 4,)

    def at(step: int, name: str) -> np.ndarray:
        place = program.steps[step][name]
        return flat[place["at"] :][: int(np.prod(place["shape"]))].reshape(place["shape"])

    np.testing.assert_array_equal(at(0, "weight"), model["conv"].weight)
    assert program.steps[0]["bias"] is None and program.steps[0]["kind"] == "Conv2d"
    factor = np.array([1, 2, 3]) / np.sqrt(np.array([1, 4, 9]) + norm.eps)
    np.testing.assert_allclose(at(1, "weight"), factor, rtol=1e-6)
    np.testing.assert_allclose(at(1, "bias"), [4, 5, 6] - np.array([7, 8, 9]) * factor, rtol=1e-6)
    assert (program.steps[2]["op"], program.steps[2]["output_size"], program.steps[2]["flat"]) == (
        "adaptiveAvgPool2d", (1, 1), True
    )  # fmt: skip
    np.testing.assert_array_equal(at(3, "weight"), model["fc"].weight)
    np.testing.assert_array_equal(at(3, "bias"), model["fc"].bias)
    other = network(conv=conv(2, 3, bias=False), norm=cnn.BatchNorm2d(3), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(3, 4))
    other["fc"].bias[...] = 5
    assert (program.weights(other)[-4:] == 5).all() and (flat[-4:] != 5).all()
    assert Program(network(relu=cnn.ReLU()), (2, 1, 1)).weights().size == 0


@pytest.mark.parametrize(("weights", "runs"), [(8_000_000, True), (8_000_001, False)])
def test_a_page_carries_eight_million_weights(weights: int, runs: bool, monkeypatch) -> None:
    model = network(fc=cnn.Dense(2, 1))
    of_size = np.broadcast_to(np.float32(0), (weights,))  # takes no memory
    monkeypatch.setattr(type(model), "state", lambda self: {"a": of_size})
    if runs:
        Program(model, (2,))
        return
    with pytest.raises(Missing, match=r"has 8,000,001 weights, and a page carries at most 8,000,000\."):
        Program(model, (2,))


@pytest.mark.parametrize(("size", "precision"), [(2_000_000, "float32"), (2_000_001, "float16")])
def test_more_than_two_million_weights_are_stored_in_half_precision(size: int, precision: str) -> None:
    program = Program(network(relu=cnn.ReLU()), (2, 1, 1))
    program._size = size
    assert program.precision == program.to_dict()["precision"] == precision


@pytest.mark.parametrize(("channels", "is_reversed"), [("BGR", True), ("RGB", False)])
def test_the_page_knows_how_pixels_become_the_input(channels: str, is_reversed: bool) -> None:
    model = cnn.Sequential(relu=cnn.ReLU())
    model.transform = cnn.data.Transform(mean=(0.5, 0.4, 0.3), std=(0.25, 0.5, 1), channels=channels)
    known = Program(model, (3, 2, 2)).to_dict()
    assert known["input"] == [3, 2, 2] and known["logits"] == 1 and known["values"] == {"relu": 1}
    pixels = np.array([10, 100, 200], np.uint8).reshape(1, 3, 1, 1)
    given = pixels[:, ::-1] if is_reversed else pixels
    seen = given.ravel() * np.array(known["transform"]["factor"]) + np.array(known["transform"]["shift"])
    np.testing.assert_allclose(seen, model.transform(pixels).ravel(), rtol=1e-5)
    assert known["transform"]["reversed"] == is_reversed


def test_options_are_passed_on_by_name() -> None:
    model = network(
        pool=cnn.AvgPool2d(2, 1, 1, ceil_mode=True, count_include_pad=False),
        leaky=cnn.layers.LeakyReLU(0.3),
        conv=cnn.Conv2d(2, 4, (2, 3), stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2),
        drop=cnn.Dropout(0.5),
    )
    pool, leaky, convolution, drop = Program(model, (2, 9, 9)).steps
    assert (pool["kernel_size"], pool["stride"], pool["padding"]) == ((2, 2), (1, 1), (1, 1))
    assert (pool["ceil_mode"], pool["count_include_pad"], leaky["negative_slope"]) == (True, False, 0.3)
    assert (convolution["stride"], convolution["padding"], convolution["dilation"], convolution["groups"]) == (
        (1, 2), (1, 0), (2, 1), 2
    )  # fmt: skip
    assert drop == {"path": "drop", "op": "copy", "from": [3], "kind": "Dropout"}
    with pytest.raises(Missing, match=r"has no LocalResponseNorm \(inside\.odd\)"):
        Program(network(inside=cnn.Sequential(odd=cnn.layers.LocalResponseNorm())), (2, 3, 3))


def test_numbers_are_written_little_endian() -> None:
    values = np.array([[1.5, -2], [0, 65504]], ">f4")
    for precision, kind in (("float16", "<f2"), ("float32", "<f4")):
        np.testing.assert_array_equal(np.frombuffer(base64.b64decode(as_text(values, precision)), kind), values.ravel())
