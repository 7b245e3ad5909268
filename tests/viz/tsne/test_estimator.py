"""viz.TSNE as users see it: clusters, seeds, callbacks, and degenerate data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz import TSNE
from viz.tsne import estimator


def blobs(n=300, classes=5, d=8, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    return (5 * rng.standard_normal((classes, d))[labels] + rng.standard_normal((n, d))).astype(np.float32), labels


def neighbor_accuracy(y, labels, k=10):
    """Share of points whose class is the majority's among their k nearest."""
    squared = ((y[:, None] - y[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    votes = labels[np.argsort(squared, axis=1)[:, :k]]
    return np.mean([np.bincount(row).argmax() == label for row, label in zip(votes, labels, strict=True)])


@pytest.mark.parametrize("method", ["auto", "exact", "barnes_hut", "fft"])
@pytest.mark.parametrize("init", ["pca", "random"])
def test_classes_that_are_apart_in_the_data_are_apart_in_the_embedding(method, init):
    X, labels = blobs()
    tsne = TSNE(perplexity=20, method=method, init=init, random_state=0, max_iter=400)
    y = tsne.fit_transform(X)
    assert y.shape == (300, 2) and y.dtype == np.float32 and y is tsne.embedding_
    assert neighbor_accuracy(y, labels) > 0.97
    assert 0 < tsne.kl_divergence_ < 1 and tsne.n_iter_ == 400 and tsne.n_features_in_ == 8


@pytest.mark.parametrize("n_components", [1, 3])
def test_in_a_line_and_in_space(n_components):
    X, labels = blobs()
    y = TSNE(n_components, perplexity=20, random_state=0, max_iter=500).fit_transform(X)
    assert y.shape == (300, n_components) and neighbor_accuracy(y, labels) > 0.95


@pytest.mark.slow
def test_every_method_finds_about_the_same_divergence():
    X, _ = blobs(600)
    found = [TSNE(method=m, max_iter=500).fit(X).kl_divergence_ for m in ("exact", "barnes_hut", "fft")]
    assert max(found) < 1.05 * min(found)


@pytest.mark.parametrize("method", ["auto", "exact", "barnes_hut", "fft"])
def test_a_seed_gives_the_same_bits_on_any_number_of_threads(method, on_two_threads):
    X, _ = blobs(300)
    make = lambda seed: TSNE(method=method, init="random", random_state=seed, max_iter=30).fit(X)  # noqa: E731
    alone = make(3)
    shared = on_two_threads(lambda: make(3))
    np.testing.assert_array_equal(shared.embedding_, alone.embedding_)
    assert shared.kl_divergence_ == alone.kl_divergence_
    assert not np.array_equal(alone.embedding_, make(4).embedding_)


def test_the_start_may_be_given():
    X, _ = blobs(100)
    start = np.random.default_rng(0).standard_normal((100, 2))
    still = TSNE(perplexity=10, init=start, learning_rate=0.0, max_iter=1).fit_transform(X)
    np.testing.assert_allclose(still, start - start.mean(axis=0), atol=1e-6)


def test_a_start_of_principal_components_is_small_and_shaped_like_them():
    X, _ = blobs(100)
    start = TSNE(perplexity=10, learning_rate=0.0, max_iter=1).fit_transform(X)
    U, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    scores = U[:, :2] * s[:2]
    assert start[:, 0].std() == pytest.approx(1e-4, rel=1e-3)
    np.testing.assert_allclose(np.abs(start), np.abs(scores) / scores[:, 0].std() * 1e-4, atol=1e-8)


def test_the_automatic_learning_rate_is_n_over_the_exaggeration():
    X, _ = blobs(120)
    assert TSNE(perplexity=5, max_iter=1).fit(X).learning_rate_ == 10
    assert TSNE(perplexity=5, max_iter=1, early_exaggeration=4).fit(X).learning_rate_ == 30
    assert TSNE(perplexity=5, max_iter=1, learning_rate=7).fit(X).learning_rate_ == 7


def test_scale_and_offset_of_the_data_do_not_matter():
    X = blobs(150)[0].astype(np.float64)
    plain = TSNE(perplexity=10, max_iter=300).fit(X).kl_divergence_
    for other in (X * 1e-200, X * 1e200, X + 1e4):
        assert TSNE(perplexity=10, max_iter=300).fit(other).kl_divergence_ == pytest.approx(plain, rel=0.05)


def test_cosine_sees_directions_alone():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200)
    X = (rng.standard_normal((4, 10))[labels] + 0.1 * rng.standard_normal((200, 10))) * rng.lognormal(0, 3, (200, 1))
    by_angle = TSNE(perplexity=10, metric="cosine", max_iter=400).fit_transform(X)
    assert neighbor_accuracy(by_angle, labels) > 0.99
    assert neighbor_accuracy(TSNE(perplexity=10, max_iter=400).fit_transform(X), labels) < 0.95


def test_several_perplexities():
    X, labels = blobs()
    tsne = TSNE(perplexity=[5, 50], random_state=0, max_iter=400).fit(X)
    assert neighbor_accuracy(tsne.embedding_, labels) > 0.97
    alone = TSNE(perplexity=(50,), max_iter=400).fit(X).embedding_
    np.testing.assert_array_equal(alone, TSNE(perplexity=50, max_iter=400).fit(X).embedding_)


def test_a_callback_watches_and_stops():
    X, _ = blobs(100)
    seen = []

    def watch(iteration, divergence, embedding):
        seen.append((iteration, embedding.shape))
        return iteration >= 75

    tsne = TSNE(perplexity=10, callbacks=watch, callbacks_every_iters=25).fit(X)
    assert seen == [(25, (100, 2)), (50, (100, 2)), (75, (100, 2))] and tsne.n_iter_ == 75


def test_a_callback_sees_the_end():
    X, _ = blobs(100)
    seen = []
    tsne = TSNE(perplexity=10, max_iter=100, callbacks=lambda *news: seen.append(news)).fit(X)
    assert [iteration for iteration, _, _ in seen] == [50, 100]
    assert seen[-1][1] == tsne.kl_divergence_
    np.testing.assert_array_equal(seen[-1][2], tsne.embedding_)


def test_verbose_shows_progress(capsys):
    X, _ = blobs(50)
    TSNE(perplexity=5, max_iter=60).fit(X)
    assert capsys.readouterr().err == ""
    TSNE(perplexity=5, max_iter=60, verbose=1).fit(X)
    assert "60/60" in capsys.readouterr().err


# Degenerate data.


def test_one_point_is_an_error_that_says_so():
    with pytest.raises(ValueError, match=r"2 or more samples.*n_samples=1"):
        TSNE(perplexity=1).fit(np.ones((1, 3)))


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_fewer_points_than_the_perplexity_are_an_error_that_says_so(n):
    with pytest.raises(ValueError, match=f"perplexity must be less than the number of samples.*n_samples={n}"):
        TSNE().fit(np.random.default_rng(0).standard_normal((n, 3)))


@given(
    n=st.integers(2, 12),
    d=st.integers(1, 4),
    n_components=st.integers(1, 3),
    kind=st.sampled_from(["distinct", "constant", "duplicates", "zeros"]),
    scale=st.sampled_from([1e-300, 1.0, 1e300]),
    method=st.sampled_from(["auto", "barnes_hut"]),
)
def test_few_odd_points_get_finite_places(n, d, n_components, kind, scale, method):
    rng = np.random.default_rng(n)
    X = {
        "distinct": rng.standard_normal((n, d)),
        "constant": np.ones((n, d)),
        "duplicates": rng.standard_normal((n, d))[rng.integers(0, 2, n)],
        "zeros": np.zeros((n, d)),
    }[kind] * scale
    tsne = TSNE(n_components, perplexity=1 + (n - 2) / 2, max_iter=270, method=method, random_state=0).fit(X)
    assert np.isfinite(tsne.embedding_).all() and np.isfinite(tsne.kl_divergence_)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("n", [60, 1500])
def test_constant_data_of_any_size(metric, n):
    y = TSNE(perplexity=10, metric=metric, max_iter=300, random_state=0).fit_transform(np.ones((n, 3), np.float32))
    assert np.isfinite(y).all() and (np.ptp(y, axis=0) > 1).all()


@pytest.mark.parametrize(("n", "perplexity"), [(20, 10), (60, 30), (300, 5)])
def test_shapeless_data_are_spread_out_although_exaggeration_pulls_them_together(n, perplexity):
    y = TSNE(perplexity=perplexity, max_iter=300).fit_transform(np.random.default_rng(0).standard_normal((n, 10)))
    assert (y.std(axis=0) > 0.5).all()


def test_columns_of_zeros_change_nothing():
    X, _ = blobs(100)
    padded = np.hstack([X, np.zeros((100, 3), np.float32)])
    one, other = (TSNE(perplexity=10, max_iter=300).fit(data).kl_divergence_ for data in (X, padded))
    assert one == pytest.approx(other, rel=0.02)


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_values_that_are_not_finite_are_refused_by_name(value, name):
    X, _ = blobs(50)
    X[3, 2] = value
    with pytest.raises(ValueError, match=f"TSNE: X contains {name} at \\[3, 2\\]"):
        TSNE(perplexity=5).fit(X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_components": 0},
        {"n_components": 4},
        {"n_components": 3, "method": "fft"},
        {"perplexity": 0.5},
        {"perplexity": 50},
        {"perplexity": []},
        {"perplexity": "30"},
        {"perplexity": [5, 60]},
        {"early_exaggeration": 0.5},
        {"early_exaggeration": np.inf},
        {"early_exaggeration_iter": -1},
        {"learning_rate": -1.0},
        {"learning_rate": "fast"},
        {"learning_rate": np.nan},
        {"max_iter": 0},
        {"n_iter_without_progress": 0},
        {"min_grad_norm": -1.0},
        {"metric": "manhattan"},
        {"init": "spectral"},
        {"init": np.zeros((50, 3))},
        {"init": np.full((50, 2), np.nan)},
        {"method": "annoy"},
        {"angle": 2.0},
        {"callbacks_every_iters": 0},
        {"random_state": "zero"},
    ],
)
def test_a_parameter_out_of_range_is_an_error_that_names_it(parameters):
    name = list(parameters)[-1] if parameters != {"n_components": 3, "method": "fft"} else "method"
    with pytest.raises(ValueError, match=name):
        TSNE(**({"perplexity": 5} | parameters)).fit(blobs(50)[0])


@pytest.mark.parametrize(("n", "perplexity", "count"), [(50, 5, 15), (50, 4.1, 13), (50, 20, 49), (50, [2, 8], 24)])
def test_a_point_has_three_neighbors_for_each_unit_of_the_largest_perplexity(n, perplexity, count, monkeypatch):
    asked = []
    nearest = estimator.nearest_neighbors
    monkeypatch.setattr(estimator, "nearest_neighbors", lambda x, k, **rest: asked.append(k) or nearest(x, k, **rest))
    TSNE(perplexity=perplexity, max_iter=1).fit(blobs(n)[0])
    assert asked == [count]


@pytest.mark.parametrize("name", ["learning_rate", "early_exaggeration"])
def test_rates_and_exaggerations_have_a_largest_value(name):
    assert np.isfinite(TSNE(perplexity=5, max_iter=2, **{name: 1e9}).fit(blobs(50)[0]).embedding_).all()
    with pytest.raises(ValueError, match=f"{name} must be a number in .*, got 1100000000"):
        TSNE(perplexity=5, **{name: 1.1e9}).fit(blobs(50)[0])


@pytest.mark.parametrize(
    "parameters",
    [
        {"perplexity": 1, "max_iter": 1},
        {"perplexity": 49, "max_iter": 1},
        {"early_exaggeration": 1, "early_exaggeration_iter": 0, "max_iter": 1},
        {"n_iter_without_progress": 1, "min_grad_norm": 0, "max_iter": 1},
        {"method": "barnes_hut", "angle": 0, "max_iter": 1},
        {"method": "barnes_hut", "angle": 1, "max_iter": 1},
        {"callbacks": print, "callbacks_every_iters": 1, "max_iter": 1},
    ],
)
def test_a_parameter_at_its_end_is_taken(parameters, capsys):
    assert TSNE(**({"perplexity": 5} | parameters)).fit(blobs(50)[0]).n_iter_ == 1


def test_coordinates_to_which_pca_gives_no_variance_start_at_random():
    X = np.outer(np.random.default_rng(0).standard_normal(80), [1.0, 2])
    first, again, other = (
        TSNE(perplexity=5, learning_rate=0, max_iter=1, random_state=s).fit_transform(X) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first[:, 0], other[:, 0], atol=1e-9)
    assert first[:, 1].std() == pytest.approx(1e-4, rel=0.3) and not np.allclose(first[:, 1], other[:, 1], atol=1e-6)


@pytest.mark.parametrize(("deviation", "kept"), [(1.5e-6, True), (0.7e-6, False)])
def test_a_coordinate_that_is_lost_in_rounding_starts_at_random(deviation, kept):
    along = np.linspace(-1, 1, 80)
    X = np.column_stack([along, deviation * np.where(np.arange(80) % 4 < 2, 1, -1)])
    starts = [TSNE(perplexity=5, learning_rate=0, max_iter=1, random_state=s).fit_transform(X)[:, 1] for s in (0, 1)]
    assert np.allclose(*starts, atol=1e-9) == kept
