"""The exact repulsion against its formula, and the approximations against the exact one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.tsne import repulsion
from viz.tsne.repulsion import barnes_hut, exact, interpolated, interpolation, repulsion_by


def clusters(dimensions, n=2000, extent=40.0, seed=0):
    """Points as in a late embedding: clusters in a box, with a few outliers between them."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-extent, extent, (12, dimensions))
    y = centers[rng.integers(0, 12, n)] + rng.standard_normal((n, dimensions)) * extent / 15
    y[:20] = rng.uniform(-extent, extent, (20, dimensions))
    return np.ascontiguousarray(y.T, np.float32)


def assert_within_one_percent(found, y):
    force, z = exact(y.astype(np.float64))
    error = np.linalg.norm(found[0] - force) / np.linalg.norm(force)
    cosine = np.vdot(found[0], force) / np.linalg.norm(found[0]) / np.linalg.norm(force)
    assert error < 0.01 and cosine > 0.999, (error, cosine)
    assert found[1] == pytest.approx(z, rel=0.01)


APPROXIMATIONS = [(barnes_hut, 1), (barnes_hut, 2), (barnes_hut, 3), (interpolated, 1), (interpolated, 2)]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_the_exact_sum_is_the_formula(dimensions, dtype, tolerance):
    y = clusters(dimensions, n=70, extent=3).astype(dtype)
    differences = y[:, :, None].astype(np.float64) - y[:, None, :]
    kernel = 1 / (1 + (differences**2).sum(axis=0))
    force, z = exact(y)
    np.testing.assert_allclose(force, (kernel**2 * differences).sum(axis=2), rtol=tolerance, atol=tolerance)
    assert z == pytest.approx(kernel.sum() - 70, rel=tolerance)


@pytest.mark.parametrize(("approximation", "dimensions"), APPROXIMATIONS)
@pytest.mark.parametrize("extent", [1e-4, 1.0, 10.0, 40.0, 150.0])
def test_approximations_are_within_one_percent(approximation, dimensions, extent):
    y = clusters(dimensions, extent=extent)
    assert_within_one_percent(approximation(y), y)


@pytest.mark.parametrize("approximation", [barnes_hut, interpolated])
def test_an_embedding_much_longer_than_it_is_wide(approximation):
    for axis in (0, 1):
        y = clusters(2)
        y[axis] *= 1e-3
        assert_within_one_percent(approximation(y), y)


