"""The embeddings, compared with the libraries that people would otherwise install.

    python -m benchmarks embed pca nmf
    python -m benchmarks embed tsne --points 10000 --peers "openTSNE bh" --rounds 3
    python -m benchmarks embed tsne --points 1000 10000 --save results.jsonl --growth growth.png --image embedding.png

All work on MNIST's training images. Ours and the peers take turns on the same number of threads, and the ratio is
that of the medians, peer / ours. The docstring of each module has its protocol.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

WORKS = ("tsne", "nmf", "pca")


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `embed` to the commands of `python -m benchmarks`."""
    command = commands.add_parser("embed", help="PCA, NMF and t-SNE compared with scikit-learn and openTSNE")
    command.add_argument("works", nargs="*", metavar="WORK", help=f"any of {', '.join(WORKS)} (default: all)")
    command.add_argument("--rounds", type=int, help="runs of each (default: 1 of t-SNE, 9 of the others)")
    command.add_argument(
        "--points", type=int, nargs="+", default=[10_000], help="number of points for t-SNE (default: 10000)"
    )
    command.add_argument(
        "--peers", nargs="+", help="other t-SNEs: openTSNE fft, openTSNE bh, scikit-learn (default: all)"
    )
    command.add_argument("--save", type=Path, help="JSON Lines file to which the rows are added")
    command.add_argument(
        "--growth", type=Path, help="image file: t-SNE's time and memory against points, from all saved rows"
    )
    command.add_argument("--image", type=Path, help="image file: minicnn's embedding of the most points")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure what the options select, and print each table when it is complete."""
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    from . import factorize, plots, tsne
    from .rows import Row, load, markdown, save

    if unknown := set(options.works) - set(WORKS):
        raise SystemExit(f"embed: unknown work {', '.join(sorted(unknown))}; choose from {', '.join(WORKS)}")
    if unknown := set(options.peers or ()) - set(tsne.PEERS):
        raise SystemExit(f"embed: unknown peer {', '.join(sorted(unknown))}; choose from {', '.join(tsne.PEERS)}")
    measured: list[Row] = []
    for work in options.works or WORKS:
        if work == "tsne":
            for points in options.points:
                contest = tsne.contest(points, tuple(options.peers or tsne.PEERS), options.threads, options.rounds or 1)
                print(markdown(contest.rows), flush=True)
                measured += contest.rows
                if options.image and points == max(options.points):
                    plots.embedding(contest.embedding, contest.labels, options.image)
        else:
            rows = factorize.rows(work, options.threads, options.rounds or 9)
            print(markdown(rows), flush=True)
            measured += rows
    if options.save:
        save(measured, options.save)
        measured = load(options.save)
    if options.growth:
        plots.growth(measured, options.growth)
