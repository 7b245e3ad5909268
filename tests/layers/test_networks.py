"""Random nested networks: their gradients, and what a pass may and may not do to them."""

from hypothesis import given
from hypothesis import strategies as st

from minicnn import gradcheck
from minicnn.testing import Network, assert_contract, networks


@given(network=networks(), train=st.booleans())
def test_the_pullback_is_the_gradient_of_input_and_parameters(network: Network, train: bool) -> None:
    assert gradcheck(network.model, network.x(), train=train, max_entries=16) < 1e-7


@given(network=networks(), train=st.booleans())
def test_the_contract_holds(network: Network, train: bool) -> None:
    assert_contract(network.model, network.x(), train=train)
