"""garments: a data set that needs no file and no network connection, because it is drawn here.

Ten classes of clothing, named as those of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), 28 × 28 pixels of gray. Every
image is drawn by formulas: signed distance fields (`fields`) of random cut, laid down in a random pose and light
(`canvas`), in one of seven fabrics (`fabric`), with the details of its class (`tops`, `shoes`, `others`).

    images, labels = garments.generate(1000, seed=3)        # ten classes, balanced, shuffled
    shirts = garments.draw([6] * 12, seed=3)                # twelve shirts

Single pixels do not separate the classes: pose varies, some backdrops are bright, and shirt, pullover, coat and T-shirt
share one cut, so the class depends on a collar, a placket or a hem. Logistic regression on the pixels classifies 65 %
of the test set correctly, the seed network after five epochs 94 to 96 %; most of its errors are among those four.

The same seed gives the same bytes on every machine. The random integers come from a stream that NumPy guarantees
(`dice`); everything else is + − × ÷ √ min max |·| ⌊·⌋ on float32, each a separate NumPy call, for which IEEE 754 allows
only one result. No sine, exponential or hypot, whose last bit depends on the library; no multiply-add for a compiler to
fuse; no rounded sum whose order could depend on threads or vector width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minicnn.data.dataset import Dataset
from minicnn.data.garments.canvas import SIZE
from minicnn.data.garments.dice import Dice
from minicnn.data.garments.others import bag, trouser
from minicnn.data.garments.shoes import ankle_boot, sandal, sneaker
from minicnn.data.garments.tops import coat, dress, pullover, shirt, t_shirt

GARMENTS = {
    "T-shirt/top": t_shirt,
    "Trouser": trouser,
    "Pullover": pullover,
    "Dress": dress,
    "Coat": coat,
    "Sandal": sandal,
    "Shirt": shirt,
    "Sneaker": sneaker,
    "Bag": bag,
    "Ankle boot": ankle_boot,
}
CLASSES = tuple(GARMENTS)

_CHUNK = 16  # images drawn at a time: few enough for their arrays to stay in cache


def load(train: int = 12000, test: int = 2000, seed: int = 0) -> tuple[Dataset, Dataset]:
    """A training and a test set, from separate streams: `generate` with the seeds 2 seed and 2 seed + 1.

    Raises:
        ValueError: a number is negative.
    """
    return Dataset(*generate(train, 2 * seed), CLASSES), Dataset(*generate(test, 2 * seed + 1), CLASSES)


def generate(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (count, 1, 28, 28) and labels (count,), with classes balanced as evenly as `count` allows, in random
    order.

    Raises:
        ValueError: a number is negative.
    """
    if count < 0:
        raise ValueError(f"garments: expected a number of images of at least 0, got {count}")
    order = np.argsort(_stream(seed, len(CLASSES)).random_raw(count), kind="stable")
    labels = (order % len(CLASSES)).astype(np.int64)
    return draw(labels, seed), labels


def draw(labels: ArrayLike, seed: int) -> NDArray[np.uint8]:
    """One image for each label (an index into `CLASSES`): uint8 (N, 1, 28, 28), 0 black, 255 white.

    The k-th image of a class depends on the class, k and the seed alone.

    Raises:
        ValueError: `labels` is not a row of such indices, or the seed is negative.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not np.isin(labels, range(len(CLASSES))).all():
        raise ValueError(f"garments: expected labels (N,) in 0…{len(CLASSES) - 1}, got shape {labels.shape}: {labels}")
    images = np.empty((len(labels), 1, SIZE, SIZE), np.uint8)
    for label, garment in enumerate(GARMENTS.values()):
        places, stream = np.flatnonzero(labels == label), _stream(seed, label)
        for start in range(0, len(places), _CHUNK):
            chunk = places[start : start + _CHUNK]
            dice = Dice(stream, len(chunk), SIZE)
            images[chunk, 0] = garment(dice).photograph(dice)
    return images


def _stream(seed: int, part: int) -> np.random.PCG64:
    """The random bits of one class (the last stream: of the order), independent of all others."""
    if seed < 0:
        raise ValueError(f"garments: expected a seed of at least 0, got {seed}")
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(part,)))
