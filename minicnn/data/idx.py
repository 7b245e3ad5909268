"""The IDX format of MNIST: a magic number, the shape, and the bytes of one array.

    0, 0, type, dimensions | dimensions × uint32, big-endian | data in row-major order

Type 8 is unsigned bytes, so images (N, H, W) begin with magic number 2051 and labels (N,) with 2049.
(LeCun, Cortes, Burges, "The MNIST database of handwritten digits".)
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from minicnn.data.dataset import Dataset
from minicnn.data.download import find
from minicnn.data.errors import DataError
from minicnn.message import one_line

UNSIGNED_BYTE = 8
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_MOST = 1032  # deflate never compresses more bytes than this into one


def header(shape: tuple[int, ...]) -> bytes:
    """The header of an IDX file of unsigned bytes of this shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)


def read_idx(path: str | Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of an IDX file, gzipped or not, of as many `dimensions`: 3 for images (N, H, W), 1 for labels (N,).

    Raises:
        DataError: the file is missing, cut short, too long, not IDX, or holds something else.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            size = path.stat().st_size
            if not zipped:
                return _read(path, file, size - len(header((0,) * dimensions)), dimensions)
            with gzip.open(file) as unzipped:
                return _read(path, unzipped, size * DEFLATE_MOST, dimensions)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: expected an IDX file, but it cannot be read ({one_line(error)}); download it again"
        ) from error


def _read(path: Path, file: BinaryIO | gzip.GzipFile, most: int, dimensions: int) -> NDArray[np.uint8]:
    """The array in an open file that can hold at most `most` bytes of data."""
    magic = 256 * UNSIGNED_BYTE + dimensions
    start = file.read(4 + 4 * dimensions)
    got = int.from_bytes(start[:4])
    if len(start) < 4 or got != magic:
        kinds = {2049: " (labels)", 2051: " (images)"}
        raise DataError(
            f"{path}: expected an IDX file with magic number {magic}{kinds.get(magic, '')}, "
            f"got {got}{kinds.get(got, '')}; is it the right file?"
        )
    if len(start) < 4 + 4 * dimensions:
        raise DataError(f"{path}: the IDX header is cut short; download the file again")
    shape = struct.unpack(f">{dimensions}I", start[4:])
    count = math.prod(shape)
    # A header may claim any size: never read, or allocate, more than the file can hold.
    data = file.read(count + 1) if count <= most else b""
    if len(data) != count:
        came = f"at most {most}" if count > most else "more" if len(data) > count else f"only {len(data)}"
        raise DataError(
            f"{path}: expected {count} bytes of data for shape {shape}, got {came}; download the file again"
        )
    return np.frombuffer(data, np.uint8).reshape(shape).copy()


def write_idx(path: str | Path, array: NDArray[np.uint8]) -> None:
    """Write an array of unsigned bytes of any shape as IDX, gzipped if the name ends in `.gz`.

    Raises:
        ValueError: the array is not of dtype uint8.
    """
    if array.dtype != np.uint8:
        raise ValueError(f"write_idx: expected an array of uint8, got {array.dtype}")
    content = header(array.shape) + array.tobytes()
    path = Path(path)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def read_idx_folder(folder: str | Path) -> tuple[Dataset, Dataset]:
    """Training and test set from four files named as MNIST's, zipped or not; the classes are "0", "1", ….

    Raises:
        DataError: a file is missing or broken, or there are not as many labels as images.
    """
    arrays = []
    for name in FILES:
        path = find([name, f"{name}.gz"], [Path(folder)])
        if path is None:
            raise DataError(f"{folder}: expected the file {name} or {name}.gz, but it is missing; put it there")
        arrays.append(read_idx(path, 3 if "images" in name else 1))
    images, labels, test_images, test_labels = arrays
    for some, numbers, names in ((images, labels, FILES[:2]), (test_images, test_labels, FILES[2:])):
        if len(some) != len(numbers):
            raise DataError(
                f"{folder}: {names[0]} holds {len(some)} images, but {names[1]} {len(numbers)} labels; expected as many"
            )
    classes = [str(label) for label in range(1 + int(max(labels.max(initial=0), test_labels.max(initial=0))))]
    return (
        Dataset(images[:, None], labels.astype(np.int64), classes),
        Dataset(test_images[:, None], test_labels.astype(np.int64), classes),
    )
