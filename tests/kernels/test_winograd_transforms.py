"""Winograd's transforms are the products with their matrices. (That those are the right ones: tests/mutations.)"""

import numpy as np
import pytest

from minicnn.kernels import winograd_transforms as transforms
from minicnn.kernels.vector import REGISTER, address, load_each, store_each
from minicnn.threads import jit

# Each name with the rows and columns of its matrix.
SHAPES = {
    "inputs4": (6, 6),
    "filters4": (6, 3),
    "outputs4": (4, 6),
    "filters4_transposed": (3, 6),
    "outputs4_transposed": (6, 4),
    "inputs2": (4, 4),
    "filters2": (4, 3),
    "outputs2": (2, 4),
    "filters2_transposed": (3, 4),
    "outputs2_transposed": (4, 2),
}
LANES = REGISTER // 4


def matrix_of(name: str) -> np.ndarray:
    """The matrix that a transform multiplies by: its effect on each unit vector."""
    rows, columns = SHAPES[name]
    transform = getattr(transforms, name)

    @jit
    def run(x, y):
        store_each(address(y, 0), LANES, transform(load_each(address(x, 0), LANES, columns)))

    matrix = np.empty((rows, columns))
    for k, unit in enumerate(np.eye(columns, dtype=np.float32)):
        x, y = np.repeat(unit, LANES), np.empty(rows * LANES, np.float32)
        run(x, y)
        assert (y.reshape(rows, LANES) == y[::LANES, None]).all()  # each lane alike
        matrix[:, k] = y[::LANES]
    return matrix


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_tiles_are_multiplied_from_both_sides(name: str) -> None:
    rows, columns = SHAPES[name]
    family = transforms.F4 if "4" in name else transforms.F2
    multiply = getattr(family, name.replace("4", "").replace("2", ""))
    apart, pixel, at, to = 5, 7 * LANES, 3, 2  # odd distances, so that a mix-up of two is seen

    @jit
    def run(x, scratch, y):
        source, target = address(x, at), address(y, to)
        multiply(source, columns * pixel + apart, pixel, address(scratch, 0), target, rows * pixel + 1, pixel + 2)

    rng = np.random.default_rng(0)
    x = rng.standard_normal(at + columns * (columns * pixel + apart) + LANES).astype(np.float32)
    y, scratch = np.zeros(to + rows * (rows * pixel + 3 * rows) + LANES, np.float32), np.empty(36 * LANES, np.float32)
    run(x, scratch, y)
    matrix = matrix_of(name)
    tile = np.empty((columns, columns, LANES))
    for i in range(columns):
        for j in range(columns):
            start = at + i * (columns * pixel + apart) + j * pixel
            tile[i, j] = x[start : start + LANES]
    expected = np.einsum("ik,klc,jl->ijc", matrix, tile, matrix)
    for i in range(rows):
        for j in range(rows):
            start = to + i * (rows * pixel + 1) + j * (pixel + 2)
            np.testing.assert_allclose(y[start : start + LANES], expected[i, j], rtol=0, atol=1e-4)
