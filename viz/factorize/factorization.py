"""The common part of NMF and semi-NMF: everything but the start and the steps."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np

from minicnn.threads import single_threaded_blas

from ..blocks import map_rows, row_blocks, squared_error
from ..estimator import ConvergenceWarning, Estimator, as_count, as_generator, as_number
from .alternate import Method, Penalties, descend
from .nnls import solve, sweep

SWEEPS_BEFORE_PIVOTING = 10  # enough for most signs to be right
LARGEST = {np.float32: 1e10, np.float64: 1e100}  # value of X, by dtype


class Factorization(Estimator):
    """X ≈ W H with W ≥ 0. A subclass chooses the start, the steps and the penalties.

    `fit` ends by making W exactly optimal for the H found, and `transform` finds the same optimum for any data, so that
    `fit_transform(X)` and `fit(X).transform(X)` are equal to the last bit, and a row's result depends on no other row.
    """

    n_components: int | None
    max_iter: int
    tol: float
    random_state: Any

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn H from `X` (samples, features).

        Raises:
            ValueError: a parameter is out of range, or `X` is not a suitable matrix.

        Warns:
            ConvergenceWarning: `max_iter` was reached before convergence.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Learn H from `X` and return W (samples, n_components_)."""
        name = type(self).__name__
        max_iter, tol = as_count(self.max_iter, "max_iter", name), as_number(self.tol, "tol", name)
        rng = as_generator(self.random_state, name)
        X = self._in_range(self._training_matrix(X))
        k = X.shape[1] if self.n_components is None else as_count(self.n_components, "n_components", name)

        H, curve, converged = descend(
            X, self._start(X, k, rng), self._method(), self._penalties(X.shape), max_iter, tol
        )

        self.components_ = H
        self.n_components_ = k
        self.n_iter_ = len(curve)
        self.loss_curve_ = np.array(curve)
        W = self._encode(X)
        with row_blocks(X) as blocks:
            self.reconstruction_err_ = squared_error(blocks, X, W, H) ** 0.5
        if not converged and tol > 0:
            warnings.warn(
                f"{name} reached max_iter={max_iter} before the objective's fall met tol={tol:g}: raise one of them",
                ConvergenceWarning,
                stacklevel=2,
            )
        return W

    def transform(self, X: Any) -> np.ndarray:
        """The optimal W (samples, n_components_) for `X` and the H learned.

        Raises:
            NotFittedError: before `fit`.
            ValueError: `X` has another number of features than the data fitted to, or is not a suitable matrix.
        """
        return self._encode(self._in_range(self._new_matrix(X)))

    def inverse_transform(self, W: Any) -> np.ndarray:
        """W H: the data (samples, features) that `W` (samples, n_components_) stands for."""
        W = self._coordinates(W)
        return map_rows(W, self.n_features_in_, lambda rows: W[rows] @ self.components_)

    def _encode(self, X: np.ndarray) -> np.ndarray:
        """W that minimizes  ½ ‖X − W H‖² + l1_W Σ W + ½ l2_W ‖W‖²  over W ≥ 0, row by row."""
        l1_W, l2_W, *_ = self._penalties(X.shape)
        H = self.components_.astype(X.dtype)
        with single_threaded_blas():
            HH = np.dot(H.astype(np.float64), H.T.astype(np.float64))
        A = HH + l2_W * np.eye(len(H))

        def of_block(rows: slice) -> np.ndarray:
            B = (H @ X[rows].T).astype(np.float64) - l1_W
            Z = np.zeros_like(B)
            sweep(A, B, Z, SWEEPS_BEFORE_PIVOTING)
            solve(A, B, Z)
            return Z.T

        return map_rows(X, len(H), of_block)

    def _in_range(self, X: np.ndarray) -> np.ndarray:
        """X itself; a ValueError if it is so large or so small that sums of squares would overflow or vanish."""
        largest, most = max(X.max(), -X.min()), LARGEST[X.dtype.type]
        if largest and not 1 / most <= largest <= most:
            raise ValueError(
                f"{type(self).__name__}: expected the largest value of X between {1 / most:g} and {most:g} in "
                f"{X.dtype}, got {largest:g}; multiply X by a constant"
            )
        return X

    def _start(self, X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _method(self) -> Method:
        raise NotImplementedError

    def _penalties(self, shape: tuple[int, int]) -> Penalties:
        return Penalties()
