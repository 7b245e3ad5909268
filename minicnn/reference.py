"""The textbook: every op's forward in the plainest NumPy, each line the formula it implements.

Slow, and without gradients except for the convolution's. The engine is tested against it, and it is the place to look
up a formula. The names and arguments are those of `minicnn.ops`; arguments are not checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = int | tuple[int, int]


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _sides(padding: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Padding as ((top, bottom), (left, right)): of one int, (vertical, horizontal), or (left, right, top, bottom)."""
    if np.ndim(padding) and len(padding) == 4:
        left, right, top, bottom = padding
        return (top, bottom), (left, right)
    vertical, horizontal = _pair(padding)
    return (vertical, vertical), (horizontal, horizontal)


def _padded(x: Array, padding: Any, value: float) -> Array:
    """x with a border of `value`."""
    return np.pad(x, ((0, 0), (0, 0), *_sides(padding)), constant_values=value)


def _count(size: int, window: int, stride: int, padding: tuple[int, int], dilation: int, ceil_mode: bool) -> int:
    """How many windows fit along one direction."""
    before, after = padding
    steps = (size + before + after - dilation * (window - 1) - 1) / stride
    count = int(np.ceil(steps) if ceil_mode else np.floor(steps)) + 1
    if ceil_mode and (count - 1) * stride >= size + before:
        count -= 1  # the last window would start in the padding after the image
    return count


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """y[n, o, oy, ox] = b[o] + Σ w[o] · (the patch of x under the filter)."""
    (sh, sw), (dh, dw), (vertical, horizontal) = _pair(stride), _pair(dilation), _sides(padding)
    N, _, H, W = x.shape
    O, C, kh, kw = w.shape
    OH, OW = _count(H, kh, sh, vertical, dh, False), _count(W, kw, sw, horizontal, dw, False)
    x = _padded(x, padding, 0)
    y = np.zeros((N, O, OH, OW), x.dtype)
    for o in range(O):
        group = o // (O // groups)
        channels = slice(group * C, (group + 1) * C)
        for oy in range(OH):
            for ox in range(OW):
                rows = slice(oy * sh, oy * sh + dh * (kh - 1) + 1, dh)
                columns = slice(ox * sw, ox * sw + dw * (kw - 1) + 1, dw)
                y[:, o, oy, ox] = (x[:, channels, rows, columns] * w[o]).sum(axis=(1, 2, 3))
    return y if b is None else y + b[:, None, None]


def im2col(x: Array, window: Pair, *, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1) -> Array:
    """The patches of x (N, C, H, W) under a window (kh, kw) as columns, (N, C·kh·kw, OH·OW)."""
    (kh, kw), (sh, sw), (dh, dw) = _pair(window), _pair(stride), _pair(dilation)
    N, C, H, W = x.shape
    OH, OW = (
        _count(*along, False) for along in zip((H, W), (kh, kw), (sh, sw), _sides(padding), (dh, dw), strict=True)
    )
    x = _padded(x, padding, 0)
    columns = np.zeros((N, C, kh, kw, OH, OW), x.dtype)
    for i in range(kh):
        for j in range(kw):
            columns[:, :, i, j] = x[:, :, i * dh : i * dh + sh * OH : sh, j * dw : j * dw + sw * OW : sw]
    return columns.reshape(N, C * kh * kw, OH * OW)


