"""Random networks hold every layer, in all small sizes, and shrink to something readable."""

from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis.errors import NoSuchExample

import minicnn as cnn
from minicnn import layers
from minicnn.layers import walk
from minicnn.testing import (
    Network,
    networks,
)
from minicnn.testing.random_networks import _layers, _same_size
from tests.testing.measures import CI, REACH, agree, draws


@pytest.mark.slow
def test_networks_hold_every_kind_of_layer() -> None:
    seen: set[str] = set()

    def complete(network: Network) -> bool:
        seen.update(type(layer).__name__ for _, layer in walk(network.model))
        return seen >= set(layers.LAYERS)

    find(networks(), complete, settings=settings(REACH, max_examples=400))


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

    find(networks(), deep, settings=REACH)


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
