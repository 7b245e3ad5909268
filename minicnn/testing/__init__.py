"""Tools for property-based tests of gradients, ops and layers, for your own as well as ours.

Without Hypothesis:

    assert_contract   checks that an op or a layer follows the contract: purity, wants, dtype, memory order, linearity,
        reference
    from_torch, from_jax      a PyTorch or JAX function as an op, for `gradcheck` and `assert_contract`
    tie_free          values without ties for a maximum and away from ReLU's kink
    in_order          the same values in another memory order, one of MEMORY_ORDERS

Hypothesis strategies (`pip install ".[test]"` in a checkout):

    images, labels    batches to test with
    seeds, dtypes, memory_orders, pairs      options
    networks          random nested networks of every layer
    CASES             calls of every op by its name; a failing one shrinks to a call that can be pasted

`minicnn.gradcheck` proves the gradients themselves; pytest finds both as fixtures (see `minicnn.testing.plugin`).
The parts are imported when they are first used.
"""

import importlib
from typing import Any

WHERE = {
    "arrays": ["MEMORY_ORDERS", "in_order", "tie_free"],
    "frameworks": ["from_jax", "from_torch"],
    "contract": ["PROPERTIES", "assert_contract"],
    "layer_contract": ["LAYER_PROPERTIES"],
    "call": ["Call", "ContractError"],
    "case": ["Case"],
    "strategies": ["dtypes", "images", "labels", "memory_orders", "pairs", "seeds"],
    "cases": ["CASES"],
    "random_networks": ["Network", "networks", "with_random_arrays"],
}
# The members of CASES by themselves, with options of their own; `dir` is shorter without them.
SPECIAL = {
    "case": ["both"],
    "cases": [
        *("add_cases", "batch_norm2d_cases", "channel_cases", "concat_cases", "cross_entropy_cases", "dense_cases"),
        *("interpolate2d_cases", "mse_cases", "mul_cases", "pad_cases", "permute_cases", "reshape_cases"),
        *("slice_axis_cases", "softmax_cases"),
    ],
    "window_cases": [
        *("conv2d_cases", "conv2d_relu_max_pool2d_cases", "conv_transpose2d_cases", "max_unpool2d_cases"),
        *("pool2d_cases", "wide_conv2d_cases"),
    ],
}
MODULES = {name: module for table in (WHERE, SPECIAL) for module, names in table.items() for name in names}

__all__ = sorted(name for names in WHERE.values() for name in names)


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f".{MODULES[name]}", __name__)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ModuleNotFoundError(
            f"minicnn.testing.{name} needs Hypothesis: pip install '.[test]' in a checkout",
            name="hypothesis",
        ) from None
    return getattr(module, name)


def __dir__() -> list[str]:
    return list(__all__)
