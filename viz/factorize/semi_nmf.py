"""Semi-nonnegative matrix factorization: one factor nonnegative, the other free."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..blocks import row_blocks
from ..estimator import as_choice
from .alternate import Method
from .factorization import Factorization
from .kmeans import kmeans
from .steps import coordinate_descent, least_squares, multiplicative_update

SOFTENING = 0.2  # added to the cluster indicators, so that no entry starts at zero, which "mu" could never leave


class SemiNMF(Factorization):
    """Data of any sign as nonnegative mixtures of free directions: X ≈ W H with W ≥ 0, H of any sign.

    Minimizes ½ ‖X − W H‖² (Ding, Li and Jordan 2010, "Convex and semi-nonnegative matrix factorizations", section 2;
    their G is W, their F is Hᵀ). It is k-means with soft, overlapping clusters, W the memberships and H the centers,
    and starts from k-means. In turn,

        H ← (WᵀW)⁻¹ WᵀX                                              the least-squares solution,
        W ← W ⊙ √( [(X Hᵀ)⁺ + W (H Hᵀ)⁻] / [(X Hᵀ)⁻ + W (H Hᵀ)⁺] )     solver="mu", their multiplicative update,
        w_j ← max(0, w_j + (X Hᵀ − W H Hᵀ)_j / (H Hᵀ)_jj)              solver="cd", coordinate descent with momentum,

    where M⁺ = max(M, 0) and M⁻ = max(−M, 0). The objective never rises. It may have no minimum but
    only an infimum, which ever larger terms approach by canceling (Gillis and Kumar 2015, "Exact and heuristic
    algorithms for semi-nonnegative matrix factorization"): to solve for W exactly at every turn would lead there, while
    these steps stay near the clusters that they start from.

    Args:
        n_components: the number of directions, k; None for as many as features.
        solver: "cd", many times faster, or "mu", the published one.
        tol: stop when the objective has fallen by less than this share of itself in ten iterations, or W H differs
            from X by less than this share of X.
        max_iter: stop after this many iterations.
        random_state: the seed of the k-means start; None, an int or a generator.

    Attributes:
        components_: H (n_components_, features).
        n_components_: the number of directions.
        reconstruction_err_: ‖X − W H‖.
        n_iter_: iterations made.
        loss_curve_: the objective after each of them.
        n_features_in_: the number of features.
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        solver: str = "cd",
        tol: float = 1e-4,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def _start(self, X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        W = (kmeans(X, k, rng)[:, None] == np.arange(k)).astype(X.dtype) + X.dtype.type(SOFTENING)
        with row_blocks(X) as blocks:
            products = blocks.sum(lambda rows: W[rows].T @ np.hstack([W[rows], X[rows]]))
            H = least_squares(products[:, :k], products[:, k:], np.zeros((k, X.shape[1])))
        return W, H.astype(X.dtype)

    def _method(self) -> Method:
        if as_choice(self.solver, ("cd", "mu"), "solver", "SemiNMF") == "mu":
            return Method(multiplicative_update, least_squares, momentum=False, signed_H=True)
        return Method(coordinate_descent, least_squares, momentum=True, signed_H=True)
