"""Is this pullback the gradient of this function? `gradcheck` answers for anything that keeps the contract:

    cnn.gradcheck(cnn.ops.conv2d, x, w, b, stride=2)        an op, by every floating-point array argument
    cnn.gradcheck(cnn.ops.cross_entropy, logits, labels)    a loss
    cnn.gradcheck(model, x, train=True)                     a layer or a model, by its input and its parameters

The numbers it compares with come from `minicnn.derivatives`.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .derivatives import Array, Direction, Function, NondifferentiableError, Slope, central_difference, complex_step
from .layer_op import GradientError, LayerOp, first_output, output_and_pullback

DIRECTIONS = 16  # how many random directions stand for the entries of a large array


def gradcheck(
    function: Any, *arrays: Any, tolerance: float = 1e-6, seed: int = 0, max_entries: int = 256, **options: Any
) -> float:
    """Compare a pullback with derivatives that are found without it, in float64.

    A random upstream gradient dy makes one number of the output, φ = Σ dy · y; the pullback says what its gradient
    is, and evaluating the function says what it should be. (With dy = 1 softmax and batch norm have gradient zero,
    and any mistake would pass.) The derivatives are by complex step where the function takes complex arrays and is
    analytic, else by central differences.

        error = |a − n| / max(|a|, |n|, floor),    a analytic, n numerical, floor = 1e-3 · the largest entry

    Where a model's gradient of its input is wrong, a layer hands on a wrong gradient, and nothing says which. So the
    error lists the parameters too: their gradients are wrong in the layers before the faulty one, and right behind it.

    Args:
        function: an op, `op(*arrays, **options) -> (y, pullback)`, or a layer or model.
        arrays: the op's positional arguments: floating-point arrays are checked, all else is passed on. For a layer,
            its input.
        tolerance: the largest error to accept.
        seed: of dy, and of the generator that a layer in training draws from.
        max_entries: arrays up to this size are checked entry by entry, larger ones along 16 random directions.
        options: the op's keyword arguments; for a layer, the fields of `Pass`.

    Returns:
        the largest error.

    Raises:
        GradientError: it is above the tolerance, or the pullback returned something else than one gradient of the
            right shape for each floating-point array; or the function did not return one. It names the argument or
            the parameter, the index and both values.
        NondifferentiableError: the function has a kink or a jump here, such as ReLU's at 0, and therefore no
            gradient; see `minicnn.testing.tie_free` for inputs that have none.
        ValueError: nothing to differentiate, or two calls disagree.
    """
    check = _Check(function, arrays, options, seed)
    worst = 0.0
    for i in range(len(check.xs)):
        for v, error in check.errors(i, max_entries):
            if not error <= tolerance:  # so that NaN fails too
                raise GradientError(check.blame(i, v, error) + check.parameters_too(i, tolerance, max_entries))
            worst = max(worst, error)
    return worst


def _directions(x: Array, max_entries: int, rng: np.random.Generator) -> Iterator[Array]:
    if x.size > max_entries:
        for _ in range(DIRECTIONS):
            yield rng.choice([-1.0, 1.0], x.shape)
    else:
        for j in range(x.size):
            yield _restricted(np.ones(x.shape), [j])


def _restricted(v: Array, entries: Sequence[int] | Array) -> Array:
    """v at these flat indices, 0 elsewhere."""
    only = np.zeros(v.shape)
    only.flat[entries] = v.flat[entries]
    return only


class _Check:
    """One function at one point: what its pullback says, and how to find out what is true."""

    def __init__(self, function: Any, arrays: Sequence[Any], options: dict[str, Any], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        op, self.is_layer = function, hasattr(function, "forward")
        if self.is_layer:
            op = LayerOp(function, seed)
            arrays = op.arguments(*arrays)
        self.title = getattr(op, "__name__", type(op).__name__)
        self.names = _argument_names(op, len(arrays))
        self.given = list(arrays)
        self.places = [i for i, a in enumerate(arrays) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        if not self.places:
            raise ValueError(f"gradcheck: expected a floating-point array to differentiate {self.title} by, got none")
        self.xs = [np.asarray(arrays[i], np.float64) for i in self.places]
        # Fresh copies for each call: generators begin anew, and nothing is changed behind our back.
        self.call = lambda values: output_and_pullback(self.title, op(*self._filled(values), **copy.deepcopy(options)))

        y, pullback = self.call(self.xs)
        y = np.asarray(first_output(y))
        if not np.array_equal(y, self.forward(self.xs), equal_nan=True):
            raise ValueError(f"gradcheck: two calls of {self.title} differ; give it a seed (rng=0)")
        if not np.isfinite(y).all():
            raise ValueError(f"gradcheck: {self.title} is not finite here; choose another point")
        self.dy = self.rng.choice([-1.0, 1.0], y.shape) * self.rng.uniform(0.5, 1.5, y.shape)
        self.analytic = self._gradients(pullback(self.dy.copy()))
        self.largest = max(float(np.abs(g).max(initial=0)) for g in self.analytic)
        self.slope = self._method()

    def _filled(self, values: Sequence[Array]) -> list[Any]:
        filled = list(self.given)
        for place, value in zip(self.places, values, strict=True):
            filled[place] = value.copy()
        return filled

    def forward(self, values: list[Array]) -> Array:
        return np.asarray(first_output(self.call(values)[0]))

    def name(self, i: int) -> str:
        place = self.places[i]
        if not self.is_layer:
            return f"argument {place} ({self.names[place]})"
        return f"parameter {self.names[place]}" if place else f"the input {self.names[place]}"

    def _gradients(self, gradients: Any) -> list[Array]:
        if not isinstance(gradients, tuple) or len(gradients) != len(self.xs):
            got = f"{len(gradients)}" if isinstance(gradients, tuple) else f"a {type(gradients).__name__}"
            raise GradientError(
                f"{self.title}: expected a tuple of {len(self.xs)} gradients, one for each array, got {got}"
            )
        for i, (g, x) in enumerate(zip(gradients, self.xs, strict=True)):
            if np.shape(g) != x.shape:
                raise GradientError(f"{self.title}: {self.name(i)} has shape {x.shape}, but its gradient {np.shape(g)}")
        return [np.asarray(g) for g in gradients]

    def _method(self) -> Callable[[Function, Sequence[Array], Direction], Slope]:
        """Complex steps, where they agree with central differences along one direction through every entry.

        That direction also meets every kink: it is looked for here, once, whatever the arrays' size.
        """
        direction = [self.rng.choice([-1.0, 1.0], x.shape) * self.rng.uniform(0.5, 1.0, x.shape) for x in self.xs]
        try:
            true = central_difference(self.forward, self.xs, direction)
        except NondifferentiableError as error:
            raise self._located(direction, error) from None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # the imaginary part would be discarded
                slope = complex_step(self.forward, self.xs, direction)
        except Exception:  # however it says that it takes no complex arrays
            return central_difference
        size = float(np.abs(true.values).max(initial=0))
        agree = np.allclose(slope.values, true.values, rtol=1e-5, atol=1e-5 * size + 16 * true.noise)
        return complex_step if agree else central_difference

    def _located(self, direction: list[Array], error: NondifferentiableError) -> NondifferentiableError:
        """The same error, with the name and the index of an entry that stands on the kink: found by halving."""
        suspects = [(i, j) for i, x in enumerate(self.xs) for j in range(x.size)]
        while len(suspects) > 1:
            halves = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
            for half in halves:
                along = [
                    _restricted(v, [j for k, j in half if k == i]) if any(k == i for k, _ in half) else None
                    for i, v in enumerate(direction)
                ]
                try:
                    central_difference(self.forward, self.xs, along)
                except NondifferentiableError as found:
                    suspects, error = half, found
                    break
            else:
                break  # only entries of both halves, moved together, show it
        i, j = suspects[0]
        index = tuple(int(k) for k in np.unravel_index(j, self.xs[i].shape))
        return NondifferentiableError(
            f"{self.title}: not differentiable here: {error} at {self.name(i)}, index {index}, "
            f"value {self.xs[i][index]:.9g}; move the point (see minicnn.testing.tie_free)"
        )

    def pair(self, i: int, v: Array) -> tuple[float, float, float]:
        """The derivative of φ along v: as the pullback says it, as it is, and how much of that may be rounding."""
        direction: list[Array | None] = [None] * len(self.xs)
        direction[i] = v
        values, noise = self.slope(self.forward, self.xs, direction)
        return (
            float(np.vdot(self.analytic[i], v)),
            float(np.vdot(self.dy, values)),
            noise * float(np.abs(self.dy).sum()),
        )

    def errors(self, i: int, max_entries: int) -> Iterator[tuple[Array, float]]:
        """The error along each direction that array i is checked in."""
        x, floor = self.xs[i], max(1e-3 * self.largest, 1e-9)
        if x.size > max_entries:
            floor *= float(np.sqrt(x.size))  # a random direction adds up that much
        for v in _directions(x, max_entries, self.rng):
            yield v, self.error(i, v, floor)

    def error(self, i: int, v: Array, floor: float) -> float:
        try:
            analytic, numerical, noise = self.pair(i, v)
        except NondifferentiableError as error:
            raise self._located([v if k == i else np.zeros(x.shape) for k, x in enumerate(self.xs)], error) from None
        gap = abs(analytic - numerical)
        return (0.0 if gap <= noise else gap - noise) / max(abs(analytic), abs(numerical), floor)

    def blame(self, i: int, v: Array, error: float) -> str:
        """What is wrong, naming an entry: the worse half of the direction, and its worse half, and so on."""
        suspects = np.flatnonzero(v)
        while len(suspects) > 1:
            halves = np.array_split(suspects, 2)
            gaps = [abs(a - n) for a, n, _ in (self.pair(i, _restricted(v, half)) for half in halves)]
            suspects = halves[int(np.argmax(np.nan_to_num(gaps, nan=np.inf)))]
        analytic, numerical, _ = self.pair(i, _restricted(np.ones(v.shape), suspects))
        index = tuple(int(k) for k in np.unravel_index(suspects[0], v.shape))
        return (
            f"{self.title}: wrong gradient of {self.name(i)} at index {index}: the pullback says {analytic:.9g}, "
            f"numerically it is {numerical:.9g} (relative error {error:.1e})"
        )

    def parameters_too(self, i: int, tolerance: float, max_entries: int) -> str:
        """Where the gradient of a layer's input is wrong: which of its parameters' are, and which are not."""
        if not self.is_layer or self.places[i] or len(self.xs) == 1:
            return ""
        right = {
            self.names[self.places[j]]: all(error <= tolerance for _, error in self.errors(j, max_entries))
            for j in range(1, len(self.xs))
        }
        listed = (", ".join(name for name in right if right[name] is which) or "none" for which in (False, True))
        return "; of the parameters, wrong: {}; right: {}".format(*listed)


def _argument_names(op: Any, count: int) -> list[str]:
    """What the op itself calls its positional arguments."""
    if isinstance(op, LayerOp):
        return op.names
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [p.name for p in inspect.signature(op).parameters.values() if p.kind in kinds]
    return (names + [f"array {i}" for i in range(len(names), count)])[:count]
