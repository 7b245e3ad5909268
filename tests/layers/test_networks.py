"""Random nested networks: their gradients, and what a pass may and may not do to them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn import gradcheck
from minicnn.testing import Network, assert_contract, networks

# A network costs much more than an op: half as many examples of it, in every profile, and of each array that has
# more than a few entries 16 random directions.
half = settings(max_examples=settings.default.max_examples // 2)


@half
@given(network=networks(), train=st.booleans())
def test_the_pullback_is_the_gradient_of_input_and_parameters(network: Network, train: bool) -> None:
    assert gradcheck(network.model, network.x(), train=train, max_entries=16) < 1e-7


@half
@given(network=networks(), train=st.booleans())
def test_the_contract_holds(network: Network, train: bool) -> None:
    assert_contract(network.model, network.x(), train=train)
