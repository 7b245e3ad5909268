"""Average pooling of planes, each one channel of one image: x (P, H, W), y (P, OH, OW), both C-contiguous."""

from numba import prange

from ..threads import parallel


@parallel
def average(x, rows, columns, y):
    """y[p, oy, ox] = the sum of x[p] over rows[oy] and columns[ox], divided by their area.

    Rows and columns are (first, last + 1, length that counts for the area). A window reads only its own pixels, so that
    NaN and infinity affect no other window.
    """
    for p in prange(len(x)):
        for oy in range(len(rows)):
            top, bottom, height = rows[oy]
            for ox in range(len(columns)):
                left, right, width = columns[ox]
                total = x.dtype.type(0)
                for iy in range(top, bottom):
                    for ix in range(left, right):
                        total += x[p, iy, ix]
                y[p, oy, ox] = total / x.dtype.type(height * width)


@parallel
def average_gradient(dy, rows, columns, dx):
    """dx = each window's dy, divided by its area, added to every pixel under it."""
    for p in prange(len(dx)):
        dx[p] = 0
        for oy in range(len(rows)):
            top, bottom, height = rows[oy]
            for ox in range(len(columns)):
                left, right, width = columns[ox]
                share = dy[p, oy, ox] / dx.dtype.type(height * width)
                for iy in range(top, bottom):
                    for ix in range(left, right):
                        dx[p, iy, ix] += share
