"""Occlusion: hide a part of the image, and see how the score changes."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

import minicnn as cnn
from minicnn.display import tqdm

from .inputs import baselines_for
from .passes import last_before_softmax, logits_of
from .target import Array, Target, check_target, one_for_each, score


@overload
def occlusion(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    window: int | tuple[int, int] = 8,
    stride: int | tuple[int, int] | None = None,
    baseline: Array | float = 0.0,
    return_predictions: Literal[False] = False,
    batch_size: int = 16,
    progress: bool = False,
) -> Array: ...
@overload
def occlusion(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    window: int | tuple[int, int] = 8,
    stride: int | tuple[int, int] | None = None,
    baseline: Array | float = 0.0,
    return_predictions: Literal[True],
    batch_size: int = 16,
    progress: bool = False,
) -> tuple[Array, Array]: ...
def occlusion(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    window: int | tuple[int, int] = 8,
    stride: int | tuple[int, int] | None = None,
    baseline: Array | float = 0.0,
    return_predictions: bool = False,
    batch_size: int = 16,
    progress: bool = False,
) -> Any:
    """Slide a gray square over the image; the map shows how much the score drops.

        map[y, x] = mean over the windows that cover (y, x) of S(image) − S(image with that window hidden)

    The windows step by `stride` from the top left corner, and the last one reaches the far edge, so that every pixel is
    covered.

    Args:
        model, x, target: those of `saliency`; the predicted class is that of the whole image.
        window: the square's side, or (height, width), in pixels.
        stride: the step, by default half the window.
        baseline: the covering value: a number, or an array that broadcasts to x; 0 is the mean image after
            normalization.
        return_predictions: also return the class that is predicted while each window is hidden, (N, rows, columns).
        batch_size: occluded images in memory at once.
        progress: whether to show a bar.

    Returns:
        maps (N, H, W): positive where the image supports the class; with `return_predictions` also the classes.

    Raises:
        ValueError: the window is larger than the image, or another option does not fit.

    Source: Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, section 4.2.
    """
    target = check_target(model, x, target)
    N, _, H, W = x.shape
    height, width = (window, window) if isinstance(window, int) else window
    step_y, step_x = (max(1, height // 2), max(1, width // 2)) if stride is None else np.broadcast_to(stride, 2)
    if not (1 <= height <= H and 1 <= width <= W) or step_y < 1 or step_x < 1:
        raise ValueError(
            f"occlusion: expected a window inside the {H} x {W} image and a stride of at least 1, "
            f"got {window} and {stride}"
        )
    tops, lefts = _starts(H, height, int(step_y)), _starts(W, width, int(step_x))
    corners = [(top, left) for top in tops for left in lefts]
    until = last_before_softmax(model)
    baselines = baselines_for(x, baseline)
    whole = logits_of(model, x, batch_size)
    target = whole.argmax(axis=1) if target is None else target
    drops = np.zeros((N, H, W), x.dtype)
    covered = np.zeros((H, W), x.dtype)
    for top, left in corners:
        covered[top : top + height, left : left + width] += 1
    classes = np.empty((N, len(corners)), int)
    with tqdm(total=N * len(corners), desc="occlusion", unit="image", disable=not progress) as bar:
        for n in range(N):
            mine = one_for_each(target, slice(n, n + 1))
            reference = score(whole[n : n + 1], mine)
            for first in range(0, len(corners), batch_size):
                part = corners[first : first + batch_size]
                hidden = np.repeat(x[n : n + 1], len(part), axis=0)
                for k, (top, left) in enumerate(part):
                    window_there = (slice(None), slice(top, top + height), slice(left, left + width))
                    hidden[(k, *window_there)] = baselines[(n, *window_there)]
                logits, _ = model.forward(hidden, cnn.Pass(until=until))
                classes[n, first : first + len(part)] = logits.argmax(axis=1)
                for drop, (top, left) in zip(reference - score(logits, mine), part, strict=True):
                    drops[n, top : top + height, left : left + width] += drop
                bar.update(len(part))
    maps = drops / covered
    return (maps, classes.reshape(N, len(tops), len(lefts))) if return_predictions else maps


def _starts(size: int, window: int, stride: int) -> list[int]:
    starts = list(range(0, size - window + 1, stride))
    if starts[-1] + window < size:
        starts.append(size - window)
    return starts