@pytest.mark.parametrize(("approximation", "dimensions"), APPROXIMATIONS)
@given(n=st.integers(1, 40), extent=st.sampled_from([1e-30, 1e-3, 1.0, 30.0]), seed=st.integers(0, 99))
def test_a_handful_of_points_some_of_them_in_one_place(approximation, dimensions, n, extent, seed):
    rng = np.random.default_rng(seed)
    y = (extent * rng.standard_normal((dimensions, n))).astype(np.float32)
    y[:, n // 2 :] = y[:, [n // 2]]
    force, z = approximation(y)
    true_force, true_z = exact(y)
    # A point's force on itself and its duplicates, which should be 0, does not average out among few points.
    np.testing.assert_allclose(
        force, true_force, atol=0.02 * np.abs(true_force).max() + max(2e-3 * n * min(extent, 1), 1e-12)
    )
    assert z == pytest.approx(true_z, rel=0.01, abs=0.01 * n)


def test_barnes_hut_opens_every_cell_at_angle_zero():
    y = clusters(2, n=500)
    np.testing.assert_allclose(barnes_hut(y, 0.0)[0], exact(y)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_tree_may_have_all_children_at_every_level_down_to_the_resolution_of_float32(dimensions):
    """Toward the corner at 0: no tree has more cells that wait for their turn."""
    children = np.indices([2] * dimensions).reshape(dimensions, -1)[:, :-1]  # all but the one at the corner
    levels = [-np.where(children, 0.5, 1.5) * 0.5**level for level in range(1, 25)]
    y = np.hstack([np.full((dimensions, 1), -1), *levels, np.zeros((dimensions, 1))]).astype(np.float32)
    force, z = barnes_hut(y, 0.0)
    true_force, true_z = exact(y.astype(np.float64))
    np.testing.assert_allclose(force, true_force, rtol=1e-4, atol=1e-5)
    assert z == pytest.approx(true_z, rel=1e-5)


def test_barnes_hut_errs_less_at_smaller_angles():
    y = clusters(2)
    force = exact(y)[0]
    errors = [np.linalg.norm(barnes_hut(y, angle)[0] - force) for angle in (0.8, 0.5, 0.3, 0.1)]
    assert errors == sorted(errors, reverse=True)


def test_interpolation_converges_with_finer_grids(monkeypatch):
    y = clusters(2)
    force = exact(y.astype(np.float64))[0]
    errors = []
    for spacing in (1.0, 0.5, 0.25):
        monkeypatch.setattr(interpolation, "SPACING", spacing)
        errors.append(np.linalg.norm(interpolated(y)[0] - force) / np.linalg.norm(force))
    assert errors[1] < errors[0] / 4 and errors[2] < errors[1] / 16


def test_interpolated_forces_are_the_gradient_of_the_interpolated_sum():
    # Z = Σ_i Σ_j≠i K(y_i − y_j), so ∂Z/∂y_i = −4 force_i.
    y = clusters(2, n=30, extent=4)
    direction = np.random.default_rng(0).standard_normal(y.shape).astype(np.float32)
    step = np.float32(0.02)
    slope = (interpolated(y + step * direction)[1] - interpolated(y - step * direction)[1]) / (2 * step)
    assert slope == pytest.approx(-4 * np.vdot(interpolated(y)[0], direction), rel=5e-3)


def test_an_embedding_that_has_come_apart_gets_a_coarser_grid(monkeypatch):
    monkeypatch.setattr(interpolation, "MOST_NODES", 20_000)
    y = clusters(2, extent=1e6)
    rows, columns = interpolation.grid_around(y)[2:]
    assert rows * columns <= interpolation.MOST_NODES
    assert all(np.isfinite(part).all() for part in interpolated(y))


@pytest.mark.parametrize("n", [300, 3000])
def test_auto_is_one_of_them(n):
    for extent in (1e-3, 60.0):
        y = clusters(2, n=n, extent=extent)
        assert_within_one_percent(repulsion_by("auto", 2, 0.5)(y), y)


def test_fft_in_space_is_refused():
    with pytest.raises(ValueError, match="n_components=3"):
        repulsion_by("fft", 3, 0.5)


@pytest.mark.parametrize(("approximation", "dimensions"), [(exact, 2), (exact, 3), *APPROXIMATIONS])
def test_the_same_bits_on_any_number_of_threads(approximation, dimensions, on_two_threads):
    y = clusters(dimensions)
    alone, z_alone = approximation(y)
    interpolation._kernel.cache_clear()
    force, z = on_two_threads(lambda: approximation(y))
    np.testing.assert_array_equal(force, alone)
    assert z == z_alone


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(("share", "opened"), [(0.99, True), (1.01, False)])
def test_a_cell_acts_as_one_point_where_its_diagonal_is_below_the_angle_times_its_distance(dimensions, share, opened):
    """Of three points in a box of side 8, two lie in one child of side 4; from the third it is 7 to their middle."""
    y = np.zeros((dimensions, 3), np.float32)
    y[0] = 0, 2, 8
    force, _ = barnes_hut(y, share * 4 * 3**0.5 / 7)
    of_each, of_both = 6 / (1 + 6**2) ** 2 + 8 / (1 + 8**2) ** 2, 2 * 7 / (1 + 7**2) ** 2
    assert force[0, 2] == pytest.approx(of_each if opened else of_both, rel=1e-5)
    assert not force[1:].any()


def test_a_cell_whose_diagonal_is_the_angle_times_its_distance_is_opened():
    """Four points of a cube of side 6 lie in its child of side 3, whose diagonal is ¾ of √48, as far as it is from the
    fifth to their middle. Three of them share a child of side 1.5, which is small enough to act as one point."""
    y = np.tile(np.array([0, 2.75, 2.75, 2.5, 6], np.float32), (3, 1))
    terms = [(count, 3 * along**2, along) for count, along in ((1, 6), (3, 6 - 8 / 3))]
    expected = sum(count * along / (1 + squared) ** 2 for count, squared, along in terms)
    assert barnes_hut(y, 0.75)[0][:, 4] == pytest.approx(np.full(3, expected), rel=1e-5)


@pytest.mark.parametrize(("n", "way"), [(16_000, "exact"), (16_001, "tree")])
def test_auto_takes_all_pairs_in_space_up_to_sixteen_thousand_points(n, way, monkeypatch):
    taken = []
    monkeypatch.setattr(repulsion, "exact", lambda y: taken.append("exact"))
    monkeypatch.setattr(repulsion, "barnes_hut", lambda y, angle: taken.append("tree"))
    repulsion_by("auto", 3, 0.5)(np.zeros((3, n), np.float32))
    assert taken == [way]


@pytest.mark.parametrize(("n", "way"), [(4691, "exact"), (4692, "grid")])
def test_auto_takes_all_pairs_in_the_plane_while_they_cost_less_than_the_grid(n, way, monkeypatch):
    """n² against 1200 n + 80 · 640 · 320, for 307 × 157 nodes padded to twice the next quick length."""
    taken = []
    monkeypatch.setattr(repulsion, "exact", lambda y: taken.append("exact"))
    monkeypatch.setattr(repulsion, "interpolated", lambda y: taken.append("grid"))
    y = np.zeros((2, n), np.float32)
    y[:, 1] = 100, 50
    repulsion_by("auto", 2, 0.5)(y)
    assert taken == [way]
