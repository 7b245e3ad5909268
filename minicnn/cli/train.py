"""Train a network, and keep it.

An epoch goes through all training images once; after it the network is
measured on the test images. The folder of the run then holds

  model.safetensors   the network, for `evaluate`, `predict` and Python, and
                      all that --resume needs
  log.jsonl           a line of JSON for each epoch, from epoch 0: untrained
  curves.png          loss and accuracy, epoch by epoch
  confusion.png       which classes are taken for which
  snapshots/          with --snapshots, the network at moments of its training

A run that was interrupted, by Ctrl-C or by a power cut, goes on with --resume
added to its command, and ends with the very weights it would have had.

Started by MPI's `mpiexec -n 4` with --distributed added, four processes, here
or on several machines, train the one network together.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .inputs import MODEL_FILE, add_data, add_threads, load_data, set_threads

if TYPE_CHECKING:
    from minicnn.data.augment import Augmentation
    from minicnn.group import Group

LEARNING_RATES = {"adam": 0.004, "adamw": 0.004, "sgd": 0.05}
MOMENTUM = 0.9
SCHEDULES = ("one-cycle", "cosine", "constant")

EXAMPLES = """\
examples:
  minicnn train garments
  minicnn train mnist --model lenet5 --epochs 10 --augment crop=2
  minicnn train cifar10 --model cifar-vgg --epochs 20 --augment crop=4,flip
  minicnn train photos/ --size 64 --model resnet18 --out runs/photos
  mpiexec -n 4 minicnn train cifar10 --model cifar-vgg --distributed"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from minicnn.zoo import names

    images = add_data(parser)
    images.add_argument(
        "--augment",
        metavar="LIST",
        default="",
        help="change training images at random: crop=4 shifts them by up to 4 pixels, flip mirrors them, cutout=8 "
        "blackens a square of 8 pixels; several with commas: crop=4,flip",
    )

    network = parser.add_argument_group("network")
    network.add_argument("--model", metavar="NAME", default="seed", help=f"{', '.join(names())} (default: seed)")

    learning = parser.add_argument_group("learning")
    learning.add_argument("--epochs", metavar="N", type=int, default=5, help="default: 5")
    learning.add_argument("--batch-size", metavar="N", type=int, default=32, help="images in a step (default: 32)")
    learning.add_argument(
        "--optimizer", metavar="NAME", choices=LEARNING_RATES, default="adam", help="adam (the default), adamw or sgd"
    )
    rates = ", ".join(f"{rate} for {name}" for name, rate in LEARNING_RATES.items())
    learning.add_argument("--lr", metavar="X", type=float, help=f"the highest learning rate (default: {rates})")
    learning.add_argument("--momentum", metavar="X", type=float, help=f"of sgd (default: {MOMENTUM})")
    learning.add_argument("--weight-decay", metavar="X", type=float, help="default: 0, but 0.01 for adamw")
    learning.add_argument(
        "--schedule",
        metavar="NAME",
        choices=SCHEDULES,
        default=SCHEDULES[0],
        help="of the learning rate: one-cycle (the default) climbs for a third of the run, then falls to nothing; "
        "cosine only falls; constant",
    )
    learning.add_argument(
        "--label-smoothing", metavar="X", type=float, default=0.0, help="the part of each target that all classes share"
    )
    learning.add_argument("--clip-norm", metavar="X", type=float, help="scale gradients of a larger norm down to it")
    learning.add_argument("--seed", metavar="N", type=int, default=0, help="of all that is random (default: 0)")

    running = parser.add_argument_group("running")
    running.add_argument("--out", metavar="DIR", type=Path, help="the run's folder (default: runs/DATA-MODEL)")
    running.add_argument("--resume", action="store_true", help="go on where the folder's model stands, if it has one")
    running.add_argument(
        "--snapshots", action="store_true", help="keep the network at moments of its training: `atlas` shows the film"
    )
    add_threads(running)
    running.add_argument("--quiet", action="store_true", help="print the result alone")

    together = parser.add_argument_group("many processes")
    together.add_argument("--distributed", action="store_true", help="train with all processes of mpiexec")
    together.add_argument(
        "--shares",
        metavar="N",
        type=int,
        default=8,
        help="what each batch is cut into, a power of two, for at most as many processes (default: 8); the weights "
        "depend on it, and not on the number of processes",
    )
    together.add_argument(
        "--any-order",
        action="store_true",
        help="sum in whatever order is fastest, with any number of processes, on which the last digits then depend",
    )
    together.add_argument(
        "--sync-batch-norm", action="store_true", help="batch norm takes the statistics of the whole batch"
    )


