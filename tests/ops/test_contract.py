"""Every op keeps the contract, and its pullback is its gradient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import gradcheck, ops
from minicnn.testing import CASES, assert_contract

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
