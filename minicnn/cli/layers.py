"""The layers that an option names, or that a command chooses."""

from __future__ import annotations

from typing import Any


def find_layer(model: Any, path: str) -> str:
    """The path, if there is such a layer.

    Raises:
        ValueError: there is none.
    """
    from minicnn.layers import walk
    from minicnn.message import nearest

    known = [known for known, _ in walk(model) if known]
    if path not in known:
        raise ValueError(f"there is no layer {path!r}{nearest(path, known)}")
    return path


def rectified(model: Any) -> list[str]:
    """The paths of all ReLUs with maps as output, in order from the input: features of growing depth.

    Raises:
        ValueError: there are none.
    """
    from minicnn.layers import Dense, Flatten, ReLU, walk

    paths = []
    for path, layer in walk(model):
        if isinstance(layer, Dense | Flatten):
            break
        if isinstance(layer, ReLU):
            paths.append(path)
    if not paths:
        raise ValueError("the model has no ReLU over maps; name its layers yourself")
    return paths