def run(options: argparse.Namespace) -> None:
    with group_of(options) as group:
        if not group.main:  # one process speaks, and the watchers if one dies
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        _train(options, group)


def _train(options: argparse.Namespace, group: Group) -> None:
    from minicnn import ops, schedules, zoo

    zoo.network(options.model)  # report a wrong name before any work
    folder = options.out or Path("runs", f"{Path(options.data).name}-{options.model}")
    if not options.resume and (folder / MODEL_FILE).exists():
        raise ValueError(f"train: {folder} holds a run already; add --resume to go on with it, or give another --out")
    optimizer, augment = optimizer_options(options), augmentation(options.augment)
    set_threads(options)
    train, test = load_data(options)
    channels, height, width = train.images.shape[1:]
    model = zoo.build(
        options.model,
        classes=len(train.classes),
        in_channels=channels,
        input_size=(height, width),
        seed=options.seed,
    )

    from .figures import write_run
    from .learning import interrupted, learn
    from .report import data_line, model_line, results

    if not options.quiet:
        print(data_line(options.data, train, test), model_line(options.model, model), sep="\n", flush=True)
    try:
        history, evaluation = learn(
            model,
            train,
            test,
            folder,
            quiet=options.quiet,
            optimizer=optimizer,
            snapshots=options.snapshots,
            epochs=options.epochs,
            batch_size=options.batch_size,
            schedule=schedules.build(options.schedule),
            loss=functools.partial(ops.cross_entropy, label_smoothing=options.label_smoothing),
            augment=augment,
            clip_norm=options.clip_norm,
            seed=options.seed,
            resume=options.resume,
            group=group,
        )
    except KeyboardInterrupt:
        line = f"mpiexec -n {group.size} {options.line}" if options.distributed else options.line
        raise interrupted(folder, line) from None
    if not group.main:
        return
    write_run(folder, history, evaluation)
    text = results(evaluation)
    print(text.partition("\n")[0] if options.quiet else f"\n{text}\n\nall in {folder}")


def group_of(options: argparse.Namespace) -> Group:
    """The processes to train with."""
    from minicnn.distributed import mpi
    from minicnn.group import Group

    if options.distributed:
        return mpi(options.shares, any_order=options.any_order, sync_batch_norm=options.sync_batch_norm)
    if options.any_order or options.sync_batch_norm or options.shares != 8:
        raise ValueError("train: --shares, --any-order and --sync-batch-norm are for --distributed; add it")
    return Group()


def optimizer_options(options: argparse.Namespace) -> dict[str, Any]:
    """What `optim.build` takes."""
    name = options.optimizer
    if options.momentum is not None and name != "sgd":
        raise ValueError(f"train: --momentum is sgd's, and {name} has its own; leave it out, or add --optimizer sgd")
    given = {"lr": options.lr, "momentum": options.momentum, "weight_decay": options.weight_decay}
    defaults = {"lr": LEARNING_RATES[name], **({"momentum": MOMENTUM} if name == "sgd" else {})}
    return {"name": name, **defaults, **{option: value for option, value in given.items() if value is not None}}


def augmentation(text: str) -> Augmentation | None:
    """What "crop=4,flip,cutout=8" stands for; "" for none.

    Raises:
        ValueError: it is written otherwise, or a number is out of range.
    """
    from minicnn import data

    steps: list[Augmentation] = []
    for part in filter(None, text.split(",")):
        match part.split("="):
            case ["flip"]:
                steps.append(data.RandomFlip())
            case ["crop", pixels] if pixels.isdecimal():
                steps.append(data.RandomCrop(int(pixels)))
            case ["cutout", pixels] if pixels.isdecimal():
                steps.append(data.Cutout(int(pixels)))
            case _:
                raise ValueError(f"train: --augment expects a list such as crop=4,flip,cutout=8, got {part!r} in it")
    return data.Compose(steps) if steps else None
