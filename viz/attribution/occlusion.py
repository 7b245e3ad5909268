"""Occlusion: hide a part of the image, and see how the score changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, overload

import numpy as np

import minicnn as cnn
from minicnn.display import tqdm

from .inputs import baselines_for
from .local_change import KnownPass
from .one_score import only_asked
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
    covered; a stride larger than the window would leave gaps.

    A small window changes a small part of every feature map, and only that part is recomputed (`local_change`), up
    to the first layer that sees the whole map. Unless `return_predictions` is set, only the target's score is computed
    (`one_score`). Both are exact up to rounding.

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
        ValueError: the window is larger than the image, the stride than the window, or another option does not fit.

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
    if (step_y > height and height < H) or (step_x > width and width < W):
        raise ValueError(
            f"occlusion: expected a stride no larger than the window of {height} x {width} pixels, got {stride}: "
            "the pixels between two windows would never be hidden"
        )
    tops, lefts = _starts(H, height, int(step_y)), _starts(W, width, int(step_x))
    until = last_before_softmax(model)
    baselines = baselines_for(x, baseline)
    model = cnn.freeze(model, copy=False)
    logits = logits_of(model, x, batch_size)
    target = logits.argmax(axis=1) if target is None else target
    score(logits, target)  # raises an error if there is no such class
    drops = np.empty((N, len(tops), len(lefts)), x.dtype)
    classes = np.empty(drops.shape, int)
    with tqdm(total=drops.size, desc="occlusion", unit="image", disable=not progress) as bar:
        for n in range(N):
            mine = one_for_each(target, slice(n, n + 1))
            network = model
            if until is None and not return_predictions:
                network, mine = only_asked(model, mine)
            known = KnownPass(network, x[n : n + 1], until)
            for block in _blocks(len(tops), len(lefts), batch_size):
                corners = [(top, left) for top in tops[block[0]] for left in lefts[block[1]]]
                cover = [baselines[n, :, top : top + height, left : left + width] for top, left in corners]
                found = known.changed(np.stack(cover), np.array(corners))
                shape = drops[n][block].shape
                drops[n][block] = (score(known.output, mine) - score(found, mine)).reshape(shape)
                classes[n][block] = found.argmax(axis=1).reshape(shape)
                bar.update(len(corners))
    maps = _spread(drops, tops, lefts, (height, width), (H, W))
    return (maps, classes) if return_predictions else maps


def _starts(size: int, window: int, stride: int) -> list[int]:
    starts = list(range(0, size - window + 1, stride))
    if starts[-1] + window < size:
        starts.append(size - window)
    return starts


def _blocks(rows: int, columns: int, batch_size: int) -> Iterator[tuple[slice, slice]]:
    """The windows in blocks of neighbors: all boxes of a batch have the size of the largest, and near an edge of the
    image all are small, because it cuts them."""
    tall = min(rows, math.isqrt(batch_size))
    wide = batch_size // tall
    for top in range(0, rows, tall):
        for left in range(0, columns, wide):
            yield slice(top, top + tall), slice(left, left + wide)


def _spread(drops: Array, tops: list[int], lefts: list[int], window: tuple[int, int], size: tuple[int, int]) -> Array:
    """Maps (N, H, W): at every pixel the mean of the drops (N, rows, columns) over the windows that cover it."""
    maps, covered = np.zeros((len(drops), *size), drops.dtype), np.zeros(size, drops.dtype)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            there = (slice(top, top + window[0]), slice(left, left + window[1]))
            maps[(slice(None), *there)] += drops[:, i, j, None, None]
            covered[there] += 1
    return maps / covered
