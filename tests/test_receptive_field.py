"""What a unit sees: by the rule, and by the pixels that change it."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.receptive_field import receptive_fields


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
