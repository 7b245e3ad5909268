"""What a unit sees: by the rule, and by the pixels that change it."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.receptive_field import Field, receptive_fields


@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"stride": 3, "padding": 1}])
def test_pooling_sees_the_same_whether_it_takes_means_or_maxima(options) -> None:
    fields = [
        receptive_fields(cnn.Sequential(conv=cnn.Conv2d(1, 1, 3, stride=2), pool=pool((3, 2), **options)))["pool"]
        for pool in (cnn.AvgPool2d, cnn.MaxPool2d)
    ]
    assert fields[0] == fields[1]


@pytest.mark.parametrize("pool", [cnn.AvgPool2d((3, 2), stride=2), cnn.AvgPool2d(2, stride=1, padding=1)])
def test_the_field_is_of_the_pixels_that_a_unit_depends_on(pool) -> None:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 3, stride=2, dilation=2), pool=pool).initialize(0)
    model["conv"].weight[...] = 1
    field = receptive_fields(model)["pool"]
    y, pullback = model.forward(np.ones((1, 1, 31, 31), np.float32))
    row, column = 2, 3
    dy = np.zeros_like(y)
    dy[0, 0, row, column] = 1
    rows, columns = np.nonzero(pullback(dy, wants="input")[0][0, 0])
    first = [field.offset[a] + place * field.stride[a] for a, place in enumerate((row, column))]
    assert (rows.min(), columns.min()) == tuple(first)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == field.size


def spread(rng: np.random.Generator) -> cnn.Sequential:
    """Convolutions, poolings and paddings whose options differ between the axes, and between the sides."""

    def two(low: int, high: int) -> tuple[int, int]:
        return tuple(rng.integers(low, high + 1, 2).tolist())

    layers: list[cnn.Layer] = []
    for kind in rng.permutation(["conv", "pool", "pad", "conv"]):
        if kind == "conv":
            conv = cnn.Conv2d(1, 1, two(1, 3), two(1, 2), two(0, 2), two(1, 2))
            layers.append(conv)
        elif kind == "pool":
            layers.append(cnn.AvgPool2d((3, 2), two(1, 2), (1, 0, 2, 1) if rng.integers(2) else 0))
        else:
            layers.append(cnn.Pad(tuple(rng.integers(0, 3, 4).tolist())))
    model = cnn.Sequential(*layers).initialize(0)
    for array in model.parameters().values():
        array[...] = 1
    return model


@pytest.mark.parametrize("seed", range(6))
def test_the_field_of_layers_in_a_row_is_of_the_pixels_that_a_unit_depends_on(seed: int) -> None:
    model = spread(np.random.default_rng(seed))
    field = list(receptive_fields(model).values())[-1]
    y, pullback = model.forward(np.ones((1, 1, 60, 60), np.float32))
    row, column = y.shape[2] // 2, y.shape[3] // 2 - 1
    dy = np.zeros_like(y)
    dy[0, 0, row, column] = 1
    rows, columns = np.nonzero(pullback(dy, wants="input")[0][0, 0])
    top, left, bottom, right = field.box(row, column)
    assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == (top, left, bottom, right)


@pytest.mark.parametrize("seed", range(3))
def test_the_field_of_branches_that_are_joined_holds_those_of_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pads = [tuple(rng.integers(0, 3, 2).tolist()) for _ in range(2)]
    kernels = [tuple((2 * np.array(pad) + 1).tolist()) for pad in pads]
    branches = [cnn.Conv2d(1, 1, kernel, padding=pad) for kernel, pad in zip(kernels, pads, strict=True)]
    found = list(receptive_fields(cnn.Sequential(both=cnn.Concat(*branches))).values())[-1]
    assert found.size == tuple(max(kernel[a] for kernel in kernels) for a in (0, 1))
    assert found.offset == tuple(-max(pad[a] for pad in pads) for a in (0, 1))
    apart = cnn.Concat(cnn.Conv2d(1, 1, 1), cnn.Conv2d(1, 1, 1, stride=(1, 2)))
    assert receptive_fields(cnn.Sequential(both=apart))["both"] is None


def test_a_shortcut_and_a_body_are_seen_together_and_each_has_its_own_window() -> None:
    body = {"a": cnn.Conv2d(1, 1, 3, padding=1), "b": cnn.Conv2d(1, 1, (3, 1), padding=(1, 0))}
    shortcut = cnn.Conv2d(1, 1, (1, 5), padding=(0, 2))
    for name in (None, "shortcut"):
        block = cnn.Residual(**body, **({} if name is None else {name: shortcut}))
        found = receptive_fields(cnn.Sequential(conv=cnn.Conv2d(1, 1, 3, stride=2), block=block, relu=cnn.ReLU()))
        assert found["block.a"] == Field((7, 7), (2, 2), (-2, -2))
        assert found["block.b"] == Field((11, 7), (2, 2), (-4, -2))
        if name is None:
            assert found["block"] == found["relu"] == found["block.b"]
        else:
            assert found["block.shortcut"] == Field((3, 11), (2, 2), (0, -4))
            assert found["block"] == found["relu"] == Field((11, 11), (2, 2), (-4, -4))
        assert list(found)[-1] == "relu" and "" not in found


def test_the_layers_of_a_graph_see_what_their_sources_see() -> None:
    a, b, both = cnn.Conv2d(1, 1, (3, 1)), cnn.Conv2d(1, 1, (1, 3), padding=(1, 2)), cnn.Join("add")
    graph = cnn.Graph(a=a, b=b, both=both, c=cnn.MaxPool2d(2), inputs={"b": ["input"], "both": ["a", "b"]})
    found = receptive_fields(cnn.Sequential(graph=graph, pad=cnn.Pad((3, 0, 1, 0))))
    assert found["graph.a"] == Field((3, 1)) and found["graph.b"] == Field((1, 3), offset=(-1, -2))
    assert found["graph.both"] == Field((4, 3), offset=(-1, -2))
    assert found["graph.c"] == found["graph"] == Field((5, 4), (2, 2), (-1, -2))
    assert found["pad"] == Field((5, 4), (2, 2), (-3, -8))
    joined = cnn.Graph(a=cnn.Conv2d(1, 1, 3), b=cnn.Flatten(), c=cnn.Join("add"), inputs={"b": ["input"], "c": [*"ab"]})
    assert [receptive_fields(joined)[name] for name in "abc"] == [Field((3, 3)), None, None]


def test_behind_a_layer_that_sees_all_there_is_no_window_and_in_an_unknown_container_neither() -> None:
    class Own(cnn.Layer):
        def __init__(self):
            self.conv = cnn.Conv2d(1, 1, 3)

        def forward(self, x, pass_):
            return self.conv.forward(x, pass_)

    up = cnn.ConvTranspose2d(1, 1, 2)
    for unknown in (Own(), cnn.GlobalAvgPool2d(), up):
        found = receptive_fields(cnn.Sequential(conv=cnn.Conv2d(1, 1, 3), unknown=unknown, relu=cnn.ReLU()))
        assert found["conv"] == Field((3, 3))
        assert {field for path, field in found.items() if path != "conv"} == {None}
