"""gradcheck accepts what is right, names what is wrong, and does not blame a pullback for a kink."""

import contextlib
from typing import Any

import numpy as np
import pytest

from minicnn import GradientError, NondifferentiableError, gradcheck, ops
from minicnn.gradient_check import search
from minicnn.gradient_check.derivatives import central_difference
from minicnn.testing import tie_free


def square(x):
    return x**2, lambda dy, wants=(True,): (2 * x * dy,)


def product(a, b):
    return a * b, lambda dy, wants=(True, True): (b * dy, a * dy)


# What it accepts


def test_a_right_pullback_passes_with_an_error_near_rounding() -> None:
    assert gradcheck(square, tie_free(5)) < 1e-12


def test_integers_and_other_arguments_are_passed_on() -> None:
    def pick(x, index, factor, *, shift):
        def pullback(dy, wants=(True,)):
            dx = np.zeros_like(x)
            dx[index] = factor * dy
            return (dx,)

        return factor * x[index] + shift, pullback

    assert gradcheck(pick, tie_free(5), np.array([0, 3]), 2, shift=1.0) < 1e-12


def test_float32_arrays_are_checked_in_float64() -> None:
    assert gradcheck(square, tie_free(5).astype(np.float32)) < 1e-12


def test_scalars_and_scalar_outputs() -> None:
    assert gradcheck(square, np.array(0.7)) < 1e-12
    assert gradcheck(ops.cross_entropy, tie_free((3, 4)), np.array([0, 1, 3])) < 1e-12


def test_a_function_that_takes_no_complex_arrays() -> None:
    def strictly_real(x):
        return np.array([float(v) ** 3 for v in x]), lambda dy, wants=(True,): (3 * x**2 * dy,)

    assert gradcheck(strictly_real, tie_free(5)) < 1e-8


def test_a_function_that_takes_complex_arrays_but_is_not_analytic() -> None:
    def energy(x):
        return (x * np.conj(x)), lambda dy, wants=(True,): (2 * x * dy,)

    assert gradcheck(energy, tie_free(5)) < 1e-8


def test_an_op_that_also_returns_integers() -> None:
    assert gradcheck(ops.max_pool2d, tie_free((1, 2, 4, 4)), 2, return_indices=True) < 1e-12


def test_a_large_array_costs_as_many_evaluations_as_a_small_one() -> None:
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return square(x)

    counts = []
    for size in (300, 30_000):
        calls = 0
        gradcheck(counted, tie_free(size))
        counts.append(calls)
    assert max(counts) < 30


@pytest.mark.parametrize("size", [5, 300])
def test_an_array_that_the_output_does_not_depend_on(size: int) -> None:
    """Its gradient is 0, and is checked like any other."""

    def op(used):
        def squares(a, b):
            return a**2 + used * b.sum(), lambda dy, wants=(True, True): (2 * a * dy, np.zeros_like(b))

        return squares

    assert gradcheck(op(0), tie_free(5), tie_free(size)) < 1e-12
    with pytest.raises(GradientError, match="wrong gradient of argument 1"):
        gradcheck(op(1), tie_free(5), tie_free(size))


# What it rejects


def test_the_error_names_argument_index_and_both_values() -> None:
    def one_entry_wrong(a, b):
        def pullback(dy, wants=(True, True)):
            db = a * dy
            db[1, 2] = 7
            return b * dy, db

        return a * b, pullback

    message = r"one_entry_wrong: wrong gradient of argument 1 \(b\) at index \(1, 2\): the pullback says 7, numerically"
    with pytest.raises(GradientError, match=message):
        gradcheck(one_entry_wrong, tie_free((2, 3)), tie_free((2, 3), 1))


def test_one_wrong_entry_of_a_large_array_is_found() -> None:
    def one_of_many(x):
        def pullback(dy, wants=(True,)):
            dx = 2 * x * dy
            dx[12_345] += 1
            return (dx,)

        return x**2, pullback

    with pytest.raises(GradientError, match=r"index \(12345,\)"):
        gradcheck(one_of_many, tie_free(20_000))


