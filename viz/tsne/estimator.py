"""t-SNE with scikit-learn's interface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse

from minicnn.deprecation import renamed_fields
from minicnn.distributed import Group

from ..containers import plain
from ..estimator import Estimator, as_choice, as_count, as_generator, as_number, require_finite
from ..factorize.pca import PCA
from .affinities import NEIGHBORS, conditional, joint, to_sparse
from .neighbors import nearest_neighbors
from .objective import Objective
from .optimizer import CHECK_EVERY, Callback, Schedule, minimize
from .placing import place
from .repulsion import METHODS, repulsion_by
from .space import METRICS, Space

START = 1e-4  # standard deviation of the embedding's first coordinate at the start
ROUNDING = 1e-6  # of the data's principal components, where the data are of order 1
LARGEST = 1e9  # learning rate and exaggeration: larger ones overflow


@renamed_fields(place="transform")
class TSNE(Estimator):
    """t-distributed stochastic neighbor embedding.

    Places every row of the data in a line, a plane or space so that the Kullback-Leibler divergence between neighbor
    probabilities there and in the data is small (van der Maaten & Hinton 2008). Small distances are meaningful; large
    ones, and the sizes of clusters, are not. Reduce data with many columns to about 50 by `PCA` first.

    Parameters have scikit-learn's names. The same `random_state` gives the same bits, on any number of threads.

    Args:
        n_components: 1, 2 or 3 dimensions.
        perplexity: the effective number of neighbors of a point, below the number of samples; or several such numbers,
            whose affinities are averaged: small ones preserve neighborhoods, large ones the global arrangement.
        early_exaggeration: the factor of the affinities at first, which lets clusters form.
        early_exaggeration_iter: for how many iterations.
        learning_rate: a number, by the convention of the t-SNE papers (scikit-learn's are a quarter of it), or "auto"
            for N / exaggeration: N / early_exaggeration at first, N after.
        max_iter: iterations in all.
        n_iter_without_progress: stop after this many iterations without a new lowest divergence.
        min_grad_norm: stop when √N·|gradient| is below this; the scaling makes it independent of N.
        metric: "euclidean", or "cosine" for the distance 1 − cos.
        init: "pca" for the first principal components, "random" for Gaussian noise, both with standard deviation 1e-4,
            or an array (samples, n_components).
        method: how the repulsion is computed. "exact": all pairs. "barnes_hut": by a tree. "fft": interpolated on a
            grid, for 1 or 2 dimensions. "auto": the fastest with an error below 1 % of the exact force.
        angle: Barnes-Hut's: the size over the distance at which a cell of points acts as one; smaller is more accurate.
        callbacks: functions called with (iteration, divergence, embedding) every `callbacks_every_iters` iterations;
            a true return value ends the optimization.
        verbose: 1 for a progress bar.
        random_state: None, an int, or a NumPy generator, for init="random", and for coordinates to which PCA gives no
            variance.

    Attributes:
        embedding_: (samples, n_components), float32.
        kl_divergence_: of the embedding, without exaggeration, over each point's 3·perplexity nearest neighbors.
        n_iter_: iterations made.
        learning_rate_: that of the exaggerated iterations.
        n_features_in_: columns of the data.
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float | Sequence[float] = 30.0,
        early_exaggeration: float = 12.0,
        early_exaggeration_iter: int = 250,
        learning_rate: float | str = "auto",
        max_iter: int = 1000,
        n_iter_without_progress: int = 300,
        min_grad_norm: float = 1e-7,
        metric: str = "euclidean",
        init: str | np.ndarray = "pca",
        method: str = "auto",
        angle: float = 0.5,
        callbacks: Callback | Sequence[Callback] | None = None,
        callbacks_every_iters: int = CHECK_EVERY,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.early_exaggeration = early_exaggeration
        self.early_exaggeration_iter = early_exaggeration_iter
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.n_iter_without_progress = n_iter_without_progress
        self.min_grad_norm = min_grad_norm
        self.metric = metric
        self.init = init
        self.method = method
        self.angle = angle
        self.callbacks = callbacks
        self.callbacks_every_iters = callbacks_every_iters
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, *, group: Group | None = None) -> Self:
        """Embed the rows of `X` (samples, features); the result is in `embedding_`.

        The processes of a `group` (`minicnn.distributed`) share the search for neighbors; each returns the whole
        result.

        Raises:
            ValueError: a parameter is out of range, `X` is not a finite matrix, or it has no more rows than the
                perplexity asks for.
        """
        X = self._training_matrix(X)
        n = len(X)
        if n == 1:
            raise ValueError("TSNE: expected 2 or more samples, to place them relative to each other, got n_samples=1")
        dimensions = as_count(self.n_components, "n_components", "TSNE")
        if dimensions > 3:
            raise ValueError(f"TSNE: n_components must be 1, 2 or 3, got {dimensions}; for more, use PCA")
        perplexities = self._perplexities(n)
        schedule = self._schedule(n)
        method = as_choice(self.method, METHODS, "method", "TSNE")
        repulsion = repulsion_by(method, dimensions, as_number(self.angle, "angle", "TSNE", 0, 1))
        space = Space(X, as_choice(self.metric, METRICS, "metric", "TSNE"))
        points = space.coordinates(X)
        start = self._start(points, dimensions)

        affinities = _affinities(points, space, perplexities, group)
        embedding, divergence, steps = minimize(Objective(affinities, repulsion), start, schedule)

        self.embedding_ = np.ascontiguousarray(embedding.T)
        self.kl_divergence_ = divergence
        self.n_iter_ = steps
        self.learning_rate_ = schedule.learning_rates[0]
        self._space, self._points = space, points
        return self

    def fit_transform(self, X: Any, y: Any = None, *, group: Group | None = None) -> np.ndarray:
        """Embed the rows of `X` (samples, features); returns `embedding_` (samples, n_components). See `fit`."""
        return self.fit(X, group=group).embedding_

    def transform(self, X: Any, *, perplexity: float = 5.0, max_iter: int = 100) -> np.ndarray:
        """Positions for new rows (M, features) in the embedding, which is not changed: (M, n_components), float32.

        Every new point starts at the median of its nearest neighbors' positions and moves to minimize its own
        divergence; see `viz.tsne.placing`. The new points do not affect each other.

        Args:
            X: new data with the same columns as the fitted data.
            perplexity: the effective number of embedded neighbors of a new point, at most their number.
            max_iter: steps from the start.

        Raises:
            NotFittedError: before `fit`.
            ValueError: `X` has other columns, or holds NaN or infinity; a parameter is out of range.
        """
        X = self._new_matrix(X)
        embedded = np.ascontiguousarray(self.embedding_.T)
        n = embedded.shape[1]
        perplexity = as_number(perplexity, "perplexity", "TSNE.transform", 1, n)
        steps = as_count(max_iter, "max_iter", "TSNE.transform", 0)
        queries = self._space.coordinates(X)
        indices, distances = nearest_neighbors(self._points, min(n, math.ceil(NEIGHBORS * perplexity)), queries)
        affinities = to_sparse(indices, conditional(self._space.distances(distances), [perplexity]), n)
        start = np.median(embedded[:, indices], axis=2)
        return np.ascontiguousarray(place(affinities, embedded, start, steps).T)

    def _perplexities(self, n: int) -> list[float]:
        given = self.perplexity if isinstance(self.perplexity, (Sequence, np.ndarray)) else [self.perplexity]
        if len(given) == 0 or isinstance(given, str):
            raise ValueError(f"TSNE: perplexity must be a number or a sequence of them, got {self.perplexity!r}")
        perplexities = [as_number(p, "perplexity", "TSNE", 1) for p in given]
        if max(perplexities) >= n:
            raise ValueError(
                f"TSNE: perplexity must be less than the number of samples, got perplexity={max(perplexities):g} for "
                f"n_samples={n}; lower it (a third of the samples at most is sensible), or embed more points"
            )
        return perplexities

    def _schedule(self, n: int) -> Schedule:
        exaggeration = as_number(self.early_exaggeration, "early_exaggeration", "TSNE", 1, LARGEST)
        if isinstance(self.learning_rate, str):
            as_choice(self.learning_rate, ("auto",), "learning_rate", "TSNE")
            rates = (n / exaggeration, float(n))
        else:
            rate = as_number(self.learning_rate, "learning_rate", "TSNE", 0, LARGEST)
            rates = (rate, rate)
        callbacks = [self.callbacks] if callable(self.callbacks) else list(self.callbacks or ())
        return Schedule(
            exaggeration=exaggeration,
            exaggerated_steps=as_count(self.early_exaggeration_iter, "early_exaggeration_iter", "TSNE", 0),
            learning_rates=rates,
            max_steps=as_count(self.max_iter, "max_iter", "TSNE"),
            steps_without_progress=as_count(self.n_iter_without_progress, "n_iter_without_progress", "TSNE"),
            min_gradient=as_number(self.min_grad_norm, "min_grad_norm", "TSNE"),
            callbacks=callbacks,
            callbacks_every=as_count(self.callbacks_every_iters, "callbacks_every_iters", "TSNE"),
            progress=bool(self.verbose),
        )

    def _start(self, points: np.ndarray, dimensions: int) -> np.ndarray:
        """The initial embedding of the points (N, D): (n_components, N), float32."""
        n = len(points)
        if not isinstance(self.init, str):
            start = np.asarray(self.init, np.float32)
            if start.shape != (n, dimensions):
                raise ValueError(
                    f"TSNE: init must be 'pca', 'random' or an array of shape (n_samples, n_components) = "
                    f"({n}, {dimensions}), got shape {start.shape}"
                )
            require_finite(start, "TSNE: init")
            return np.ascontiguousarray(start.T)
        init = as_choice(self.init, ("pca", "random"), "init", "TSNE")
        rng = as_generator(self.random_state, "TSNE")
        start = START * rng.standard_normal((dimensions, n), np.float32)
        if init == "pca":
            scores = plain(PCA(min(dimensions, *points.shape), random_state=rng)).fit_transform(points).T
            deviation = scores.std(axis=1)
            # Coordinates without variance stay random: points that start at the same position would never separate.
            varying = deviation > ROUNDING
            start[: len(scores)][varying] = scores[varying] * START / deviation[0]
        return start


def _affinities(
    points: np.ndarray, space: Space, perplexities: Sequence[float], group: Group | None
) -> scipy.sparse.csr_array:
    """p_ij over each point's nearest neighbors, whose indices and distances are freed on return."""
    k = min(len(points) - 1, math.ceil(NEIGHBORS * max(perplexities)))
    indices, distances = nearest_neighbors(points, k, group=group)
    return joint(indices, conditional(space.distances(distances), perplexities))
