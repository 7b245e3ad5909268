"""CIFAR-10 in its binary form: six files of records, one label byte and 3 × 32 × 32 pixels, channel-major, each.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from minicnn.data.dataset import Dataset
from minicnn.data.download import check_md5, data_folders, download, find
from minicnn.data.errors import DataError
from minicnn.message import one_line

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
RECORDS = 10_000  # in each file
FILES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]

FOLDER = "cifar-10-batches-bin"  # its name in the archive
ARCHIVE = "cifar-10-binary.tar.gz"
URL = "https://www.cs.toronto.edu/~kriz/"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"


def load_cifar10(root: str | Path | None = None) -> tuple[Dataset, Dataset]:
    """The 50,000 training and 10,000 test images, from the unpacked files, the archive, or the network.

    Raises:
        DataError: a file is broken, or missing and cannot be downloaded.
    """
    folders = data_folders("cifar10", root)
    for folder in folders:
        for unpacked in (folder / FOLDER, folder):
            if find(FILES, [unpacked]):
                return read_cifar10(unpacked)
    archive = find([ARCHIVE], folders)
    if archive is None:
        archive = download(URL + ARCHIVE, f"md5:{MD5}", folders[0])
    else:
        check_md5(archive, MD5)
    return read_cifar10(archive)


def read_cifar10(source: str | Path) -> tuple[Dataset, Dataset]:
    """Training and test set from a folder that holds the six files, or from the official archive.

    Raises:
        DataError: a file is missing or broken.
    """
    source = Path(source)
    images = np.empty((len(FILES) * RECORDS, *SHAPE), np.uint8)
    labels = np.empty(len(images), np.int64)
    missing = set(FILES)
    for name, content in _archive(source) if source.is_file() else _folder(source):
        first = FILES.index(name) * RECORDS
        images[first : first + RECORDS], labels[first : first + RECORDS] = _records(source / name, content)
        missing.discard(name)
    if missing:
        raise DataError(f"{source}: expected the file {min(missing)}, but it is missing; get {URL}{ARCHIVE}")
    test = 5 * RECORDS
    return Dataset(images[:test], labels[:test], CLASSES), Dataset(images[test:], labels[test:], CLASSES)


def _folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in FILES:
        path = folder / name
        if path.is_file():
            _check_size(path, path.stat().st_size)
            yield name, path.read_bytes()


def _archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """The six files, read directly from the archive: nothing is unpacked to disk."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                file = archive.extractfile(member) if member.isfile() and name in FILES else None
                if file is not None:
                    _check_size(path / name, member.size)
                    yield name, file.read()
            while archive.fileobj is not None and archive.fileobj.read(1 << 20):
                pass  # the checksum of the unzipped data follows it, which tarfile does not read
    except DataError:
        raise
    except Exception as error:  # tarfile and gzip may raise anything for damaged files
        raise DataError(
            f"{path}: expected the archive {ARCHIVE}, but it cannot be read ({one_line(error)}); download it again"
        ) from error


def _check_size(path: Path, size: int) -> None:
    if size != RECORDS * RECORD:
        raise DataError(
            f"{path}: expected {RECORDS * RECORD} bytes ({RECORDS} records of {RECORD}), got {size}; download it again"
        )


def _records(path: Path, content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= len(CLASSES):
        worst = int(labels.argmax())
        raise DataError(
            f"{path}: expected labels below 10, got {labels[worst]} in record {worst}; download the file again"
        )
    return records[:, 1:].reshape(-1, *SHAPE), labels
