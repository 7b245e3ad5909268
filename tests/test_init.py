"""Initial values: their spread, and that they depend only on the seed and the parameter's name."""

import subprocess
import sys

import numpy as np
import pytest

from minicnn import init

RANDOM = {
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((50, 500), (500, 50)), ((20, 10, 3, 3), (90, 180)), ((8, 1, 5, 3), (15, 120))],
    ids=["dense", "convolution", "depthwise convolution"],
)
def test_fans(shape, expected):
    assert init.fans(shape) == expected


@pytest.mark.parametrize("shape", [(), (3,), (3, 3, 3)])
def test_fans_are_those_of_weights_only(shape):
    with pytest.raises(ValueError, match="fans: a weight is"):
        init.fans(shape)


@pytest.mark.parametrize("shape", [(256, 300), (64, 32, 5, 5)], ids=["dense", "convolution"])
@pytest.mark.parametrize("name", RANDOM)
def test_mean_and_variance(name, shape):
    values = getattr(init, name)(shape, np.random.default_rng(0), np.float64)
    variance = RANDOM[name](*init.fans(shape))
    assert values.shape == shape
    assert abs(values.mean()) < 5 * np.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize("name", ["he_uniform", "glorot_uniform"])
def test_uniform_values_fill_their_range(name):
    values = getattr(init, name)((256, 300), np.random.default_rng(0), np.float64)
    bound = np.sqrt(3 * RANDOM[name](300, 256))
    assert 0.999 * bound < np.abs(values).max() <= bound


@pytest.mark.parametrize("name", ["he_normal", "glorot_normal"])
def test_normal_values_have_normal_tails(name):
    values = getattr(init, name)((256, 300), np.random.default_rng(0), np.float64)
    assert np.mean(np.abs(values) > 2 * values.std()) == pytest.approx(0.0455, abs=0.003)


def test_he_keeps_the_mean_square_through_relu_layers():
    x = np.random.default_rng(0).standard_normal((100, 400))
    for layer in range(10):
        x = np.maximum(x @ init.he_normal((400, 400), init.generator(0, f"fc{layer}"), np.float64).T, 0)
    assert 0.25 < np.mean(x**2) < 1.0  # 1/2 if exact: ReLU's outputs have half the mean square of its inputs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_and_ones(dtype):
    assert (init.zeros((3,), dtype=dtype) == 0).all()
    assert (init.ones((3,), dtype=dtype) == 1).all()
    assert init.zeros((3,), dtype=dtype).dtype == init.ones((3,), dtype=dtype).dtype == dtype


@pytest.mark.parametrize("name", RANDOM)
def test_float32_values_are_the_float64_ones_rounded(name):
    single, double = (getattr(init, name)((7, 5), init.generator(0, "w"), dtype) for dtype in (np.float32, np.float64))
    assert single.dtype == np.float32
    assert (single == double.astype(np.float32)).all()


def test_values_depend_on_the_seed_and_the_name_alone():
    def draw(seed, name):
        return init.he_normal((4, 3), init.generator(seed, name))

    alone = draw(0, "fc1.weight")
    draw(0, "a.layer.drawn.before")
    assert (draw(0, "fc1.weight") == alone).all()
    assert (draw(0, "fc2.weight") != alone).all()
    assert (draw(1, "fc1.weight") != alone).all()


def test_another_process_draws_the_same():
    # Python's own hash() of a string would differ there.
    program = "from minicnn import init; print(init.generator(7, 'conv1.weight').integers(1 << 60))"
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(there) == init.generator(7, "conv1.weight").integers(1 << 60)
