"""For pytest: `gradcheck` and `assert_contract` as fixtures, and the strategies as one. Installed with minicnn.

    def test_my_op(gradcheck, assert_contract):
        gradcheck(my_op, x)
        assert_contract(my_op, x)

    @given(data=st.data())
    def test_on_many_images(gradcheck, strategies, data):
        gradcheck(my_op, data.draw(strategies.images(channels=3)))

All have the scope of a session: Hypothesis asks for that. Without the fixtures nothing is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def gradcheck() -> Callable[..., float]:
    """`minicnn.gradcheck`: is this pullback the gradient of this function?"""
    import minicnn

    return minicnn.gradcheck


@pytest.fixture(scope="session")
def assert_contract() -> Callable[..., None]:
    """`minicnn.testing.assert_contract`: does an op or a layer keep the rest of the contract?"""
    from minicnn.testing import assert_contract

    return assert_contract


@pytest.fixture(scope="session")
def strategies() -> Any:
    """`minicnn.testing`, with its Hypothesis strategies: images, labels, seeds, networks, CASES, …"""
    import minicnn.testing

    return minicnn.testing
