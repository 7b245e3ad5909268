"""The path from a network to its kernels stays short: `python -m tests.trail` prints it."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.ops.convolution import choice
from tests import trail

MOST = {  # (calls, files); if a figure falls, lower it here
    "one convolution, forward": (24, 8),
    "one convolution, backward": (29, 8),
    "network, forward": (148, 27),
    "network, backward": (118, 21),
}


@pytest.fixture(scope="module")
def trails() -> dict[str, trail.Trail]:
    found = {}
    found["one convolution, forward"], found["one convolution, backward"] = trail.of_one_convolution()
    found["network, forward"], found["network, backward"] = trail.of_the_seed_network()
    return found


def not_kernels(files: list[str]) -> list[str]:
    return [file for file in files if not file.startswith("minicnn/kernels/")]


def test_a_convolution_takes_at_most_9_files_and_35_calls(trails) -> None:
    for name in ("one convolution, forward", "one convolution, backward"):
        assert len(trails[name].files) <= 9, trails[name]
        assert len(trails[name].calls) <= 35, trails[name]


def test_at_most_12_files_lie_between_the_network_and_a_convolution_kernel(trails) -> None:
    way = trails["network, forward"].up_to(trail.KERNEL)
    assert way.calls[0] == trail.Call("minicnn/layers/sequential.py", "Sequential.forward", 0)
    assert len(not_kernels(way.files)) <= 12, way


@pytest.mark.parametrize("name", MOST)
def test_no_trail_becomes_longer(trails, name: str) -> None:
    calls, files = MOST[name]
    assert len(trails[name].calls) <= calls and len(trails[name].files) <= files, trails[name]


@pytest.mark.parametrize("algorithm", [None, *choice.ALGORITHMS])
def test_the_backward_pass_chooses_nothing(algorithm) -> None:
    """The pullback keeps the algorithm: it looks up neither the choice nor the problem again."""
    rng = np.random.default_rng(0)
    x, w = (rng.random(shape, dtype=np.float32) for shape in ((2, 4, 9, 9), (4, 4, 3, 3)))
    y, pullback = cnn.ops.conv2d(x, w, algorithm=algorithm)
    dy = np.ones_like(y)
    pullback(dy)  # compiles, if necessary, without a profiler
    choice.choose.cache_clear()
    _, way = trail.record(pullback, dy)
    asked = choice.choose.cache_info()
    assert (asked.hits, asked.misses) == (0, 0)
    assert not {"minicnn/ops/convolution/choice.py", "minicnn/ops/geometry.py"} & set(way.files), way


def test_a_trail_is_what_was_called() -> None:
    def inner() -> int:
        return sum(i for i in range(3))

    def outer() -> int:
        return inner() + inner() + len(str(np.array(1).shape))

    result, way = trail.record(outer)
    assert result == 8
    names = [call.name.rpartition(".")[2] for call in way.calls]
    assert (names, [call.depth for call in way.calls]) == (["outer", "inner", "inner"], [0, 1, 1])
    assert (way.files, way.changes) == (["tests/test_trail.py"], 0)


def test_changes_of_file_are_counted_between_calls_that_follow_each_other() -> None:
    calls = [trail.Call(file, "f", 0) for file in ("a", "a", "b", trail.GENERATED, "b", "a")]
    way = trail.Trail(calls)
    assert (way.changes, way.files) == (2, ["a", "b"])
    assert way.up_to("b") == trail.Trail(calls[:2])
