"""gradcheck differentiates every output by every array: in tuples, lists and dicts, and by keyword."""

import contextlib
import functools

import numpy as np
import pytest

from minicnn import GradientError, gradcheck, ops
from minicnn.testing import tie_free

x, w = tie_free(5), tie_free(5, 1)


def powers(make, wrong: bool):
    """Two outputs in a structure, the second of which may have a wrong gradient."""

    def op(x):
        y = make(x**2, x**3)

        def pullback(dy, wants=(True,)):
            first, second = dy.values() if isinstance(dy, dict) else dy
            return (2 * x * first + (2 if wrong else 3) * x**2 * second,)

        return y, pullback

    return op


STRUCTURES = {
    "[1]": lambda a, b: (a, b),
    "[1] ": lambda a, b: [a, b],
    "['b']": lambda a, b: {"a": a, "b": b},
}


@pytest.mark.parametrize("path", STRUCTURES)
def test_every_output_is_differentiated(path: str) -> None:
    assert gradcheck(powers(STRUCTURES[path], wrong=False), x) < 1e-12
    with pytest.raises(GradientError) as found:
        gradcheck(powers(STRUCTURES[path], wrong=True), x)
    assert f"argument 0 (x) through output {path.strip()} at index" in str(found.value)


def test_the_gradient_of_a_tuple_of_one_is_a_tuple_of_one_and_that_beside_integers_an_array() -> None:
    def one(x):
        return (x**2,), lambda dy: (2 * x * dy[0],) if isinstance(dy, tuple) else None

    def with_places(x):
        return (x**2, np.arange(x.size)), lambda dy: (2 * x * dy,)

    assert gradcheck(one, x) < 1e-12
    assert gradcheck(with_places, x) < 1e-12


def affine(x, parameters, wrong=False):
    (w,), b = parameters["w"], parameters["b"]
    return w * x + b, lambda dy: (w * dy, {"w": [x * dy], "b": x * dy if wrong else dy, "name": None})


def test_arguments_may_be_trees() -> None:
    parameters = {"w": [w], "b": tie_free(5, 2), "name": "affine"}
    assert gradcheck(affine, x, parameters) < 1e-12
    with pytest.raises(GradientError, match=r"wrong gradient of argument 1 \(parameters\)\['b'\] at index \(0,\)"):
        gradcheck(affine, x, parameters, wrong=True)


def test_a_gradient_of_another_structure_is_refused() -> None:
    def op(pair):
        return pair[0] * pair[1], lambda dy: ((dy, dy, dy),)

    with pytest.raises(
        GradientError, match=r"gradient of argument 0 \(pair\): expected a tuple with \[0\], \[1\], got"
    ):
        gradcheck(op, (x, w))


# By keyword


def scaled(x, *, scale):
    return x * scale, lambda dy: (scale * dy, x * dy)


def test_arrays_by_keyword_are_checked() -> None:
    assert gradcheck(scaled, x, scale=w) < 1e-12
    with pytest.raises(GradientError, match="wrong gradient of argument scale at index"):
        gradcheck(lambda x, *, scale: (x * scale, lambda dy: (scale * dy, x * dy + 0.1)), x, scale=w)


def test_a_positional_array_may_be_given_by_its_name() -> None:
    def product(a, b):
        return a * b, lambda dy: (b * dy, a * dy)

    assert gradcheck(product, b=w, a=x) < 1e-12


