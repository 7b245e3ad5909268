"""A function at a point: the arrays to differentiate with respect to, its outputs, and its pullback's gradients."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ops.contract import kind_of
from .contract import GradientError, is_float, output_and_pullback
from .layer_op import LayerOp
from .search import Array
from .trees import StructureError, Tree, leaves, mapped, paired

POSITIONAL = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
MOVE = 2.0**-17  # of an array that gets no gradient, to see whether the output depends on it


class Argument(NamedTuple):
    """A floating-point array among the arguments.

    Attributes:
        owner: the position or keyword of the argument that it is, or is part of.
        path: its path inside that argument, such as "['w'][0]".
        name: for messages.
        value: in float64.
    """

    owner: int | str
    path: str
    name: str
    value: Array


class Problem:
    """One function at one point.

    Attributes:
        xs: the arrays that are checked, as `Argument`s.
        ys: the floating-point outputs.
        dys: for each floating-point output a random upstream gradient.
        gradients: gradients[k][i]: the pullback's gradient of output k with respect to xs[i]; zeros for None.
        silent: the indices i for which it returns None.
        output_names: names of the outputs; empty if there is only one.
    """

    def __init__(
        self, function: Any, arguments: Sequence[Any], options: Mapping[str, Any], seed: int, constants: Collection[str]
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.op, self.is_layer = function, hasattr(function, "forward")
        if self.is_layer:
            self.op = LayerOp(function, seed)
            arguments = self.op.arguments(*arguments)
        self.title = getattr(self.op, "__name__", None) or kind_of(self.op)
        self.parameters = _parameters(self.op)
        self.positional, self.options = list(arguments), dict(options)
        self.by_keyword = self._keywords_to_positions()
        self.names = _argument_names(self.op, self.parameters, len(self.positional))
        everything = list(self._arguments())
        unknown = set(constants) - {self._plain_name(a.owner) for a in everything}
        if unknown:
            raise ValueError(f"gradcheck: {self.title} has no floating-point array called {', '.join(sorted(unknown))}")
        constants = {*constants, *getattr(self.op, "constants", ())}
        self.constant = {a.owner for a in everything if self._plain_name(a.owner) in constants}
        self.owners = list(dict.fromkeys(a.owner for a in everything))
        if not self.owners:
            raise ValueError(_nothing_to_differentiate(self.title, self.positional))
        self.xs = [a for a in everything if a.owner not in self.constant]
        if not self.xs:
            raise ValueError(f"gradcheck: all arrays of {self.title} are called constant; nothing is left to check")
        self._differentiate()

    def _differentiate(self) -> None:
        y, pullback = self.call(self._copies())
        floats = [(path, np.asarray(leaf)) for path, leaf in leaves(y) if _is_float_output(leaf)]
        self.ys = self.forward(self._copies())
        if not all(_same(a, b) for (_, a), b in zip(floats, self.ys, strict=True)):
            raise ValueError(f"gradcheck: two calls of {self.title} differ; give it a seed (rng=0)")
        self._check_outputs(y, floats)
        self.output_names = [path for path, _ in floats] if len(floats) > 1 else []
        self.dys = [self.rng.choice([-1.0, 1.0], a.shape) * self.rng.uniform(0.5, 1.5, a.shape) for _, a in floats]
        self.silent: set[int] = set()
        self.differentiated: list[int | str] = []
        self.gradients: list[list[Array]] = []
        for k in range(len(self.dys)):
            found = self.pulled_back(y, pullback, k)
            twice = self.pulled_back(y, pullback, k)
            if not all(_same(a, b, rtol=1e-9) for a, b in zip(found, twice, strict=True)):
                raise GradientError(f"{self.title}: its pullback, called twice, gives two different gradients")
            self.gradients.append(found)
        self.xs = [x for x in self.xs if x.owner in self.differentiated]
        self._check_constants(y)

    # Calls

    @property
    def values(self) -> list[Array]:
        return [x.value for x in self.xs]

    def _copies(self) -> list[Array]:
        return [value.copy() for value in self.values]

    def call(self, values: Sequence[Array], moved: Argument | None = None) -> tuple[Tree, Any]:
        """Output and pullback, with these values for `xs`, which are the function's from now on.

        Everything else is copied for each call: generators restart, and no call can change another's arguments.
        """
        given = {(x.owner, x.path): value for x, value in zip(self.xs, values, strict=True)}
        if moved is not None:
            given[moved.owner, moved.path] = moved.value

        def fill(owner: int | str, tree: Tree) -> Tree:
            def leaf(path: str, before: Any) -> Any:
                now = given.get((owner, path))
                if now is not None:
                    return now
                if is_float(before):
                    return before.astype(np.float64)
                return copy.deepcopy(before) if isinstance(owner, str) else before

            return mapped(leaf, tree)

        arguments = [fill(i, tree) for i, tree in enumerate(self.positional)]
        options = {name: fill(name, tree) for name, tree in self.options.items()}
        return output_and_pullback(self.title, self.op(*arguments, **options))

    def forward(self, values: Sequence[Array]) -> list[Array]:
        """The floating-point outputs; complex where the arguments are."""
        return [np.asarray(leaf) for _, leaf in leaves(self.call(values)[0]) if _is_float_output(leaf)]

    def pulled_back(self, y: Tree, pullback: Any, k: int, scale: Array | float = 1.0) -> list[Array]:
        """The gradients by `xs` of output k alone, dys[k] · scale arriving there and zeros elsewhere."""
        upstream = iter([dy * scale if j == k else np.zeros_like(dy) for j, dy in enumerate(self.dys)])
        tree = mapped(lambda _, leaf: next(upstream) if _is_float_output(leaf) else None, y)
        if isinstance(y, tuple) and len(self.dys) == 1 < len(list(leaves(y))):
            (tree,) = (leaf for _, leaf in leaves(tree) if leaf is not None)  # like max_pool2d's (y, indices)
        try:
            returned = pullback(tree)
        except Exception as error:
            if len(self.dys) > 1:
                error.add_note(
                    f"{self.title} has {len(self.dys)} floating-point outputs: dy has the structure of its output"
                )
            raise
        return self._gradients(returned)

    # What the pullback returns

    def _gradients(self, returned: Any) -> list[Array]:
        positional: list[int | str] = [o for o in self.owners if isinstance(o, int) and o not in self.by_keyword]
        layouts = [self.owners, positional, [o for o in self.owners if o not in self.constant]]
        count = len(returned) if isinstance(returned, tuple) else -1
        self.differentiated = next((owners for owners in layouts if len(owners) == count > 0), [])
        if not self.differentiated:
            got = f"{count}" if count >= 0 else f"a {kind_of(returned)}"
            expected = len(positional or self.owners)
            raise GradientError(
                f"{self.title}: expected a tuple of {expected} gradients, one for each array, got {got}"
            )
        found: dict[tuple[int | str, str], Any] = {}
        for owner, gradient in zip(self.differentiated, returned, strict=True):
            try:
                for path, _, leaf in paired(self._argument(owner), gradient):
                    found[owner, path] = leaf
            except StructureError as error:
                raise GradientError(f"{self.title}: the gradient of {self._name(owner)}: {error}") from None
        checked = [x for x in self.xs if x.owner in self.differentiated]
        return [self._gradient(i, x, found[x.owner, x.path]) for i, x in enumerate(checked)]

    def _gradient(self, i: int, x: Argument, gradient: Any) -> Array:
        if gradient is None:
            self.silent.add(i)
            return np.zeros(x.value.shape)
        if np.shape(gradient) != x.value.shape:
            raise GradientError(
                f"{self.title}: {x.name} has shape {x.value.shape}, but its gradient {np.shape(gradient)}"
            )
        gradient = np.asarray(gradient)
        if gradient.dtype.kind not in "fiu":
            raise GradientError(f"{self.title}: expected a real gradient of {x.name}, got {gradient.dtype}")
        return gradient

    def _check_outputs(self, y: Tree, floats: list[tuple[str, Array]]) -> None:
        if not floats:
            raise ValueError(f"gradcheck: expected {self.title} to return a floating-point array, got {kind_of(y)}")
        for _, a in floats:
            if a.dtype.itemsize < 8:
                raise ValueError(
                    f"gradcheck: works in float64, but {self.title} returns {a.dtype} for float64 arrays; keep their "
                    'dtype (in JAX: jax.config.update("jax_enable_x64", True))'
                )
            if not np.isfinite(a).all():
                raise ValueError(f"gradcheck: {self.title} is not finite here; choose another point")

    def _check_constants(self, y: Tree) -> None:
        """Arrays given by keyword without a gradient must be declared constant, unless the output does not depend on
        them."""
        before = [np.asarray(leaf) for _, leaf in leaves(y) if _is_float_output(leaf)]
        for argument in self._arguments():
            if argument.owner in self.constant or argument.owner in self.differentiated:
                continue
            away = argument._replace(value=argument.value + MOVE * np.maximum(1, np.abs(argument.value)))
            after = [
                np.asarray(leaf) for _, leaf in leaves(self.call(self._copies(), away)[0]) if _is_float_output(leaf)
            ]
            if not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
                name = self._plain_name(argument.owner)
                raise GradientError(
                    f"{self.title}: its output depends on {name}, given by keyword, but its pullback returns no "
                    f'gradient of it; return one, or pass constants=["{name}"] if it is not to be differentiated'
                )

    # The arguments and their names

    def _keywords_to_positions(self) -> set[int]:
        """Give arrays by position that were given by the keyword of a positional parameter; returns the positions."""
        named = [name for name, p in self.parameters.items() if p.kind in POSITIONAL]
        last = max((i for i, name in enumerate(named) if _has_floats(self.options.get(name))), default=-1)
        moved = set()
        for i in range(len(self.positional), last + 1):
            default = self.parameters[named[i]].default
            if named[i] not in self.options and default is inspect.Parameter.empty:
                break  # the function itself raises the error
            moved.add(i)
            self.positional.append(self.options.pop(named[i], default))
        return moved

    def _arguments(self) -> Iterator[Argument]:
        for owner in [*range(len(self.positional)), *self.options]:
            for path, leaf in leaves(self._argument(owner)):
                if is_float(leaf):
                    yield Argument(owner, path, self._name(owner) + path, np.asarray(leaf, np.float64))

    def _argument(self, owner: int | str) -> Tree:
        return self.positional[owner] if isinstance(owner, int) else self.options[owner]

    def _plain_name(self, owner: int | str) -> str:
        return self.names[owner] if isinstance(owner, int) else owner

    def _name(self, owner: int | str) -> str:
        if isinstance(owner, str):
            return f"argument {owner}"
        if not self.is_layer:
            return f"argument {owner} ({self.names[owner]})"
        return f"parameter {self.names[owner]}" if owner else f"the input {self.names[owner]}"


def _is_float_output(leaf: Any) -> bool:
    return isinstance(leaf, (float, complex)) or getattr(getattr(leaf, "dtype", None), "kind", "") in ("f", "c")


def _same(a: Array, b: Array, rtol: float = 0.0) -> bool:
    return np.array_equal(a, b) or (a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=0, equal_nan=True))


def _has_floats(tree: Tree) -> bool:
    return any(is_float(leaf) for _, leaf in leaves(tree))


def _nothing_to_differentiate(title: str, arguments: Sequence[Any]) -> str:
    kinds = [f"{a.dtype} array" if isinstance(a, np.ndarray) else kind_of(a) for a in arguments]
    return (
        f"gradcheck: expected a floating-point array to differentiate {title} by, got {', '.join(kinds) or 'nothing'}; "
        "turn numbers, lists and tensors into arrays: np.array([1, 2], float)"
    )


def _parameters(op: Any) -> dict[str, inspect.Parameter]:
    if isinstance(op, LayerOp):
        return {}
    try:
        return dict(inspect.signature(op).parameters)
    except (TypeError, ValueError):  # a function written in C
        return {}


def _argument_names(op: Any, parameters: dict[str, inspect.Parameter], count: int) -> list[str]:
    """What the op itself calls its positional arguments."""
    if isinstance(op, LayerOp):
        return op.names
    names = [p.name for p in parameters.values() if p.kind in POSITIONAL]
    return names + [f"array {i}" for i in range(len(names), count)]
