"""CIFAR-10 from first values to a figure: the whole of training, on this machine.

    python -m benchmarks.train_cifar --model cifar-vgg-bn
    python -m benchmarks.train_cifar --model resnet20

The recipe: SGD with Nesterov's momentum and weight decay, one cycle of the learning rate, label smoothing; pictures
shifted by up to 2 pixels, and mirrored. In so few epochs a small network learns too little rather than by heart, and
stronger augmentation would cost more than it brings. The test set is measured after every epoch, and chooses nothing:
the figure is the last epoch's. An interrupted run goes on where it stood when it is called again.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

import minicnn as cnn
from minicnn.schedules import OneCycle
from minicnn.training import JsonLines

from .machine import machine

EPOCHS = {"cifar-vgg-bn": 10, "resnet20": 16}


def train(model: str, train_set: Any, test_set: Any, folder: Path, epochs: int) -> cnn.History:
    """Train a network by the recipe; its checkpoint and log come into the folder."""
    network = cnn.zoo.build(model, classes=len(train_set.classes), seed=0)
    return cnn.fit(
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
        callbacks=[JsonLines(folder / "log.jsonl")],
        checkpoint=folder / "model.safetensors",
        resume=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_cifar", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--model", choices=EPOCHS, default="cifar-vgg-bn")
    parser.add_argument("--epochs", type=int, help="default: 10 for cifar-vgg-bn, 16 for resnet20")
    parser.add_argument("--root", help="where the data lie (default: $MINICNN_DATA, else the user's cache folder)")
    parser.add_argument("--out", type=Path, help="the run's folder (default: runs/cifar10-MODEL)")
    options = parser.parse_args()
    from viz.plot import training_curves

    folder = options.out or Path(f"runs/cifar10-{options.model}")
    train_set, test_set = cnn.data.load("cifar10", options.root)
    history = train(options.model, train_set, test_set, folder, options.epochs or EPOCHS[options.model])
    training_curves(history, validation="test").savefig(folder / "curves.png")
    print(f"{options.model} on {machine(cnn.get_num_threads())}")
    print(history)
    minutes = sum(epoch.seconds for epoch in history.epochs) / 60
    print(f"test set: {history.epochs[-1].valid}, after {minutes:.1f} minutes of training")


if __name__ == "__main__":
    main()
