"""Oriented edges and opposing colours among the first filters of trained networks, counted.

    python -m benchmarks.first_filters runs/cifar/model.safetensors --squeezenet squeezenet1_1.safetensors

A filter counts where its orientation (`viz.weights.orientation`), or its colour opponency (`color_opponency`), is above
that of 95 % of random filters of its shape: 5 % would by chance.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import minicnn as cnn
from viz import plot, weights
from viz.plot.canvas import new_figure

from .report import HERE, section

FIGURE = HERE / "results" / "first-filters.png"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_filters", description=__doc__.partition("\n\n")[2]
    )
    parser.add_argument("models", metavar="MODEL", nargs="*", type=Path, help="a file that `minicnn train` has written")
    parser.add_argument("--squeezenet", metavar="FILE", help="its weights, under torchvision's names")
    options = parser.parse_args()
    found: dict[str, np.ndarray] = {path.parent.name: weights.filters(cnn.load(path)) for path in options.models}
    if options.squeezenet is not None:
        model = cnn.zoo.build("squeezenet1_1", weights=options.squeezenet)
        found["squeezenet1_1"] = weights.filters(model)[:, ::-1]  # it takes blue, green, red
    if not found:
        raise SystemExit("first_filters: give at least one MODEL, or --squeezenet")
    lines = ["| network | filters | oriented | colour-opponent |", "|---|---|---|---|"]
    figure = new_figure(4.4 * len(found), 3.2)
    for ax, (name, w) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        oriented, opponent = (weights.beyond_chance(of, w)[0] for of in (weights.orientation, weights.color_opponency))
        shape = "×".join(map(str, w.shape))
        lines.append(f"| {name} | {shape} | {oriented:.0%} | {opponent:.0%} |")
        plot.filters(w, ax, title=f"{name}: {oriented:.0%} oriented, {opponent:.0%} colour", columns=12)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=90)
    about = (
        "`python -m benchmarks.first_filters`: the share of first-layer filters whose orientation, and whose colour "
        "opponency, is above that of 95 % of random filters of their shape (5 % by chance)."
    )
    picture = f"![First-layer filters]({FIGURE.relative_to(HERE)})"
    section("First-layer filters", "\n\n".join([about, "\n".join(lines), picture]))


if __name__ == "__main__":
    main()
