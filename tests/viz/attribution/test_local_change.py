"""A pass of an image with a small change equals an ordinary pass of the changed image, and computes less."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn.testing import networks, tie_free, with_random_arrays
from viz.attribution import local_change
from viz.attribution.local_change import KnownPass
from viz.attribution.steps import _is_local, _joins_the_row, steps_of


def changed_images(x, values, corners):
    """The images themselves, for an ordinary pass."""
    images = np.repeat(x, len(corners), axis=0)
    for image, value, (top, left) in zip(images, values, corners, strict=True):
        image[:, top : top + value.shape[1], left : left + value.shape[2]] = value
    return images


def check(model, x, size, corners, tolerance=1e-12):
    values = tie_free((len(corners), x.shape[1], *size), seed=7, dtype=x.dtype) + 0.3
    expected = model.forward(changed_images(x, values, corners), cnn.Pass())[0]
    found = KnownPass(model, x).changed(values, np.array(corners))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max()))


@given(network=networks(), frozen=st.booleans(), most=st.sampled_from([0.5, 1.0]), data=st.data())
def test_it_is_an_ordinary_pass_of_the_changed_images(network, frozen, most, data):
    """Whatever the layers and however they are nested; also where a change fills nearly all of a map."""
    _, _, H, W = network.shape
    size = data.draw(st.integers(1, H)), data.draw(st.integers(1, W))
    corner = st.tuples(st.integers(0, H - size[0]), st.integers(0, W - size[1]))
    corners = data.draw(st.lists(corner, min_size=1, max_size=4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_change, "MOST", most)
        model = cnn.freeze(network.model) if frozen else network.model
        check(model, network.x()[:1], size, corners, tolerance=1e-10)


@st.composite
def sliding(draw):
    """A layer whose windows slide in any way that there is."""
    kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    options = {"stride": stride, "padding": draw(st.integers(0, kernel // 2))}
    match draw(st.sampled_from(["conv", "max", "average", "pad"])):
        case "conv":
            return cnn.Conv2d(2, 2, kernel, dilation=draw(st.integers(1, 2)), **options)
        case "max":
            dilation = draw(st.integers(1, 2)) if options["padding"] == 0 else 1
            return cnn.MaxPool2d(kernel, ceil_mode=draw(st.booleans()), dilation=dilation, **options)
        case "average":
            counts = draw(st.booleans())
            return cnn.AvgPool2d(kernel, ceil_mode=draw(st.booleans()), count_include_pad=counts, **options)
    return cnn.Pad(draw(st.tuples(*[st.integers(0, 2)] * 4)), value=draw(st.sampled_from([0.0, 0.7])))


@given(layers=st.lists(sliding(), min_size=1, max_size=3), relu=st.booleans(), data=st.data())
def test_it_is_exact_at_every_place_of_the_window(layers, relu, data):
    """In one batch: in the corners and inside, at any alignment with the strides."""
    rows = [[layer, cnn.ReLU()] if relu else [layer] for layer in layers]
    model = with_random_arrays(cnn.Sequential(*itertools.chain(*rows)), seed=1)
    x = tie_free((1, 2, 60, 57), seed=3)
    size = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    bottom, right = 60 - size[0], 57 - size[1]
    inside = data.draw(st.lists(st.tuples(st.integers(0, bottom), st.integers(0, right)), min_size=4, max_size=8))
    check(model, x, size, [(0, 0), (0, right), (bottom, 0), (bottom, right), *inside])


def sizes_given(model, known, size, corners):
    """The heights and widths that every convolution is given."""
    sizes = []
    ordinary = cnn.ops.conv2d
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cnn.ops, "conv2d", lambda x, *a, **k: sizes.append(x.shape[2:]) or ordinary(x, *a, **k))
        known.changed(np.zeros((len(corners), 1, *size)), np.array(corners))
    return sizes


def test_a_layer_is_given_only_what_its_changed_outputs_see():
    model = cnn.Sequential(
        cnn.Conv2d(1, 2, 3, padding=1), cnn.Conv2d(2, 2, 3, stride=2), cnn.Conv2d(2, 2, 1), cnn.Conv2d(2, 3, 5)
    )
    model.initialize(0).astype(np.float64)
    known = KnownPass(model, np.ones((1, 1, 41, 41)))
    # Vertically, 4 changed pixels reach 6 outputs of the first layer, which see 8; those reach 4 of the second, which
    # see 9; these are what 1 × 1 filters see; and they reach 8 of the last, which see 12. Horizontally it is 3 pixels.
    assert sizes_given(model, known, (4, 3), [(16, 16), (17, 16)]) == [(8, 7), (9, 7), (4, 3), (12, 11)]
    # A column further on 4 outputs of the second layer are reached; all boxes of a batch have the size of the largest.
    assert sizes_given(model, known, (4, 3), [(16, 16), (16, 17)]) == [(8, 7), (9, 9), (4, 4), (12, 12)]
    # Along an edge of the map there is less to reach.
    assert sizes_given(model, known, (4, 3), [(0, 16)]) == [(7, 7), (7, 7), (3, 3), (7, 11)]


def test_where_most_of_a_map_has_changed_the_whole_of_it_is_computed():
    model = cnn.Sequential(cnn.Conv2d(1, 2, 3, padding=1), cnn.Conv2d(2, 2, 3, padding=1))
    model.initialize(0).astype(np.float64)
    known = KnownPass(model, np.ones((1, 1, 10, 10)))
    assert sizes_given(model, known, (4, 4), [(3, 3)]) == [(8, 8), (10, 10)]  # of which 8 × 8 pixels are changed
    assert sizes_given(model, known, (9, 9), [(0, 1)]) == [(10, 10), (10, 10)]


def test_what_the_engine_fuses_is_one_step():
    """A convolution with what follows it, up to the pooling; not where something else takes an output between them."""
    row = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3), relu=cnn.ReLU(), pool=cnn.MaxPool2d(2), last=cnn.Conv2d(2, 2, 1), clip=cnn.ReLU()
    )
    assert [(step.path, step.sources) for step in steps_of(row)] == [
        ("pool", ("the network's input",)),
        ("clip", ("pool",)),
    ]
    layers = {"conv": cnn.Conv2d(1, 1, 3), "relu": cnn.ReLU(), "gate": cnn.Sigmoid(), "both": cnn.Join("add")}
    fork = cnn.Graph(layers, inputs={"gate": ["conv"], "both": ["relu", "gate"]})
    assert [step.path for step in steps_of(fork)] == ["conv", "relu", "gate", "both"]
    check(with_random_arrays(fork, seed=1), tie_free((1, 1, 9, 9), seed=3), (2, 2), [(0, 0), (4, 5)])


@pytest.mark.parametrize(
    ("layer", "local"),
    [
        (cnn.AvgPool2d(2), True),
        (cnn.AvgPool2d(3, padding=1), True),
        (cnn.AvgPool2d(3, padding=1, count_include_pad=False), False),
        (cnn.AvgPool2d(3, count_include_pad=False), True),
        (cnn.AvgPool2d(3, ceil_mode=True), False),
        (cnn.MaxPool2d(3, ceil_mode=True, padding=1), True),
        (cnn.Conv2d(1, 1, 3, padding=1), True),
        (cnn.Pad((1, 0, 2, 1)), True),
        (cnn.Pad((1, 0, 2, 1, 0, 1)), False),  # channels too
        (cnn.Pad((1, 0, 2, 1), mode="reflect"), False),
        (cnn.ReLU(), True),
        (cnn.Dropout2d(), True),
        (cnn.Flatten(), False),
        (cnn.GlobalAvgPool2d(), False),
        (cnn.LocalResponseNorm(3), True),
    ],
)
def test_a_layer_is_local_if_all_its_windows_are_computed_alike(layer, local) -> None:
    """An average divides by fewer pixels where its window leaves the map or padding does not count."""
    assert _is_local(layer) == local


@pytest.mark.parametrize(
    ("row", "layer", "joins"),
    [
        ([cnn.Conv2d(1, 1, 3)], cnn.MaxPool2d(2), True),
        ([cnn.Conv2d(1, 1, 3)], cnn.MaxPool2d(2, padding=1), False),
        ([cnn.Conv2d(1, 1, 3)], cnn.MaxPool2d(2, ceil_mode=True), False),
        ([cnn.AvgPool2d(2)], cnn.MaxPool2d(2), False),
        ([cnn.Conv2d(1, 1, 3), cnn.ReLU()], cnn.ReLU(), True),
        ([cnn.Conv2d(1, 1, 3)], cnn.Conv2d(1, 1, 1), False),
        ([cnn.Flatten()], cnn.ReLU(), False),
        ([cnn.AvgPool2d(2, ceil_mode=True)], cnn.ReLU(), False),
    ],
)
def test_layers_of_single_pixels_and_a_pooling_after_a_convolution_are_one_step(row, layer, joins) -> None:
    assert _joins_the_row(row, layer) == joins


@pytest.mark.parametrize(("width", "given"), [(8, (10, 8)), (9, (10, 10))])
def test_up_to_four_fifths_of_a_map_are_computed_by_themselves(width, given):
    """A filter of one pixel sees the changed ones alone: 80 of 100, and all of them where 90 are changed."""
    model = cnn.Sequential(cnn.Conv2d(1, 2, 1)).initialize(0).astype(np.float64)
    known = KnownPass(model, np.ones((1, 1, 10, 10)))
    assert sizes_given(model, known, (10, width), [(0, 1)]) == [given]
