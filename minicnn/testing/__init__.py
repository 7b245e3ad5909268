"""Tools to test layers and gradients by property; they need Hypothesis (`pip install minicnn[test]`).

    assert_contract   holds an op or a layer to the contract: purity, wants, dtype, memory order, linearity, reference
    CASES, *_cases    Hypothesis strategies for calls of every op; a failing one shrinks to a call one can paste
    networks          Hypothesis strategy for random nested networks of every layer
    tie_free          values on which no maximum has a tie and no ReLU stands at its kink

`minicnn.gradcheck` proves the gradients themselves.
"""

from .arrays import MEMORY_ORDERS, dtypes, images, in_order, labels, memory_orders, pairs, seeds, tie_free
from .call import Call, ContractError
from .case import Case, both
from .cases import (
    CASES,
    add_cases,
    batch_norm2d_cases,
    channel_cases,
    concat_cases,
    cross_entropy_cases,
    dense_cases,
    interpolate2d_cases,
    mse_cases,
    mul_cases,
    pad_cases,
    permute_cases,
    reshape_cases,
    slice_axis_cases,
    softmax_cases,
)
from .contract import PROPERTIES, assert_contract
from .layer_contract import LAYER_PROPERTIES
from .networks import Network, networks, with_random_arrays
from .window_cases import (
    conv2d_cases,
    conv2d_relu_max_pool2d_cases,
    conv_transpose2d_cases,
    max_unpool2d_cases,
    pool2d_cases,
    wide_conv2d_cases,
)

__all__ = [
    "CASES",
    "LAYER_PROPERTIES",
    "MEMORY_ORDERS",
    "PROPERTIES",
    "Call",
    "Case",
    "ContractError",
    "Network",
    "add_cases",
    "assert_contract",
    "batch_norm2d_cases",
    "both",
    "channel_cases",
    "concat_cases",
    "conv2d_cases",
    "conv2d_relu_max_pool2d_cases",
    "conv_transpose2d_cases",
    "cross_entropy_cases",
    "dense_cases",
    "dtypes",
    "images",
    "in_order",
    "interpolate2d_cases",
    "labels",
    "max_unpool2d_cases",
    "memory_orders",
    "mse_cases",
    "mul_cases",
    "networks",
    "pad_cases",
    "pairs",
    "permute_cases",
    "pool2d_cases",
    "reshape_cases",
    "seeds",
    "slice_axis_cases",
    "softmax_cases",
    "tie_free",
    "wide_conv2d_cases",
    "with_random_arrays",
]
