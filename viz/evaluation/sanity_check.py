"""Does an explanation depend on what the network has learned? Then it must change when that is destroyed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.display import Shown, Table, drawing, tqdm

from ..attribution.passes import logits_of
from ..attribution.target import Array, Target
from .similarity import hog, spearman, ssim

MODES = ("cascading", "independent")
THRESHOLD = 0.5
LEAST = 4  # images: fewer have no meaningful spread


@dataclass(frozen=True, repr=False)
class SanityCheck(Shown):
    """How similar maps stay to the original ones while weights are randomized: (layers, images) for each measure.

    NaN means that the original or the new map is empty, so there is nothing to compare: the score of a network that
    ends in ReLU is often exactly 0 when its layers are random.

    Attributes:
        layers: the paths of the randomized layers, from the output to the input.
        spearman: rank correlation of the absolute maps.
        ssim: structural similarity of the absolute maps.
        signed: rank correlation of the maps with their signs.
        hog: correlation of the absolute maps' histograms of oriented gradients.
        absolute: whether the original maps have no signs.
    """

    layers: tuple[str, ...]
    spearman: Array
    ssim: Array
    signed: Array
    hog: Array
    absolute: bool = False

    @property
    def likeness(self) -> Array:
        """The measure used for the verdict: `signed`, or `ssim` for maps without signs.

        Ranks of absolute maps agree wherever the image is empty, or if it is a factor of the map: on a digit, even
        random networks agree that the corners do not matter. Signs and structure need not agree.
        """
        return self.ssim if self.absolute else self.signed

    @property
    def middle(self) -> int:
        """The layer after which the upper half of the layers is random."""
        return (len(self.layers) - 1) // 2

    @property
    def compared(self) -> Array:
        """How many images' maps were not empty, at each layer, (layers,)."""
        return np.isfinite(self.likeness).sum(axis=1)

    @property
    def medians(self) -> Array:
        """The median of the likeness over the images, (layers,)."""
        return quartiles(self.likeness)[1]

    @property
    def passed(self) -> bool | None:
        """Do maps cease to resemble the original once the upper half of the layers is random?

            True     three quarters of the images have a likeness below 0.5 there
            False    three quarters have one above
            None     neither, or fewer than 4 images were compared: no verdict

        The paper judges by whole curves and by eye; the threshold is ours. A method that redraws the image stays near
        1 until the first layers, which draw, are randomized as well. Meant for "cascading": with "independent" weights
        only the layer in the middle counts.
        """
        low, _, high = quartiles(self.likeness[self.middle])
        if self.compared[self.middle] < LEAST or low <= THRESHOLD <= high:
            return None
        return bool(high < THRESHOLD)

    @property
    def verdict(self) -> str:
        """`passed` in words, with the median, the quartiles and the number of images it is based on."""
        low, median, high = quartiles(self.likeness[self.middle])
        word = {True: "passes", False: "fails", None: "no verdict"}[self.passed]
        count, of = self.compared[self.middle], self.likeness.shape[1]
        return f"{word}: {median:z.2f} ({low:z.2f} to {high:z.2f}), {count} of {of} images"

    def __str__(self) -> str:
        lines = [f"{'randomized':<24} spearman  ssim  signed   hog  compared"]
        for layer, rank, structure, signed, edges, count in self._rows():
            lines.append(f"{layer:<24} {rank:>8}  {structure:>4}  {signed:>6}  {edges:>4}  {count:>8}")
        return "\n".join([*lines, self.verdict])

    def _rows(self) -> list[tuple[str, ...]]:
        """For each layer the medians over the images, and the number of images compared."""
        medians = [quartiles(values)[1] for values in (self.spearman, self.ssim, self.signed, self.hog)]
        return [
            (layer, *(f"{median:z.2f}" for median in found), str(count))
            for layer, *found, count in zip(self.layers, *medians, self.compared, strict=True)
        ]

    def _headline(self) -> str:
        return f"{self.verdict}, {len(self.layers)} layer{'s' * (len(self.layers) != 1)}"

    def plot(self) -> Any:
        """Similarity layer by layer (`viz.plot.sanity_check`)."""
        return drawing().sanity_check(self)

    def _table(self) -> Table:
        return Table(("randomized", "spearman", "ssim", "signed", "hog", "compared"), self._rows())


