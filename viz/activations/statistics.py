"""Statistics of each channel over a data set: how strong, how often, how sparse, how localized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.data import Dataset
from minicnn.deprecation import renamed_fields
from minicnn.display import Shown, Table, drawing
from minicnn.distributed import Group

from .streaming import stream

ALWAYS = 0.99  # the share of values above 0 from which a channel counts as always on


@renamed_fields(pictures="images", active_pictures="active_images")
@dataclass(frozen=True, eq=False, repr=False)
class ActivationStatistics(Shown):
    """Statistics of each of a layer's C channels over all images and positions; every array is float64 (C,).

    Attributes:
        layer: its path.
        images: the number of images.
        mean, std, min, max: of the values.
        active: the share of values above 0.
        active_images: the share of images with a value above 0 anywhere.
        sparsity: of the values, in 0…1 (see `treves_rolls`): 0 if all are equal, near 1 if few values carry everything.
        concentration: the same within one map, averaged over the images that excite the channel: a few bright spots, or
            spread over the map? NaN if there is no map of at least two pixels with values above 0.
        clustering: are a map's bright pixels neighbors? The mean of Moran's I (see `morans_i`): about 0 for noise,
            however sparse, and near 1 for smooth patches. NaN if every map is constant.

    A channel that responds to something local has bright, localized spots: high concentration *and* clustering.
    Noise, even rectified, has neither.
    """

    layer: str
    images: int
    mean: np.ndarray
    std: np.ndarray
    min: np.ndarray
    max: np.ndarray
    active: np.ndarray
    active_images: np.ndarray
    sparsity: np.ndarray
    concentration: np.ndarray
    clustering: np.ndarray

    @property
    def dead(self) -> np.ndarray:
        """Channels that are never above 0, bool (C,): after ReLU they are always zero."""
        return self.active == 0

    @property
    def always_on(self) -> np.ndarray:
        """Channels that are above 0 at 99 % or more of all positions of all images, bool (C,): they carry little
        information."""
        return self.active >= ALWAYS

    def _headline(self) -> str:
        return (
            f"layer={self.layer!r}, images={self.images}, channels={len(self.mean)}, "
            f"dead={listed(self.dead)}, always_on={listed(self.always_on)}"
        )

    def plot(self) -> Any:
        """How often each channel is on (`viz.plot.activation_statistics`)."""
        return drawing().activation_statistics(self)

    def _table(self) -> Table:
        columns = ("mean", "std", "max", "active", "active_images", "sparsity", "concentration", "clustering")
        rows = [
            (str(c), *("–" if np.isnan(value) else f"{value:.3g}" for value in values))
            for c, values in enumerate(zip(*(getattr(self, name) for name in columns), strict=True))
        ]
        return Table(("channel", *(name.replace("_", " ") for name in columns)), rows)


class LayerStatistics(Shown, dict[str, ActivationStatistics]):
    """The statistics of several layers, by path; a notebook shows a row for each."""

    def _headline(self) -> str:
        images = max((statistics.images for statistics in self.values()), default=0)
        return f"{len(self)} layer{'s' * (len(self) != 1)}, {images:,} images"

    def _table(self) -> Table:
        rows = [
            (path, f"{len(s.mean)}", f"{s.dead.sum()}", f"{s.always_on.sum()}", f"{s.active.mean():.1%}")
            for path, s in self.items()
        ]
        return Table(("layer", "channels", "dead", "always on", "active"), rows)


def activation_statistics(
    model: Any,
    dataset: Dataset | np.ndarray,
    layers: Sequence[str] | None = None,
    *,
    batch_size: int | None = None,
    progress: bool | None = None,
    group: Group | None = None,
) -> LayerStatistics:
    """Statistics of the channels of some layers over a data set, by path, in one pass of bounded memory.

    Args:
        model: a network.
        dataset: images (N, C, H, W), with labels or without (see `stream`), which go through the model's own transform.
        layers: paths; by default the outermost layers.
        batch_size, progress: those of `stream`.
        group: processes that share the images (`minicnn.distributed`); each gets all of the result.

    Returns:
        an `ActivationStatistics` by the layer's path.

    Raises:
        ValueError: a layer is unknown, or there are no layers.
        TypeError: `dataset` is neither a data set nor images.
    """
    chosen = list(model.children if layers is None else layers)
    sums = {path: _Sums() for path in chosen}
    group = group or Group()
    batches: dict[str, list[np.ndarray]] = {path: [] for path in chosen}
    parts = stream(
        model, dataset, chosen, batch_size=batch_size, progress=progress, title="activation statistics", group=group
    )
    for _, activations in parts:
        for path, y in activations.items():
            batches[path].append(_of_batch(y.reshape(*y.shape[:2], 1, 1) if y.ndim == 2 else y))
    for path, found in batches.items():
        for batch in group.gather(np.stack(found) if found else np.empty((0, 0, 0))):
            sums[path].add(batch)
    return LayerStatistics((path, found.statistics(path)) for path, found in sums.items())


def treves_rolls(maps: np.ndarray) -> np.ndarray:
    """How few of a map's pixels carry its activation, (…, H, W) → (…): 0 if all are equal, 1 for a single pixel.

        S = (1 − (Σ r / n)² / (Σ r² / n)) / (1 − 1/n),    r the values above 0, n = H·W

    NaN for a map of one pixel, or if nothing is above 0.

    Source: Treves & Rolls (1991), What determines the capacity of autoassociative memories in the brain?; in this
    form Vinje & Gallant (2000), Sparse coding and decorrelation in primary visual cortex, note 17.
    """
    r = np.maximum(maps, 0).astype(np.float64, copy=False)
    n = r.shape[-1] * r.shape[-2]
    return _sparseness(r.sum(axis=(-2, -1)), np.square(r).sum(axis=(-2, -1)), n)


def morans_i(maps: np.ndarray) -> np.ndarray:
    """How similar neighboring pixels of a map are, (…, H, W) → (…): about 0 for noise, near 1 for smooth patches.

        I = (mean of z_p z_q over all pairs of horizontal or vertical neighbors) / (mean of z²),    z = map − its mean

    −1 for a chessboard, −1 / (H·W − 1) on average for noise; NaN for a constant map.

    Source: Moran (1950), Notes on continuous stochastic phenomena.
    """
    z = maps.astype(np.float64)
    z -= z.mean(axis=(-2, -1), keepdims=True)
    H, W = z.shape[-2:]
    across, down = z[..., :, 1:] * z[..., :, :-1], z[..., 1:, :] * z[..., :-1, :]
    products = across.sum(axis=(-2, -1)) + down.sum(axis=(-2, -1))
    variance = np.square(z).mean(axis=(-2, -1))
    pairs = H * (W - 1) + W * (H - 1)
    # Rounding gives a constant map a trace of variance. It is tiny relative to the map, so it is not structure.
    constant = variance <= 1e-12 * np.square(maps, dtype=np.float64).mean(axis=(-2, -1))
    return _divided(products / max(pairs, 1), np.where(constant, 0, variance))


def listed(chosen: np.ndarray, most: int = 8) -> str:
    """The numbers of the chosen channels, bool (C,), for a line of text: "[3, 7]", or "[0, 1, 2, … 40 in all]"."""
    numbers = np.flatnonzero(chosen).tolist()
    if len(numbers) <= most:
        return str(numbers)
    return f"[{', '.join(map(str, numbers[:most]))}, … {len(numbers)} in all]"


def _sparseness(total: np.ndarray, squares: np.ndarray, n: int) -> np.ndarray:
    if n < 2:
        return np.full(np.shape(total), np.nan)
    return (1 - _divided(np.square(total / n), squares / n)) / (1 - 1 / n)


def _divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, NaN where b is 0."""
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b > 0)


