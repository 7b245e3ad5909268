"""Does an explanation depend on what the network has learned? Then it must change when that is destroyed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

import minicnn as cnn
from minicnn.display import Shown, Table, drawing, tqdm

from .target import Array, Target, logits_of

MODES = ("cascading", "independent")


@dataclass(frozen=True, repr=False)
class SanityCheck(Shown):
    """How similar maps stay to the original ones while weights are randomised.

    Attributes:
        layers: the paths of the randomised layers, from the output to the input.
        spearman: rank correlation of the absolute maps, (layers, pictures).
        ssim: structural similarity of the absolute maps, (layers, pictures).
        signed: rank correlation of the maps with their signs, (layers, pictures).

    Absolute maps resemble each other wherever the picture is empty, or multiplied into them: on a digit even random
    networks agree that the corners do not matter. Signs say more, where a method has them.
    """

    layers: tuple[str, ...]
    spearman: Array
    ssim: Array
    signed: Array

    @property
    def passed(self) -> bool:
        """Do maps cease to resemble the original once the upper half of the layers is random?

            median over the pictures of signed[(layers − 1) // 2] < 0.5

        The paper judges by whole curves and by eye; the threshold is ours. A method that redraws the picture stays near
        1 until the first layers, which draw, are randomised as well. Meant for "cascading": with "independent" weights
        it asks for the layer in the middle alone.
        """
        return bool(np.median(self.signed[(len(self.layers) - 1) // 2]) < 0.5)

    def __str__(self) -> str:
        lines = [f"{'randomised':<24} spearman  ssim  signed"]
        lines += [f"{layer:<24} {rank:>8}  {ssim:>4}  {signed:>6}" for layer, rank, ssim, signed in self._rows()]
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, ...]]:
        """Of each layer the medians over the images."""
        found = zip(self.layers, self.spearman, self.ssim, self.signed, strict=True)
        return [(layer, *(f"{np.median(value):.2f}" for value in values)) for layer, *values in found]

    def _headline(self) -> str:
        return f"{'passed' if self.passed else 'failed'}, {len(self.layers)} layers, {self.signed.shape[1]} images"

    def plot(self) -> Any:
        """Similarity layer by layer (`viz.plot.sanity_check`)."""
        return drawing().sanity_check(self)

    def _table(self) -> Table:
        return Table(("randomised", "spearman", "ssim", "signed"), self._rows())


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
    """Randomise the weights layer by layer from the output down, and compare the method's maps with the original.

    Args:
        method: an attribution of this package, or any `method(model, x, target, **options) -> maps`.
        model: a trained network; it is not changed.
        x: pictures (N, C, H, W), normalised by the model's transform.
        target: those of `saliency`; the predicted class is that of the trained network, throughout.
        mode: "cascading": each layer in turn, those before stay random; "independent": one layer at a time.
        seed: of the new weights.
        progress: whether to show a bar.
        options: passed on to the method.

    Returns:
        the similarity after each layer. Gradient and Grad-CAM maps lose it; those of guided backpropagation and
        guided Grad-CAM hardly do.

    Raises:
        ValueError: the mode is unknown, or the model has no weights.

    Source: Adebayo et al. (2018), Sanity checks for saliency maps, section 3.
    """
    if mode not in MODES:
        raise ValueError(f"sanity_check: expected mode to be one of {', '.join(MODES)}, got {mode!r}")
    target = logits_of(model, x).argmax(axis=1) if target is None else target
    original = method(model, x, target, **options)
    layers = [
        path
        for path, layer in cnn.layers.walk(model)
        if isinstance(layer, cnn.Layer) and layer.parameter_names and not layer.children
    ][::-1]
    if not layers:
        raise ValueError("sanity_check: the model has no weights to randomise")
    randomised = copy.deepcopy(model)
    fresh = copy.deepcopy(model).initialize(seed).parameters()
    found: list[list[Array]] = []
    for path in tqdm(layers, desc="randomising", unit="layer", disable=not progress):
        if mode == "independent":
            randomised = copy.deepcopy(model)
        for name, array in randomised.parameters().items():
            if name.rpartition(".")[0] == path:
                array[...] = fresh[name]
        found.append(_similarities(original, method(randomised, x, target, **options)))
    return SanityCheck(tuple(layers), *(np.array(values) for values in zip(*found, strict=True)))


def _similarities(original: Array, maps: Array) -> list[Array]:
    """For each picture the rank correlation and the structural similarity of absolute maps, and that of signed ones."""
    absolute = list(zip(_absolute(original), _absolute(maps), strict=True))
    signed = zip(_summed(original), _summed(maps), strict=True)
    return [
        np.array([spearman(a, b) for a, b in absolute]),
        np.array([ssim(a, b) for a, b in absolute]),
        np.array([spearman(a, b) for a, b in signed]),
    ]


def spearman(a: Array, b: Array) -> float:
    """The correlation of ranks, from −1 to 1; 0 where a map is constant."""
    return _correlation(rankdata(a), rankdata(b))


def ssim(a: Array, b: Array, sigma: float = 1.5) -> float:
    """The structural similarity of two maps, each scaled to 0…1; 1 for equal ones.

        mean of (2 μₐ μᵦ + c₁)(2 σₐᵦ + c₂) / ((μₐ² + μᵦ² + c₁)(σₐ² + σᵦ² + c₂)),    c₁ = 0.01², c₂ = 0.03²

    with means, variances and covariance under a Gaussian window of deviation `sigma`.

    Source: Wang et al. (2004), Image quality assessment: from error visibility to structural similarity, equation 13.
    """
    a, b = _to_unit(a), _to_unit(b)

    def blur(image: Array) -> Array:
        return gaussian_filter(image, sigma, truncate=3.5)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((similarity / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _absolute(maps: Array) -> Array:
    """Absolute values (N, H, W), the largest over the channels."""
    maps = np.abs(np.asarray(maps, np.float64))
    return maps.max(axis=1) if maps.ndim == 4 else maps


def _summed(maps: Array) -> Array:
    """The maps (N, H, W), channels added up."""
    maps = np.asarray(maps, np.float64)
    return maps.sum(axis=1) if maps.ndim == 4 else maps


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size else 0.0


def _to_unit(image: Array) -> Array:
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if high > low else np.zeros_like(image)
