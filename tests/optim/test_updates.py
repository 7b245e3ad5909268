"""Updates are in place and change nothing else, and do not depend on memory order, block boundaries or threads."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from minicnn.optim import clip_norm

optimizers = runpy.run_path(str(Path(__file__).with_name("optimizers.py")))
every_optimizer, identical, random_arrays, run = (
    optimizers[name] for name in ("every_optimizer", "identical", "random_arrays", "run")
)


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_change_in_place_and_gradients_not_at_all(make, dtype):
    parameters, grads = random_arrays(0, dtype), random_arrays(1, dtype)
    arrays = dict(parameters)
    make().step(parameters, grads)
    assert identical(grads, random_arrays(1, dtype))
    for name, before in random_arrays(0, dtype).items():
        assert parameters[name] is arrays[name]
        assert parameters[name].dtype == dtype
        assert (parameters[name] != before).all()


@every_optimizer
def test_float32_follows_float64(make):
    single = run(make(), random_arrays(0, np.float32), range(20))
    double = run(make(), random_arrays(0), range(20))
    for name in double:
        np.testing.assert_allclose(single[name], double[name], rtol=1e-5, atol=1e-5)


@every_optimizer
def test_memory_order_does_not_matter(make):
    def every_other(x):
        return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x

    def channels_last(x):
        return np.asfortranarray(x)

    expected = run(make(), random_arrays(0), range(3))
    for reorder in (every_other, channels_last):
        parameters, optimizer = {k: reorder(v) for k, v in random_arrays(0).items()}, make()
        for step in range(3):
            optimizer.step(parameters, {k: reorder(v) for k, v in random_arrays(1000 + step).items()})
        assert identical(parameters, expected)


@every_optimizer
def test_a_large_parameter_is_updated_as_its_parts_would_be(make, large):
    w, g = large
    whole, parts, optimizer, optimizer_of_parts = w.copy(), w.copy(), make(), make()
    for _ in range(2):
        optimizer.step({"w": whole}, {"w": g})
        optimizer_of_parts.step({"a": parts[:777], "b": parts[777:77777], "c": parts[77777:]},
                                {"a": g[:777], "b": g[777:77777], "c": g[77777:]})  # fmt: skip
    assert whole.tobytes() == parts.tobytes()


@every_optimizer
def test_the_number_of_threads_does_not_matter(make, large, on_two_threads):
    def updated():
        w, optimizer = large[0].copy(), make()
        for _ in range(2):
            grads, norm = clip_norm({"w": large[1]}, 1.0)
            optimizer.step({"w": w}, grads)
        return w.tobytes(), norm

    assert updated() == on_two_threads(updated)
