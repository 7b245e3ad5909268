"""What `python -m benchmarks profile` counts; that kernels are restored."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import profile
from minicnn.kernels import direct as direct_kernels
from minicnn.kernels import im2col as im2col_kernels
from minicnn.kernels import winograd as winograd_kernels
from minicnn.ops.convolution import direct, im2col, winograd
from minicnn.ops.convolution.problem import Filters, gradient, images, problem


def stub(module, name):
    """A kernel that does nothing, with the name of one that takes seconds to compile."""

    def kernel(*arguments):
        return None

    kernel.__module__, kernel.__name__, kernel.threaded = module.__name__, name, None
    return kernel


@pytest.fixture
def stubs(monkeypatch):
    """Convolutions compute nothing here: only the arguments of the kernels count."""
    for module in (direct_kernels, im2col_kernels, winograd_kernels):
        for name in ("forward", "input_gradient", "weight_gradient", "gather", "transform_filters"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, stub(module, name))
    for module in (direct, im2col):
        monkeypatch.setattr(module, "pack", stub(direct_kernels, "pack"))


@pytest.mark.parametrize(
    ("algorithm", "stride", "groups"),
    [(direct, 1, 1), (direct, 2, 2), (im2col, 2, 1), (winograd.winograd4, 1, 1), (winograd.winograd2, 1, 1)],
)
@pytest.mark.parametrize("work", ["forward", "input_gradient", "weight_gradient"])
def test_multiply_adds_are_those_of_the_definition(stubs, algorithm, stride, groups, work) -> None:
    N, C, O, size = 2, 6, 4, 8
    x, w = np.ones((N, C, size, size), np.float32), np.ones((O, C // groups, 3, 3), np.float32)
    filters = Filters(w)
    p = problem("conv2d", x, filters, stride, 1, 1, groups)
    dy = gradient(p, np.ones(p.outputs, np.float32), SimpleNamespace(y=x, switches=x))
    with profile.timed_kernels() as parts:
        given = {"forward": (images(x), filters), "input_gradient": (dy, filters), "weight_gradient": (images(x), dy)}
        getattr(algorithm, work)(p, *given[work])
    counted = sum(part.multiply_adds for part in parts.values())
    assert counted == N * (size // stride) ** 2 * 9 * C // groups * O


def test_pooled_outputs_count_as_they_were_before_pooling(stubs) -> None:
    x, filters = np.ones((1, 1, 8, 8), np.float32), Filters(np.ones((4, 1, 3, 3), np.float32))
    p = problem("conv2d", x, filters, 1, 1, 1, 1, True, 2)
    for algorithm in (direct, winograd.winograd2):
        with profile.timed_kernels() as parts:
            algorithm.forward(p, images(x), filters)
        assert sum(part.multiply_adds for part in parts.values()) == 64 * 9 * 4


def test_kernels_are_given_back_also_after_a_failure() -> None:
    before = direct_kernels.forward
    with pytest.raises(KeyError), profile.timed_kernels():
        assert direct_kernels.forward is not before
        raise KeyError
    assert direct_kernels.forward is before


def test_the_table_divides_all_the_time_and_rates_convolutions() -> None:
    parts = {
        ("direct.forward", "1×2"): profile.Part(2 * 10**9, [0.1, 0.1]),
        ("pool.max_pool", "3×4"): profile.Part(0, [0.05, 0.05]),
    }
    text = profile.table(0.2, parts, 2, 100)
    assert "| direct.forward | 1×2 | 1 | 100.000 | 50.0% | 20.0 | 20% |" in text
    assert "| pool.max_pool | 3×4 | 1 | 50.000 | 25.0% |  |  |" in text
    assert "| Python, NumPy and serial loops | | | 50.000 | 25.0% | | |" in text
