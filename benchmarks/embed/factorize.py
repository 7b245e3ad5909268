"""PCA and NMF of MNIST's training images, compared with scikit-learn's: time, error, memory.

Every contestant goes from the matrix of images to the fitted estimator and the coordinates of every image; they
take turns in one process, with pauses between. PCA finds 50 directions of 60,000 images, and scikit-learn's solvers
compete with each other too. NMF finds 16 parts of 10,000 images: scikit-learn makes 100 iterations of coordinate
descent, and ours as many as it needs to get below the same error ‖X − W H‖; the NNDSVDa start of both counts. Memory is
the most that a fresh process held beyond what it held before the work, after a small warmup of the same work.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

from ..memory import PeakMemory, in_fresh_process
from ..timing import Times
from .rows import Row, mnist


def pca(contestant: str, X: np.ndarray, k: int = 50) -> float:
    """Fit and transform; returns the share of variance that the k directions leave unexplained."""
    import sklearn.decomposition

    import viz

    fitted = (
        viz.PCA(k)
        if contestant == "minicnn"
        else sklearn.decomposition.PCA(k, svd_solver=contestant.split()[1], random_state=0)
    )
    fitted.fit_transform(X)
    return 1 - float(fitted.explained_variance_ratio_.sum())


def nmf(contestant: str, X: np.ndarray, iterations: int, k: int = 16) -> float:
    """Fit and transform in this many iterations; returns ‖X − W H‖."""
    import sklearn.decomposition

    import viz

    NMF = viz.NMF if contestant == "minicnn" else sklearn.decomposition.NMF
    fitted = NMF(k, init="nndsvda", tol=0, max_iter=iterations, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        fitted.fit_transform(X)
    return float(fitted.reconstruction_err_)


WORKS: dict[str, tuple[str, int, Callable[..., float], tuple[str, ...], str]] = {
    "pca": ("PCA, 784 → 50", 60_000, pca, ("scikit-learn covariance_eigh", "scikit-learn randomized"), "variance left"),
    "nmf": ("NMF, 784 → 16", 10_000, nmf, ("scikit-learn cd",), "error"),
}
PEER_ITERATIONS = 100
REST = 0.1  # seconds


def iterations_to_reach(error: float, X: np.ndarray) -> int:
    """The fewest iterations after which our NMF's error is at most `error`."""
    return next(n for n in range(2, PEER_ITERATIONS) if nmf("minicnn", X, n) <= error)


def rows(work: str, threads: int = 2, rounds: int = 9) -> list[Row]:
    """Measure the contestants at "pca" or "nmf" in turn; ours is the first row."""
    from threadpoolctl import threadpool_limits

    import minicnn as cnn

    title, points, run, peers, measure = WORKS[work]
    X, _ = mnist(points)
    cnn.set_num_threads(threads)
    with threadpool_limits(threads):
        arguments: dict[str, tuple[int, ...]] = dict.fromkeys(("minicnn", *peers), ())
        if work == "nmf":
            needed = iterations_to_reach(nmf(peers[0], X, PEER_ITERATIONS), X)
            arguments = {"minicnn": (needed,), peers[0]: (PEER_ITERATIONS,)}
        contestants: dict[str, Callable[[], object]] = {
            name: partial(run, name, X, *extra) for name, extra in arguments.items()
        }
        times = take_turns(contestants, rounds)
        quality = {
            name: {measure: run(name, X, *extra), "spread": times[name].spread} for name, extra in arguments.items()
        }
    for name, extra in arguments.items():
        quality[name] |= {"iterations": extra[0]} if extra else {}
    return [
        Row(
            work=title,
            points=points,
            contestant=name,
            seconds=times[name].median,
            ratio=times[name].median / times["minicnn"].median,
            megabytes=in_fresh_process(_memory_of, work, name, extra, threads),
            quality=quality[name] | {"spread": times[name].spread},
        )
        for name, extra in arguments.items()
    ]


def take_turns(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Seconds of each, after a pause: BLAS's threads keep their cores busy for a while after the last run."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            time.sleep(REST)
            start = time.perf_counter()
            contestant()
            seconds[name].append(time.perf_counter() - start)
    return {name: Times(tuple(those)) for name, those in seconds.items()}


def _memory_of(work: str, contestant: str, extra: tuple[int, ...], threads: int) -> float:
    """Megabytes at the peak of one contestant's work; runs in a separate process."""
    import minicnn as cnn

    _, points, run, *_ = WORKS[work]
    X, _ = mnist(points)
    cnn.set_num_threads(threads)
    run(contestant, X[:1000].copy(), *extra)  # compiles, and loads modules that are imported late
    with PeakMemory() as memory:
        run(contestant, X, *extra)
    return memory.megabytes
