"""Is this pullback the gradient of this function? `gradcheck` answers for anything that follows the contract:

cnn.gradcheck(cnn.ops.conv2d, x, w, b, stride=2)        an op, by every floating-point array argument
cnn.gradcheck(cnn.ops.cross_entropy, logits, labels)    a loss
cnn.gradcheck(model, x, train=True)                     a layer or a model, by its input and its parameters
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Collection
from typing import Any

import numpy as np

from .contract import GradientError, adapter_for
from .judgment import Finding, Judge
from .location import index_of, restricted, wrong_entry
from .problem import Problem

TOLERANCE, SEED, MAX_ENTRIES = 1e-6, 0, 256


def gradcheck(
    function: Any,
    /,
    *arrays: Any,
    tolerance: float | None = None,
    seed: int | None = None,
    max_entries: int | None = None,
    constants: Collection[str] = (),
    **options: Any,
) -> float:
    """Compare a pullback with derivatives computed without it, in float64.

    A random upstream gradient dy turns an output into one number, φ = Σ dy · y. The pullback returns its gradient, and
    evaluating the function shows what it should be. (With dy = 1, softmax and batch normalization have gradient zero,
    and any mistake would pass.) Each output is checked separately, with respect to each array.

        error = |a − n| / max(|a|, |n|, floor)      a analytic, n numerical

    Arrays of up to `max_entries` entries are checked entry by entry; floor is 1e-3 of the largest entry of the array's
    own gradient. In larger ones, the entries whose gradient is above 1e-3 of the largest are checked along four random
    directions v, uniformly distributed with deviation 1, and the others along four directions of their own; floor is
    the norm of their gradient. If the pullback is wrong by e there, e · v has deviation ‖e‖ and a density of at most
    1 / (√6 ‖e‖). So one direction misses a mistake of ‖e‖ = 100 · tolerance · floor with a probability of 0.8 %, and
    all four with 4·10⁻⁹; one of 10 times the tolerance with 4·10⁻⁵. (The density: Ball 1986, Cube slicing in ℝⁿ.)

    Without complex steps, what is below 1e-9 of the array's largest gradient may be lost in rounding.

    If a model's input gradient is wrong, some layer propagates a wrong gradient; the input gradient cannot show which.
    So the error message also lists the parameters: their gradients are wrong in the layers before the faulty one.

    Args:
        function: an op, `op(*arrays, **options) -> (y, pullback)`, or a layer or model.
        arrays: the op's positional arguments: floating-point arrays, also those in tuples, lists and dicts, are
            checked, everything else is passed on. For a layer, its input.
        tolerance: the largest error to accept, 1e-6.
        seed: of dy and the directions, and of the generator that a layer in training draws from; 0.
        max_entries: the largest array to check entry by entry, 256.
        constants: names of arrays that are not differentiated, such as running statistics; an op can also declare its
            own, as `op.constants`.
        options: the op's keyword arguments; for a layer, the fields of `Pass`. Floating-point arrays among them are
            checked as well.

    Returns:
        the largest error.

    Raises:
        GradientError: the error is above the tolerance; or the pullback did not return one gradient (or None for zero)
            of the right structure for each argument with floating-point arrays; or the function did not return a
            pullback. The message names the argument or parameter, the index and both values.
        NondifferentiableError: the function has a kink or a jump here, such as ReLU's at 0, and therefore no gradient;
            see `minicnn.testing.tie_free` for inputs without kinks.
        PrecisionError: rounding hides the derivative, as in 1e18 + |x|².
        ValueError: there is nothing to differentiate, two calls disagree, the function has an option with the name of
            one of gradcheck's, or it is another framework's.
    """
    if adapter := adapter_for(function):
        name = getattr(function, "__name__", type(function).__name__)
        raise ValueError(
            f"gradcheck: expected an op, a layer or a model of minicnn, got another framework's {name}; check "
            f"minicnn.testing.{adapter}({name}) instead"
        )
    for name, given in (("tolerance", tolerance), ("seed", seed), ("max_entries", max_entries)):
        _refuse_ambiguous(function, name, given)
    _refuse_ambiguous(function, "constants", constants or None)
    tolerance = TOLERANCE if tolerance is None else tolerance
    problem = Problem(function, arrays, options, SEED if seed is None else seed, constants)
    judge = Judge(problem, tolerance, MAX_ENTRIES if max_entries is None else max_entries)
    worst = 0.0
    for i in range(len(problem.xs)):
        for finding in judge.findings(i):
            if not finding.error <= tolerance:  # so that NaN fails too
                raise GradientError(_blame(judge, finding) + _parameters_too(judge, i))
            worst = max(worst, finding.error)
    return worst


def _refuse_ambiguous(function: Any, name: str, given: Any) -> None:
    """Raise an error if gradcheck and the function have an option of the same name."""
    if given is None or hasattr(function, "forward"):
        return
    try:
        own = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    bound = function.keywords if isinstance(function, functools.partial) else {}
    if name in own and name not in bound:
        title = getattr(function, "__name__", type(function).__name__)
        raise ValueError(
            f"gradcheck: {name} is an option of gradcheck and of {title}; for {title}'s own, bind it: "
            f"gradcheck(functools.partial({title}, {name}={given!r}), …)"
        )


def _blame(judge: Judge, finding: Finding) -> str:
    """The error message, which names an entry."""
    problem, (i, k, v, error) = judge.problem, finding
    x = problem.xs[i]

    def gap(direction: Any, cheap: bool) -> float:
        analytic, numerical = judge.pair(i, k, direction, cheap)
        return abs(analytic - numerical)

    for cheap in (True, False):
        worst = wrong_entry(v, functools.partial(gap, cheap=cheap))
        analytic, numerical = judge.pair(i, k, restricted(np.ones(v.shape), [worst]), cheap=False)
        if not abs(analytic - numerical) <= judge.tolerance * abs(analytic):
            break
    output = f" through output {problem.output_names[k]}" if problem.output_names else ""
    says = "the pullback says None" if i in problem.silent else f"the pullback says {analytic:.9g}"
    return (
        f"{problem.title}: wrong gradient of {x.name}{output} at index {index_of(worst, v.shape)}: {says}, "
        f"numerically it is {numerical:.9g} (relative error {error:.1e})"
    )


def _parameters_too(judge: Judge, i: int) -> str:
    """If a layer's input gradient is wrong: which parameters' gradients are wrong, and which are right."""
    problem = judge.problem
    if not problem.is_layer or problem.xs[i].owner != 0 or len(problem.xs) == 1:
        return ""
    right = {
        problem.names[x.owner]: all(found.error <= judge.tolerance for found in judge.findings(j))
        for j, x in enumerate(problem.xs)
        if isinstance(x.owner, int) and x.owner
    }
    listed = (", ".join(name for name in right if right[name] is which) or "none" for which in (False, True))
    return "; of the parameters, wrong: {}; right: {}".format(*listed)
