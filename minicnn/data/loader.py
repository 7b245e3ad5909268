"""Batches: which images are together in which epoch, augmented and scaled for the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from minicnn.data.augment import Augmentation
from minicnn.data.dataset import Dataset
from minicnn.data.streams import Stream, generator

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]


class Loader:
    """Batches `(x, labels)` of a data set: x float32 (n, C, H, W), labels int64 (n,).

    The order of an epoch is a function of (seed, epoch), and what `augment` draws of (seed, epoch, batch). So `epoch(e,
    start=b)` yields exactly what a run would have seen from batch b of epoch e on, whatever was drawn before: that is
    how a run resumes. Iterating over the loader itself gives epoch 0, the next time epoch 1, and so on.

    Args:
        dataset: where the images come from.
        batch_size: images in a batch; the last one of an epoch may hold fewer.
        shuffle: visit the images in a new random order in each epoch, otherwise in the data set's order.
        seed: of the order and the augmentation.
        drop_last: drop the last batch if it is not full.
        transform: uint8 (n, C, H, W) to float32, usually the model's own `Transform`; without one x = images / 255.
        augment: changes uint8 images at random before `transform`, see `minicnn.data.augment`.

    Raises:
        ValueError: `batch_size` is below 1, `seed` below 0, or an epoch would have no batch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        transform: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None,
        augment: Augmentation | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"Loader: batch_size must be at least 1, got {batch_size}")
        if seed < 0:
            raise ValueError(f"Loader: seed must be at least 0, got {seed}")
        self.dataset, self.batch_size, self.shuffle, self.seed = dataset, batch_size, shuffle, seed
        self.drop_last, self.transform, self.augment = drop_last, transform, augment
        self._next_epoch = 0
        if len(self) == 0:
            raise ValueError(
                f"Loader: {len(dataset)} images make no batch of {batch_size}"
                + (" with drop_last; give a smaller batch_size or keep the last one" if drop_last else "")
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __repr__(self) -> str:
        changed = "" if self.augment is None else f", augment={self.augment!r}"
        order = f"shuffle={self.shuffle}, seed={self.seed}, drop_last={self.drop_last}"
        return f"Loader({len(self)} batches of {self.batch_size} from {self.dataset!r}, {order}{changed})"

    def __iter__(self) -> Iterator[Batch]:
        epoch, self._next_epoch = self._next_epoch, self._next_epoch + 1
        return self.epoch(epoch)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from number `start` on.

        Raises:
            ValueError: `epoch` is negative, or `start` is not in 0…len(loader).
        """
        if epoch < 0 or not 0 <= start <= len(self):
            raise ValueError(
                f"Loader: expected an epoch of at least 0 and a start in 0…{len(self)}, got {epoch} and {start}"
            )
        order = self.order(epoch)
        return (self._batch(order, epoch, number) for number in range(start, len(self)))

    def shares(self, epoch: int, start: int, mine: range, of: int) -> Iterator[tuple[int, list[Batch]]]:
        """Like `epoch`, but with each batch split into `of` shards whose sizes differ by at most one, and only the
        shards in `mine`.

        What `augment` draws is also a function of the shard's number.

        Returns:
            for each batch the number of its images, and the shards; a shard may be empty.
        """
        order = self.order(epoch)
        for number in range(start, len(self)):
            indices = order[number * self.batch_size : (number + 1) * self.batch_size]
            n = len(indices)
            yield (
                n,
                [self._load(indices[i * n // of : (i + 1) * n // of], epoch, number, i) for i in mine],
            )

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Indices into the data set in the order of one epoch, (N,)."""
        indices = np.arange(len(self.dataset))
        return generator(self.seed, Stream.ORDER, epoch).permutation(indices) if self.shuffle else indices

    def _batch(self, order: NDArray[np.int64], epoch: int, number: int) -> Batch:
        return self._load(order[number * self.batch_size : (number + 1) * self.batch_size], epoch, number)

    def _load(self, indices: NDArray[np.int64], *place: int) -> Batch:
        images = self.dataset.images.take(indices, axis=0)
        if self.augment is not None:
            images = self.augment(images, generator(self.seed, Stream.AUGMENT, *place))
        x = np.divide(images, 255, dtype=np.float32) if self.transform is None else self.transform(images)
        return x, self.dataset.labels[indices]
