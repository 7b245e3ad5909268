"""What an exercise is: a task, a check that tells right from wrong, and a solution."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Answer = Callable[..., Any]

HEADER = """\
from collections.abc import Callable
from typing import Any

import numpy as np

import minicnn as cnn
"""


class Wrong(Exception):
    """The answer is not right yet; the message says where it differs."""


@dataclass(frozen=True)
class Exercise:
    """One task of the book.

    Attributes:
        number: chapter and place in it, such as "3.2".
        solution: a function whose signature and docstring are the task.
        check: takes the reader's function and raises `Wrong` where it is not right.
    """

    number: str
    solution: Answer
    check: Callable[[Answer], None]

    @property
    def name(self) -> str:
        return self.solution.__name__

    @property
    def task(self) -> str:
        return inspect.cleandoc(self.solution.__doc__ or "")

    @property
    def title(self) -> str:
        return self.task.partition("\n")[0].rstrip(".")

    @property
    def code(self) -> str:
        """The solution as a file, without the line that enters it into the list."""
        lines, function = _source(self.solution)
        return "\n".join([HEADER, "", *lines[function.lineno - 1 :], ""])

    @property
    def stub(self) -> str:
        """A file to begin with: the imports, the signature and the task."""
        lines, function = _source(self.solution)
        end = function.body[0].end_lineno  # of the docstring
        kept = "\n".join(lines[function.lineno - 1 : end])
        return f'{HEADER}\n\n{kept}\n    raise NotImplementedError("your answer goes here")\n'


ENTERED: list[Exercise] = []


def exercise(number: str, check: Callable[[Answer], None]) -> Callable[[Answer], Answer]:
    """Enter a solution, whose docstring is the task, into the list of exercises."""

    def enter(solution: Answer) -> Answer:
        ENTERED.append(Exercise(number, solution, check))
        return solution

    return enter


def chance() -> np.random.Generator:
    """What a check draws its examples with: the same ones in every run. Any serve."""
    return np.random.default_rng(0)


def same(got: Any, expected: Any, what: str, tolerance: float = 1e-5) -> None:
    """Raise `Wrong` unless two numbers or arrays agree, by default to what float32 or a numerical slope can tell."""
    if np.shape(got) != np.shape(expected):
        raise Wrong(f"{what}: expected shape {np.shape(expected)}, got {np.shape(got)}")
    if not np.allclose(got, expected, rtol=tolerance, atol=tolerance):
        raise Wrong(f"{what}: expected\n{np.asarray(expected)}\ngot\n{np.asarray(got)}")


def expect(condition: Any, message: str) -> None:
    """Raise `Wrong` with a message unless the condition holds."""
    if not condition:
        raise Wrong(message)


def slope(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """What a pullback must return, by central differences: the gradient of Σ dy · f(x)."""
    gradient = np.empty_like(x)
    for at in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[at] += 1e-5
        down[at] -= 1e-5
        gradient[at] = ((f(up) - f(down)) * dy).sum() / 2e-5
    return gradient


def _source(solution: Answer) -> tuple[list[str], ast.FunctionDef]:
    source = textwrap.dedent(inspect.getsource(solution))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    return source.splitlines(), function
