"""Data sets by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from minicnn.data import cifar, idx
from minicnn.data.cifar import load_cifar10, read_cifar10
from minicnn.data.dataset import Dataset
from minicnn.data.download import find
from minicnn.data.errors import DataError
from minicnn.data.folder import load_folder
from minicnn.data.idx import read_idx_folder
from minicnn.data.mnist import FASHION_MNIST, MNIST, load_mnist

NAMES = ("garments", "mnist", "fashion-mnist", "cifar10")


def load(name: str | Path, root: str | Path | None = None, **options: Any) -> tuple[Dataset, Dataset]:
    """Training and test set of a data set.

    | name | what | options |
    |---|---|---|
    | "garments" | clothing drawn by our own code, no file needed | those of `garments.load` |
    | "mnist", "fashion-mnist", "cifar10" | from files under `root`, downloaded if missing | none |
    | a folder | class folders of images, perhaps in train/ and test/ | those of `load_folder` |
    | a folder | four IDX files named as MNIST's, or CIFAR-10's six binary files | none |

    Args:
        name: a name, or a path (relative to `root`, if given). If it could be both, it is the name; write "./mnist", or
            give a Path, for the folder.
        root: the folder of data files; by default MINICNN_DATA, or the platform's cache folder.
        options: see the table.

    Raises:
        DataError: a file is broken, or missing and cannot be downloaded.
        ValueError: the name or an option is unknown.
    """
    loader = _loader(name, root)
    try:
        inspect.signature(loader).bind(**options)
    except TypeError as error:
        raise ValueError(f"load {str(name)!r}: {error}") from error
    try:
        return loader(**options)
    except OSError as error:
        raise DataError(f"{error.filename or name}: it cannot be read ({error.strerror or error})") from error


def _loader(name: str | Path, root: str | Path | None) -> Callable[..., tuple[Dataset, Dataset]]:
    """The function that loads this data set, given its options."""
    match name:
        case "garments":
            from minicnn.data import garments

            return garments.load
        case "mnist":
            return partial(load_mnist, MNIST, root)
        case "fashion-mnist":
            return partial(load_mnist, FASHION_MNIST, root)
        case "cifar10":
            return partial(load_cifar10, root)
    folder = Path(root or "") / Path(name).expanduser()
    if folder.is_dir():
        if find([file + suffix for file in idx.FILES for suffix in ("", ".gz")], [folder]):
            return partial(read_idx_folder, folder)
        if find(cifar.FILES, [folder]):
            return partial(read_cifar10, folder)
        return partial(load_folder, folder)
    if isinstance(name, Path) or Path(name).name != name:
        raise DataError(f"{folder}: expected a folder with a data set, but it does not exist; check the path")
    near = difflib.get_close_matches(name.lower(), NAMES, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"load: unknown data set {name!r}; {guess}known: {', '.join(NAMES)}, or the path of a folder")
