"""`summary` computes shapes by arithmetic alone; they are the same as when the network runs."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given

import minicnn as cnn
from minicnn.layers import walk
from minicnn.testing import networks


def shapes_of_a_run(model, x):
    leaves = [path for path, layer in walk(model) if path and not getattr(layer, "children", {})]
    watch = cnn.Watch(*leaves)
    model.forward(x, cnn.Pass(watch=watch))
    return {path: watch.activations[path].shape[1:] for path in leaves}


@given(networks())
def test_shapes_are_those_of_a_run(network):
    rows = cnn.summary(network.model, network.shape[1:]).rows
    assert {row.path: row.output_shape for row in rows} == shapes_of_a_run(network.model, network.x())


def test_a_users_layer_is_run():
    class Doubled:
        parameters, buffers = {}, {}

        def forward(self, x, pass_):
            return np.concatenate([x, x], axis=1), None

    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), doubled=Doubled(), pool=cnn.MaxPool2d(2))
    assert [row.output_shape for row in cnn.summary(model, (1, 8, 8)).rows] == [(2, 6, 6), (4, 6, 6), (4, 3, 3)]


def test_a_single_layer_is_its_own_model():
    (row,) = cnn.summary(cnn.Conv2d(3, 8, 3), (3, 9, 9)).rows
    assert (row.path, row.output_shape, row.parameters) == ("Conv2d", (8, 7, 7), 8 * 28)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (cnn.Sequential(conv=cnn.Conv2d(3, 8, 3)), r"^conv: conv2d: x has 1 channels, but w \(8, 3, 3, 3\) takes 3"),
        (cnn.Sequential(conv=cnn.Conv2d(1, 8, 9)), "^conv: conv2d: a window of 9 does not fit into height 8"),
        (cnn.Sequential(pool=cnn.AvgPool2d(9)), "^pool: avg_pool2d: a window of 9 does not fit into height 8"),
        (cnn.Sequential(norm=cnn.BatchNorm2d(2)), "^norm: batch_norm2d: x has 1 channels"),
        (cnn.Sequential(fc=cnn.Dense(64, 2)), r"^fc: dense: expected x of shape \(N, inputs\), got \(1, 1, 8, 8\)"),
        (cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(9, 2)), r"^fc: dense: x \(1, 64\) has 64 inputs"),
    ],
)
def test_images_that_do_not_fit_are_refused_as_in_a_run(model, message):
    with pytest.raises(ValueError, match=message):
        cnn.summary(model, (1, 8, 8))


@pytest.mark.parametrize(
    "layer", [cnn.Conv2d(8, 2, 3), cnn.BatchNorm2d(8), cnn.Conv2d(9, 2, 3), cnn.BatchNorm2d(9), cnn.Dense(9, 2)]
)
def test_a_number_of_channels_is_not_a_height_or_a_width(layer):
    with pytest.raises(ValueError, match=r"x has 1 channels|expected x of shape"):
        cnn.summary(layer, (1, 8, 9))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (cnn.Conv2d(3, 5, (3, 2), (2, 1), (1, 0), (1, 2)), (5, 4, 7)),
        (cnn.MaxPool2d((3, 2), (2, 1), (1, 0), (1, 2)), (3, 4, 7)),
        (cnn.MaxPool2d(3, 2, ceil_mode=True), (3, 4, 4)),
        (cnn.AvgPool2d((3, 2), (2, 1), (1, 0)), (3, 4, 8)),
        (cnn.AvgPool2d(3, 2, ceil_mode=True), (3, 4, 4)),
        (cnn.AdaptiveAvgPool2d((2, 5)), (3, 2, 5)),
        (cnn.GlobalAvgPool2d(), (3,)),
        (cnn.BatchNorm2d(3), (3, 8, 9)),
    ],
)
def test_no_kernel_runs_where_options_tell_the_shape(layer, expected, monkeypatch):
    """Nothing has to be compiled for a summary, and a large image costs nothing."""
    monkeypatch.setattr(type(layer), "forward", lambda *arguments: pytest.fail("it runs"))
    (row,) = cnn.summary(cnn.Sequential(layer=layer), (3, 8, 9)).rows
    assert row.output_shape == expected


@pytest.mark.slow
def test_nothing_is_compiled(tmp_path):
    program = "import sys; from minicnn.cli import main\n"
    program += "sys.exit(any([main(['summary', name]) for name in ('squeezenet1_1', 'googlenet', 'vgg11_bn')]))"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("stride", "padding", "output_padding", "dilation"),
    [(1, 0, 0, 1), (1, (2, 0), 0, 2), (2, 0, 0, 1), (2, 1, 1, 2), (3, (0, 1), 2, 1)],
)
def test_a_transposed_convolution_multiplies_at_every_place_of_its_input(
    stride, padding, output_padding, dilation
) -> None:
    """It costs as much as the convolution that it transposes, which leads from its output's shape to its input's."""
    shared = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 2}
    up = cnn.ConvTranspose2d(4, 6, (3, 2), output_padding=output_padding, **shared)
    (row,) = cnn.summary(up, (4, 5, 7)).rows
    assert row.multiply_adds == 5 * 7 * up.weight.size
    (back,) = cnn.summary(cnn.Conv2d(6, 4, (3, 2), **shared), row.output_shape).rows
    assert (back.output_shape, back.multiply_adds) == ((4, 5, 7), row.multiply_adds)


TEXT = """\
layer    type         output    parameters  multiply-adds  sees
───────────────────────────────────────────────────────────────
input                 28×20×1                               1×1
conv     Conv2d       26×18×10         100         42,120   3×3
norm     BatchNorm2d  26×18×10          20                  3×3
pool     MaxPool2d    13×6×10                               4×5
flatten  Flatten      780                                     –
fc       Dense        10             7,810          7,800     –
───────────────────────────────────────────────────────────────
total                                7,930         49,920"""


def test_the_table_has_each_number_in_its_column_and_on_the_line_of_its_layer():
    layers = {"conv": cnn.Conv2d(1, 10, 3), "norm": cnn.BatchNorm2d(10), "pool": cnn.MaxPool2d((2, 3))}
    found = cnn.summary(cnn.Sequential(**layers, flatten=cnn.Flatten(), fc=cnn.Dense(780, 10)), (1, 28, 20))
    assert str(found) == TEXT
    page = found._repr_html_()
    assert "5 layers, 7,930 parameters, 49,920 multiply-adds for an input of 28×20×1" in page
    cells = re.findall(r'<td style="text-align: (\w+)">([^<]*)</td>', page)
    assert [side for side, _ in cells] == (["left"] * 3 + ["right"] * 3) * 7
    assert [text for _, text in cells[6:12]] == ["conv", "Conv2d", "26×18×10", "100", "42,120", "3×3"]
