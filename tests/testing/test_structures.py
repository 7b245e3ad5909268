"""assert_contract of ops whose arguments and outputs are tuples, lists and dicts."""

import itertools

import numpy as np
import pytest

from minicnn.testing import ContractError, assert_contract, tie_free
from minicnn.testing.flat import of_plain_arrays

x = tie_free((2, 3))


def both(x, parameters, *, second=3, dtype=None, shared=None):
    """x·w and x³, each of which can be made wrong."""
    w = parameters["w"]
    dtype = dtype or x.dtype

    def pullback(dy, wants=(True, True)):
        dx = w * dy["product"] + second * x**2 * dy["cube"] if wants[0] else None
        return dx, {"w": x * dy["product"]} if wants[1] else None

    return {"product": x * w, "cube": (x**3).astype(dtype)}, pullback


def test_a_right_op_keeps_the_contract() -> None:
    assert_contract(both, x, {"w": tie_free((2, 3), 1)})


def test_a_second_output_of_another_dtype_is_found() -> None:
    with pytest.raises(ContractError, match=r"both: dtype: output of float32 arrays is float64; NumPy turns float32"):
        assert_contract(both, x, {"w": tie_free((2, 3), 1)}, dtype=np.float64)


def test_a_second_output_that_changes_dy_is_found() -> None:
    def spoiling(x):
        def pullback(dy, wants=(True,)):
            dx = dy[0] + dy[1]
            np.multiply(dy[1], 2, out=dy[1])
            return (dx if wants[0] else None,)

        return (x, 1 * x), pullback

    with pytest.raises(ContractError, match="purity: dy is not what it was"):
        assert_contract(spoiling, x)


def test_a_reference_has_the_same_structure() -> None:
    def plain(x, w):
        return {"product": x * w, "cube": x**3 + 1}

    with pytest.raises(ContractError, match="reference: output at"):
        assert_contract(both, x, {"w": tie_free((2, 3), 1)}, reference=plain)


def test_an_argument_is_asked_for_its_gradient_if_one_of_its_arrays_is_wanted() -> None:
    asked = []

    def triple(first, second, third):
        def pullback(dy, wants=(True, True, True)):
            asked.append(wants)
            gradients = ([dy, 2 * dy], 3 * dy, {"a": 4 * dy, "b": 5 * dy})
            return tuple(gradient if want else None for gradient, want in zip(gradients, wants, strict=True))

        return first[0] + 2 * first[1] + 3 * second + 4 * third["a"] + 5 * third["b"], pullback

    op, arrays = of_plain_arrays(triple, ([x, x], x, {"a": x, "b": x}))
    for wants in itertools.product((True, False), repeat=5):
        _, pullback = op(*arrays)
        found = pullback(np.ones((2, 3)), wants)
        assert [want and k for k, want in enumerate(wants, 1)] == [g is not None and g.max() for g in found]
        assert asked.pop() == (any(wants[:2]), wants[2], any(wants[3:]))