@pytest.mark.parametrize(
    ("rough", "slope", "at", "small"),
    [
        (lambda x: np.sin(1e4 * x), lambda x: 1e4 * np.cos(1e4 * x), 0.3, 3),  # plain differences are off by 10
        (lambda x: 1e9 * x**3, lambda x: 3e9 * x**2, 0.0, 1e-3),  # and here by 0.06, of 0
    ],
    ids=["steep", "flat"],
)
def test_the_entry_that_is_wrong_is_named_though_a_cheap_difference_is_worse_at_another(
    rough, slope, at: float, small: float
) -> None:
    """Entry 300 is wrong; at entry 7 the function bends. It takes no complex arrays."""
    entry, factors = np.arange(400), np.full(400, 3.0)
    factors[300] = small

    def op(x):
        y = np.where(entry == 7, rough(np.asarray(x, float)), factors * x)
        dx = np.where(entry == 7, slope(x), factors * np.where(entry == 300, 1.1, 1))
        return y, lambda dy, wants=(True,): (dx * dy,)

    point = np.ones(400)
    point[7] = at
    with pytest.raises(GradientError, match=r"index \(300,\): the pullback says -?\d"):
        gradcheck(op, point)


def test_arrays_of_up_to_max_entries_are_checked_entry_by_entry() -> None:
    """Three times the tolerance is lost among the errors that a hundred entries may have together, but not alone."""

    def slightly_off(x):
        def pullback(dy, wants=(True,)):
            dx = 2 * x * dy
            dx[7] *= 1 + 3e-6
            return (dx,)

        return x**2, pullback

    point = 1 + tie_free(100) / 4
    assert gradcheck(slightly_off, point, max_entries=99) < 1e-6
    with pytest.raises(GradientError, match=r"index \(7,\)"):
        gradcheck(slightly_off, point, max_entries=100)


def wrong_by(error: float, entry: Any = ...):
    def op(x):
        def pullback(dy, wants=(True,)):
            dx = 2 * x * dy
            dx[entry] *= 1 + error
            return (dx,)

        return x**2, pullback

    return op


def test_unless_told_otherwise_a_millionth_is_accepted_of_each_of_256_entries() -> None:
    point = 1 + tie_free(257) / 4
    assert gradcheck(wrong_by(0.98e-6), point[:5]) == pytest.approx(0.98e-6, rel=1e-6)
    with pytest.raises(GradientError, match=r"relative error 1\.0e-06"):
        gradcheck(wrong_by(1.02e-6), point[:5])
    assert gradcheck(wrong_by(3e-6, 7), point) < 1e-6
    with pytest.raises(GradientError, match=r"index \(7,\)"):
        gradcheck(wrong_by(3e-6, 7), point[:256])


def test_an_error_just_as_large_as_the_tolerance_is_accepted() -> None:
    error = gradcheck(wrong_by(0.1), tie_free(5), tolerance=1)
    assert gradcheck(wrong_by(0.1), tie_free(5), tolerance=error) == error
    with pytest.raises(GradientError):
        gradcheck(wrong_by(0.1), tie_free(5), tolerance=0.999 * error)


def test_unless_told_otherwise_the_upstream_gradient_is_that_of_seed_0() -> None:
    def seen(**options) -> list[list[float]]:
        dys: list[list[float]] = []

        def op(x):
            return 2 * x, lambda dy, wants=(True,): (dys.append(dy.tolist()) or 2 * dy,)

        gradcheck(op, np.ones(3), **options)
        return dys

    assert seen() == seen(seed=0) != seen(seed=1)


def test_a_gradient_that_is_zero_for_a_constant_upstream_gradient_is_still_checked() -> None:
    def zero_pullback(x):
        return ops.softmax(x)[0], lambda dy, wants=(True,): (np.zeros_like(x),)

    with pytest.raises(GradientError):
        gradcheck(zero_pullback, tie_free((2, 3)))


