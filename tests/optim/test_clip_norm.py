"""`clip_norm`: one factor for all gradients."""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from minicnn.optim import clip_norm

optimizers = runpy.run_path(str(Path(__file__).with_name("optimizers.py")))
identical, random_arrays = (optimizers[name] for name in ("identical", "random_arrays"))


def test_clip_norm_scales_all_gradients_by_one_factor():
    grads = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    clipped, norm = clip_norm(grads, max_norm=1.0)
    assert norm == 5.0
    np.testing.assert_allclose(clipped["a"], [0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], [[0.8]], rtol=1e-6)
    assert (grads["a"][0], grads["b"][0, 0]) == (3.0, 4.0)


def test_a_millionth_is_added_to_the_norm_as_pytorch_does():
    clipped, norm = clip_norm({"a": np.array([0.6e-6, -0.8e-6])}, max_norm=1e-6)
    assert norm == pytest.approx(1e-6, rel=1e-12)
    np.testing.assert_allclose(clipped["a"], [0.3e-6, -0.4e-6], rtol=1e-12)


def test_clip_norm_leaves_small_gradients_as_they_are():
    grads = random_arrays(0, np.float32)
    clipped, _ = clip_norm(grads, max_norm=1e3)
    assert identical(clipped, grads)


@pytest.mark.parametrize("share", [1e-3, 0.5, 0.7, 0.99, 1.001, 1.5, 40])
def test_clip_norm_never_enlarges_and_gives_the_norm_before(share):
    grads = {"a": share * np.array([0.6, 0.0]), "b": share * np.array([0.8])}
    clipped, norm = clip_norm(grads, max_norm=1.0)
    assert norm == pytest.approx(share)
    after = math.sqrt(sum((g**2).sum() for g in clipped.values()))
    assert after == pytest.approx(min(share, 1), rel=1e-5)
    assert share > 1 or identical(clipped, grads)


def test_clip_norm_keeps_the_dtype_and_does_not_overflow():
    clipped, norm = clip_norm({"a": np.full(4, 1e30, np.float32)}, max_norm=2.0)
    assert norm == pytest.approx(2e30, rel=1e-6)
    assert clipped["a"].dtype == np.float32
    np.testing.assert_allclose(clipped["a"], np.ones(4), rtol=1e-6)


def test_clip_norm_of_a_large_gradient(large):
    _, norm = clip_norm({"g": large[1]}, max_norm=1.0)
    assert norm == pytest.approx(np.linalg.norm(large[1].astype(np.float64)), rel=1e-12)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clip_norm_reports_a_norm_that_is_not_finite(bad):
    clipped, norm = clip_norm({"a": np.array([1.0, bad])}, max_norm=1.0)
    assert not math.isfinite(norm)
    assert not np.isfinite(clipped["a"]).all()


@pytest.mark.parametrize("max_norm", [0.0, -1.0, math.nan])
def test_clip_norm_refuses_a_bound_that_is_not_positive(max_norm):
    with pytest.raises(ValueError, match="clip_norm: max_norm must be positive"):
        clip_norm({}, max_norm)