def _of_batch(y: np.ndarray) -> np.ndarray:
    """The sums over a batch, float64 (14, C): the rows that `_Sums.add` unpacks."""
    n, C, H, W = y.shape
    places = (0, 2, 3)
    mean = y.mean(axis=places, dtype=np.float64)
    above, rectified = y > 0, np.maximum(y, 0)
    rows = [
        np.full(C, n),
        np.full(C, n * H * W),
        mean,
        np.square(y - mean[:, None, None]).sum(axis=places),
        y.min(axis=places),
        y.max(axis=places),
        above.sum(axis=places),
        above.any(axis=(2, 3)).sum(axis=0),
        rectified.sum(axis=places, dtype=np.float64),
        np.square(rectified, dtype=np.float64).sum(axis=places),
    ]
    for of_maps in (treves_rolls(y), morans_i(y)):
        defined = np.isfinite(of_maps)
        rows += [np.where(defined, of_maps, 0).sum(axis=0), defined.sum(axis=0)]
    return np.array(rows, np.float64)


class _Sums:
    """The sums over the batches so far: counts, means, and squared deviations, by channel."""

    values = 0  # of each channel
    images = 0

    def add(self, batch: np.ndarray) -> None:
        """One more batch, as `_of_batch` returns it, in the order of the data set."""
        (n, *_), (count, *_), mean, deviations, low, high, *sums = batch
        if not self.values:
            C = len(mean)
            self.mean, self.deviations, self.sums = np.zeros(C), np.zeros(C), np.zeros((8, C))
            self.low, self.high = np.full(C, np.inf), np.full(C, -np.inf)
        values, shift = self.values + int(count), mean - self.mean
        # Chan, Golub & LeVeque (1983): two parts' squared deviations, and that of their means.
        self.deviations += deviations + shift**2 * self.values * count / values
        self.mean += shift * count / values
        self.values, self.images = values, self.images + int(n)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self.sums += sums

    def statistics(self, path: str) -> ActivationStatistics:
        positive, lit, total, squares, *localized = self.sums
        return ActivationStatistics(
            layer=path,
            images=self.images,
            mean=self.mean,
            std=np.sqrt(self.deviations / self.values),
            min=self.low,
            max=self.high,
            active=positive / self.values,
            active_images=lit / self.images,
            sparsity=_sparseness(total, squares, self.values),
            concentration=_divided(*localized[:2]),
            clustering=_divided(*localized[2:]),
        )
