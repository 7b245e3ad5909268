"""Functions of PyTorch and JAX as ops."""

import numpy as np
import pytest

from minicnn import GradientError, gradcheck
from minicnn.testing import assert_contract, from_jax, from_torch, tie_free

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")

x = tie_free((2, 3))


@pytest.fixture(scope="module", autouse=True)
def double_precision():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


FUNCTIONS = {
    "torch gelu": lambda: from_torch(torch.nn.functional.gelu),
    "torch softmax": lambda: from_torch(lambda x: torch.softmax(x, 1)),
    "jax gelu": lambda: from_jax(jax.nn.gelu),
    "jax softmax": lambda: from_jax(jax.nn.softmax),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_framework_s_function_keeps_the_contract(name: str) -> None:
    assert gradcheck(FUNCTIONS[name](), x) < 1e-6
    assert_contract(FUNCTIONS[name](), x)


@pytest.mark.parametrize(
    "op",
    [
        from_torch(lambda x: (x**2, {"sine": x.sin(), "sign": x > 0})),
        from_jax(lambda x: (x**2, {"sine": jax.numpy.sin(x), "sign": x > 0})),
        from_torch(lambda x: x.max(1)),
    ],
    ids=["torch", "jax", "named tuple"],
)
def test_several_outputs(op) -> None:
    assert gradcheck(op, x) < 1e-6


@pytest.mark.parametrize("adapter", [from_torch, from_jax])
def test_trees_as_arguments(adapter) -> None:
    op = adapter(lambda x, p: x @ p["w"][0] + p["b"])
    assert gradcheck(op, x, {"w": [tie_free((3, 4), 1)], "b": tie_free(4, 2)}) < 1e-6


def test_the_parameters_of_a_module() -> None:
    module = torch.nn.Linear(3, 2)
    op = from_torch(lambda x, parameters: torch.func.functional_call(module, parameters, (x,)))
    assert gradcheck(op, x, {name: p.detach().numpy() for name, p in module.named_parameters()}) < 1e-6


def test_an_unused_argument() -> None:
    assert gradcheck(from_torch(lambda x, unused: x**2), x, x) < 1e-6


def test_a_wrong_gradient_of_pytorch_s_is_found() -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx, dy):
            return ctx.saved_tensors[0] * dy

    with pytest.raises(GradientError, match="wrong gradient of argument 0"):
        gradcheck(from_torch(Wrong.apply), x)


def test_a_wrong_gradient_of_jax_s_is_found() -> None:
    @jax.custom_vjp
    def wrong(x):
        return x**2

    wrong.defvjp(lambda x: (x**2, x), lambda x, dy: (x * dy,))
    with pytest.raises(GradientError, match=r"wrong: wrong gradient of argument 0 \(x\)"):
        gradcheck(from_jax(wrong), x)


def test_single_precision_is_named_with_jax_s_remedy() -> None:
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(ValueError, match=r'in JAX: jax\.config\.update\("jax_enable_x64", True\)'):
            gradcheck(from_jax(jax.nn.gelu), x)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_what_is_no_array_is_passed_on() -> None:
    op = from_torch(lambda x, power, *, factor: factor * x**power)
    y, pullback = op(x, 3, factor=2.0)
    np.testing.assert_allclose(pullback(np.ones_like(y))[0], 6 * x**2)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (torch.nn.functional.gelu, r"another framework's gelu; check minicnn\.testing\.from_torch\(gelu\) instead"),
        (torch.nn.Linear(3, 2), r"another framework's Linear; check minicnn\.testing\.from_torch\(Linear\) instead"),
        (type("Mine", (torch.nn.Linear,), {})(3, 2), r"another framework's Mine; check minicnn\.testing\.from_torch"),
        (jax.nn.gelu, r"another framework's gelu; check minicnn\.testing\.from_jax\(gelu\) instead"),
    ],
)
def test_without_an_adapter_gradcheck_names_it(function, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gradcheck(function, x)
