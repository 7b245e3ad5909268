"""Do nearest neighbors agree on the label more often in features than in pixels?

    python -m benchmarks neighbors --model runs/mnist-seed/model.safetensors --data mnist

The nearest neighbors of each test image among the training images, by Euclidean distance in pixels and in a layer's
output; the share of them with the same label, and the accuracy of predicting the nearest one's label. Then a
pass over all training images, with the memory that it needs in addition to the data.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import minicnn as cnn
import viz

from .memory import PeakMemory
from .report import add_distributed, group_of, section


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks neighbors", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--model", required=True, help="a file that `minicnn train` has written")
    parser.add_argument("--data", default="mnist", help="the data set that it was trained on (default: mnist)")
    parser.add_argument("--root", help="folder of the data (default: $MINICNN_DATA, else the user's cache folder)")
    parser.add_argument("--layer", default="relu3", help="layer whose output is the feature space (default: relu3)")
    parser.add_argument("--maps", default="relu2", help="layer whose channels are summarized (default: relu2)")
    parser.add_argument("-k", type=int, default=10, help="number of neighbors (default: 10)")
    parser.add_argument("--train", type=int, help="search only the first TRAIN training images (default: all)")
    parser.add_argument("--test", type=int, help="use only the first TEST test images (default: all)")
    add_distributed(parser)
    options = parser.parse_args(arguments)
    group = group_of(options)
    model = cnn.load(options.model)
    train, test = cnn.data.load(options.data, options.root)
    accuracy = cnn.evaluate(model, test, group=group).accuracy
    train, test = train[: options.train], test[: options.test]
    features = [viz.extract_features(model, part, options.layer, group=group) for part in (train, test)]
    pixels = [part.images.reshape(len(part), -1) for part in (train, test)]
    lines = [f"| space | numbers | {options.k} nearest agree | nearest agrees |", "|---|---|---|---|"]
    for name, (known, asked) in (("pixels", pixels), (options.layer, features)):
        found, _ = viz.nearest_neighbors(known, asked, options.k, group=group)
        shares = [viz.label_agreement(found[:, :k], train.labels, test.labels) for k in (options.k, 1)]
        lines.append(f"| {name} | {known.shape[1]} | {shares[0]:.2%} | {shares[1]:.2%} |")
    passes: dict[str, Callable[[], Any]] = {
        "activation_statistics": lambda: viz.activation_statistics(model, train, [options.maps], group=group),
        "exciting_patches": lambda: viz.exciting_patches(model, train, options.maps, group=group),
        "extract_features": lambda: viz.extract_features(model, train, options.layer, group=group),
    }
    needs = []
    for name, work in passes.items():
        with PeakMemory() as memory:
            work()
        needs.append(f"`{name}` {memory.megabytes:.0f} MB")
    if not group.main:
        return
    about = (
        f"`python -m benchmarks neighbors --model {options.model} --data {options.data}`: the {options.k} nearest of "
        f"{len(train):,} training images to each of {len(test):,} test images, by Euclidean distance, and how many "
        f"bear its label. The network finds the class of {accuracy:.2%} of the test set."
    )
    shared = f", in the first of {group.size} processes" if group.size > 1 else ""
    memory_line = f"Passes over the {len(train):,} images, memory at most above the data{shared}: {', '.join(needs)}."
    section(f"Neighbors in pixels and in features: {options.data}", "\n\n".join([about, "\n".join(lines), memory_line]))