@pytest.mark.parametrize(
    ("gradients", "message"),
    [
        (lambda x: [x], "expected a tuple of 1 gradients, one for each array, got a list"),
        (lambda x: (x, x), "expected a tuple of 1 gradients, one for each array, got 2"),
        (lambda x: (), "expected a tuple of 1 gradients, one for each array, got 0"),
        (lambda x: (x[:2],), r"argument 0 \(x\) has shape \(3,\), but its gradient \(2,\)"),
        (lambda x: (x * np.nan,), "the pullback says nan"),
        (lambda x: (x * 1j,), r"expected a real gradient of argument 0 \(x\), got complex128"),
        (lambda x: (x > 0,), r"expected a real gradient of argument 0 \(x\), got bool"),
    ],
)
def test_what_is_no_gradient_at_all(gradients, message: str) -> None:
    def identity(x):
        return x, lambda dy, wants=(True,): gradients(dy)

    with pytest.raises(GradientError, match=message):
        gradcheck(identity, tie_free(3))


def test_the_tolerance_is_the_callers() -> None:
    def slightly_off(x):
        return x**2, lambda dy, wants=(True,): (2.002 * x * dy,)

    assert gradcheck(slightly_off, tie_free(5), tolerance=1e-2) == pytest.approx(1e-3, rel=0.01)
    with pytest.raises(GradientError, match=r"relative error 1\.0e-03"):
        gradcheck(slightly_off, tie_free(5))


@pytest.mark.parametrize(
    ("true", "claimed", "error"),
    [(0.5, 0.4, 0.1 / 0.5), (0.5, 0.6, 0.1 / 0.6), (0.0, 1e-5, 1e-2), (-1e-5, 1e-5, 2e-2), (2e-3, 3e-3, 1 / 3)],
)
def test_the_error_is_relative_to_an_entry_or_a_thousandth_of_the_largest(true: float, claimed: float, error: float):
    slopes, claims = np.array([1.0, true, 0.25]), np.array([1.0, claimed, 0.25])

    def op(x):
        return np.sum(slopes * x), lambda dy, wants=(True,): (claims * dy,)

    assert gradcheck(op, tie_free(3), tolerance=1) == pytest.approx(error, rel=1e-6)
    for by, right in ((1.01, True), (0.99, False)):
        with contextlib.nullcontext() if right else pytest.raises(GradientError, match=r"index \(1,\)"):
            gradcheck(op, tie_free(3), tolerance=by * error)


# Kinks


def kinked(f):
    """f with a pullback that is wrong everywhere, which a check at a kink must not report."""
    return lambda x: (f(x), lambda dy, wants=(True,): (np.full_like(x, 99.0),))


@pytest.mark.parametrize("f", [np.abs, np.sign, np.cbrt, lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, x)])
def test_a_kink_is_never_blamed_on_the_pullback(f) -> None:
    with pytest.raises(NondifferentiableError, match=r"argument 0 \(x\), index \(1,\), value 0"):
        gradcheck(kinked(f), np.array([0.5, 0.0, -0.3]))


def test_relu_at_zero() -> None:
    x = tie_free((2, 3, 4, 4))
    x[1, 2, 0, 3] = 0
    with pytest.raises(NondifferentiableError, match=r"relu: not differentiable here: .* index \(1, 2, 0, 3\)"):
        gradcheck(ops.relu, x)


def test_a_tie_of_two_maxima() -> None:
    x = tie_free((1, 1, 4, 4))
    x[0, 0, 2, 2] = x[0, 0, 3, 3] = 5
    with pytest.raises(NondifferentiableError, match=r"max_pool2d: .* index \(0, 0, [23], [23]\), value 5"):
        gradcheck(ops.max_pool2d, x, 2)


def test_one_kink_among_many_entries_is_found_and_named() -> None:
    x = tie_free(20_000)
    x[777] = 0
    with pytest.raises(NondifferentiableError, match=r"index \(777,\)"):
        gradcheck(ops.relu, x)


