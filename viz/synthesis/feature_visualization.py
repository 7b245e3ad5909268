"""Feature visualization: the image that excites a part of the network most."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.deprecation import renamed

from ..bounds import pixel_bounds
from .ascend import Synthesis, ascend
from .objective import Array, Objective, channel, logit, squared_norm
from .parameterization import Fourier, Pixels, colors_of
from .transformation import Around, Transform, robust


@renamed(colours="colors")
def feature_visualization(
    model: Any,
    objective: Objective | tuple[str, int],
    *,
    size: int | tuple[int, int] = 128,
    batch: int = 1,
    steps: int = 256,
    lr: float = 0.05,
    transform: Transform | str | None = "robust",
    colors: Array | None = None,
    bounds: tuple[Array | float, Array | float] | None = None,
    seed: int = 0,
    **options: Any,
) -> Synthesis:
    """Gradient ascent in decorrelated Fourier space, under small random changes of the image.

    Args:
        model: any network.
        objective: what to maximize, or (layer, channel) for the mean of one map.
        size: of the images: their side, or (height, width).
        batch: how many images at once, useful with the objective `diversity`.
        steps, lr: of Adam.
        transform: random changes, around gray; "robust" for the usual mixture, None for none.
        colors: `color_statistics` of the data; by default those of photographs if the model takes colors.
        bounds: black and white as the model sees them; by default those of the model's transform.
        seed: the same seed gives the same image, bit for bit.
        options: passed on to `ascend`.

    Returns:
        the images (N, C, H, W) as the model sees them, and the objective at each step.

    Raises:
        ValueError: an option is out of range, the objective names a layer or channel that does not exist, or the
            number of the model's channels cannot be told.

    Source: Olah, Mordvintsev & Schubert (2017), Feature visualization (Distill).
    """
    if isinstance(objective, tuple):
        objective = channel(*objective)
    height, width = (size, size) if isinstance(size, int) else size
    low, high = bounds if bounds is not None else pixel_bounds(model)
    shape = (batch, _channels(model), height, width)
    parameterization = Fourier(shape, low, high, colors_of(model) if colors is None else colors)
    return ascend(
        model,
        objective,
        parameterization,
        steps=steps,
        lr=lr,
        transform=_around_gray(transform, min(height, width), low, high),
        seed=seed,
        **options,
    )


def class_model(
    model: Any,
    target: int,
    *,
    size: int | tuple[int, int],
    decay: float = 1e-3,
    steps: int = 200,
    lr: float = 0.02,
    transform: Transform | str | None = "robust",
    bounds: tuple[Array | float, Array | float] | None = None,
    seed: int = 0,
    **options: Any,
) -> Synthesis:
    """The image with the highest score for a class, kept near gray by its squared norm.

        maximize S_target(x) − decay · ‖p‖²,    x = gray + half · p,  with black at p = −1 and white at p = 1

    The paper uses `transform=None`. For modern networks the result is then a fine noise without meaning to people (like
    that of `viz.fgsm`); an image that must survive small changes has shapes.

    Args:
        model: a network with outputs (N, classes).
        target: the class.
        size: of the image.
        decay: λ of the paper.
        steps, lr: of Adam, in units of p.
        transform: that of `feature_visualization`.
        bounds: black and white as the model sees them; by default those of the model's transform.
        seed: the same seed gives the same image.
        options: passed on to `ascend`.

    Returns:
        the image (1, C, H, W) as the model sees it, and the objective at each step.

    Raises:
        ValueError: the class does not exist, an option is out of range, or the number of the model's channels cannot
            be told.

    Source: Simonyan, Vedaldi & Zisserman (2014), Deep inside convolutional networks, section 2.
    """
    height, width = (size, size) if isinstance(size, int) else size
    low, high = bounds if bounds is not None else pixel_bounds(model)
    gray, half = _gray(low, high), (np.asarray(high) - np.asarray(low)) / 2
    parameterization = Pixels((1, _channels(model), height, width), gray, half)
    objective = logit(target) - squared_norm(gray, half) * decay
    return ascend(
        model,
        objective,
        parameterization,
        steps=steps,
        lr=lr,
        transform=_around_gray(transform, min(height, width), low, high),
        seed=seed,
        **options,
    )


def _around_gray(
    transform: Transform | str | None, side: int, low: Array | float, high: Array | float
) -> Transform | None:
    if transform is None:
        return None
    if isinstance(transform, str):
        if transform != "robust":
            raise ValueError(f'expected a transform, "robust" or None, got {transform!r}')
        transform = robust(side)
    return Around(_gray(low, high), transform)


def _gray(low: Array | float, high: Array | float) -> Array:
    return (np.asarray(low) + np.asarray(high)) / 2


def _channels(model: Any) -> int:
    """The number of channels of a model's images: the input channels of its first convolution."""
    first = next((array for array in model.parameters().values() if np.ndim(array) == 4), None)
    if first is None:
        raise ValueError("expected a model that begins with a convolution, to know how many channels images have")
    return int(first.shape[1])
