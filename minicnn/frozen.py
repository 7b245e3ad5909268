"""A model that is no longer trained, prepared to run many times."""

from __future__ import annotations

import copy as copying
from typing import Any

import numpy as np

from .layers.base import Layer
from .layers.tree import arrays_of, children_of, walk


def freeze(model: Any, *, copy: bool = True) -> Any:
    """The same model, read-only, with its filters packed and transformed once instead of in every pass.

    Batch normalization is folded into the convolution before it, unless the pass watches the map between the two.
    Values and input gradients equal the model's up to rounding. A frozen model has no `parameters()`: all its arrays
    are `buffers()`, `fit` and `load_state` refuse it, and its pullback returns only dx.

    Args:
        model: A model, or any layer. It is not changed.
        copy: Copy its arrays. With False the frozen model shares them, and is wrong as soon as they change.

    Returns:
        A model of the same layers under the same paths, with the same `transform` and `classes`.

    Source: Jacob et al. (2018), Quantization and training of neural networks for efficient integer-arithmetic-only
    inference, section 3.2, for folding batch normalization.
    """
    shared: dict[int, Any] = {}
    if not copy:
        for _, layer in walk(model):
            if not children_of(layer):
                arrays = (arrays_of(layer, kind) for kind in ("parameters", "buffers"))
                shared |= {id(array): array for found in arrays for array in found.values()}
    frozen = copying.deepcopy(model, shared)
    for _, layer in walk(frozen):
        if isinstance(layer, Layer):
            for name in layer.parameter_names + layer.buffer_names:
                if getattr(layer, name) is not None:
                    setattr(layer, name, _read_only(getattr(layer, name)))
        layer.frozen = True
    return frozen


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
