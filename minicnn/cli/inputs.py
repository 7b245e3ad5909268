"""Arguments of several commands: a data set, a model, threads."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.data import Dataset

MODEL_FILE = "model.safetensors"
SNAPSHOTS = "snapshots"  # a folder in the run's
DATA_HELP = (
    "garments (drawn here, no file needed), mnist, fashion-mnist or cifar10 (downloaded where missing), "
    "or a folder that holds a folder of images for each class, perhaps in train/ and test/"
)
MODEL_HELP = f"the folder of a run, or a file such as its {MODEL_FILE}"


def add_data(parser: argparse.ArgumentParser) -> Any:
    """Add DATA and its options; returns the group of options that say how images are read."""
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    return add_reading(parser)


def add_reading(parser: argparse.ArgumentParser) -> Any:
    """The options that say how images are read."""
    group = parser.add_argument_group("images")
    group.add_argument(
        "--root", metavar="DIR", help="where data files lie (default: $MINICNN_DATA, else the user's cache folder)"
    )
    group.add_argument("--size", metavar="N", type=int, help="scale and crop the images of a folder to N×N")
    return group


def add_threads(group: Any) -> None:
    group.add_argument("--threads", metavar="N", type=int, help="threads to compute on (default: as many as cores)")


def is_name(text: str, names: Collection[str], what: str) -> bool:
    """Whether a text is one of our names. If it could also be a file or folder, it is the name, unless written
    "./mnist".

    If both exist, a line on stderr says so.
    """
    if text in names and Path(text).exists():
        print(f"{text}: the {what} of that name is meant; for what lies here, write ./{text}", file=sys.stderr)
    return text in names


def load_data(options: argparse.Namespace) -> tuple[Dataset, Dataset]:
    """Training and test set."""
    from minicnn import data

    is_name(options.data, data.NAMES, "data set")
    return data.load(options.data, options.root, **({} if options.size is None else {"size": options.size}))


def set_threads(options: argparse.Namespace) -> None:
    if options.threads is not None:
        from minicnn import set_num_threads

        set_num_threads(options.threads)


def load_model(name: str) -> Any:
    """The model in a file, or in the folder of a run.

    Raises:
        ValueError: there is none, or it is an ONNX file, which has to be imported first.
    """
    from minicnn import load

    path = Path(name)
    if not path.exists():
        raise ValueError(f"{name}: there is no such file or folder; expected {MODEL_HELP}")
    if path.is_dir() and not (path / MODEL_FILE).exists():
        raise ValueError(f"{name}: expected the folder of a run, but there is no {MODEL_FILE} in it")
    if path.suffix.lower() == ".onnx" and path.is_file():
        raise ValueError(
            f"{name}: expected a model of minicnn, but this is an ONNX file; first `minicnn import {name}`"
        )
    return load(path / MODEL_FILE if path.is_dir() else path)


def bars() -> bool:
    """Whether stderr is a terminal, on which to show progress."""
    return sys.stderr.isatty()
