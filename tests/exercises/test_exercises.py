"""Every exercise: its solution passes, its stub does not, and a result that is a little off is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minicnn as cnn
from minicnn.exercises import EXERCISES, Exercise, Wrong
from minicnn.exercises.__main__ import main
from minicnn.exercises.exercise import same, slope
from minicnn.exercises.why import score_gradient

ALL = [pytest.param(exercise, id=number) for number, exercise in EXERCISES.items()]


def test_there_are_forty_or_more_in_order() -> None:
    numbers = [tuple(map(int, number.split("."))) for number in EXERCISES]
    assert len(numbers) >= 40
    for chapter in range(1, 7):
        places = [place for c, place in numbers if c == chapter]
        assert places == list(range(1, len(places) + 1))


@pytest.mark.parametrize("exercise", ALL)
def test_the_solution_passes_as_a_file_of_its_own(exercise: Exercise) -> None:
    namespace: dict[str, Any] = {}
    exec(exercise.code, namespace)
    exercise.check(namespace[exercise.name])
    exercise.check(exercise.solution)


# What an answer is off by, of 1 and of each number: a half more than is taken for rounding, also where float32 adds up;
# and where the check knows the result by chance alone.
LITTLE = 1.5e-5
MORE = {"4.2": 1.5e-4, "4.3": 1.5e-4, "4.4": 0.03}


def off(value: Any, by: float = LITTLE) -> Any:
    """A number or an array that is a little wrong; a function whose results are."""
    if callable(value):
        return lambda *args, **options: off(value(*args, **options), by)
    if isinstance(value, list | tuple):
        return type(value)(off(part, by) for part in value)
    array = np.asarray(value)
    if array.dtype == bool:
        return ~array
    if array.dtype.kind == "i":
        return array + 1
    wrong = array + by * (1 + np.abs(array))
    return wrong.astype(array.dtype) if array.ndim else float(wrong)


def variants(exercise: Exercise) -> Iterator[Callable[..., Any]]:
    """The solution with all of its result off, then with one part of it off at a time."""
    by = MORE.get(exercise.number, LITTLE)
    yield lambda *args, **options: off(exercise.solution(*args, **options), by)
    for k in range(3):

        def one_part(*args: Any, k: int = k, **options: Any) -> Any:
            result = exercise.solution(*args, **options)
            if not isinstance(result, tuple):
                return off(result, by)
            parts = list(result)
            at = min(k, len(parts) - 1)
            parts[at] = off(parts[at], by)
            return tuple(parts)

        yield one_part


@pytest.mark.parametrize("exercise", ALL)
def test_a_wrong_answer_is_refused(exercise: Exercise) -> None:
    for wrong in variants(exercise):
        with pytest.raises(Wrong):
            exercise.check(wrong)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-3])
def test_numbers_are_the_same_within_a_tolerance_of_their_size_and_of_one(tolerance: float) -> None:
    expected = np.array([0.0, 10, -100])
    for share, right in ((0.8, True), (1.2, False), (-0.8, True), (-1.2, False)):
        for place in range(3):
            got = expected.copy()
            got[place] += share * tolerance * (1 + abs(expected[place]))
            given = () if tolerance == 1e-5 else (tolerance,)
            with contextlib.nullcontext() if right else pytest.raises(Wrong, match="these: expected"):
                same(got, expected, "these", *given)
    with pytest.raises(Wrong, match=r"these: expected shape \(3,\), got \(1, 3\)"):
        same(expected[None], expected, "these")


def test_a_slope_is_the_gradient() -> None:
    x, dy = np.array([[0.3, -0.7], [1.1, 0.2]]), np.array([[1.0, -2], [3, 0.5]])
    np.testing.assert_allclose(slope(lambda x: np.sin(x) * x[0, 0], x, dy), slope_by_hand(x, dy), rtol=1e-8)


def slope_by_hand(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    gradient = dy * np.cos(x) * x[0, 0]
    gradient[0, 0] += (dy * np.sin(x)).sum()
    return gradient


def solution(number: str) -> Callable[..., Any]:
    return EXERCISES[number].solution


def keeping(count: int) -> Callable[..., Any]:
    """Dropout of 200×200 units that keeps just so many."""

    def dropout(x: np.ndarray, p: float, rng: np.random.Generator) -> tuple[np.ndarray, Callable[..., Any]]:
        mask = (np.arange(x.size) < count).reshape(x.shape) / (1 - p)
        return x * mask, lambda dy: dy * mask

    return dropout


def diagonal(*changes: tuple[int, int, int]) -> Callable[[], np.ndarray]:
    """The filter for diagonal edges, with some entries changed: (row, column, entry)."""
    kernel = np.sign(np.arange(4) - np.arange(4)[:, None])
    for row, column, entry in changes:
        kernel[row, column] = entry
    return lambda: kernel


def noisy(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """x squared with noise of exactly this mean and deviation."""
    noise = np.random.default_rng(1).standard_normal(x.shape)
    return x**2 + mean + deviation * (noise - noise.mean()) / noise.std()


def normalized(x: np.ndarray, eps: float) -> np.ndarray:
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)


def adam(eps: float) -> Callable[..., Any]:
    """A first step with another eps: g / (|g| + eps)."""

    def step_of(w: np.ndarray, m: np.ndarray, v: np.ndarray, g: np.ndarray, step: int, lr: float) -> tuple[Any, ...]:
        return (w - lr * g / (np.abs(g) + eps), *solution("2.6")(w, m, v, g, step, lr)[1:])

    return step_of


# Answers that people give, and what they are told.
MISTAKES: dict[str, tuple[Callable[..., Any], str]] = {
    "2.12, every epoch in the same order": (
        lambda size, batch_size, seed, epoch: solution("2.12")(size, batch_size, seed, 0),
        "another order in the next epoch",
    ),
    "2.12, an order that is new in every call": (
        lambda size, batch_size, seed, epoch: [np.random.default_rng().permutation(size)[i : i + 4] for i in (0, 4, 8)],
        "the indices of an epoch|the same epoch, again",
    ),
    "6.7, more sums than registers": (lambda registers, lanes: (8, 2), "8 x 2 needs too many of 16"),
    "4.8, downhill": (
        lambda model, x, labels, epsilon: solution("4.8")(model, x, labels, -epsilon),
        r"fgsm\(model, x, labels, 0.1\)",
    ),
    "2.13, workers counted alike": (lambda gradients, sizes: np.mean(gradients, axis=0), "the whole batch"),
    "4.3, along no path, at the image alone": (
        lambda model, x, target, steps: x * score_gradient(model, x, target),
        r"integrated\(model, x, 1, 20\)",
    ),
    "4.3, at the ends of the pieces": (
        lambda model, x, target, steps: (
            x * sum(score_gradient(model, x * np.float32(k / 20), 1) for k in range(20)) / 20
        ),
        r"integrated\(model, x, 1, 20\)",
    ),
    "5.7, only what is below": (
        lambda x, most: solution("5.7")(x, np.nextafter(most, 0)),
        "a slow wave and a fast one",
    ),
    "5.7, the mean alone": (lambda x, most: np.full_like(x, x.mean()), "a slow wave and a fast one"),
    "1.3, of another size": (lambda: np.zeros((3, 4)), r"expected a filter \(4, 4\), got \(3, 4\)"),
    "1.3, with a 2": (diagonal((0, 1, 2), (1, 0, -2)), "expected entries of -1, 0 and 1 only"),
    "1.3, not flat": (diagonal((0, 0, 1)), "must sum to 0"),
    "1.3, little above": (diagonal((0, 3, 0), (0, 0, 1)), "upper right half is bright, expected an output of 6"),
    "1.3, little below": (diagonal((3, 0, 0), (0, 0, -1)), "lower left half is bright, expected -6 or less"),
    "1.3, upside down": (lambda: -diagonal()(), "upper right half is bright"),
    "4.4, too much noise": (lambda method, x, *rest: noisy(x, 0.261, 0), "to add 0.25 on average"),
    "4.4, too little noise": (lambda method, x, *rest: noisy(x, 0.239, 0), "to add 0.25 on average"),
    "4.4, one copy alone": (lambda method, x, *rest: noisy(x, 0.25, 0.21), "steadier than one of them"),
    "1.12, 58 % of the units kept": (keeping(23_200), "expected to keep 60 % of the units, kept 58.0%"),
    "1.12, 62 % of the units kept": (keeping(24_800), "expected to keep 60 % of the units, kept 62.0%"),
    "2.10, not divided": (lambda x: (x - x.mean(axis=0), lambda dy: dy), "batch_norm"),
    "2.10, eps of 2e-5": (lambda x: (normalized(x, 2e-5), solution("2.10")(x)[1]), r"batch_norm\(x\)"),
    "2.5, of the size of the gradient alone": (
        lambda w, velocity, g, lr, mu: solution("2.5")(w, velocity, np.abs(g), lr, mu),
        "w after a step",
    ),
    "2.6, of the size of the gradient alone": (
        lambda w, m, v, g, step, lr: solution("2.6")(w, m, v, np.abs(g), step, lr),
        "w after step 2",
    ),
    "2.6, eps of 2e-8": (adam(2e-8), "w after step 1"),
    "6.6, eps of 2e-5": (
        lambda w, b, gamma, beta, mean, var: solution("6.6")(w, b, gamma, beta, mean, var + 1e-5),
        "the new weights and biases",
    ),
    "4.7, not a number where g is 0": (
        lambda A, g: np.where((g == 0).any(axis=1), np.nan, solution("4.7")(A, g)),
        r"grad_cam_pp\(A, g\)",
    ),
    "3.10, the same for filters that are turned": (
        lambda w: max(solution("3.10")(w), 1 / solution("3.10")(w)),
        r"banding\(w\), its filters turned",
    ),
    "5.7, complex": (lambda x, most: solution("5.7")(x, most) + 0j, "expected a real image"),
    "6.7, several rows always": (lambda registers, lanes: max((2, 1), solution("6.7")(registers, lanes)), "of 3 reg"),
    "6.7, one register too few": (lambda registers, lanes: solution("6.7")(registers - 1, lanes), "products per load"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_likely_mistake_is_refused_in_these_words(mistake: str) -> None:
    answer, words = MISTAKES[mistake]
    with pytest.raises(Wrong, match=words):
        EXERCISES[mistake.partition(",")[0]].check(answer)


def test_large_scores_do_not_overflow() -> None:
    scores = np.array([[1000.0, 0, -1000], [-900, -1000, -950]])
    loss, pullback = solution("2.1")(scores, np.array([0, 0]))
    np.testing.assert_allclose(loss, 0, atol=1e-12)
    np.testing.assert_allclose(pullback(1.0), 0, atol=1e-12)
    np.testing.assert_allclose(solution("1.10")(scores), [[1, 0, 0]] * 2, atol=1e-12)


def test_where_a_rule_has_an_edge_the_solutions_do_as_the_engine_does() -> None:
    at_zero, dy = np.zeros(2), np.array([3.0, -4.0])
    assert solution("1.1")(at_zero)[1](dy).tolist() == cnn.ops.relu(at_zero)[1](dy)[0].tolist() == [0, 0]
    y, guided, deconv = solution("4.5")(at_zero)
    assert (y.tolist(), guided(dy).tolist(), deconv(dy).tolist()) == ([0, 0], [0, 0], [3, 0])
    with np.errstate(all="raise"):  # 0 / 0 among them
        assert solution("4.7")(np.array([[[[1.0, 2.0]]]]), np.array([[[[0.0, 1.0]]]])).tolist() == [[[1 / 5, 2 / 5]]]
    assert solution("6.7")(3, 8) == (1, 1) and solution("6.7")(4, 8) == (2, 1)
    assert solution("2.12")(8, 4, 0, 0)[1].size == 4 and len(solution("2.12")(8, 4, 0, 0)) == 2
    assert solution("1.7")([]) == 1


@pytest.mark.parametrize("exercise", ALL)
def test_the_stub_is_python_that_does_nothing_yet(exercise: Exercise) -> None:
    namespace: dict[str, Any] = {}
    exec(exercise.stub, namespace)
    with pytest.raises(NotImplementedError):
        exercise.check(namespace[exercise.name])


def test_the_command_writes_a_stub_then_checks_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["1.1", "--folder", str(tmp_path)]
    file = tmp_path / "exercise_1_1.py"
    assert main(command) == 1 and file.exists()
    assert "Write ReLU and its pullback." in capsys.readouterr().out

    assert main(command) == 1
    out = capsys.readouterr().out
    assert "not yet" in out and "NotImplementedError" in out and "line" in out

    file.write_text("def relu(x):\n    return x, lambda dy: dy\n")
    assert main(command) == 1
    assert "relu(x): expected" in capsys.readouterr().out

    file.write_text(EXERCISES["1.1"].code)
    assert main(command) == 0
    assert "right" in capsys.readouterr().out


def test_the_command_lists_and_shows_solutions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == len(EXERCISES)
    assert listed[0] == "  1.1  Write ReLU and its pullback" and listed[9].startswith(" 1.10  Turn each row of logits")
    assert main(["4.6", "--solution"]) == 0
    assert "watch.gradients" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_made_and_the_innermost_line_of_an_answer_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["1.1", "--folder", str(tmp_path / "of" / "mine")]
    file = tmp_path / "of" / "mine" / "exercise_1_1.py"
    assert main(command) == 1 and file.exists()
    for text, said in (
        ("def positive(x):\n    return x > nothing\n\ndef relu(x):\n    return positive(x)\n", f"{file}, line 2: Name"),
        ("def relu(x):\n    return x, (\n", f"{file}, line 2: SyntaxError"),
        ("def relu(x):\n    return 3\n", "the check could not use what your function returned: TypeError"),
        ("relu = 3\n", f"expected a function relu in {file}, found none"),
    ):
        file.write_text(text)
        assert main(command) == 1
        assert said in capsys.readouterr().out


def test_an_unknown_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["9.9"])
    assert stop.value.code == 2
    assert "no exercise 9.9" in capsys.readouterr().err
