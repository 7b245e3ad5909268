"""The coordinates that data are converted to before distances are measured."""

import numpy as np
import pytest

from viz.tsne.space import Space


def distances(X, metric):
    space = Space(X, metric)
    u = space.coordinates(X).astype(np.float64)
    return space.distances(np.linalg.norm(u[:, None] - u[None], axis=2))


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
@pytest.mark.parametrize("shift", [0.0, 1e5])
def test_euclidean_distances_keep_their_ratios_at_any_scale_and_offset(scale, shift):
    X = np.random.default_rng(0).standard_normal((20, 4))
    true = np.linalg.norm(X[:, None] - X[None], axis=2)
    ours = distances((X + shift) * scale, "euclidean")
    np.testing.assert_allclose(ours / ours.max(), true / true.max(), atol=1e-6)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_cosine_distance_is_one_less_the_cosine(scale):
    X = np.random.default_rng(0).standard_normal((20, 4))
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(distances(X * scale, "cosine"), 1 - unit @ unit.T, atol=1e-6)


def test_a_row_of_zeros_is_orthogonal_to_all_but_its_like():
    X = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, -1.0], [0.0, 0.0]])
    found = distances(X, "cosine")
    np.testing.assert_allclose(found[1], [1, 0, 1, 0], atol=1e-6)


def test_later_data_go_through_the_transformation_of_the_fitted():
    X = np.random.default_rng(0).standard_normal((20, 4)) * 5 + 100
    space = Space(X, "euclidean")
    np.testing.assert_array_equal(space.coordinates(X[:3]), space.coordinates(X)[:3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_whose_differences_overflow_are_refused(dtype):
    X = np.repeat([[0.9], [0.9], [-0.9]], 2, axis=1).astype(dtype) * np.finfo(dtype).max
    with pytest.raises(ValueError, match="TSNE: the values of X are too large for float"):
        Space(X, "euclidean")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_new_data_far_beyond_the_fitted_stay_finite(dtype):
    X = np.random.default_rng(0).standard_normal((20, 4)).astype(dtype)
    far = X / np.abs(X).max() * np.finfo(dtype).max
    assert np.isfinite(Space(X, "euclidean").coordinates(far)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_from_far_beyond_the_fitted_data_are_one_point(dtype):
    """Whose square float32 still holds; what is a thousand times as large as the data is still in its place."""
    X = np.random.default_rng(0).standard_normal((20, 4)).astype(dtype)
    space, largest = Space(X, "euclidean"), np.abs(X - X.mean(axis=0)).max()
    near = space.coordinates(np.add(X.mean(axis=0), [[1e3 * largest, 0, 0, 0]]).astype(dtype))
    np.testing.assert_allclose(near[0], [1e3, 0, 0, 0], rtol=1e-4, atol=1e-3)
    far = space.coordinates(np.array([[1e30, -1e30, 0, 0]], dtype))[0]
    assert len(np.unique(far[0] - space.coordinates(X)[:, 0])) == 1 and far[1] == -far[0]
    assert np.isfinite(np.float32(4) * np.float32(far[0]) ** 2)


def test_the_data_are_not_changed():
    X = np.random.default_rng(0).standard_normal((20, 4))
    before = X.copy()
    for metric in ("euclidean", "cosine"):
        Space(X, metric).coordinates(X)
    np.testing.assert_array_equal(X, before)
