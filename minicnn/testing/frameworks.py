"""Functions of other frameworks as ops, so that they can be tested with the same properties as ours.

    cnn.gradcheck(from_torch(torch.nn.functional.gelu), x)
    assert_contract(from_jax(jax.nn.gelu), x)

Any structure of tuples, lists and dicts goes in and comes out. An op made here takes and returns NumPy arrays; what its
framework may differentiate are the floating-point arrays among its positional arguments. Each framework is imported
when an op is called, by a function in `_run`; supporting another one takes as few lines.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..gradient_check.trees import Tree, leaves, mapped, paired
from .arrays import Array

Run = Callable[[Callable[..., Any], list[Array]], tuple[Tree, Callable[[list[Array]], Sequence[Any]]]]


def from_torch(function: Callable[..., Any]) -> Callable[..., tuple[Tree, Callable[..., Any]]]:
    """A PyTorch function, or a module, as an op: `op(*arrays, **options) -> (y, pullback)`.

    For the parameters of a module give them as an argument, which may be a dict:

        f = from_torch(lambda x, parameters: torch.func.functional_call(module, parameters, (x,)))
        cnn.gradcheck(f, x, {name: p.detach().numpy() for name, p in module.named_parameters()})

    Args:
        function: takes and returns tensors, or tuples, lists and dicts of them; shapes are up to it.

    Returns:
        the op; its pullback returns a gradient for each argument that holds a floating-point array.

    Raises:
        StructureError: when the pullback is called, if `dy` does not have the structure of the output.
    """
    return _op(function, _run_torch)


def from_jax(function: Callable[..., Any]) -> Callable[..., tuple[Tree, Callable[..., Any]]]:
    """A JAX function as an op. `gradcheck` works in float64: `jax.config.update("jax_enable_x64", True)`.

    Argument, result, shapes and errors are those of `from_torch`.
    """
    return _op(function, _run_jax)


def _run_torch(function: Callable[..., Any], values: list[Array]) -> Any:
    import torch

    xs = [torch.from_numpy(np.array(value)).requires_grad_() for value in values]
    with torch.enable_grad():
        y = function(*xs)
    outputs = [leaf for _, leaf in leaves(y) if torch.is_floating_point(leaf) or torch.is_complex(leaf)]
    differentiable = [leaf for leaf in outputs if leaf.requires_grad]

    def back(dys: list[Array]) -> list[Any]:
        if not differentiable:
            return [None] * len(xs)
        given = [torch.from_numpy(np.array(dy)) for dy, leaf in zip(dys, outputs, strict=True) if leaf.requires_grad]
        found = torch.autograd.grad(differentiable, xs, given, retain_graph=True, allow_unused=True)
        return [None if gradient is None else gradient.numpy() for gradient in found]

    return mapped(lambda _, leaf: leaf.detach().numpy().copy(), y), back


def _run_jax(function: Callable[..., Any], values: list[Array]) -> Any:
    import jax

    def floats(*xs: Any) -> tuple[list[Any], Any]:
        y = function(*xs)
        return [leaf for _, leaf in leaves(y) if jax.numpy.issubdtype(leaf.dtype, jax.numpy.inexact)], y

    outputs, pull, y = jax.vjp(floats, *(jax.numpy.array(value) for value in values), has_aux=True)

    def back(dys: list[Array]) -> list[Any]:
        given = [jax.numpy.asarray(dy, leaf.dtype) for dy, leaf in zip(dys, outputs, strict=True)]
        return [np.asarray(gradient) for gradient in pull(given)]

    return mapped(lambda _, leaf: np.array(leaf), y), back


def _op(function: Callable[..., Any], run: Run) -> Callable[..., tuple[Tree, Callable[..., Any]]]:
    def op(*arguments: Tree, **options: Any) -> tuple[Tree, Callable[..., Any]]:
        places = [(i, path) for i, argument in enumerate(arguments) for path, _ in _floats(argument)]
        values = [leaf for argument in arguments for _, leaf in _floats(argument)]

        def of_floats(*xs: Any) -> Any:
            given = dict(zip(places, xs, strict=True))
            filled = [
                mapped(lambda path, leaf, i=i: given.get((i, path), leaf), argument)  # type: ignore[misc]
                for i, argument in enumerate(arguments)
            ]
            return function(*filled, **options)

        y, back = run(of_floats, values)
        owners = list(dict.fromkeys(i for i, _ in places))

        def pullback(dy: Tree, wants: Sequence[bool] | None = None) -> tuple[Tree, ...]:
            dys = [np.asarray(d) for (_, leaf, d) in paired(_like(y, dy), dy) if leaf is not None]
            found = dict(zip(places, back(dys), strict=True))
            gradients = [mapped(lambda path, _, i=i: found.get((i, path)), arguments[i]) for i in owners]  # type: ignore[misc]
            return tuple(
                gradient if want else None
                for gradient, want in zip(gradients, wants or [True] * len(owners), strict=True)
            )

        return y, pullback

    functools.update_wrapper(op, function)
    op.__module__ = __name__  # an op of ours now, see `adapter_for`
    op.__name__ = op.__qualname__ = getattr(function, "__name__", type(function).__name__)
    return op


def _floats(tree: Tree) -> Iterator[tuple[str, Array]]:
    """Complex ones too: `gradcheck` takes complex steps."""
    return ((path, leaf) for path, leaf in leaves(tree) if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc")


def _like(y: Tree, dy: Tree) -> Tree:
    """The output, with None for parts without a gradient; or only its one array, if dy is the gradient of that array
    alone."""
    kept = mapped(lambda _, leaf: leaf if leaf.dtype.kind in "fc" else None, y)
    arrays = [leaf for _, leaf in leaves(kept) if leaf is not None]
    return arrays[0] if isinstance(dy, np.ndarray) and len(arrays) == 1 else kept
