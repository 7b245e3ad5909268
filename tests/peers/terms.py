"""How large the terms are whose sums an op's output and gradients are: what their rounding is relative to.

Where terms of 1e38 cancel, 1e31 of float32 may be left, and means nothing; where there is no such term, the same 1e31
is a mistake. So each place has its own measure: the sum of its terms' absolute values, in float64, by PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

F = torch.nn.functional

# Sums of products of one number of each argument, or of some of them: of absolute values they are what is sought.
MULTILINEAR = {
    *("adaptive_avg_pool2d", "add", "affine", "avg_pool2d", "conv2d", "conv_transpose2d", "dense"),
    *("global_avg_pool2d", "interpolate2d", "mul", "pad"),
}


def sizes_of_terms(
    op: str, theirs: Callable[..., Any], arrays: list[np.ndarray], options: dict[str, Any], dy: np.ndarray
) -> list[np.ndarray]:
    """For the output, then for the gradient of each float argument: the sum of absolute values at each place.

    Args:
        theirs: PyTorch's op.
    """
    tensors = [torch.tensor(a.astype(np.float64) if a.dtype.kind == "f" else a) for a in arrays]
    options = {name: torch.tensor(v) if isinstance(v, np.ndarray) else v for name, v in options.items()}
    dy_size = torch.tensor(np.abs(dy.astype(np.float64)))
    if op in BY_FORMULA:
        sizes = BY_FORMULA[op](tensors, options, dy_size)
    else:
        # The others take each number through a function of its own, or choose among numbers: nothing is summed but
        # the output's gradient, where one number has gone several ways.
        if op in MULTILINEAR:
            tensors = [t.abs() for t in tensors]
            options |= {"value": abs(options["value"])} if "value" in options else {}
        sizes = _run(theirs, tensors, options, dy_size)
    return [np.atleast_1d(size.detach().abs().numpy()) for size in sizes]


def _run(theirs: Callable[..., Any], tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    leaves = [t.clone().requires_grad_() if t.is_floating_point() else t for t in tensors]
    y = theirs(*leaves, **options)
    y.backward(dy.reshape(y.shape))
    return [y, *(t.grad if t.grad is not None else torch.zeros_like(t) for t in leaves if t.is_floating_point())]


def _mse(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    return _run(F.mse_loss, [tensors[0].abs(), -tensors[1].abs()], options, dy)


def _log_softmax(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    (x,), axis = tensors, options.get("axis", -1)
    return [x.abs() + x.abs().amax(axis, keepdim=True), dy + x.softmax(axis) * dy.sum(axis, keepdim=True)]


def _softmax(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    (x,), axis = tensors, options.get("axis", -1)
    y = x.softmax(axis)
    return [y, y * (dy + (y * dy).sum(axis, keepdim=True))]


def _cross_entropy(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    """Of the labels' shares t it is −Σ t log p; its gradients are p − t and −log p, times dy."""
    logits, target = tensors
    K, smoothing, reduction = logits.shape[1], options.get("label_smoothing", 0.0), options.get("reduction", "mean")
    given = target.is_floating_point()
    t = target if given else F.one_hot(target, K).movedim(-1, 1).double()
    t = (1 - smoothing) * t.abs() + smoothing / K
    log_p = _log_softmax([logits], {"axis": 1}, logits)[0]
    count = t.numel() // K if reduction == "mean" else 1
    each = (t * log_p).sum(1)
    y = each if reduction == "none" else each.sum() / count
    dy = dy.reshape(each.shape).unsqueeze(1) if reduction == "none" else dy.reshape(()) / count
    return [y, dy * (logits.softmax(1) * t.sum(1, keepdim=True) + t), *([dy * log_p] if given else [])]


def _local_response_norm(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    """y = x s^-β, and its gradient dy s^-β less a sum of the same sign where x and dy are positive."""
    x = tensors[0].abs()
    x = torch.where(x == 0, torch.full_like(x, 1e-30), x)
    y, gradient = _run(F.local_response_norm, [x], options, dy)
    own = dy * (y / x)
    return [y, 2 * own.detach() - gradient]


def _conv2d_relu_max_pool2d(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
    """At most: as if every place of a window won."""
    options = dict(options)
    size, stride = options.pop("pool_size", (1, 1)), options.pop("pool_stride", None)

    def every(*leaves: Any) -> Any:
        return F.avg_pool2d(F.conv2d(*leaves, **options), size, stride, divisor_override=1)

    return _run(every, [t.abs() for t in tensors], {}, dy)


def _gated(gate: Callable[[Any], Any]) -> Callable[[list[Any], dict[str, Any], Any], list[Any]]:
    """y = x g(x): its gradient dy (g + x g') has two terms, which cancel where y is least."""

    def sizes(tensors: list[Any], options: dict[str, Any], dy: Any) -> list[Any]:
        x = tensors[0].clone().requires_grad_()
        g = gate(x)
        (slope,) = torch.autograd.grad(g.sum(), x)
        return [(x * g).abs(), dy * (g + (x * slope).abs())]

    return sizes


BY_FORMULA: dict[str, Callable[[list[Any], dict[str, Any], Any], list[Any]]] = {
    "conv2d_relu_max_pool2d": _conv2d_relu_max_pool2d,
    "cross_entropy": _cross_entropy,
    "gelu": _gated(lambda x: (1 + torch.erf(x / 2**0.5)) / 2),
    "hardswish": _gated(lambda x: F.relu6(x + 3) / 6),
    "silu": _gated(torch.sigmoid),
    "local_response_norm": _local_response_norm,
    "log_softmax": _log_softmax,
    "mse": _mse,
    "softmax": _softmax,
}
