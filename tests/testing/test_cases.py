"""Cases are valid calls, cover what they should, and shrink to something readable."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import minicnn as cnn
from minicnn import layers, ops
from minicnn.layers import walk
from minicnn.testing import CASES, Network, conv2d_cases, networks, pool2d_cases, tie_free

FIRST = settings(max_examples=2000, database=None, derandomize=True, phases=[Phase.generate])  # and none is smaller

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
    "a loss for every pixel": (CASES["cross_entropy"], lambda case: len(case.arguments[0]) == 4),
}


@pytest.mark.parametrize("what", REACHED)
def test_the_cases_reach(what: str) -> None:
    strategy, condition = REACHED[what]
    found = find(strategy, condition, settings=FIRST)
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


# Networks


def test_networks_hold_every_kind_of_layer() -> None:
    seen: set[str] = set()

    @settings(max_examples=400, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(networks())
    def collect(network: Network) -> None:
        seen.update(type(layer).__name__ for _, layer in walk(network.model))

    collect()
    assert seen >= set(layers.LAYERS)


def test_networks_are_nested() -> None:
    def deep(network: Network) -> bool:
        return any(path.count(".") >= 3 for path, _ in walk(network.model))

    find(networks(), deep, settings=FIRST)


def test_the_smallest_network_is_small() -> None:
    smallest = find(networks(), lambda network: True, settings=settings(database=None))
    assert repr(smallest) == "Sequential(\n    0=ReLU(),\n) on (1, 1, 1, 1), seed 0"


@given(network=networks())
def test_nothing_in_a_network_is_zero(network: Network) -> None:
    for array in network.model.state().values():
        assert array.dtype == np.float64 and np.all(array != 0)
    assert all(np.all(a > 0) for name, a in network.model.buffers().items() if name.endswith("running_var"))
    assert isinstance(network.model, cnn.Sequential)
