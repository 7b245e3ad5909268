"""Which entry is on a kink: by looks at a half of them, a rough half of it and so on, or by careful looks instead."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicnn import NondifferentiableError
from minicnn.gradient_check import location
from minicnn.gradient_check.location import _halved, kink_at, wrong_entry


def located(rough: dict[tuple[int, ...], float], kinks: set[tuple[int, ...]], monkeypatch: Any) -> tuple[str, Any]:
    """What is said of a kink among 8 entries in arrays of 3 and of 5, and which entries were looked at with care.

    `rough` says how rough the function is along some entries (along others: 0), `kinks` along which a kink shows.
    """
    careful = []

    def moving(direction: Any) -> tuple[int, ...]:
        whole = [np.zeros(n) if v is None else v for n, v in zip((3, 5), direction, strict=True)]
        return tuple(int(j) for j in np.flatnonzero(np.concatenate(whole)))

    def central_difference(f: Any, xs: Any, direction: Any, ys: Any) -> None:
        careful.append(moving(direction))
        if careful[-1] in kinks:
            raise NondifferentiableError(f"a kink along {careful[-1]}")

    monkeypatch.setattr(location, "central_difference", central_difference)
    monkeypatch.setattr(location, "roughness", lambda f, xs, direction, ys: rough.get(moving(direction), 0.0))
    xs = [SimpleNamespace(name=f"array {i}", value=np.arange(n) + 10.5 * i) for i, n in enumerate((3, 5))]
    problem: Any = SimpleNamespace(forward=None, values=[x.value for x in xs], ys=[], xs=xs, title="op")
    error = kink_at(problem, [np.full(3, 0.5), np.full(5, -0.5)], NondifferentiableError("the first word"))
    return str(error), careful


def test_a_half_is_rough_from_a_quarter_of_the_roughness_of_both(monkeypatch) -> None:
    rough = {
        tuple(range(8)): 8.0, (0, 1, 2, 3): 1.9, (4, 5, 6, 7): 2.1, (4, 5): 0.6, (4,): 0.14, (5,): 0.16, (0, 1): 9.0
    }  # fmt: skip
    said, careful = located(rough, {(5,)}, monkeypatch)
    assert "op: not differentiable here: a kink along (5,) at array 1, index (2,), value 12.5;" in said
    assert careful == [(5,)]


ALL, HALF = tuple(range(8)), (0, 1, 2, 3)


@pytest.mark.parametrize("rough", [{}, {ALL: 1.0}, {ALL: 1.0, HALF: 1.0, HALF[:2]: 1.0, HALF[:1]: 1.0}])
def test_where_the_quick_looks_lead_nowhere_or_to_an_entry_without_a_kink_careful_ones_follow(rough, monkeypatch):
    said, careful = located(rough, {(0, 1, 2, 3), (2, 3), (2,)}, monkeypatch)
    assert "a kink along (2,) at array 0, index (2,), value 2;" in said
    hasty = [(0,)] if len(rough) > 2 else []
    assert careful == [*hasty, (0, 1, 2, 3), (0, 1), (2, 3), (2,), (2,)]


def test_a_kink_that_no_half_has_alone_is_told_by_the_first_entry_and_in_the_first_words(monkeypatch) -> None:
    said, _ = located({}, set(), monkeypatch)
    assert "op: not differentiable here: the first word at array 0, index (0,), value 0;" in said


@pytest.mark.parametrize("guilty", [0, 5, 8])
def test_suspects_are_halved_until_one_is_left(guilty: int) -> None:
    seen: list[int] = []

    def has(half: Any) -> bool:
        seen.append(len(half))
        return guilty in half

    assert _halved(np.arange(9), has).tolist() == [guilty]
    assert seen == {0: [5, 3, 2, 1], 5: [5, 4, 2, 1], 8: [5, 4, 2, 2, 1, 1]}[guilty]
    assert _halved(np.arange(9), lambda half: False).tolist() == list(range(9))


def test_the_worst_entry_is_in_the_worse_half_and_what_is_not_a_number_is_the_worst() -> None:
    v, seen = np.array([[1.0, 0, 2], [3, 4, 0]]), []

    def gap(direction: Any) -> float:
        seen.append(direction.ravel()[[0, 2, 3, 4]].tolist())
        return float(np.abs(direction).ravel() @ [1, 99, 0.2, 0.5, 1, 99])  # gaps of 1, 0.4, 1.5 and 4

    assert wrong_entry(v, gap) == 4
    assert seen == [[1, 2, 0, 0], [0, 0, 3, 4], [0, 0, 3, 0], [0, 0, 0, 4]]
    assert wrong_entry(v, lambda direction: np.nan if direction[0, 2] else 1e9) == 2
