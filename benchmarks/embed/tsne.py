"""t-SNE of MNIST, compared with openTSNE's and scikit-learn's: time, divergence, neighbors kept, memory.

The data are the first training images, reduced to 50 dimensions by PCA, which is not timed. Every contestant makes
750 iterations, 250 of them exaggerated, neighbors included, each time in a fresh process. What compiles or loads late
does so on 500 points first, except for our interpolation, which is not called for so few: loading it counts for us. A
first run, which compiles it, should be discarded. Memory is the most that the process held beyond what it held before
the work.

Divergences are computed with the same P, over all pairs: the figure that a library reports ("reported") depends
on its approximations. The accuracy is that of 10 nearest neighbors in the embedding, the labels of the last sixth of
the points held out.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from ..memory import PeakMemory, in_fresh_process
from .rows import Row, mnist

PEERS = ("openTSNE fft", "openTSNE bh", "scikit-learn")
ITERATIONS, EXAGGERATED = 750, 250


@dataclass(frozen=True)
class Run:
    """The results of one process."""

    seconds: float
    megabytes: float
    divergence: float
    embedding: np.ndarray


@dataclass(frozen=True)
class Contest:
    """The rows, ours first, and our embedding (points, 2) with its labels."""

    rows: list[Row]
    embedding: np.ndarray
    labels: np.ndarray


def contest(points: int, peers: tuple[str, ...] = PEERS, threads: int = 2, rounds: int = 1) -> Contest:
    """Measure the contestants in turn, ours before and after the others of each round."""
    import viz

    _, labels = mnist(points)
    X = viz.PCA(50, random_state=0).fit_transform(mnist(60_000)[0])[:points].copy()
    runs: dict[str, list[Run]] = {name: [] for name in ("minicnn", *peers)}
    for name in [*["minicnn", *peers] * rounds, *(["minicnn"] if peers else [])]:
        runs[name].append(in_fresh_process(_run, name, X, threads))
    seconds = {name: statistics.median(run.seconds for run in those) for name, those in runs.items()}
    P = affinities(X)
    rows = [
        Row(
            work=f"t-SNE, {ITERATIONS} iterations",
            points=points,
            contestant=name,
            seconds=seconds[name],
            ratio=seconds[name] / seconds["minicnn"],
            megabytes=max(run.megabytes for run in those),
            quality={
                "KL": divergence(P, those[-1].embedding),
                "KL reported": those[-1].divergence,
                "accuracy": accuracy(those[-1].embedding, labels),
            },
        )
        for name, those in runs.items()
    ]
    return Contest(rows, runs["minicnn"][-1].embedding, labels)


def _run(contestant: str, X: np.ndarray, threads: int) -> Run:
    """Runs in a separate process."""
    import minicnn as cnn

    cnn.set_num_threads(threads)
    embed(contestant, X[:500], threads, iterations=300)
    with PeakMemory() as memory:
        start = time.perf_counter()
        embedding, reported = embed(contestant, X, threads)
        seconds = time.perf_counter() - start
    return Run(seconds, memory.megabytes, reported, np.asarray(embedding, np.float32))


def embed(contestant: str, X: np.ndarray, threads: int, iterations: int = ITERATIONS) -> tuple[np.ndarray, float]:
    """The embedding (N, 2) of one contestant, and the divergence that it reports."""
    if contestant == "minicnn":
        import viz

        ours = viz.TSNE(max_iter=iterations, random_state=0).fit(X)
        return ours.embedding_, ours.kl_divergence_
    if contestant == "scikit-learn":
        from sklearn.manifold import TSNE

        theirs = TSNE(max_iter=iterations, random_state=0, n_jobs=threads).fit(X)
        return theirs.embedding_, theirs.kl_divergence_
    import openTSNE

    found = openTSNE.TSNE(
        early_exaggeration_iter=EXAGGERATED,
        n_iter=iterations - EXAGGERATED,
        negative_gradient_method=contestant.split()[1],
        n_jobs=threads,
        random_state=0,
    ).fit(X)
    return np.asarray(found), found.kl_divergence


def affinities(X: np.ndarray, perplexity: float = 30.0) -> scipy.sparse.csr_array:
    """The P for comparing all contestants: from exact neighbors."""
    from viz.tsne.affinities import NEIGHBORS, conditional, joint
    from viz.tsne.neighbors import nearest_neighbors

    indices, distances = nearest_neighbors(X, int(NEIGHBORS * perplexity))
    return joint(indices, conditional(distances, [perplexity]))


def divergence(P: scipy.sparse.csr_array, embedding: np.ndarray) -> float:
    """KL(P‖Q) with every pair in Q."""
    from viz.tsne.objective import Objective
    from viz.tsne.repulsion import exact

    return Objective(P, exact).divergence(np.ascontiguousarray(embedding.T, np.float32))


def accuracy(embedding: np.ndarray, labels: np.ndarray, k: int = 10) -> float:
    """Share of the last sixth of the points whose label is the commonest among their k nearest of the others."""
    from viz.tsne.neighbors import nearest_neighbors

    known = len(embedding) * 5 // 6
    nearest, _ = nearest_neighbors(embedding[:known], k, queries=embedding[known:])
    votes = np.apply_along_axis(np.bincount, 1, labels[nearest], minlength=labels.max() + 1)
    return float(np.mean(votes.argmax(axis=1) == labels[known:]))
