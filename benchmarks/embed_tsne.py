"""t-SNE of MNIST beside openTSNE's and scikit-learn's: time, divergence, neighbours kept, memory, growth with N.

    python -m benchmarks.embed_tsne --points 10000
    python -m benchmarks.embed_tsne --points 1000 2000 5000 10000 20000 60000 --rounds 1 --plot growth.png

The data are the first `points` training images, reduced to 50 dimensions by PCA, which is not timed. Every contestant
makes 750 iterations, 250 of them exaggerated, neighbours included, each time in a fresh process, on the same number of
threads; they take turns. What compiles or loads late does so on 500 points first. Memory is the most that the process
held beyond what it held before it started on the data.

Divergences are compared under one and the same P with every pair counted: a library's own figure depends on its
approximations (scikit-learn's and openTSNE's Barnes-Hut report about 0.01 too little). The accuracy is that of 10
nearest neighbours in the embedding, the labels of the last sixth of the points held out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

CONTESTANTS = ("minicnn", "openTSNE fft", "openTSNE bh", "scikit-learn")
ITERATIONS, EXAGGERATED = 750, 250


@dataclass(frozen=True)
class EmbeddingRow:
    """One contestant on so many points; `ratio` is its time over ours."""

    work: str
    contestant: str
    seconds: float
    ratio: float
    divergence: float
    own_divergence: float
    accuracy: float
    megabytes: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Run:
    """What one process brings back."""

    seconds: float
    megabytes: float
    own_divergence: float
    embedding: np.ndarray


def mnist(points: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `points` images in 50 dimensions, and their labels."""
    import minicnn as cnn
    import viz

    train, _ = cnn.data.load("mnist")
    images = train.images.reshape(len(train.images), -1).astype(np.float32) / 255
    reduced = viz.PCA(50, random_state=0).fit_transform(images)
    return reduced[:points], np.asarray(train.labels[:points])


def embed(contestant: str, X: np.ndarray, threads: int, iterations: int = ITERATIONS) -> tuple[np.ndarray, float]:
    """The embedding (N, 2) of one contestant, and the divergence that it reports."""
    if contestant == "minicnn":
        import viz

        tsne = viz.TSNE(max_iter=iterations, random_state=0).fit(X)
        return tsne.embedding_, tsne.kl_divergence_
    if contestant == "scikit-learn":
        from sklearn.manifold import TSNE

        theirs = TSNE(max_iter=max(iterations, EXAGGERATED), random_state=0, n_jobs=threads).fit(X)
        return theirs.embedding_, theirs.kl_divergence_
    import openTSNE

    found = openTSNE.TSNE(
        early_exaggeration_iter=EXAGGERATED * iterations // ITERATIONS,
        n_iter=iterations - EXAGGERATED * iterations // ITERATIONS,
        negative_gradient_method=contestant.split()[1],
        n_jobs=threads,
        random_state=0,
    ).fit(X)
    return np.asarray(found), found.kl_divergence


def _contest(contestant: str, X: np.ndarray, threads: int, answers: Any) -> None:
    """Runs in a process of its own."""
    import minicnn as cnn

    cnn.set_num_threads(threads)
    embed(contestant, X[:500], threads, iterations=300)
    with _PeakMemory() as memory:
        start = time.perf_counter()
        embedding, divergence = embed(contestant, X, threads)
        seconds = time.perf_counter() - start
    answers.put(Run(seconds, memory.megabytes, divergence, np.asarray(embedding, np.float32)))


class _PeakMemory:
    """The most resident memory (Linux) inside the block, less that at its start."""

    megabytes = float("nan")

    def __enter__(self) -> _PeakMemory:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
            self._before = self._peak()
        except OSError:
            self._before = float("nan")
        return self

    def __exit__(self, *_: object) -> None:
        if self._before == self._before:
            self.megabytes = self._peak() - self._before

    @staticmethod
    def _peak() -> float:
        status = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def _run(contestant: str, X: np.ndarray, threads: int) -> Run:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_contest, args=(contestant, X, threads, answers))
    process.start()
    while True:
        try:
            run: Run = answers.get(timeout=5)
            break
        except queue.Empty:
            if not process.is_alive():
                raise RuntimeError(f"{contestant} died with exit code {process.exitcode}") from None
    process.join()
    return run


def divergence_of(X: np.ndarray, embedding: np.ndarray, perplexity: float = 30.0) -> float:
    """KL(P‖Q) with P from exact neighbours, and every pair in Q."""
    from viz.tsne.affinities import NEIGHBOURS, conditional, joint
    from viz.tsne.neighbours import nearest_neighbors
    from viz.tsne.objective import Objective
    from viz.tsne.repulsion import exact

    indices, distances = nearest_neighbors(X, int(NEIGHBOURS * perplexity))
    affinities = joint(indices, conditional(distances, [perplexity]))
    return Objective(affinities, exact).divergence(np.ascontiguousarray(embedding.T, np.float32))


