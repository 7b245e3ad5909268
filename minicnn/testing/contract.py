"""The contract of an op as properties, each a function that fails for a wrong op; `assert_contract` runs them all.

They cover everything except that the pullback is the gradient, which `minicnn.gradcheck` checks.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..gradient_check.contract import is_float, takes
from .arrays import MEMORY_ORDERS, in_order, tie_free
from .call import Call
from .flat import one_output
from .layer_contract import LAYER_PROPERTIES


def assert_contract(
    op: Any, *arrays: Any, reference: Callable[..., Any] | None = None, seed: int = 0, **options: Any
) -> None:
    """Check that an op (or a layer) follows the contract in everything but the gradient, which `gradcheck` checks.

    Args:
        op: `op(*arrays, **options) -> (y, pullback)`, or a layer, whose parameters become arguments.
        arrays: the op's positional arguments, floating-point arrays in float64; for a layer, its input.
        reference: a plain forward that the output must match; for minicnn's own ops it is known.
        seed: of the generator that a layer in training draws from.
        options: the op's keyword arguments; for a layer, the fields of `Pass`.

    Raises:
        ContractError: a property does not hold; it names the property.
        GradientError: the op does not return (y, pullback), or a layer does not return what a layer must.
    """
    call = Call.of(op, *arrays, reference=reference, seed=seed, **options)
    for property in (PROPERTIES if call.layer is None else PROPERTIES | LAYER_PROPERTIES).values():
        property(call)


def reference(call: Call) -> None:
    """The output is the textbook's."""
    if call.reference is None:
        return
    expected, _ = one_output(call.reference(*call.arguments, **copy.deepcopy(call.options)), call.op)
    call.check_close("reference", call.run()[0], expected, "output")


def shapes(call: Call) -> None:
    """There is one gradient for each floating-point array, of its shape."""
    y, pullback = call.run()
    gradients = pullback(call.dy(y))
    if not isinstance(gradients, tuple) or len(gradients) != len(call.floats):
        got = len(gradients) if isinstance(gradients, tuple) else type(gradients).__name__
        raise call.error("shapes", f"expected a tuple of {len(call.floats)} gradients, got {got}")
    for i, (gradient, x) in enumerate(zip(gradients, call.floats, strict=True)):
        if np.shape(gradient) != x.shape:
            raise call.error("shapes", f"array {i} is {x.shape}, its gradient {np.shape(gradient)}")


def purity(call: Call) -> None:
    """Two calls agree, and a pullback called twice agrees with itself; nothing that was given is changed."""
    arguments = call.as_(np.copy)
    y, pullback = call.run(arguments)
    kept, dy, upstream = np.copy(y), call.dy(y), call.dy(y)
    gradients = [np.copy(g) for g in pullback(upstream)]
    other = call.as_(lambda x: tie_free(x.shape, 99, x.dtype))
    call.run(other)[1](dy.copy())  # another batch in between
    again = pullback(dy.copy())
    for what, now, before in (
        ("the output of a second call", call.run(arguments)[0], kept),
        ("the output, once pulled back", y, kept),
        ("dy", upstream, dy),
        *(
            (f"argument {i}", now, before)
            for i, (now, before) in enumerate(zip(arguments, call.arguments, strict=True))
        ),
        *((f"gradient {i}, asked again", *pair) for i, pair in enumerate(zip(again, gradients, strict=True))),
    ):
        if not _same(now, before):
            raise call.error("purity", f"{what} is not what it was")


def wants(call: Call) -> None:
    """Unwanted gradients are None, and the others are the same as if all were wanted."""
    y, pullback = call.run()
    dy, count = call.dy(y), len(call.floats)
    if not takes(pullback, dy, wants=(True,) * count):
        raise call.error(
            "wants",
            f"expected a pullback(dy, wants={(True,) * count}), which returns only the gradients that are wanted, "
            f"got pullback{inspect.signature(pullback)}",
        )
    everything = pullback(dy)
    choices = [[i == j for j in range(count)] for i in range(count)] + [
        [i != j for j in range(count)] for i in range(count)
    ]
    for choice in [*choices, [True] * count, [False] * count]:
        some = pullback(dy, wants=tuple(choice))
        if len(some) != count:
            raise call.error("wants", f"wants={choice} gave {len(some)} gradients, expected {count}, some None")
        for i, (want, gradient, full) in enumerate(zip(choice, some, everything, strict=True)):
            if want != (gradient is not None):
                raise call.error("wants", f"wants={choice} gave gradient {i} as {type(gradient).__name__}")
            if want:
                call.check_close("wants", gradient, full, f"gradient {i} with wants={choice}")


REMEDY = (
    "; NumPy turns float32 to float64 where an array of float64 or integers joins it: make arrays in its dtype "
    "(np.zeros_like(x), np.arange(n, dtype=x.dtype)), numbers by float(…), or end with .astype(x.dtype)"
)


def dtype(call: Call) -> None:
    """Float32 in, float32 out, and close to what float64 gives."""
    y, pullback = call.run()
    dy = call.dy(y)
    y32, pullback32 = call.run(call.as_(lambda x: x.astype(np.float32)))
    gradients = zip(pullback32(dy.astype(np.float32)), pullback(dy), strict=True)
    for what, single, double in [("output", y32, y), *((f"gradient {i}", *pair) for i, pair in enumerate(gradients))]:
        if np.asarray(single).dtype != np.float32:
            raise call.error("dtype", f"{what} of float32 arrays is {np.asarray(single).dtype}{REMEDY}")
        call.check_close("dtype", single, double, f"{what} in float32", 1e-3)


def memory_order(call: Call) -> None:
    """The memory order of the arguments and of dy changes nothing: C, Fortran, channels last, views, read-only."""
    y, pullback = call.run()
    dy = call.dy(y)
    gradients = pullback(dy)
    for order in MEMORY_ORDERS:
        y_, pullback_ = call.run([in_order(a, order) if isinstance(a, np.ndarray) else a for a in call.arguments])
        call.check_close("memory order", y_, y, f"output in order {order}")
        for i, (g_, g) in enumerate(zip(pullback_(in_order(dy, order)), gradients, strict=True)):
            call.check_close("memory order", g_, g, f"gradient {i} in order {order}")


def linearity(call: Call) -> None:
    """A pullback is linear: that of 2·a − 3·b is 2 times that of a, minus 3 times that of b."""
    y, pullback = call.run()
    a, b = call.dy(y, 1), call.dy(y, 2)
    for i, (of_both, of_a, of_b) in enumerate(zip(pullback(2 * a - 3 * b), pullback(a), pullback(b), strict=True)):
        call.check_close("linearity", of_both, 2 * of_a - 3 * of_b, f"gradient {i} of 2a − 3b", 1e-9)


PROPERTIES: dict[str, Callable[[Call], None]] = {
    "reference": reference,
    "shapes": shapes,
    "purity": purity,
    "wants": wants,
    "dtype": dtype,
    "memory order": memory_order,
    "linearity": linearity,
}


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=True) if is_float(a) else np.array_equal(a, b)
