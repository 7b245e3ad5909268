"""im2col and its transpose col2im, for one picture: what lies under a filter at each of its places becomes a column.

Two things make im2col cheap. A block's pictures are first copied into a *patch* with their zero padding, so that no
loop asks where the border is. And with stride 1 the outputs are numbered by the patch's own pitch (its row length):
output q then reads patch[q + shift], with one shift for each filter tap, so that a row of columns is one contiguous
copy. The few outputs at each row's end that straddle two rows are computed and thrown away (in the pullbacks: are 0).

`geometry` is `ops.geometry.Geometry`; a picture is (C, H, W), C-contiguous.
"""

import numpy as np

from ..threads import jit


@jit
def patch_shape(geometry, rows, OW):
    """(height, width) of the padded input under `rows` rows of outputs."""
    kh, kw, stride_h, stride_w, _, _, dilation_h, dilation_w = geometry
    return (rows - 1) * stride_h + dilation_h * (kh - 1) + 1, (OW - 1) * stride_w + dilation_w * (kw - 1) + 1


@jit
def line_pitch(geometry, OW):
    """How far apart two rows of outputs stand among the columns."""
    return patch_shape(geometry, 1, OW)[1] if geometry[3] == 1 and geometry[2] == 1 else OW


@jit
def load_patch(x, geometry, row, patch):
    """patch = the padded picture from output row `row` on; x (C, H, W)."""
    C, H, W = x.shape
    top, left = row * geometry[2] - geometry[4], -geometry[5]
    height, width = patch.shape[1:]
    first, last = max(0, -left), min(width, W - left)
    for c in range(C):
        for i in range(height):
            target = patch[c, i]
            if top + i < 0 or top + i >= H:
                target[:] = 0
                continue
            target[:first] = 0
            target[last:] = 0
            source = x[c, top + i]
            for j in range(first, last):
                target[j] = source[j + left]


@jit
def im2col(patch, geometry, rows, OW, cols, m):
    """cols[(c, i, j), m, (oy, ox)] = patch[c, oy·stride + i·dilation, ox·stride + j·dilation]."""
    kh, kw, stride_h, stride_w, _, _, dilation_h, dilation_w = geometry
    C, height, width = patch.shape
    flat = patch.reshape(C, height * width)
    pitch = line_pitch(geometry, OW)
    run = (rows - 1) * pitch + OW
    k = 0
    for c in range(C):
        for i in range(kh):
            for j in range(kw):
                row = cols[k, m]
                k += 1
                if stride_h == 1 and stride_w == 1:
                    shift = i * dilation_h * width + j * dilation_w
                    source = flat[c, shift : shift + run]
                    for q in range(run):
                        row[q] = source[q]
                    continue
                for oy in range(rows):
                    source = patch[c, oy * stride_h + i * dilation_h]
                    for ox in range(OW):
                        row[oy * pitch + ox] = source[ox * stride_w + j * dilation_w]


@jit
def col2im(cols, geometry, first, rows, OW, patch):
    """patch[c, oy·stride + i·dilation, ox·stride + j·dilation] += cols[(c, i, j), (oy, ox)]: im2col, transposed.

    The columns are those of the output rows from `first` on; the patch is the whole picture's.
    """
    kh, kw, stride_h, stride_w, _, _, dilation_h, dilation_w = geometry
    C, height, width = patch.shape
    flat = patch.reshape(C, height * width)
    pitch = line_pitch(geometry, OW)
    run = (rows - 1) * pitch + OW
    k = 0
    for c in range(C):
        for i in range(kh):
            for j in range(kw):
                row = cols[k]
                k += 1
                if stride_h == 1 and stride_w == 1:
                    shift = (first + i * dilation_h) * width + j * dilation_w
                    target = flat[c, shift : shift + run]
                    for q in range(run):
                        target[q] += row[q]
                    continue
                for oy in range(rows):
                    target = patch[c, (first + oy) * stride_h + i * dilation_h]
                    for ox in range(OW):
                        target[ox * stride_w + j * dilation_w] += row[oy * pitch + ox]


@jit
def columns(picture, geometry, row, rows, OW, cols, m):
    """cols[:, m] = the columns of one picture (C, H, W), for its outputs from row `row` on."""
    shape = patch_shape(geometry, rows, OW)
    if shape == picture.shape[1:] and geometry[4] == 0 and geometry[5] == 0:
        patch = picture  # its own patch
    else:
        patch = np.empty((picture.shape[0], *shape), picture.dtype)
        load_patch(picture, geometry, row, patch)
    im2col(patch, geometry, rows, OW, cols, m)