@pytest.mark.parametrize("which", range(3))
def test_a_kink_is_named_in_whichever_array_it_is(which: int) -> None:
    shapes, places = [(7,), (2, 150), (3, 2, 60)], [(6,), (1, 4), (2, 1, 59)]
    arrays = [tie_free(shape, i) for i, shape in enumerate(shapes)]
    arrays[which][places[which]] = 0

    def op(a, b, c):
        def pullback(dy, wants=(True,) * 3):
            return tuple(dy[i] * (x > 0) for i, x in enumerate((a, b, c)))

        return np.array([np.maximum(x, 0).sum() for x in (a, b, c)]), pullback

    with pytest.raises(NondifferentiableError) as found:
        gradcheck(op, *arrays)
    assert f"at argument {which} ({'abc'[which]}), index {places[which]}, value 0;" in str(found.value)


def test_a_kink_that_shows_only_where_the_other_array_rests_is_named() -> None:
    def op(a, b):
        y = np.where(np.all(np.real(a) == 0), np.abs(b), 0.0)
        return y, lambda dy, wants=(True, True): (np.zeros_like(a), dy)

    with pytest.raises(NondifferentiableError, match=r"argument 1 \(b\), index \(0,\), value 0"):
        gradcheck(op, np.zeros(3), np.zeros(2))


def test_how_many_entries_are_judged_at_a_time_changes_nothing(monkeypatch) -> None:
    """Some entries have a kink close by, and settle later than the others."""
    x = tie_free(60)
    x[::7] *= 1e-6

    def derivatives() -> Any:
        (slope,) = central_difference(lambda xs: [np.maximum(xs[0], 0) + np.sin(xs[0])], [x], [np.ones(60)])
        return slope

    whole = derivatives()
    np.testing.assert_allclose(whole.values, (x > 0) + np.cos(x), rtol=1e-9)
    for block in (1, 7, 59, 60, 61):
        monkeypatch.setattr(search, "BLOCK", block)
        for ours, theirs in zip(derivatives(), whole, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_close_to_a_kink_the_gradient_is_exact() -> None:
    assert gradcheck(ops.relu, np.array([1e-6, -1e-6, 1e-7])) < 1e-12


# What it requires


def test_a_function_of_chance_must_be_given_a_seed() -> None:
    rng = np.random.default_rng(0)

    def noisy(x):
        return x + rng.standard_normal(x.shape), lambda dy, wants=(True,): (dy,)

    with pytest.raises(ValueError, match="two calls of noisy differ; give it a seed"):
        gradcheck(noisy, tie_free(3))


def test_a_generator_among_the_options_begins_anew_for_every_call() -> None:
    rng = np.random.default_rng(5)
    assert gradcheck(ops.dropout, tie_free((3, 4)), 0.5, rng=rng) < 1e-12
    assert rng.random() == np.random.default_rng(5).random()


def test_something_to_differentiate() -> None:
    with pytest.raises(ValueError, match="expected a floating-point array"):
        gradcheck(square, 3)


def test_a_finite_output() -> None:
    with pytest.raises(ValueError, match="not finite"), np.errstate(divide="ignore"):
        gradcheck(lambda x: (np.log(x), lambda dy: (dy / x,)), np.zeros(2))
    with pytest.raises(ValueError, match="not finite"):
        gradcheck(lambda x: (x * np.nan, lambda dy: (dy,)), np.zeros(2))


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda x: 2 * x, "ndarray"),
        (lambda x: (2 * x, None), r"\(ndarray, NoneType\)"),
        (lambda x: (2 * x, x, lambda dy: (2 * dy,)), r"\(ndarray, ndarray, function\)"),
    ],
)
def test_an_output_and_a_pullback(function, got: str) -> None:
    with pytest.raises(GradientError, match=rf"<lambda>: expected it to return \(y, pullback\), got {got}$"):
        gradcheck(function, tie_free(2))
