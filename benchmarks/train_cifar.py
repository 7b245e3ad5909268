"""CIFAR-10 from initial values to an accuracy: a full training on this machine.

    python -m benchmarks train_cifar --model cifar-vgg-bn
    python -m benchmarks train_cifar --model resnet20

The recipe: SGD with Nesterov momentum and weight decay, one cycle of the learning rate, label smoothing; images
shifted by up to 2 pixels, and mirrored. The test set is measured after every epoch, and chooses nothing: the figures
are the last epoch's, of each image alone and of each together with its mirror image. An interrupted run resumes where
it stopped when it is called again; for a finished one, only the section of RESULTS.md and its figure are written
again.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import minicnn as cnn
from minicnn.group import Group
from minicnn.schedules import OneCycle
from minicnn.training import JsonLines

from .machine import machine
from .report import HERE, add_distributed, group_of, section

EPOCHS = {"cifar-vgg-bn": 18, "resnet20": 18}


class ProcessorTime:
    """Logs after each epoch the seconds of processor time since the last one: the cost of the run, no matter how
    busy the machine was with other work."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, time.process_time()

    def __call__(self, run: Any) -> None:
        now = time.process_time()
        with self.path.open("a") as file:
            file.write(json.dumps([run.epoch, now - self.last]) + "\n")
        self.last = now


def train(
    model: str, train_set: Any, test_set: Any, folder: Path, epochs: int, group: Group
) -> tuple[Any, cnn.History]:
    """Train a network by the recipe; its checkpoint and logs are written to the folder."""
    network = cnn.zoo.build(model, classes=len(train_set.classes), seed=0)
    history = cnn.fit(
        network,
        train_set,
        valid=test_set,
        epochs=epochs,
        batch_size=128,
        optimizer=cnn.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
        schedule=OneCycle(),
        loss=functools.partial(cnn.ops.cross_entropy, label_smoothing=0.1),
        augment=cnn.data.Compose([cnn.data.RandomCrop(2), cnn.data.RandomFlip()]),
        seed=0,
        callbacks=[JsonLines(folder / "log.jsonl"), ProcessorTime(folder / "processor.jsonl")],
        checkpoint=folder / "model.safetensors",
        resume=True,
        group=group,
    )
    if history.interrupted:
        raise KeyboardInterrupt  # an interrupted run has no result
    return network, history


def mirrored_accuracy(network: Any, dataset: Any, group: Group) -> float:
    """Accuracy with the probabilities of each image and its mirror image averaged."""
    mirrored = cnn.data.Dataset(dataset.images[..., ::-1], dataset.labels, dataset.classes)
    probabilities = sum(cnn.evaluate(network, each, group=group).probabilities for each in (dataset, mirrored))
    return float((probabilities.argmax(axis=1) == dataset.labels).mean())


def table(history: cnn.History, folder: Path) -> str:
    """The log, epoch by epoch; minutes of training in elapsed and in processor time, evaluation included."""
    spent: Counter[int] = Counter()
    for line in (folder / "processor.jsonl").read_text().splitlines():
        epoch, seconds = json.loads(line)
        spent[epoch] += seconds
    lines = [
        "| epoch | learning rate | training loss | accuracy | test loss | accuracy | minutes | processor minutes |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for e in history.epochs:
        cells = f"{e.lr:.4f}", f"{e.train_loss:.3f}", f"{e.train_accuracy:.2%}", f"{e.valid_loss:.3f}"
        minutes = f"{e.valid_accuracy:.2%}", f"{e.seconds / 60:.1f}", f"{spent[e.epoch] / 60:.1f}"
        lines.append(f"| {' | '.join([str(e.epoch), *cells, *minutes])} |")
    total = sum(e.seconds for e in history.epochs) / 60, sum(spent.values()) / 60
    return "\n".join([*lines, f"| all | | | | | | {total[0]:.1f} | {total[1]:.1f} |"])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks train_cifar", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--model", choices=EPOCHS, default="cifar-vgg-bn")
    parser.add_argument("--epochs", type=int, help="default: 18")
    parser.add_argument("--root", help="folder of the data (default: $MINICNN_DATA, else the user's cache folder)")
    parser.add_argument("--out", type=Path, help="folder for the run (default: runs/cifar10-MODEL)")
    add_distributed(parser)
    options = parser.parse_args(arguments)
    group = group_of(options)
    from viz.plot import training

    name, folder = options.model, options.out or Path(f"runs/cifar10-{options.model}")
    train_set, test_set = cnn.data.load("cifar10", options.root)
    network, history = train(name, train_set, test_set, folder, options.epochs or EPOCHS[name], group)
    accuracy = mirrored_accuracy(network, test_set, group)
    if not group.main:
        return
    image = Path("results") / f"cifar10-{name}.png"
    (HERE / image).parent.mkdir(exist_ok=True)
    training(history, validation="test").savefig(HERE / image, dpi=80)
    shared = f", {group.size} processes, times of the first" if group.size > 1 else ""
    command = f"`python -m benchmarks train_cifar --model {name}`, on {machine(cnn.get_num_threads())}{shared}."
    mirrored = f"{accuracy:.2%} where each image and its mirror image vote together"
    result = f"Test set after the last epoch: {history.epochs[-1].valid}; {mirrored}."
    curves = f"![Loss and accuracy of {name}, epoch by epoch]({image.as_posix()})"
    section(f"CIFAR-10: {name}", "\n\n".join([command, result, table(history, folder), curves]))