def accuracy_of(embedding: np.ndarray, labels: np.ndarray, k: int = 10) -> float:
    """Share of the last sixth of the points whose label is the commonest among their k nearest of the others."""
    from viz.tsne.neighbours import nearest_neighbors

    known = len(embedding) * 5 // 6
    nearest, _ = nearest_neighbors(embedding[:known], k, queries=embedding[known:])
    votes = np.apply_along_axis(np.bincount, 1, labels[nearest], minlength=labels.max() + 1)
    return float(np.mean(votes.argmax(axis=1) == labels[known:]))


def rows(
    points: int = 10_000,
    contestants: tuple[str, ...] = CONTESTANTS,
    threads: int = 2,
    rounds: int = 1,
    embeddings: dict[str, np.ndarray] | None = None,
) -> Iterator[EmbeddingRow]:
    """Measure the contestants in turn, ours before and after the others of each round; ours is the first row.

    Args:
        embeddings: filled with the embeddings by contestant, if given.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    X, labels = mnist(points)
    peers = [name for name in contestants if name != "minicnn"]
    runs: dict[str, list[Run]] = {name: [] for name in ("minicnn", *peers)}
    for name in ["minicnn", *peers] * rounds + ["minicnn"]:
        runs[name].append(_run(name, X, threads))
    ours = statistics.median(run.seconds for run in runs["minicnn"])
    for name, those in runs.items():
        last, seconds = those[-1], statistics.median(run.seconds for run in those)
        if embeddings is not None:
            embeddings[name] = last.embedding
        yield EmbeddingRow(
            work=f"t-SNE, {len(X)} points, {ITERATIONS} iterations",
            contestant=name,
            seconds=seconds,
            ratio=seconds / ours,
            divergence=divergence_of(X, last.embedding),
            own_divergence=last.own_divergence,
            accuracy=accuracy_of(last.embedding, labels),
            megabytes=max(run.megabytes for run in those),
        )


def markdown(measured: list[EmbeddingRow]) -> str:
    """The rows as a table."""
    names = [field.name for field in fields(EmbeddingRow)]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in measured:
        values = (f"{value:.4g}" if isinstance(value, float) else value for value in row.to_dict().values())
        lines.append("| " + " | ".join(values) + " |")
    return "\n".join(lines)


def plot_growth(measured: dict[int, list[EmbeddingRow]], path: Path) -> None:
    """Seconds against the number of points, a line a contestant."""
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(6, 4), layout="constrained")).subplots()
    for name in CONTESTANTS:
        times = {n: row.seconds for n, those in measured.items() for row in those if row.contestant == name}
        if times:
            axes.loglog(list(times), list(times.values()), "o-", label=name)
    axes.set(xlabel="points", ylabel="seconds", title=f"t-SNE of MNIST, {ITERATIONS} iterations")
    axes.legend()
    figure.savefig(path, dpi=150)


def plot_embedding(embedding: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """The embedding, a colour a class."""
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(10, 10), layout="constrained")).subplots()
    dots = axes.scatter(*embedding.T, c=labels, s=1, cmap="tab10", linewidths=0)
    axes.legend(*dots.legend_elements(), title="digit", loc="upper right")
    axes.set(aspect="equal", xticks=[], yticks=[])
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embed_tsne", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--points", type=int, nargs="+", default=[10_000], help="(default: 10000)")
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=CONTESTANTS)
    parser.add_argument("--rounds", type=int, default=1, help="turns that each takes (default: 1)")
    parser.add_argument("--threads", type=int, default=2, help="for ours and the peers (default: 2)")
    parser.add_argument("--plot", type=Path, help="file for the picture of time against points")
    parser.add_argument("--picture", type=Path, help="file for the picture of our embedding of the most points")
    options = parser.parse_args()

    measured: dict[int, list[EmbeddingRow]] = {}
    embeddings: dict[str, np.ndarray] = {}
    for points in sorted(options.points):
        found = rows(points, tuple(options.contestants), options.threads, options.rounds, embeddings)
        measured[points] = list(found)
        print(markdown(measured[points]), flush=True)
    if options.plot:
        plot_growth(measured, options.plot)
    if options.picture:
        plot_embedding(embeddings["minicnn"], mnist(max(options.points))[1], options.picture)


if __name__ == "__main__":
    main()
