"""Labeled images: reading, downloading, and batching them for a network.

`load` gives the training and the test `Dataset` by name; a `Loader` splits one into batches, augmented at random and
scaled by the model's `Transform`.
"""

from minicnn.data.augment import Compose, Cutout, RandomCrop, RandomFlip
from minicnn.data.cifar import read_cifar10
from minicnn.data.dataset import Dataset
from minicnn.data.errors import DataError
from minicnn.data.folder import load_folder, read_folder
from minicnn.data.idx import read_idx, read_idx_folder, write_idx
from minicnn.data.image import read_image
from minicnn.data.loader import Loader
from minicnn.data.registry import NAMES, load
from minicnn.data.transform import Transform
from minicnn.deprecation import renamed_names

__all__ = [
    "NAMES",
    "Compose",
    "Cutout",
    "DataError",
    "Dataset",
    "Loader",
    "RandomCrop",
    "RandomFlip",
    "Transform",
    "load",
    "load_folder",
    "read_cifar10",
    "read_folder",
    "read_idx",
    "read_idx_folder",
    "read_image",
    "write_idx",
]

__getattr__ = renamed_names(__name__, read_picture="read_image")
