"""The common part of NMF and semi-NMF: everything but the start and the steps."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np

from minicnn.threads import single_threaded_blas

from ..blocks import map_rows, row_blocks, squared_error, unit_scale
from ..estimator import ConvergenceWarning, Estimator, as_count, as_generator, as_number
from .alternate import Method, Penalties, descend
from .nnls import solve, sweep

SWEEPS_BEFORE_PIVOTING = 10  # enough for most signs to be right
LARGEST = 1e100  # weight of a penalty, at most: it makes everything zero, and times zero it is zero


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
        X = self._training_matrix(X)
        k = X.shape[1] if self.n_components is None else as_count(self.n_components, "n_components", name)

        # With X / s factorized into W' H', W = √s W' and H = √s H'. The penalties' weights are in X's own units.
        scale = unit_scale(_magnitude(X))
        root = scale**0.5
        l1_W, l2_W, l1_H, l2_H = self._penalties(X.shape)
        weights = (l1_W / scale / root, l2_W / scale, l1_H / scale / root, l2_H / scale)
        penalties = Penalties(*(min(weight, LARGEST) for weight in weights))
        scaled = X if scale == 1 else X / X.dtype.type(scale)
        H, curve, converged = descend(scaled, self._start(scaled, k, rng), self._method(), penalties, max_iter, tol)

        self.components_ = H * X.dtype.type(root)
        self.n_components_ = k
        self.n_iter_ = len(curve)
        with np.errstate(over="ignore", under="ignore"):
            self.loss_curve_ = np.array(curve) * np.square(scale)
        W = self._encode(X)
        with row_blocks(X) as blocks:
            self.reconstruction_err_ = squared_error(blocks, scaled, W / X.dtype.type(root), H) ** 0.5 * scale
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
        return self._encode(self._new_matrix(X))

    def inverse_transform(self, W: Any) -> np.ndarray:
        """W H: the data (samples, features) that `W` (samples, n_components_) stands for."""
        W = self._coordinates(W)
        return map_rows(W, self.n_features_in_, lambda rows: W[rows] @ self.components_)

    def _encode(self, X: np.ndarray) -> np.ndarray:
        """W that minimizes  ½ ‖X − W H‖² + l1_W Σ W + ½ l2_W ‖W‖²  over W ≥ 0, row by row."""
        x_scale, h_scale = unit_scale(_magnitude(X)), unit_scale(_magnitude(self.components_))
        l1_W, l2_W, *_ = self._penalties(X.shape)
        H = (self.components_ / h_scale).astype(X.dtype)
        with single_threaded_blas():
            HH = np.dot(H.astype(np.float64), H.T.astype(np.float64))
        A = HH + min(l2_W / h_scale / h_scale, LARGEST) * np.eye(len(H))
        l1 = min(l1_W / h_scale / x_scale, LARGEST)

        def of_block(rows: slice) -> np.ndarray:
            block = X[rows] if x_scale == 1 else X[rows] / X.dtype.type(x_scale)
            B = (H @ block.T).astype(np.float64) - l1
            Z = np.zeros_like(B)
            sweep(A, B, Z, SWEEPS_BEFORE_PIVOTING)
            solve(A, B, Z)
            return Z.T * (x_scale / h_scale)

        return map_rows(X, len(H), of_block)

    def _start(self, X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _method(self) -> Method:
        raise NotImplementedError

    def _penalties(self, shape: tuple[int, int]) -> Penalties:
        return Penalties()


def _magnitude(array: np.ndarray) -> float:
    return float(max(array.max(), -array.min()))
