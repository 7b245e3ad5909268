"""Planted mistakes: each must be caught, and the table says by which property.

A module here lists wrong ops, `MISTAKES = {"conv2d": [kernel_flipped, …]}`, each the real op with one mistake of the
kind people make. The right op must pass every property, a wrong one must fail at least one; `pytest tests/mutations`
prints who caught what.
"""

import inspect
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from minicnn import GradientError, gradcheck, ops, reference
from minicnn.testing import CASES, PROPERTIES, Call, Case, ContractError

EXAMPLES = 40
Property = Callable[[Call], None]


def gradient(call: Call) -> None:
    """The pullback is the gradient."""
    constants = [name for name in ("running_mean", "running_var") if name in call.options]
    gradcheck(call.op, *call.arguments, max_entries=64, constants=constants, **call.options)


def one_winner(call: Call) -> None:
    """Of equal maxima exactly one receives the gradient, the first."""
    tied = [np.ones_like(a) for a in call.arguments]
    y, pullback = Call(call.op, tied, call.options).run()
    (dx,) = pullback(np.ones_like(y))
    (right,) = ops.max_pool2d(*tied, **call.options)[1](np.ones_like(y))
    assert dx.sum() == y.size and np.array_equal(dx, right)


def not_a_number(call: Call) -> None:
    """A NaN reaches every output that depends on it."""
    x = call.arguments[0].copy()
    x.flat[x.size // 2] = np.nan
    expected = call.reference(x, *call.arguments[1:], **call.options)
    np.testing.assert_array_equal(np.isnan(call.run([x, *call.arguments[1:]])[0]), np.isnan(expected))


def running_statistics(call: Call) -> None:
    """The running mean and the unbiased variance move by `momentum` toward the batch's."""
    x, C = call.arguments[0], call.arguments[0].shape[1]
    mean, var = np.full(C, 5.0), np.full(C, 7.0)
    if x[:, 0].size < 2:
        return
    call.op(*call.arguments, running_mean=mean, running_var=var, training=True, momentum=0.1)
    np.testing.assert_allclose(mean, 0.9 * 5 + 0.1 * x.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(var, 0.9 * 7 + 0.1 * x.var(axis=(0, 2, 3), ddof=1), rtol=1e-12)


def no_overflow(call: Call) -> None:
    """Scores in the thousands, and thousands apart, give finite results: those of the textbook."""
    arguments = [3000 * call.arguments[0], *call.arguments[1:]]
    y = np.asarray(call.run(arguments)[0])
    assert np.isfinite(y).all()
    np.testing.assert_allclose(y, call.reference(*arguments, **call.options), rtol=1e-12, atol=1e-12)


PARTICULAR: dict[str, list[Property]] = {
    "max_pool2d": [one_winner, not_a_number],
    "batch_norm2d": [running_statistics],
    "relu": [not_a_number],
    "softmax": [no_overflow],
    "log_softmax": [no_overflow],
    "cross_entropy": [no_overflow],
}


def properties(op: str) -> dict[str, Property]:
    own = {property.__name__.replace("_", " "): property for property in PARTICULAR.get(op, [])}
    return {"gradient": gradient, **PROPERTIES, **own}


def failed(property: Property, calls: list[Call]) -> bool:
    """Whether the property fails for one of the calls; an op that raises fails too."""
    for call in calls:
        try:
            with np.errstate(all="ignore"):
                property(call)
        except (AssertionError, GradientError, ContractError, ValueError, TypeError, IndexError, RuntimeWarning):
            return True
    return False


@pytest.fixture(scope="session")
def examples() -> Callable[[str], list[Case]]:
    """The same few calls of an op for all its mistakes."""
    found: dict[str, list[Case]] = {}

    def of(op: str) -> list[Case]:
        if op not in found:
            drawn: list[Case] = []

            @settings(max_examples=EXAMPLES, derandomize=True, database=None, phases=[Phase.generate])
            @given(CASES[op])
            def draw(case: Case) -> None:
                drawn.append(case)

            draw()
            found[op] = drawn
        return found[op]

    return of


@pytest.fixture
def caught_by(request: pytest.FixtureRequest, examples: Callable[[str], list[Case]]) -> Callable[..., list[str]]:
    """The names of the properties that a wrong op violates, kept for the table."""

    def run(op: str, wrong: Callable[..., Any]) -> list[str]:
        textbook = getattr(reference, op)

        def calls() -> list[Call]:
            return [Call(_with_wants(wrong), case.arrays(), case.options, textbook) for case in examples(op)]

        return record(op, wrong, [name for name, property in properties(op).items() if failed(property, calls())])

    def record(op: str, wrong: Any, names: list[str]) -> list[str]:
        if wrong is not getattr(ops, op, None):
            request.node.user_properties.append(("mistake", (op, inspect.getdoc(wrong) or "", names)))
        return names

    run.record = record  # type: ignore[attr-defined]
    return run


def _with_wants(op: Callable[..., Any]) -> Callable[..., Any]:
    """So that a mistake that is not about `wants` need not handle it."""

    def complete(*arrays: Any, **options: Any) -> Any:
        y, pullback = op(*arrays, **options)
        if "wants" in inspect.signature(pullback).parameters:
            return y, pullback

        def with_wants(dy: Any, wants: Any = None) -> tuple[Any, ...]:
            gradients = pullback(dy)
            return tuple(g if w else None for g, w in zip(gradients, wants or [True] * len(gradients), strict=True))

        return y, with_wants

    complete.__name__ = op.__name__
    return complete


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"op", "mistake"} <= set(metafunc.fixturenames):
        listed = [(op, wrong) for op, wrongs in metafunc.module.MISTAKES.items() for wrong in wrongs]
        metafunc.parametrize(("op", "mistake"), listed, ids=[f"{op}-{wrong.__name__}" for op, wrong in listed])
    elif "op" in metafunc.fixturenames:
        metafunc.parametrize("op", list(metafunc.module.MISTAKES))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    table = sorted(value for r in reports for name, value in r.user_properties if name == "mistake")
    if not table:
        return
    terminalreporter.section(f"{len(table)} planted mistakes, and the properties that catch them")
    width = max(len(what) for _, what, _ in table)
    for op, mistakes in groupby(table, key=lambda row: row[0]):
        terminalreporter.write_line(op, bold=True)
        for _, what, names in mistakes:
            terminalreporter.write_line(f"  {what:{width}}  {', '.join(names) or 'NOBODY'}", red=not names)
    caught = Counter(name for *_, names in table for name in names)
    alone = Counter(names[0] for *_, names in table if len(names) == 1)
    terminalreporter.write_line("\nWhat each property catches, and what it alone catches:")
    for name, count in caught.most_common():
        terminalreporter.write_line(f"  {name:20} {count:3} {alone[name]:3}")
