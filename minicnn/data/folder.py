"""A folder of class folders of images: `root/cat/tom.jpg`, the layout of torchvision's ImageFolder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicnn.data.dataset import Dataset
from minicnn.data.errors import DataError
from minicnn.data.image import SUFFIXES, Size, read_image, to_gray
from minicnn.deprecation import renamed_value
from minicnn.display import tqdm

TEST_FOLDERS = ("test", "valid", "val")


def load_folder(
    root: str | Path,
    *,
    size: Size | None = None,
    channels: str | None = None,
    fraction: float = 0.8,
    seed: int = 0,
) -> tuple[Dataset, Dataset]:
    """Training and test set: from the subfolders `train` and `test` (or `valid`, `val`), else by a random split.

    Args:
        root: class folders, or subfolders `train` and `test` of class folders.
        size: see `read_folder`.
        channels: see `read_folder`.
        fraction: the share of each class that goes into the training set if there are no such subfolders.
        seed: of that split.

    Raises:
        DataError: a folder is missing or empty, an image is broken, or they differ in size or channels.
    """
    root = Path(root)
    if not _subfolders(root / "train"):  # either it holds images itself (a class called "train"), or it does not exist
        return read_folder(root, size=size, channels=channels).split(fraction, seed)
    test_root = next((root / name for name in TEST_FOLDERS if _subfolders(root / name)), None)
    if test_root is None:
        raise DataError(f"{root}: expected class folders in test/ next to train/, but there are none; add them")
    train = read_folder(root / "train", size=size, channels=channels)
    if channels is None and train.images.shape[1] == 3:
        channels = "RGB"
    test = read_folder(test_root, size=size, channels=channels, classes=train.classes)
    if test.images.shape[1:] != train.images.shape[1:]:
        raise DataError(
            f"{test_root}: its images are {_shape(test.images[0])}, but those in {root / 'train'} are "
            f"{_shape(train.images[0])}; give size= and channels= to make them all alike"
        )
    return train, test


def read_folder(
    root: str | Path,
    *,
    size: Size | None = None,
    channels: str | None = None,
    classes: Sequence[str] | None = None,
) -> Dataset:
    """All images in the class folders of `root`, at any depth; hidden files, and files of other kinds, are ignored.

    Args:
        root: holds a folder of images for each class.
        size: bring all images to this (height, width), or square of this side: scaled with the aspect ratio kept, then
            cropped in the center. Without it they must all have the same size.
        channels: "gray" or "RGB" converts all images; None makes them gray if all are, else RGB.
        classes: names of the class folders; None takes all folders, sorted.

    Raises:
        DataError: a folder is missing, empty or unexpected, or an image is broken or of another size.
        ValueError: `channels` is unknown.
    """
    channels = renamed_value("read_folder: channels", channels, grey="gray")
    if channels not in (None, "gray", "RGB"):
        raise ValueError(f"read_folder: channels must be 'gray', 'RGB' or None, got {channels!r}")
    root = Path(root)
    paths, labels, classes = _list_images(root, classes)
    images = np.empty((0, 1, 0, 0), np.uint8)
    for place, path in enumerate(tqdm(paths, desc=f"reading {root.name}", unit=" images", leave=False)):
        image = read_image(path, size, size)
        if channels == "gray" and len(image) == 3:
            image = to_gray(image)
        if place == 0:
            images = np.empty((len(paths), 3 if channels == "RGB" else len(image), *image.shape[1:]), np.uint8)
        if image.shape[1:] != images.shape[2:]:
            raise DataError(
                f"{path}: {_shape(image)}, but {paths[0]} is {_shape(images[0])}; "
                "give size= to bring them all to one size, or remove the odd one"
            )
        if len(image) > images.shape[1]:  # the first color image among gray ones
            images = np.repeat(images, 3, axis=1)
        images[place] = image
    return Dataset(images, labels, classes, paths)


def _list_images(root: Path, classes: Sequence[str] | None) -> tuple[list[Path], NDArray[np.int64], list[str]]:
    """Paths and labels, class by class, and the classes."""
    if not root.is_dir():
        raise DataError(f"{root}: expected a folder of class folders, but it does not exist; check the path")
    found = _subfolders(root)
    if not found:
        raise DataError(
            f"{root}: expected a folder for each class, such as {root / 'cat'}, but there is none; make them"
        )
    names = found if classes is None else list(classes)
    for name in found:
        if name not in names:
            raise DataError(f"{root / name}: expected only folders of the classes {names}; remove or rename it")
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        if name not in found:
            continue
        inside = sorted(
            path for path in (root / name).rglob("*") if _is_image(path.relative_to(root)) and path.is_file()
        )
        if not inside:
            raise DataError(
                f"{root / name}: expected images ({', '.join(sorted(SUFFIXES))}) in this class folder, "
                "but there are none; add some or remove it"
            )
        paths += inside
        labels += [label] * len(inside)
    return paths, np.array(labels, np.int64), names


def _subfolders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def _shape(image: NDArray[np.uint8]) -> str:
    channels, height, width = image.shape
    return f"{width}×{height} {'gray' if channels == 1 else 'color'}"
