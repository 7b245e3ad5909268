"""Weight banding on CIFAR-10: does global average pooling cause stripes, and do they turn with the images?

    python -m benchmarks banding                                   # trains three small networks, then measures
    python -m benchmarks banding --squeezenet squeezenet1_1.safetensors

Three networks with the same convolutions and the same initial values:

    average    the maps of the last convolution are averaged to one number each
    dense      they are flattened: the dense layer knows where everything was
    turned     as "average", but all its images are turned by 90°

If averaging causes bands, "average" has an index above 1 in its last convolution, "dense" one near 1, and
"turned" the reciprocal of "average". Measured by `viz.banding_test`, for the last convolution and, as a control, for
the others.

Source: Petrov et al. (2021), Weight banding (Distill).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import minicnn as cnn
import viz
from minicnn.schedules import OneCycle
from viz import plot
from viz.plot._canvas import new_figure

from . import machine
from .report import HERE, section

NETWORKS = ("average", "dense", "turned")
CONVOLUTIONS = ("conv1", "conv2", "conv3")
SEED = 0
FIGURE = HERE / "results" / "banding.png"
ABOUT = """\
Three small networks on CIFAR-10 with the same convolutions and first values: *average* ends in global average pooling,
*dense* flattens its maps instead, *turned* is as *average* but all its images are turned by 90°. The index
(`viz.banding_index`) is how much more the rows of filters differ than their columns: 1 without structure, above 1 with
horizontal bands, below with vertical ones; turning the filters must make it its reciprocal. p: how probable an index as
far from 1 is where each filter's places are shuffled (199 shuffles, two-sided: 0.010 is the least there can be)."""


def build(name: str) -> cnn.Sequential:
    """Three convolutions, the last one on maps of 8×8, and one of the two heads."""
    body = {
        "conv1": cnn.Conv2d(3, 32, 5, stride=2, padding=2),
        "relu1": cnn.ReLU(),
        "conv2": cnn.Conv2d(32, 64, 3, stride=2, padding=1),
        "relu2": cnn.ReLU(),
        "conv3": cnn.Conv2d(64, 64, 3, padding=1),
        "relu3": cnn.ReLU(),
    }
    if name == "dense":
        head: dict[str, Any] = {"flatten": cnn.Flatten(), "fc": cnn.Dense(64 * 8 * 8, 10)}
    else:
        head = {"gap": cnn.GlobalAvgPool2d(), "fc": cnn.Dense(64, 10)}
    return cnn.Sequential(body | head).initialize(SEED)


def turn(dataset: cnn.data.Dataset) -> cnn.data.Dataset:
    """Every image rotated by 90°, counterclockwise."""
    return cnn.data.Dataset(np.rot90(dataset.images, axes=(2, 3)), dataset.labels, dataset.classes)


def mirror_upright(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mirror image left to right, for images that have been turned: they are mirrored top to bottom."""
    upright = cnn.data.RandomFlip()(np.rot90(images, -1, axes=(2, 3)), rng)
    return np.ascontiguousarray(np.rot90(upright, axes=(2, 3)))


def train(name: str, sets: tuple[cnn.data.Dataset, cnn.data.Dataset], folder: Path, epochs: int) -> tuple[Any, float]:
    """A network of the experiment, and its accuracy on the test set; a run in the folder is resumed."""
    train_set, test_set = map(turn, sets) if name == "turned" else sets
    model = build(name)
    history = cnn.fit(
        model,
        train_set,
        valid=test_set,
        epochs=epochs,
        batch_size=128,
        optimizer=cnn.Adam(0.003),
        schedule=OneCycle(),
        augment=mirror_upright if name == "turned" else cnn.data.RandomFlip(),
        seed=SEED,
        checkpoint=folder / "model.safetensors",
        resume=True,
    )
    if history.interrupted:
        raise KeyboardInterrupt  # an interrupted run has no result
    return model, float(history.epochs[-1].valid_accuracy or 0)


def squeezenet_layers(path: str) -> dict[str, np.ndarray]:
    """The 3×3 convolutions of SqueezeNet 1.1's last four modules, which also ends in global average pooling."""
    weights = cnn.zoo.build("squeezenet1_1", weights=path).parameters()
    return {f"SqueezeNet {n}.expand3x3": weights[f"features.{n}.expand3x3.weight"] for n in (9, 10, 11, 12)}


def row(name: str, accuracy: float | None, weights: np.ndarray) -> str:
    """A line of the table: the index, how likely one as far from 1 is by chance, and the index of turned filters."""
    index, p_above = viz.banding_test(weights, permutations=199)
    turned = np.rot90(weights, axes=(2, 3))
    back, p_below = viz.banding_test(turned, permutations=199)
    direction = "horizontal" if p_above < 0.025 else "vertical" if p_below < 0.025 else "none"
    shown = "" if accuracy is None else f"{accuracy:.1%}"
    p = min(1.0, 2 * min(p_above, p_below))
    return f"| {name} | {shown} | {index:.3f} | {p:.3f} | {back:.3f} | {direction} |"


def draw(layers: dict[str, np.ndarray], most: int = 24) -> Figure:
    """The last convolutions side by side, as three groups of inputs in three colors."""
    figure = new_figure(3.1 * len(layers), 4.3)
    for ax, (name, weights) in zip(figure.subplots(1, len(layers)), layers.items(), strict=True):
        last = cnn.Sequential(last=cnn.Conv2d(weights.shape[1], len(weights), weights.shape[2:]))
        last["last"].weight[...] = weights
        drawn = plot.weight_factors(viz.weight_factors(last, "last"), ax, most=most, columns=4)
        drawn.set_title(f"{name}: index {viz.banding_index(weights):.2f}", loc="left", fontsize=9)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks banding", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--root", help="folder of the data (default: $MINICNN_DATA, else the user's cache folder)")
    parser.add_argument("--out", type=Path, default=Path("runs/banding"), help="folder for the trained networks")
    parser.add_argument(
        "--squeezenet", metavar="FILE", help="SqueezeNet weights, with torchvision's names, to measure too"
    )
    options = parser.parse_args(arguments)
    sets = cnn.data.load("cifar10", options.root)
    lines = ["| layer | test accuracy | index | p | index, turned | bands |", "|---|---|---|---|---|---|"]
    last: dict[str, np.ndarray] = {}
    for name in NETWORKS:
        model, accuracy = train(name, sets, options.out / name, options.epochs)
        lines += [row(f"{name}, {layer}", accuracy, model[layer].weight) for layer in CONVOLUTIONS]
        last[name] = model[CONVOLUTIONS[-1]].weight
    if options.squeezenet is not None:
        found = squeezenet_layers(options.squeezenet)
        lines += [row(name, None, weights) for name, weights in found.items()]
        last["SqueezeNet"] = list(found.values())[-1]
    FIGURE.parent.mkdir(exist_ok=True)
    draw(last).savefig(FIGURE, dpi=90)
    command = f"`python -m benchmarks banding --epochs {options.epochs}`: {machine.machine(cnn.get_num_threads())}"
    image = f"![The last convolutions, their inputs in three groups]({FIGURE.relative_to(HERE)})"
    section("Weight banding", "\n\n".join([command, ABOUT, "\n".join(lines), image]))
