"""Every op keeps the contract, and its pullback is its gradient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import gradcheck, ops
from minicnn.testing import CASES, assert_contract, wide_conv2d_cases

every_op = pytest.mark.parametrize("op", ops.__all__)


def test_every_op_has_cases() -> None:
    assert set(CASES) == set(ops.__all__)


@every_op
@given(data=st.data())
def test_the_pullback_is_the_gradient(op: str, data: st.DataObject) -> None:
    case = data.draw(CASES[op])
    assert gradcheck(getattr(ops, op), *case.arrays(), **case.options) < 1e-7


@every_op
@given(data=st.data())
def test_the_contract_holds(op: str, data: st.DataObject) -> None:
    case = data.draw(CASES[op])
    assert_contract(getattr(ops, op), *case.arrays(), **case.options)


@given(case=wide_conv2d_cases())
def test_wide_convolutions_keep_the_contract(case) -> None:
    assert_contract(ops.conv2d, *case.arrays(), **case.options)


@given(case=wide_conv2d_cases())
def test_wide_convolutions_have_the_right_gradient(case) -> None:
    assert gradcheck(ops.conv2d, *case.arrays(), **case.options) < 1e-7
