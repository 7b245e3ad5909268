"""Count the oriented edges and opposing colors among the first filters of trained networks.

    python -m benchmarks first_filters                                  # trains a network on CIFAR-10, then counts
    python -m benchmarks first_filters runs/cifar/model.safetensors --squeezenet squeezenet1_1.safetensors

The network has filters of 7×7, large enough to show a direction. Their initial values are a tenth of the usual: the
initial noise would otherwise still be visible at the end, and hide what was learned.

A filter counts if its orientation (`viz.weights.orientation`) or its color opponency (`color_opponency`) is above
that of 95 % of random filters of its shape: 5 % would by chance. It counts as gray if its opponency is below.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import minicnn as cnn
from minicnn.schedules import OneCycle
from viz import plot, weights
from viz.plot._canvas import new_figure

from .report import HERE, section

FIGURE = HERE / "results" / "first-filters.png"
SEED = 0
MEASURES = weights.orientation, weights.color_opponency, lambda w: 1 - weights.color_opponency(w)


def build() -> cnn.Sequential:
    """AlexNet in little: 32 filters of 7×7 in steps of 2, then two convolutions and a dense layer."""
    model = cnn.Sequential(
        conv1=cnn.Conv2d(3, 32, 7, stride=2, padding=3),
        relu1=cnn.ReLU(),
        conv2=cnn.Conv2d(32, 64, 3, padding=1),
        relu2=cnn.ReLU(),
        pool2=cnn.MaxPool2d(2),
        conv3=cnn.Conv2d(64, 64, 3, padding=1),
        relu3=cnn.ReLU(),
        pool3=cnn.MaxPool2d(2),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(64 * 4 * 4, 10),
    ).initialize(SEED)
    model["conv1"].weight *= 0.1
    return model


def train(folder: Path, root: str | None, epochs: int) -> tuple[cnn.Sequential, float]:
    """The network, and its accuracy on CIFAR-10's test set; a run in the folder is resumed."""
    model = build()
    train_set, test_set = cnn.data.load("cifar10", root)
    history = cnn.fit(
        model,
        train_set,
        valid=test_set,
        epochs=epochs,
        batch_size=100,
        optimizer=cnn.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
        schedule=OneCycle(),
        augment=cnn.data.Compose([cnn.data.RandomCrop(2), cnn.data.RandomFlip()]),
        seed=SEED,
        checkpoint=folder / "model.safetensors",
        resume=True,
    )
    if history.interrupted:
        raise KeyboardInterrupt  # an interrupted run has no result
    return model, float(history.epochs[-1].valid_accuracy or 0)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks first_filters", description=__doc__.partition("\n\n")[2]
    )
    parser.add_argument("models", metavar="MODEL", nargs="*", type=Path, help="a file that `minicnn train` has written")
    parser.add_argument("--squeezenet", metavar="FILE", help="SqueezeNet weights, with torchvision's names")
    parser.add_argument("--epochs", type=int, default=6, help="training epochs (default: 6)")
    parser.add_argument("--root", help="folder of the data (default: $MINICNN_DATA, else the user's cache folder)")
    parser.add_argument("--out", type=Path, default=Path("runs/first-filters"), help="folder for the trained network")
    options = parser.parse_args(arguments)
    model, accuracy = train(options.out, options.root, options.epochs)
    found: dict[str, np.ndarray] = {f"7×7, {options.epochs} epochs, {accuracy:.1%}": weights.filters(model)}
    found |= {path.parent.name: weights.filters(cnn.load(path)) for path in options.models}
    if options.squeezenet is not None:
        model = cnn.zoo.build("squeezenet1_1", weights=options.squeezenet)
        found["squeezenet1_1"] = weights.filters(model)[:, ::-1]  # it takes blue, green, red
    lines = ["| network | filters | oriented | color-opponent | gray |", "|---|---|---|---|---|"]
    figure = new_figure(4.4 * len(found), 3.2)
    for ax, (name, w) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        oriented, opponent, gray = (weights.beyond_chance(of, w)[0] for of in MEASURES)
        shape = "×".join(map(str, w.shape))
        lines.append(f"| {name} | {shape} | {oriented:.0%} | {opponent:.0%} | {gray:.0%} |")
        plot.filters(w, ax, title=f"{name}: {oriented:.0%} oriented, {opponent:.0%} color", columns=12)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=90)
    about = (
        "`python -m benchmarks first_filters`: the share of first-layer filters whose orientation, and whose color "
        "opponency, is above that of 95 % of random filters of their shape (5 % by chance); gray are those whose "
        "opponency is below that of 95 %. In random filters two thirds of the energy are differences of color."
    )
    image = f"![First-layer filters]({FIGURE.relative_to(HERE)})"
    section("First-layer filters", "\n\n".join([about, "\n".join(lines), image]))
