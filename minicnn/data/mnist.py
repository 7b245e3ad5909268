"""MNIST and Fashion-MNIST: the same four IDX files, 60,000 and 10,000 images of 28 × 28.

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998;
Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017, https://github.com/zalandoresearch/fashion-mnist.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minicnn.data.dataset import Dataset
from minicnn.data.download import data_folders, download, find, wrong_md5
from minicnn.data.idx import FILES, header, read_idx


@dataclass(frozen=True)
class IdxSource:
    """A data set's address, and the MD5 of its four files, zipped and unzipped.

    A local file is checked by its unzipped content, because it may have been compressed again by another program.
    """

    name: str
    url: str
    classes: tuple[str, ...]
    zipped_md5: tuple[str, ...]
    md5: tuple[str, ...]


MNIST = IdxSource(
    "mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    tuple("0123456789"),
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    (
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
)

FASHION_MNIST = IdxSource(
    "fashion-mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
)


def load_mnist(source: IdxSource, root: str | Path | None = None) -> tuple[Dataset, Dataset]:
    """Training and test set, from local files, zipped or not, or by download.

    Raises:
        DataError: a file is broken, has the wrong checksum, or is missing and cannot be downloaded.
    """
    folders = data_folders(source.name, root)
    arrays = []
    for file, zipped_md5, md5 in zip(FILES, source.zipped_md5, source.md5, strict=True):
        path = find([file, f"{file}.gz"], folders)
        if path is None:
            path = download(f"{source.url}{file}.gz", f"md5:{zipped_md5}", folders[0])
        array = read_idx(path, 3 if "images" in file else 1)
        content = hashlib.md5(header(array.shape))
        content.update(array.data)
        if content.hexdigest() != md5:
            raise wrong_md5(path, md5, content.hexdigest(), "unzipped")
        arrays.append(array)
    images, labels, test_images, test_labels = arrays
    return (
        Dataset(images[:, None], labels.astype(np.int64), source.classes),
        Dataset(test_images[:, None], test_labels.astype(np.int64), source.classes),
    )
