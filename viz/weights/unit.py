"""One unit's weights: which inputs matter to it, and what its weights mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.display import Shown, drawing

from .filters import filters


def important_inputs(model: Any, layer: str, unit: int, count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """The most important input channels of a convolution's unit: those whose weights have the largest norm.

        norm[c] = ‖w[unit, c]‖,    over the kernel's places

    Args:
        model: a network.
        layer: the path of a convolution.
        unit: one of its output channels.
        count: how many inputs, at most.

    Returns:
        (channels (count,), norms (count,)), the largest first; channels are numbered as the layer's input has them,
        also where the convolution has groups.

    Raises:
        ValueError: there is no such convolution, or no such unit, or `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"important_inputs: expected a count of at least 1, got {count}")
    w, first = _weights(model, layer, unit)
    norms = np.sqrt(np.square(w, dtype=np.float64).sum(axis=(1, 2)))
    order = np.argsort(-norms, kind="stable")[:count]
    return first + order, norms[order]


@dataclass(frozen=True, eq=False, repr=False)
class ContextualizedWeights(Shown):
    """Weights of one unit to some of its inputs, with images of what the unit and the inputs represent.

    Attributes:
        layer, unit: whose weights.
        channels: the inputs, (n,).
        weights: to each of them, (n, kh, kw).
        inputs: images of what excites each input, (n, T, …), as they were given.
        output: images of what excites the unit, (T, …).
    """

    layer: str
    unit: int
    channels: np.ndarray
    weights: np.ndarray
    inputs: np.ndarray
    output: np.ndarray

    def _headline(self) -> str:
        return f"unit {self.unit} of {self.layer}, its weights to inputs {', '.join(map(str, self.channels))}"

    def plot(self) -> Any:
        """The weights with images of what excites both ends (`viz.plot.contextualized_weights`)."""
        return drawing().contextualized_weights(self) if self.inputs.dtype == np.uint8 else None


def contextualized_weights(
    model: Any, layer: str, unit: int, *, inputs: np.ndarray, outputs: np.ndarray, count: int = 5
) -> ContextualizedWeights:
    """Weights between hidden layers, shown with images of both their ends, without which they mean nothing.

    "This unit wants the curve (input 12) on its left and nothing of the fur (input 7) in its middle."

    Args:
        model: a network.
        layer: the path of a convolution.
        unit: one of its output channels.
        inputs: images for each channel of the layer's input, (C, T, …): `ExcitingPatches.patches` of the layer
            below, or feature visualizations.
        outputs: images for each unit of the layer, (out, T, …).
        count: how many inputs: the most important ones.

    Raises:
        ValueError: there is no such convolution or unit, or there are not images for all channels.

    Source: Voss et al. (2021), Visualizing weights (Distill), "Contextualizing weights with feature visualization".
    """
    w, first = _weights(model, layer, unit)
    channels, _ = important_inputs(model, layer, unit, count)
    if len(inputs) <= channels.max() or len(outputs) <= unit:
        raise ValueError(
            f"contextualized_weights: {layer!r} needs images of its {len(w)} input channels and of unit {unit}, "
            f"got {len(inputs)} and {len(outputs)}"
        )
    return ContextualizedWeights(layer, unit, channels, w[channels - first], inputs[channels], outputs[unit])


def _weights(model: Any, layer: str, unit: int) -> tuple[np.ndarray, int]:
    """The unit's filter (in/groups, kh, kw), and the number of the first input channel that it sees."""
    weights = filters(model, layer)
    if not 0 <= unit < len(weights):
        raise ValueError(f"{layer}: expected a unit in 0…{len(weights) - 1}, got {unit}")
    groups = getattr(model[layer], "groups", 1)
    return weights[unit], unit // (len(weights) // groups) * weights.shape[1]
