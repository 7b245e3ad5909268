"""Nonnegative matrix factorization."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..estimator import as_choice, as_number
from .alternate import Method, Penalties
from .factorization import Factorization
from .starts import STARTS, start
from .steps import coordinate_descent

HEAVIEST = 1e90  # penalty: everything is zero long before


class NMF(Factorization):
    """Nonnegative data as sums of nonnegative parts: X ≈ W H, with W ≥ 0 and H ≥ 0.

    Minimizes

        ½ ‖X − W H‖² + alpha_W (l1_ratio p Σ W + ½ (1 − l1_ratio) p ‖W‖²)
                     + alpha_H (l1_ratio n Σ H + ½ (1 − l1_ratio) n ‖H‖²),     X of n samples and p features,

    by coordinate descent on W and H in turn (hierarchical alternating least squares, HALS; Cichocki and Phan 2009;
    Gillis and Glineur 2012), with momentum: see `alternate`.

    Args:
        n_components: the number of parts, k; None for as many as features.
        init: "nndsvd", "nndsvda" or "nndsvdar" (from the SVD, zeros kept, filled with the mean, or with small random
            values), "random", or None: "nndsvda" if k ≤ min(samples, features), else "random".
        tol: stop when the objective has fallen by less than this share of itself in ten iterations, or W H differs
            from X by less than this share of X.
        max_iter: stop after this many iterations.
        random_state: the seed of random starts; None, an int or a generator.
        alpha_W, alpha_H: weights of the penalties; alpha_H="same" takes alpha_W.
        l1_ratio: 0 for L2 penalties, 1 for L1, in between for a mixture.

    Attributes:
        components_: H (n_components_, features).
        n_components_: the number of parts.
        reconstruction_err_: ‖X − W H‖.
        n_iter_: iterations made.
        loss_curve_: the objective after each of them.
        n_features_in_: the number of features.
    """

    _nonnegative_input = True

    def __init__(
        self,
        n_components: int | None = None,
        *,
        init: str | None = None,
        tol: float = 1e-4,
        max_iter: int = 200,
        random_state: Any = None,
        alpha_W: float = 0.0,
        alpha_H: float | str = "same",
        l1_ratio: float = 0.0,
    ) -> None:
        self.n_components = n_components
        self.init = init
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.alpha_W = alpha_W
        self.alpha_H = alpha_H
        self.l1_ratio = l1_ratio

    def _start(self, X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        possible = k <= min(X.shape)
        if self.init is None:
            return start(X, k, "nndsvda" if possible else "random", rng)
        kind = as_choice(self.init, STARTS, "init", "NMF")
        if kind != "random" and not possible:
            raise ValueError(
                f"NMF: init={kind!r} gives at most min(samples, features) = {min(X.shape)} components, expected "
                f"n_components = {k} of it; take init='random'"
            )
        return start(X, k, kind, rng)

    def _method(self) -> Method:
        return Method(coordinate_descent, coordinate_descent, momentum=True, signed_H=False)

    def _penalties(self, shape: tuple[int, int]) -> Penalties:
        n, p = shape
        alpha_W = as_number(self.alpha_W, "alpha_W", "NMF", most=HEAVIEST)
        alpha_H = alpha_W if self.alpha_H == "same" else as_number(self.alpha_H, "alpha_H", "NMF", most=HEAVIEST)
        l1 = as_number(self.l1_ratio, "l1_ratio", "NMF", most=1.0)
        return Penalties(alpha_W * l1 * p, alpha_W * (1 - l1) * p, alpha_H * l1 * n, alpha_H * (1 - l1) * n)
