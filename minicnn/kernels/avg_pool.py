"""Average pooling of channels-last images, x (N, H, W, C) and y (N, OH, OW, C): all channels of a pixel at a time.

Rows and columns of windows are (first, last + 1, length that counts for the area). A window reads only its own pixels,
so that NaN and infinity affect no other window.
"""

from numba import prange

from ..threads import parallel


@parallel
def average(x, rows, columns, y):
    """y[n, oy, ox] = the sum of x[n] over rows[oy] and columns[ox], divided by their area."""
    for task in prange(len(x) * len(rows)):
        n, oy = task // len(rows), task % len(rows)
        top, bottom, height = rows[oy]
        for ox in range(len(columns)):
            left, right, width = columns[ox]
            total, area = y[n, oy, ox], x.dtype.type(height * width)
            total[:] = 0
            for iy in range(top, bottom):
                for ix in range(left, right):
                    pixel = x[n, iy, ix]
                    for c in range(len(total)):
                        total[c] += pixel[c]
            for c in range(len(total)):
                total[c] /= area


@parallel
def average_gradient(dy, rows, columns, dx):
    """dx = each window's dy, divided by its area, added to every pixel under it: a row of pixels at a time."""
    H = dx.shape[1]
    for task in prange(len(dx) * H):
        n, iy = task // H, task % H
        dx[n, iy] = 0
        for oy in range(len(rows)):
            top, bottom, height = rows[oy]
            if not top <= iy < bottom:
                continue
            for ox in range(len(columns)):
                left, right, width = columns[ox]
                given, area = dy[n, oy, ox], dx.dtype.type(height * width)
                for ix in range(left, right):
                    pixel = dx[n, iy, ix]
                    for c in range(len(given)):
                        pixel[c] += given[c] / area
