"""Gradient checkers: each takes an op, its arguments and options, and raises if it does not accept the op.

All run with their default tolerances, in float64. Ours is given the op itself. For the others the op's
floating-point arrays and its outputs are flattened into lists first, which is more than they do on their own.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.gradient_check.trees import leaves, mapped, paired

Op = Callable[..., Any]
FEW = 3000  # entries up to which PyTorch's slow mode, which builds the whole Jacobian, is bearable


class Flat:
    """An op as a function of a list of arrays, which are `xs` at the point."""

    def __init__(self, op: Op, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
        self.op, self.tree = op, [*arguments, *options.values()]
        self.count, self.names = len(arguments), list(options)
        self.xs = [leaf for _, leaf in leaves(self.tree) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"]

    def __call__(self, xs: Sequence[Any]) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
        given = iter([np.array(x) for x in xs])
        isx = lambda leaf: isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"  # noqa: E731
        tree = mapped(lambda _, leaf: next(given) if isx(leaf) else leaf, self.tree)
        y, pullback = self.op(*tree[: self.count], **dict(zip(self.names, tree[self.count :], strict=True)))

        def back(dys: Sequence[Any]) -> list[Any]:
            parts = iter([np.array(dy) for dy in dys])
            gradients = pullback(mapped(lambda _, leaf: next(parts), y))
            owners = [a for a in self.tree if any(isx(leaf) for _, leaf in leaves(a))]
            found = [g for _, leaf, g in paired(owners, list(gradients)) if isx(leaf)]
            return [np.zeros(x.shape) if g is None else np.asarray(g) for x, g in zip(self.xs, found, strict=True)]

        return [np.asarray(leaf) for _, leaf in leaves(y)], back


def ours(op: Op, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """`minicnn.gradcheck`."""
    cnn.gradcheck(op, *arguments, **options)


def pytorch(op: Op, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """`torch.autograd.gradcheck`, with fast_mode for large arrays."""
    import torch

    flat = Flat(op, arguments, options)

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            ys, ctx.back = flat([x.detach().numpy() for x in xs])
            return tuple(torch.from_numpy(np.array(y)) for y in ys)

        @staticmethod
        def backward(ctx: Any, *dys: Any) -> Any:
            return tuple(torch.from_numpy(np.array(g, order="C")) for g in ctx.back([dy.numpy() for dy in dys]))

    torch.manual_seed(0)
    xs = tuple(torch.from_numpy(np.array(x)).requires_grad_() for x in flat.xs)
    torch.autograd.gradcheck(Function.apply, xs, fast_mode=sum(x.numel() for x in xs) > FEW)


def jax(op: Op, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """`jax.test_util.check_grads`, backward, first derivatives."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    logging.getLogger("jax").setLevel(logging.CRITICAL)  # an exception in a callback is a verdict
    flat = Flat(op, arguments, options)
    shapes = [jax.ShapeDtypeStruct(y.shape, y.dtype) for y in flat(flat.xs)[0]]
    like = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in flat.xs]

    @jax.custom_vjp
    def function(*xs: Any) -> Any:
        return jax.pure_callback(lambda *xs: flat(xs)[0], shapes, *xs)

    function.defvjp(
        lambda *xs: (function(*xs), xs),
        lambda xs, dys: tuple(jax.pure_callback(lambda xs, dys: flat(xs)[1](dys), like, xs, dys)),
    )
    check_grads(function, tuple(flat.xs), order=1, modes=["rev"])


def chainer(op: Op, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Chainer's method, reimplemented, because Chainer does not run with current NumPy.

    One random direction of length 1 through all arrays, a central difference with a step of 1e-3, and agreement to
    1e-5 + 1e-4 of the gradient. (Chainer 7, `chainer.gradient_check.check_backward`.)
    """
    flat, rng, step = Flat(op, arguments, options), np.random.default_rng(0), 1e-3
    ys, back = flat(flat.xs)
    dys = [rng.uniform(-1, 1, y.shape) for y in ys]
    v = [rng.standard_normal(x.shape) for x in flat.xs]
    length = np.sqrt(sum((d**2).sum() for d in v))
    v = [d / length for d in v]
    analytic = sum(float((g * d).sum()) for g, d in zip(back(dys), v, strict=True))
    ahead, behind = (flat([x + t * d for x, d in zip(flat.xs, v, strict=True)])[0] for t in (step, -step))
    numerical = sum(float((dy * (a - b)).sum()) for dy, a, b in zip(dys, ahead, behind, strict=True)) / (2 * step)
    np.testing.assert_allclose(numerical, analytic, atol=1e-5, rtol=1e-4)


PACKAGES = {"minicnn": "minicnn", "PyTorch": "torch", "JAX": "jax", "Chainer's way": "numpy"}
CHECKERS = {
    title: checker
    for title, checker in zip(PACKAGES, (ours, pytorch, jax, chainer), strict=True)
    if importlib.util.find_spec(PACKAGES[title])
}