def quartiles(values: Array) -> Array:
    """The lower quartile, median and upper quartile along the last axis, ignoring NaN; NaN if nothing is left."""
    found = np.full((3, *values.shape[:-1]), np.nan)
    for place in np.ndindex(values.shape[:-1]):
        finite = values[place][np.isfinite(values[place])]
        if finite.size:
            found[(slice(None), *place)] = np.quantile(finite, (0.25, 0.5, 0.75))
    return found


def sanity_check(
    method: Callable[..., Array],
    model: Any,
    x: Array,
    target: Target = None,
    *,
    mode: str = "cascading",
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> SanityCheck:
    """Randomize the weights layer by layer from the output down, and compare the method's maps with the original.

    Args:
        method: an attribution of this package, or any `method(model, x, target, **options) -> maps`.
        model: a trained network; it is not changed.
        x: images (N, C, H, W), normalized by the model's transform.
        target: those of `saliency`; the predicted class is that of the trained network, throughout.
        mode: "cascading": each layer in turn, those before stay random; "independent": one layer at a time.
        seed: of the new weights.
        progress: whether to show a bar.
        options: passed on to the method.

    Returns:
        the similarity after each layer, and the verdict. Gradient and Grad-CAM maps lose it; those of guided
        backpropagation and guided Grad-CAM hardly do.

    Raises:
        ValueError: the mode is unknown, the method is none, or the model has no weights.

    Source: Adebayo et al. (2018), Sanity checks for saliency maps, section 3.
    """
    if mode not in MODES:
        raise ValueError(f"sanity_check: expected mode to be one of {', '.join(MODES)}, got {mode!r}")
    if not callable(method) or hasattr(method, "forward"):
        got = type(method).__name__
        raise ValueError(f"sanity_check: expected a method as first argument, such as viz.saliency, got {got}")
    target = logits_of(model, x).argmax(axis=1) if target is None else target
    original = method(model, x, target, **options)
    layers = [
        path
        for path, layer in cnn.layers.walk(model)
        if isinstance(layer, cnn.Layer) and layer.parameter_names and not layer.children
    ][::-1]
    if not layers:
        raise ValueError("sanity_check: the model has no weights to randomize")
    randomized = copy.deepcopy(model)
    fresh = copy.deepcopy(model).initialize(seed).parameters()
    found: list[list[Array]] = []
    for path in tqdm(layers, desc="randomizing", unit="layer", disable=not progress):
        if mode == "independent":
            randomized = copy.deepcopy(model)
        for name, array in randomized.parameters().items():
            if name.rpartition(".")[0] == path:
                array[...] = fresh[name]
        found.append(_similarities(original, method(randomized, x, target, **options)))
    absolute = bool((_summed(original) >= 0).all())
    rank, structure, signed, edges = (np.array(values) for values in zip(*found, strict=True))
    return SanityCheck(tuple(layers), rank, structure, signed, edges, absolute)


def _similarities(original: Array, maps: Array) -> list[Array]:
    """The measures of a `SanityCheck` for each image, in its order."""
    absolute = list(zip(_absolute(original), _absolute(maps), strict=True))
    signed = list(zip(_summed(original), _summed(maps), strict=True))
    return [
        np.array([measure(a, b) if np.ptp(a) and np.ptp(b) else np.nan for a, b in pairs])
        for measure, pairs in ((spearman, absolute), (ssim, absolute), (spearman, signed), (hog, absolute))
    ]


def _absolute(maps: Array) -> Array:
    """Absolute values (N, H, W), the largest over the channels."""
    maps = np.abs(np.asarray(maps, np.float64))
    return maps.max(axis=1) if maps.ndim == 4 else maps


def _summed(maps: Array) -> Array:
    """The maps (N, H, W), channels added up."""
    maps = np.asarray(maps, np.float64)
    return maps.sum(axis=1) if maps.ndim == 4 else maps
