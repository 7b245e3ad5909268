"""The textbook: every op's forward in the plainest NumPy, each line the formula it implements.

No speed and no gradient: this is what the engine is tested against, and where to look when a formula is unclear. The
names and arguments are those of `minicnn.ops`; valid arguments are taken for granted.
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
    if ceil_mode and (count - 1) * stride >= size + before:  # it would begin in the padding behind the image
        count -= 1
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
    (sh, sw), (dh, dw), (above_below, beside) = _pair(stride), _pair(dilation), _sides(padding)
    N, _, H, W = x.shape
    O, C, kh, kw = w.shape
    OH, OW = _count(H, kh, sh, above_below, dh, False), _count(W, kw, sw, beside, dw, False)
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
    """Every pixel of x paints its filter onto y, and the border of `padding` is cut off."""
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
    (dh, dw), (above_below, beside) = _pair(dilation), _sides(padding)
    (top, left), (N, C, H, W) = (above_below[0], beside[0]), x.shape
    OH, OW = _count(H, kh, sh, above_below, dh, ceil_mode), _count(W, kw, sw, beside, dw, ceil_mode)
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
    (kh, kw), (sh, sw), (above_below, beside) = _pair(kernel_size), _pair(stride or kernel_size), _sides(padding)
    N, C, H, W = x.shape
    OH, OW = _count(H, kh, sh, above_below, 1, ceil_mode), _count(W, kw, sw, beside, 1, ceil_mode)
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
    """Divide by (k + alpha · the mean square of the neighbouring channels)^beta; channels that are not there are 0."""
    y = np.zeros_like(x)
    C = x.shape[1]
    for c in range(C):
        neighbours = x[:, max(0, c - size // 2) : min(C, c + (size - 1) // 2 + 1)]
        y[:, c] = x[:, c] / (k + alpha * (neighbours**2).sum(axis=1) / size) ** beta
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
    """Each channel minus its mean, over its deviation; the running statistics are only read here."""
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


def pad(x: Array, padding: tuple[int, ...], *, value: float = 0.0) -> Array:
    left, right, top, bottom, front, back = (*padding, 0, 0)[:6]
    N, C, H, W = x.shape
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
    return np.array([picture.flatten() for picture in x], x.dtype).reshape(len(x), -1)


def concat(*arrays: Array, axis: int = 1) -> Array:
    return np.concatenate(arrays, axis)


def add(*arrays: Array) -> Array:
    return np.sum(arrays, axis=0)


def conv2d_relu_max_pool2d(
    x: Array, w: Array, b: Array | None = None, *, pool_size: Pair = 1, pool_stride: Pair | None = None, **options: Any
) -> Array:
    return max_pool2d(relu(conv2d(x, w, b, **options)), pool_size, stride=pool_stride)
