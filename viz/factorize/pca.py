"""Principal component analysis."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..blocks import map_rows
from ..estimator import Estimator, as_choice, as_count, as_generator, as_matrix
from .spectrum import center, spectrum

SOLVERS = ("auto", "full", "covariance_eigh", "randomized")


class PCA(Estimator):
    """The orthogonal directions along which data varies most.

    The rows of `components_` are the leading eigenvectors of the covariance matrix  DᵀD / (n − 1),  D = X − mean_.
    `transform` gives the coordinates along them,  Y = (X − mean_) @ components_.T,  and `inverse_transform` the closest
    points of the original space,  X ≈ Y @ components_ + mean_. Of all k-dimensional subspaces this one leaves the least
    squared error (Jolliffe, Principal Component Analysis, 2002).

    Args:
        n_components: how many directions: an int from 1 to min(samples, features); a fraction in (0, 1), for as many as
            explain more than that share of the variance; None for min(samples, features).
        whiten: divide each coordinate by its standard deviation, so that all have variance 1. A direction without
            variance gets coordinate 0.
        svd_solver: "full" decomposes D, "covariance_eigh" DᵀD, "randomized" finds few directions of a large matrix
            (Halko, Martinsson and Tropp 2011), "auto" is exact unless that takes long and the randomized solver takes
            far less.
        iterated_power: passes over the data that the randomized solver makes; "auto" for 7 where fewer than a tenth of
            the directions are wanted, else 4.
        n_oversamples: extra directions that the randomized solver carries along.
        random_state: the randomized solver's seed; None, an int or a generator.

    Attributes:
        components_: (n_components_, features), orthonormal rows; the largest entry of each is positive.
        explained_variance_: (n_components_,), the data's variance along each, largest first.
        explained_variance_ratio_: its share of the data's whole variance.
        singular_values_: (n_components_,), of D.
        mean_: (features,).
        n_components_: the number of directions.
        noise_variance_: the mean variance along the directions left out.
        n_samples_, n_features_in_: the shape of the data.
    """

    def __init__(
        self,
        n_components: int | float | None = None,
        *,
        whiten: bool = False,
        svd_solver: str = "auto",
        iterated_power: int | str = "auto",
        n_oversamples: int = 10,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.iterated_power = iterated_power
        self.n_oversamples = n_oversamples
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the directions of `X` (samples, features).

        Raises:
            ValueError: a parameter is out of range, or `X` is not a finite matrix.
        """
        self._learn(as_matrix(X, "PCA", check_finite=False))  # the pass that computes the means checks this
        return self

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """`fit(X).transform(X)`."""
        X = as_matrix(X, "PCA", check_finite=False)
        self._learn(X)
        return self._project(X)

    def transform(self, X: Any) -> np.ndarray:
        """The coordinates (samples, n_components_) of `X` along the directions.

        Raises:
            NotFittedError: before `fit`.
            ValueError: `X` has another number of features than the data fitted to.
        """
        return self._project(self._new_matrix(X))

    def inverse_transform(self, Y: Any) -> np.ndarray:
        """The points (samples, features) whose coordinates are `Y` (samples, n_components_)."""
        Y = self._coordinates(Y)
        axes = self.components_ * self._deviations()[:, None] if self.whiten else self.components_
        return map_rows(Y, self.n_features_in_, lambda rows: Y[rows] @ axes + self.mean_)

    def _learn(self, X: np.ndarray) -> None:
        solver = as_choice(self.svd_solver, SOLVERS, "svd_solver", "PCA")
        passes = None if self.iterated_power == "auto" else as_count(self.iterated_power, "iterated_power", "PCA", 0)
        oversamples = as_count(self.n_oversamples, "n_oversamples", "PCA", 0)
        rng = as_generator(self.random_state, "PCA")
        most = min(X.shape)
        k, share = self._wanted(most)

        centered = center(X)
        found = spectrum(centered, k, solver, passes, oversamples, rng)
        squares = np.square(found.singular_values, dtype=np.float64)
        ratio = squares / found.total if found.total > 0 else np.zeros(k)
        if share is not None:
            k = min(k, int(np.searchsorted(np.cumsum(ratio), share, side="right")) + 1)
            squares, ratio = squares[:k], ratio[:k]
        left_out = max(found.total - squares.sum(), 0.0) / (most - k) if k < most else 0.0

        self.components_ = np.ascontiguousarray(found.directions[:k], X.dtype)
        with np.errstate(over="ignore", under="ignore"):  # data near the ends of its range has infinite or no variance
            self.singular_values_ = (found.singular_values[:k] * centered.scale).astype(X.dtype)
            variances = np.append(squares, left_out) / max(len(X) - 1, 1)
            # one factor after the other: 0 stays 0 where their product is infinite
            *explained, noise = (variances * centered.scale * centered.scale).astype(X.dtype)
            self.explained_variance_, self.noise_variance_ = np.array(explained), noise
        self.explained_variance_ratio_ = ratio.astype(X.dtype)
        self.mean_ = centered.mean
        self.n_components_ = k
        self.n_samples_, self.n_features_in_ = X.shape

    def _wanted(self, most: int) -> tuple[int, float | None]:
        """The number of directions to compute, and the share of variance at which to stop, from `n_components`."""
        wanted = self.n_components
        if wanted is None:
            return most, None
        if isinstance(wanted, (float, np.floating)) and 0 < wanted < 1:
            return most, float(wanted)
        if isinstance(wanted, (int, np.integer)) and not isinstance(wanted, bool) and 1 <= wanted <= most:
            return int(wanted), None
        raise ValueError(
            f"PCA: n_components must be None, an int from 1 to min(samples, features) = {most}, or a fraction between "
            f"0 and 1; got {wanted!r}"
        )

    def _project(self, X: np.ndarray) -> np.ndarray:
        axes = self.components_
        if self.whiten:
            deviations = self._deviations()[:, None]
            axes = np.divide(axes, deviations, out=np.zeros_like(axes), where=deviations > 0)
        columns = np.ascontiguousarray(axes.T)  # the product of a block is faster by columns than by a transpose
        return map_rows(X, self.n_components_, lambda rows: (X[rows] - self.mean_) @ columns)

    def _deviations(self) -> np.ndarray:
        """The standard deviation along each direction: 0 where it is lost in the rounding of the largest."""
        values = self.singular_values_
        rounding = np.finfo(values.dtype).eps * max(self.n_samples_, self.n_features_in_)
        return np.where(values > rounding * values[0], values, 0) / values.dtype.type(
            max(self.n_samples_ - 1, 1) ** 0.5
        )