def test_an_array_may_be_named_behind_an_option_at_its_default() -> None:
    def op(a, power=3, b=None, wrong=0):
        return a**power * b, lambda dy: (power * a ** (power - 1) * b * dy, a**power * dy + wrong)

    assert gradcheck(op, x, b=w) < 1e-12 and gradcheck(op, x, b=w, power=2) < 1e-12 and gradcheck(op, x, 2, b=w) < 1e-12
    with pytest.raises(GradientError, match=r"wrong gradient of argument 2 \(b\)"):
        gradcheck(op, x, b=w, wrong=1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        gradcheck(op, b=w)


def test_arrays_without_names_are_counted() -> None:
    with pytest.raises(GradientError, match=r"wrong gradient of argument 2 \(array 2\)"):
        gradcheck(lambda a, *rest: (a + sum(rest), lambda dy: (dy, dy, 2 * dy)), x, x, x)
    with pytest.raises(GradientError, match=r"wrong gradient of argument 1 \(array 1\)"):
        gradcheck(lambda *all: (sum(all), lambda dy: (dy, 2 * dy)), x, x)


def test_a_gradient_of_integers_is_one() -> None:
    assert gradcheck(lambda x: (0 * x, lambda dy: (np.zeros(5, int),)), x) == 0
    with pytest.raises(GradientError, match="the pullback says 1, numerically it is 0"):
        gradcheck(lambda x: (0 * x, lambda dy: (np.ones(5, int),)), x)


@pytest.mark.parametrize(("by", "right"), [(0.9e-9, True), (1.1e-9, False)])
def test_a_pullback_may_round_in_another_way_when_it_is_called_again(by: float, right: bool) -> None:
    def op(x):
        calls = []

        def pullback(dy):
            calls.append(1)
            return (2 * x * dy * (1 + by * (len(calls) > 1)),)

        return x**2, pullback

    with contextlib.nullcontext() if right else pytest.raises(GradientError, match="called twice, gives two different"):
        assert gradcheck(op, x) < 1e-8


def test_two_calls_agree_to_the_last_digit() -> None:
    calls = []

    def op(x):
        calls.append(1)
        return x**2 * (1 + 2.0**-52 * (len(calls) % 2)), lambda dy: (2 * x * dy,)

    with pytest.raises(ValueError, match="two calls of op differ"):
        gradcheck(op, x)


def test_an_array_by_keyword_without_a_gradient_must_be_called_constant() -> None:
    def forgetful(x, *, scale):
        return x * scale, lambda dy: (scale * dy,)

    with pytest.raises(
        GradientError, match=r'its output depends on scale, .*; return one, or pass constants=\["scale"\]'
    ):
        gradcheck(forgetful, x, scale=w)
    assert gradcheck(forgetful, x, scale=w, constants=["scale"]) < 1e-12
    with pytest.raises(ValueError, match="forgetful has no floating-point array called scales"):
        gradcheck(forgetful, x, scale=w, constants=["scales"])


@pytest.mark.parametrize(("arrays", "options"), [((), {"scale": w}), ((x,), {"scale": w})])
def test_as_many_gradients_are_expected_as_there_are_arrays_by_position_or_else_by_keyword(arrays, options) -> None:
    def op(*x, scale):
        return sum(x) + scale, lambda dy: (dy, dy, dy)

    with pytest.raises(GradientError, match=r"op: expected a tuple of 1 gradients, one for each array, got 3"):
        gradcheck(op, *arrays, **options)


@pytest.mark.parametrize("size", [0.0, 1.0, -1.0, 1e12])
def test_an_array_by_keyword_counts_where_the_output_depends_on_it_close_by(size: float) -> None:
    """A move far away from where it is shows nothing, nor does one that is lost in its last digits."""
    scale = np.full(5, size)

    def op(x, *, scale):
        near = np.abs(scale - size) <= 1e-3 * max(1, abs(size))
        return x + np.where(near, (scale - size) / max(1, abs(size)), 0), lambda dy: (dy,)

    with pytest.raises(GradientError, match="its output depends on scale"):
        gradcheck(op, x, scale=scale)


def test_an_array_by_keyword_counts_though_the_output_is_large_beside_it() -> None:
    """A millionth of a million: the last digits of 2²³ are of 2⁻²⁹."""
    whole = np.arange(1.0, 6)
    with pytest.raises(GradientError, match="its output depends on scale"):
        gradcheck(lambda x, *, scale: (2.0**23 + x + scale, lambda dy: (dy,)), whole, scale=whole)


def test_an_option_that_gradcheck_has_too_is_not_swallowed() -> None:
    def op(x, tolerance=1.0):
        return x * tolerance, lambda dy: (dy * tolerance,)

    with pytest.raises(ValueError, match=r"tolerance is an option of gradcheck and of op; for op's own, bind it: "):
        gradcheck(op, x, tolerance=2.0)
    assert gradcheck(functools.partial(op, tolerance=2.0), x) < 1e-12
    assert gradcheck(functools.partial(op, tolerance=2.0), x, tolerance=1e-3) < 1e-12


@pytest.mark.parametrize(("name", "given"), [("seed", 0), ("max_entries", 0), ("constants", ["x"])])
def test_nor_is_another_one_of_gradchecks(name: str, given) -> None:
    def op(x, seed=1, max_entries=1, constants=1):
        return 2 * x, lambda dy: (2 * dy,)

    assert gradcheck(op, x) < 1e-12
    with pytest.raises(ValueError, match=f"{name} is an option of gradcheck and of op; for op's own, bind it: "):
        gradcheck(op, x, **{name: given})


def test_running_statistics_are_constants_of_batch_normalization() -> None:
    statistics = {"running_mean": np.zeros(2), "running_var": np.ones(2)}
    assert gradcheck(ops.batch_norm2d, tie_free((3, 2, 2, 2)), w[:2], x[:2], training=False, **statistics) < 1e-9


def test_something_must_be_left_to_check() -> None:
    with pytest.raises(ValueError, match="all arrays of scaled are called constant"):
        gradcheck(scaled, x, scale=w, constants=["x", "scale"])


# None


def test_none_is_the_gradient_of_what_is_not_used() -> None:
    assert gradcheck(lambda x, unused: (2 * x, lambda dy: (2 * dy, None)), x, w) < 1e-12


def test_none_for_what_is_used_is_refused_by_name() -> None:
    with pytest.raises(
        GradientError, match=r"wrong gradient of argument 1 \(used\) .* the pullback says None, numerically"
    ):
        gradcheck(lambda x, used: (x * used, lambda dy: (used * dy, None)), x, w)


# Words


@pytest.mark.parametrize(("given", "kind"), [([1.0, 2.0], "list"), (1.5, "float"), (np.arange(3), "int64 array")])
def test_what_is_no_array_is_named(given, kind: str) -> None:
    with pytest.raises(
        ValueError, match=rf"to differentiate <lambda> by, got {kind}; turn numbers, lists and tensors into arrays"
    ):
        gradcheck(lambda x: (x, lambda dy: (dy,)), given)


def test_without_any_argument_there_is_nothing_to_differentiate() -> None:
    with pytest.raises(ValueError, match="to differentiate <lambda> by, got nothing; turn numbers"):
        gradcheck(lambda: (1.0, lambda dy: ()))


def test_single_precision_inside_is_named() -> None:
    def single(x):
        return x.astype(np.float32) ** 2, lambda dy: (2 * x * dy,)

    with pytest.raises(ValueError, match="works in float64, but single returns float32 for float64 arrays"):
        gradcheck(single, x)


def test_a_pullback_that_frees_what_it_keeps_is_found_out() -> None:
    def once(x):
        kept = [2 * x]

        def pullback(dy):
            slope, kept[0] = kept[0], np.zeros_like(x)
            return (slope * dy,)

        return x**2, pullback

    with pytest.raises(GradientError, match="once: its pullback, called twice, gives two different gradients"):
        gradcheck(once, x)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_pullback_that_takes_another_structure_is_told_that_of_dy(outputs: int) -> None:
    def op(x):
        y = 2 * x if outputs == 1 else (2 * x, 3 * x)

        def pullback(dy):
            raise TypeError("what is this?")

        return y, pullback

    with pytest.raises(TypeError, match="what is this") as error:
        gradcheck(op, np.ones(2))
    notes = getattr(error.value, "__notes__", [])
    assert ["2 floating-point outputs: dy has the structure of its output" in note for note in notes] == [True] * (
        outputs - 1
    )


@pytest.mark.parametrize(("module", "adapter"), [("torch.nn.functional", "from_torch"), ("torch", "from_torch"),
                                                 ("jax._src.nn", "from_jax"), ("torchlike.nn", None)])  # fmt: skip
def test_a_function_of_another_framework_is_told_what_makes_an_op_of_it(module: str, adapter: str | None) -> None:
    def op(x):
        return 2 * x, lambda dy: (2 * dy,)

    op.__module__ = module
    if adapter is None:
        assert gradcheck(op, x) < 1e-12
    else:
        with pytest.raises(
            ValueError, match=rf"another framework.s op; check minicnn\.testing\.{adapter}\(op\) instead"
        ):
            gradcheck(op, x)
