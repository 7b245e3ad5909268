"""PCA and NMF of MNIST's training pictures beside scikit-learn's: time, error, memory.

    python -m benchmarks.embed_factorize
    python -m benchmarks.embed_factorize --rounds 9 --work nmf

Every contestant goes from the matrix of pictures to the fitted estimator and the coordinates of every picture, on the
same number of threads; they take turns in one process. PCA finds 50 directions of 60,000 pictures, and scikit-learn's
solvers compete with each other, too. NMF finds 16 parts of 10,000 pictures: scikit-learn makes 100 iterations of
coordinate descent, and ours as many as it needs to get below the same error ‖X − W H‖; the NNDSVDa start of both
counts. PCA's error is the share of the variance left out. Memory is the most that a fresh process held beyond what it
held before the work, after a small piece of the same work.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from .memory import PeakMemory, in_fresh_process
from .timing import take_turns


@dataclass(frozen=True)
class FactorizeRow:
    """One contestant at one piece of work; `ratio` is its time over ours."""

    work: str
    contestant: str
    milliseconds: float
    spread: float
    ratio: float
    error: float
    megabytes: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def mnist(pictures: int) -> np.ndarray:
    """The first `pictures` training pictures, float32 (pictures, 784) in [0, 1]."""
    import minicnn as cnn

    train, _ = cnn.data.load("mnist")
    return train.images[:pictures].reshape(pictures, -1).astype(np.float32) / 255


def pca(contestant: str, X: np.ndarray, k: int = 50) -> float:
    """Fit and transform; returns the share of variance that the k directions leave unexplained."""
    if contestant == "minicnn":
        from viz import PCA

        fitted = PCA(k)
    else:
        from sklearn.decomposition import PCA

        fitted = PCA(k, svd_solver=contestant.split()[1], random_state=0)
    fitted.fit_transform(X)
    return 1 - float(fitted.explained_variance_ratio_.sum())


def nmf(contestant: str, X: np.ndarray, iterations: int, k: int = 16) -> float:
    """Fit and transform in so many iterations; returns ‖X − W H‖."""
    if contestant == "minicnn":
        from viz import NMF
    else:
        from sklearn.decomposition import NMF
    fitted = NMF(k, init="nndsvda", tol=0, max_iter=iterations, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        fitted.fit_transform(X)
    return float(fitted.reconstruction_err_)


WORKS = {
    "pca": ("PCA 60,000×784 → 50", 60_000, pca, ("scikit-learn covariance_eigh", "scikit-learn randomized")),
    "nmf": ("NMF 10,000×784, k = 16", 10_000, nmf, ("scikit-learn cd",)),
}
PEER_ITERATIONS = 100


def iterations_to_reach(error: float, X: np.ndarray) -> int:
    """The fewest iterations after which our NMF's error is at most `error`."""
    return next(n for n in range(2, PEER_ITERATIONS) if nmf("minicnn", X, n) <= error)


def rows(work: str, threads: int = 2, rounds: int = 7) -> Iterator[FactorizeRow]:
    """Measure the contestants at "pca" or "nmf" in turn; ours is the first row."""
    from threadpoolctl import threadpool_limits

    import minicnn as cnn

    title, pictures, run, peers = WORKS[work]
    X = mnist(pictures)
    cnn.set_num_threads(threads)
    with threadpool_limits(threads):
        arguments: dict[str, tuple[Any, ...]] = dict.fromkeys(("minicnn", *peers), ())
        if work == "nmf":
            needed = iterations_to_reach(nmf(peers[0], X, PEER_ITERATIONS), X)
            arguments = {"minicnn": (needed,), peers[0]: (PEER_ITERATIONS,)}
        contestants = {name: partial(run, name, X, *extra) for name, extra in arguments.items()}
        times = take_turns(contestants, rounds=rounds, least=0.0, warmup=1)
        errors = {name: contestant() for name, contestant in contestants.items()}
    for name, extra in arguments.items():
        yield FactorizeRow(
            work=title + (f", {extra[0]} iterations" if extra else ""),
            contestant=name,
            milliseconds=times[name].median * 1e3,
            spread=times[name].spread,
            ratio=times[name].median / times["minicnn"].median,
            error=errors[name],
            megabytes=in_fresh_process(_memory_of, work, name, extra, threads),
        )


def _memory_of(work: str, contestant: str, extra: tuple[Any, ...], threads: int) -> float:
    """Megabytes at the peak of one contestant's work; runs in a process of its own."""
    import minicnn as cnn

    _, pictures, run, _ = WORKS[work]
    X = mnist(pictures)
    cnn.set_num_threads(threads)
    run(contestant, X[:1000].copy(), *extra)  # compiles, and loads what is loaded late
    with PeakMemory() as memory:
        run(contestant, X, *extra)
    return memory.megabytes


def markdown(measured: list[FactorizeRow]) -> str:
    """The rows as a table."""
    names = [field.name for field in fields(FactorizeRow)]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in measured:
        values = (f"{value:.4g}" if isinstance(value, float) else value for value in row.to_dict().values())
        lines.append("| " + " | ".join(values) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.embed_factorize", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS), help="(default: both)")
    parser.add_argument("--rounds", type=int, default=7, help="turns that each takes (default: 7)")
    parser.add_argument("--threads", type=int, default=2, help="for ours and the peer (default: 2)")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    print(markdown([row for work in options.work for row in rows(work, options.threads, options.rounds)]))


if __name__ == "__main__":
    main()