def col2im(
    columns: Array, shape: tuple[int, ...], window: Pair, *, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> Array:
    """The transpose of `im2col`: each number is added to the pixel of an image of `shape` that it came from."""
    pixels = np.arange(1, np.prod(shape[1:]) + 1).reshape(1, *shape[1:])
    origin = im2col(pixels, window, stride=stride, padding=padding, dilation=dilation).reshape(-1)  # 0 for padding
    x = np.zeros((shape[0], pixels.size + 1), columns.dtype)
    for n in range(shape[0]):
        np.add.at(x[n], origin, columns[n].reshape(-1))
    return x[:, 1:].reshape(shape)


def conv2d_by_columns(x: Array, w: Array, b: Array | None, dy: Array, *, groups: int = 1, **options: Any) -> Any:
    """The convolution and its gradients (y, dx, dw, db), each a product of matrices.

    For an image's columns X (C·kh·kw, OH·OW), the filters W (O, C·kh·kw), and dY (O, OH·OW):

        Y = W X + b        dX = Wᵀ dY, put back by `col2im`        dW = Σₙ dY Xᵀ        db = Σₙ dY 1

    Groups are cut apart first, and joined again at the end.
    """
    parts = []
    for x_, w_, dy_ in zip(np.split(x, groups, 1), np.split(w, groups), np.split(dy, groups, 1), strict=True):
        X = im2col(x_, w.shape[2:], **options)
        W = w_.reshape(len(w_), -1)
        dY = dy_.reshape(*dy_.shape[:2], -1)
        y = (W @ X).reshape(dy_.shape)
        dx = col2im(W.T @ dY, x_.shape, w.shape[2:], **options)
        dw = (dY @ X.transpose(0, 2, 1)).sum(axis=0).reshape(w_.shape)
        parts.append((y, dx, dw))
    y, dx, dw = (np.concatenate(part, axis) for part, axis in zip(zip(*parts, strict=True), (1, 1, 0), strict=True))
    return y if b is None else y + b[:, None, None], dx, dw, dy.sum(axis=(0, 2, 3))


def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Each pixel of x adds a multiple of its filter to y; the border of `padding` is cropped."""
    (sh, sw), (ph, pw), (dh, dw) = _pair(stride), _pair(padding), _pair(dilation)
    extra_h, extra_w = _pair(output_padding)
    N, C, H, W = x.shape
    _, O, kh, kw = w.shape
    height = (H - 1) * sh + dh * (kh - 1) + 1
    width = (W - 1) * sw + dw * (kw - 1) + 1
    canvas = np.zeros((N, O * groups, height + extra_h, width + extra_w), x.dtype)
    for c in range(C):
        group = c // (C // groups)
        outputs = slice(group * O, (group + 1) * O)
        for iy in range(H):
            for ix in range(W):
                rows = slice(iy * sh, iy * sh + dh * (kh - 1) + 1, dh)
                columns = slice(ix * sw, ix * sw + dw * (kw - 1) + 1, dw)
                canvas[:, outputs, rows, columns] += x[:, c, iy, ix][:, None, None, None] * w[c]
    y = canvas[:, :, ph : height + extra_h - ph, pw : width + extra_w - pw]
    return y if b is None else y + b[:, None, None]


def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Any = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum under each window: the first of several, but the last of NaNs, which count for more than ∞."""
    (kh, kw), (sh, sw) = _pair(kernel_size), _pair(kernel_size if stride is None else stride)
    (dh, dw), (vertical, horizontal) = _pair(dilation), _sides(padding)
    (top, left), (N, C, H, W) = (vertical[0], horizontal[0]), x.shape
    OH, OW = _count(H, kh, sh, vertical, dh, ceil_mode), _count(W, kw, sw, horizontal, dw, ceil_mode)
    y = np.zeros((N, C, OH, OW), x.dtype)
    indices = np.zeros((N, C, OH, OW), np.int64)
    for oy in range(OH):
        for ox in range(OW):
            rows = [iy for iy in range(oy * sh - top, oy * sh - top + dh * kh, dh) if 0 <= iy < H]
            columns = [ix for ix in range(ox * sw - left, ox * sw - left + dw * kw, dw) if 0 <= ix < W]
            at = np.array([iy * W + ix for iy in rows for ix in columns])
            values = x.reshape(N, C, H * W)[:, :, at]
            best = values.real.argmax(axis=2)
            nan = np.isnan(values.real)
            best = np.where(nan.any(axis=2), len(at) - 1 - nan[:, :, ::-1].argmax(axis=2), best)
            y[:, :, oy, ox] = np.take_along_axis(values, best[:, :, None], axis=2)[:, :, 0]
            indices[:, :, oy, ox] = at[best]
    return (y, indices) if return_indices else y


def max_unpool2d(
    x: Array,
    indices: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    output_size: tuple[int, int] | None = None,
) -> Array:
    """Each value at its index, and zeros elsewhere."""
    (kh, kw), (sh, sw), (ph, pw) = _pair(kernel_size), _pair(stride or kernel_size), _pair(padding)
    N, C, OH, OW = x.shape
    H, W = output_size or ((OH - 1) * sh - 2 * ph + kh, (OW - 1) * sw - 2 * pw + kw)
    y = np.zeros((N, C, H * W), x.dtype)
    for n in range(N):
        for c in range(C):
            for k in range(OH * OW):
                y[n, c, indices[n, c].flat[k]] = x[n, c].flat[k]
    return y.reshape(N, C, H, W)


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """The sum under each window, divided by how many pixels (or pixels and padding) it covers."""
    (kh, kw), (sh, sw), (vertical, horizontal) = _pair(kernel_size), _pair(stride or kernel_size), _sides(padding)
    N, C, H, W = x.shape
    OH, OW = _count(H, kh, sh, vertical, 1, ceil_mode), _count(W, kw, sw, horizontal, 1, ceil_mode)
    counted = _padded(np.ones((1, 1, H, W)), padding, 1 if count_include_pad else 0)
    x = _padded(x, padding, 0)
    y = np.zeros((N, C, OH, OW), x.dtype)
    for oy in range(OH):
        for ox in range(OW):
            window = (..., slice(oy * sh, oy * sh + kh), slice(ox * sw, ox * sw + kw))
            y[:, :, oy, ox] = x[window].sum(axis=(2, 3)) / counted[window].sum()
    return y


def global_avg_pool2d(x: Array) -> Array:
    return x.mean(axis=(2, 3))


def global_max_pool2d(x: Array) -> Array:
    return max_pool2d(x, x.shape[2:])[:, :, 0, 0]


def adaptive_avg_pool2d(x: Array, output_size: Pair) -> Array:
    """Window o runs from ⌊o·size / outputs⌋ to ⌈(o + 1)·size / outputs⌉."""
    OH, OW = _pair(output_size)
    N, C, H, W = x.shape
    y = np.zeros((N, C, OH, OW), x.dtype)
    for oy in range(OH):
        for ox in range(OW):
            rows = slice(int(np.floor(oy * H / OH)), int(np.ceil((oy + 1) * H / OH)))
            columns = slice(int(np.floor(ox * W / OW)), int(np.ceil((ox + 1) * W / OW)))
            y[:, :, oy, ox] = x[:, :, rows, columns].mean(axis=(2, 3))
    return y


def local_response_norm(x: Array, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Array:
    """Divide by (k + alpha · the mean square of the neighboring channels)^beta; channels outside count as 0."""
    y = np.zeros_like(x)
    C = x.shape[1]
    for c in range(C):
        neighbors = x[:, max(0, c - size // 2) : min(C, c + (size - 1) // 2 + 1)]
        y[:, c] = x[:, c] / (k + alpha * (neighbors**2).sum(axis=1) / size) ** beta
    return y


def batch_norm2d(
    x: Array,
    weight: Array,
    bias: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    *,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Each channel minus its mean, divided by its standard deviation; the running statistics are only read here."""
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        if training:
            mean = x[:, c].mean()
            var = ((x[:, c] - mean) ** 2).mean()
        else:
            assert running_mean is not None and running_var is not None
            mean, var = running_mean[c], running_var[c]
        y[:, c] = weight[c] * (x[:, c] - mean) / np.sqrt(var + eps) + bias[c]
    return y


def relu(x: Array, *, rule: str = "plain") -> Array:
    return np.where(x.real > 0, x, 0 * x)  # 0·x, so that a NaN stays one


def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    return np.where(x.real > 0, x, negative_slope * x)


def clip(x: Array, low: float | None = None, high: float | None = None) -> Array:
    if low is not None:
        x = np.where(x.real < low, low, x)
    return x if high is None else np.where(x.real > high, high, x)


def sigmoid(x: Array) -> Array:
    return np.exp(x) / (1 + np.exp(x))


def tanh(x: Array) -> Array:
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def erf(x: Array) -> Array:
    """(2/√π) times the integral of exp(−t²) from 0 to x, by Gauss and Legendre's 40 points t = x · (1 + node) / 2."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    t = x[..., None] * (1 + nodes) / 2
    return x / np.sqrt(np.pi) * (weights * np.exp(-(t**2))).sum(axis=-1)


def elu(x: Array, *, alpha: float = 1.0) -> Array:
    return np.where(x.real > 0, x, alpha * (np.exp(x) - 1))


def silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def hardsigmoid(x: Array, *, alpha: float = 1 / 6, beta: float = 0.5) -> Array:
    return clip(alpha * x + beta, 0, 1)


def hardswish(x: Array) -> Array:
    return x * clip(x + 3, 0, 6) / 6


def gelu(x: Array, *, approximate: str = "none") -> Array:
    if approximate == "tanh":
        return x / 2 * (1 + tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / np.sqrt(2)))


def prelu(x: Array, weight: Array) -> Array:
    return np.where(x.real > 0, x, _channels(weight, x) * x)


def affine(x: Array, weight: Array, bias: Array | None = None) -> Array:
    y = _channels(weight, x) * x
    return y if bias is None else y + _channels(bias, x)


def _channels(values: Array, x: Array) -> Array:
    """One number for each channel (or one for all), for each entry of x."""
    return np.moveaxis(np.broadcast_to(values, np.moveaxis(x, 1, -1).shape), -1, 1)


def permute(x: Array, axes: Any) -> Array:
    return np.moveaxis(x, axes, range(x.ndim))


def reshape(x: Array, shape: Any) -> Array:
    return np.array([image.flatten() for image in x], x.dtype).reshape(len(x), *shape)


def slice_axis(x: Array, axis: int = 1, start: int = 0, stop: int | None = None, step: int = 1) -> Array:
    return np.take(x, range(*slice(start, stop, step).indices(x.shape[axis])), axis)


def interpolate2d(x: Array, size: Pair, *, mode: str = "nearest", align_corners: bool = False) -> Array:
    """Each output is a mean of the four inputs around its position, weighted by nearness, or the one before it."""
    (OH, OW), (H, W) = _pair(size), x.shape[2:]
    y = np.zeros((*x.shape[:2], OH, OW), x.dtype)
    for oy in range(OH):
        for ox in range(OW):
            if mode == "nearest":
                y[:, :, oy, ox] = x[:, :, oy * H // OH, ox * W // OW]
                continue
            if align_corners:
                iy, ix = oy * (H - 1) / max(OH - 1, 1), ox * (W - 1) / max(OW - 1, 1)
            else:
                iy, ix = max(0, (oy + 0.5) * H / OH - 0.5), max(0, (ox + 0.5) * W / OW - 0.5)
            for top in range(H):
                for left in range(W):
                    weight = max(0, 1 - abs(min(iy, H - 1) - top)) * max(0, 1 - abs(min(ix, W - 1) - left))
                    y[:, :, oy, ox] += weight * x[:, :, top, left]
    return y


def pad(x: Array, padding: tuple[int, ...], *, value: float = 0.0, mode: str = "constant") -> Array:
    left, right, top, bottom, front, back = (*padding, 0, 0)[:6]
    N, C, H, W = x.shape
    if mode != "constant":
        at = {
            "reflect": lambda i, size: (size - 1) - abs((size - 1) - abs(i)),
            "replicate": lambda i, size: min(max(i, 0), size - 1),
            "circular": lambda i, size: i % size,
        }[mode]
        rows = [at(i, H) for i in range(-top, H + bottom)]
        columns = [at(i, W) for i in range(-left, W + right)]
        return x[:, :, rows][:, :, :, columns]
    y = np.full((N, front + C + back, top + H + bottom, left + W + right), value, x.dtype)
    y[:, front : front + C, top : top + H, left : left + W] = x
    return y


def dense(x: Array, w: Array, b: Array | None = None) -> Array:
    y = x @ w.T
    return y if b is None else y + b


def dropout(x: Array, p: float = 0.5, *, training: bool = True, rng: np.random.Generator | int | None = None) -> Array:
    if not training or p == 0:
        return x
    if p == 1:
        return np.zeros_like(x)
    return np.where(np.random.default_rng(rng).random(x.shape, dtype=np.float32) >= p, x / (1 - p), 0)


def dropout2d(
    x: Array, p: float = 0.5, *, training: bool = True, rng: np.random.Generator | int | None = None
) -> Array:
    kept = dropout(np.ones((*x.shape[:2], 1, 1), x.dtype), p, training=training, rng=rng)
    return x * kept


def softmax(x: Array, *, axis: int = -1) -> Array:
    powers = np.exp(x - x.real.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(x: Array, *, axis: int = -1) -> Array:
    x = x - x.real.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def _reduced(losses: Array, reduction: str) -> Array:
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def cross_entropy(logits: Array, target: Array, *, label_smoothing: float = 0.0, reduction: str = "mean") -> Array:
    """−Σ t · log softmax, where t is 1 at the label, or the given distribution, smoothed."""
    K = logits.shape[1]
    if target.ndim < logits.ndim:
        target = np.moveaxis(np.eye(K)[target], -1, 1)
    t = (1 - label_smoothing) * target + label_smoothing / K
    return _reduced(-(t * log_softmax(logits, axis=1)).sum(axis=1), reduction)


def mse(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    return _reduced((prediction - target) ** 2, reduction)


def flatten(x: Array) -> Array:
    return reshape(x, (-1,))


def concat(*arrays: Array, axis: int = 1) -> Array:
    return np.concatenate(arrays, axis)


def add(*arrays: Array) -> Array:
    return np.sum(arrays, axis=0)


def mul(*arrays: Array) -> Array:
    y = arrays[0]
    for x in arrays[1:]:
        y = y * x
    return y


def conv2d_relu_max_pool2d(
    x: Array, w: Array, b: Array | None = None, *, pool_size: Pair = 1, pool_stride: Pair | None = None, **options: Any
) -> Array:
    return max_pool2d(relu(conv2d(x, w, b, **options)), pool_size, stride=pool_stride)
