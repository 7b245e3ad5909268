"""Factorizing X ≈ W H by alternately improving W with H fixed and H with W fixed, with momentum.

The objective is

    F(W, H) = ½ ‖X − W H‖² + l1_W Σ|W| + l1_H Σ|H| + ½ l2_W ‖W‖² + ½ l2_H ‖H‖².

An iteration is one pass over X: each block of its rows improves the same rows of W, which need only H for that, and
adds its share of WᵀX and WᵀW, of which the step for H and the objective are made. Products with X are in X's precision;
matrices of only k rows or columns are in float64, because the factors of semi-NMF may be ill-conditioned.

Each step starts at, and sees the other factor at, a point *ahead* of where that factor's last step ended, by β of the
way it came; β grows while that works. When the objective rises the iteration is done again without momentum, and then
it cannot rise (Ang and Gillis 2019, "Accelerating nonnegative matrix factorization algorithms using extrapolation").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from ..blocks import RowBlocks, row_blocks, squared_error

Step = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""See `steps`. It may overwrite and return its last argument."""

WINDOW = 10  # iterations over which the objective's fall is judged: with momentum, single ones fall unevenly
DIGITS = 1e4  # times its terms' rounding: a smaller squared error is computed again from differences


class Penalties(NamedTuple):
    """The weights of the penalties in the objective."""

    l1_W: float = 0.0
    l2_W: float = 0.0
    l1_H: float = 0.0
    l2_H: float = 0.0


class Method(NamedTuple):
    """How the factors are improved, and whether with momentum; H may be negative where `signed_H`."""

    step_W: Step
    step_H: Step
    momentum: bool
    signed_H: bool


class Factors(NamedTuple):
    """Where an iteration ends: W (n, k), ahead of its step's end W_end; H (k, p); and the objective at W and H."""

    W_end: np.ndarray
    W: np.ndarray
    H: np.ndarray
    objective: float


def descend(
    X: np.ndarray, start: tuple[np.ndarray, np.ndarray], method: Method, penalties: Penalties, max_iter: int, tol: float
) -> tuple[np.ndarray, list[float], bool]:
    """Iterate until the objective has fallen by at most `tol` of itself in ten iterations, or W H is X to within `tol`.

    Returns:
        H (k, p), the objective after every iteration, and whether it converged before `max_iter` was reached.
    """
    curve: list[float] = []
    H = start[1]
    with row_blocks(X) as blocks:
        iterate = Iteration(blocks, X, method, penalties)
        for factors in islice(alternate(iterate, *start), max_iter):
            H, objective = factors.H, factors.objective
            curve.append(objective)
            stalled = len(curve) > WINDOW and curve[-1 - WINDOW] - objective <= tol * objective
            if stalled or objective <= tol**2 * iterate.total / 2:
                return H, curve, True
    return H, curve, len(curve) < max_iter


def alternate(iterate: Iteration, W: np.ndarray, H: np.ndarray) -> Iterator[Factors]:
    """Yield better and better factors, starting from W (n, k) and H (k, p); end when rounding prevents progress."""
    beta, most = (0.5, 1.0) if iterate.method.momentum else (0.0, 0.0)
    now = iterate(W, H, W, 0.0)
    H_ahead = now.H
    while True:
        yield now
        after = iterate(now.W, H_ahead, now.W_end, beta)
        if after.objective > now.objective and beta > 0:
            most, beta = beta, beta / 1.5
            after = iterate(now.W, now.H, now.W_end, 0.0)
        if after.objective > now.objective:
            return
        H_ahead = after.H + np.asarray(beta, H.dtype) * (after.H - now.H)
        if not iterate.method.signed_H:
            np.maximum(H_ahead, 0, out=H_ahead)
        now = after
        beta, most = min(most, 1.05 * beta), min(1.0, 1.01 * most)


class Iteration:
    """One pass over X: the step for W, block by block, then the step for H."""

    def __init__(self, blocks: RowBlocks, X: np.ndarray, method: Method, penalties: Penalties) -> None:
        self.blocks, self.X, self.method, self.penalties = blocks, X, method, penalties
        self.total = float(blocks.sum(lambda rows: np.array([np.vdot(X[rows], X[rows])], np.float64))[0])

    def __call__(self, W: np.ndarray, H: np.ndarray, W_end: np.ndarray, beta: float) -> Factors:
        """From W and H; the new W is put ahead of where its step ends by `beta` of the way from `W_end` to there."""
        X, p = self.X, self.X.shape[1]
        A = _gram(H) + self.penalties.l2_W * np.eye(len(H))
        new_end, new_W = np.empty_like(W), np.empty_like(W)

        def of_block(rows: slice) -> np.ndarray:
            B = (H @ X[rows].T).astype(np.float64) - self.penalties.l1_W
            end = self.method.step_W(A, B, W[rows].T.astype(np.float64, order="C"))
            new_end[rows] = end.T
            new_W[rows] = np.maximum(end + beta * (end - W_end[rows].T), 0).T if beta else end.T
            ahead = np.ascontiguousarray(new_W[rows].T)
            return np.hstack([ahead @ X[rows], _gram(ahead), ahead.sum(axis=1, keepdims=True)])

        sums = self.blocks.sum(of_block)
        WX, WW, sum_W = sums[:, :p], sums[:, p:-1], sums[:, -1].sum()
        A, B = WW + self.penalties.l2_H * np.eye(len(H)), WX - self.penalties.l1_H
        new_H = self.method.step_H(A, B, H.astype(np.float64)).astype(X.dtype)
        return Factors(new_end, new_W, new_H, self._objective(new_W, new_H, WX, WW, sum_W))

    def _objective(self, W: np.ndarray, H: np.ndarray, WX: np.ndarray, WW: np.ndarray, sum_W: float) -> float:
        """F(W, H), with  ‖X − W H‖² = ‖X‖² − 2 ⟨WᵀX, H⟩ + ⟨WᵀW, H Hᵀ⟩  unless these terms cancel too far."""
        HH = _gram(H)
        mixed, fitted = WX * H, WW * HH
        error = self.total - 2 * mixed.sum() + fitted.sum()
        if error < DIGITS * np.finfo(H.dtype).eps * (self.total + 2 * np.abs(mixed).sum() + np.abs(fitted).sum()):
            error = squared_error(self.blocks, self.X, W, H)
        l1_W, l2_W, l1_H, l2_H = self.penalties
        penalty = l1_W * sum_W + l1_H * np.abs(H).sum() + (l2_W * np.trace(WW) + l2_H * np.trace(HH)) / 2
        return float(error / 2 + penalty)


def _gram(Z: np.ndarray) -> np.ndarray:
    """Z Zᵀ in float64."""
    Z = Z.astype(np.float64)
    return Z @ Z.T
