"""Random nested networks: every layer in any valid order, with nested branches and shortcuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .. import layers
from ..layers import Layer, Sequential
from .arrays import Array, tie_free
from .strategies import seeds

Shape = tuple[int, ...]


@dataclass(frozen=True, repr=False)
class Network:
    """A model with random arrays, none of which is 0, and the shape of the batch to feed it.

    Attributes:
        model: in float64.
        shape: (N, C, H, W).
        seed: of the values.
    """

    model: Layer
    shape: Shape
    seed: int

    def x(self, dtype: Any = np.float64) -> Array:
        return tie_free(self.shape, self.seed, dtype)

    def __repr__(self) -> str:
        return f"{self.model!r} on {self.shape}, seed {self.seed}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@st.composite
def networks(draw: st.DrawFn, *, depth: int = 2, blocks: int = 4) -> Network:
    """Networks of up to `blocks` layers, nested `depth` deep, with a head of dense layers or none."""
    first: Shape = tuple(draw(st.integers(1, n)) for n in (3, 3, 6, 6))
    shape, body = first, []
    for _ in range(draw(st.integers(1, blocks))):
        body.append(draw(_layers(shape, depth)))
        shape = body[-1](np.zeros(shape, np.float32)).shape
    seed = draw(seeds())
    return Network(with_random_arrays(Sequential(*body, *draw(_heads(shape))), seed), first, seed)


def with_random_arrays(model: Layer, seed: int) -> Layer:
    """The model in float64, without values of 0 or 1: a zero bias would put ReLU on its kink, and would hide omitted
    terms."""
    model.initialize(seed).astype(np.float64)
    for i, (name, array) in enumerate(model.state().items()):
        array += (0.1 if name.endswith("running_var") else 0.2) * tie_free(array.shape, seed + i)
    return model


KINDS = (
    "ReLU",
    "Conv2d",
    "BatchNorm2d",
    "MaxPool2d",
    "AvgPool2d",
    "Dropout",
    "Dropout2d",
    "ConvTranspose2d",
    "AdaptiveAvgPool2d",
    "LocalResponseNorm",
    "LeakyReLU",
    "PReLU",
    "Sigmoid",
    "Tanh",
    "Erf",
    "ELU",
    "SiLU",
    "GELU",
    "Hardsigmoid",
    "Hardswish",
    "Softmax",
    "LogSoftmax",
    "Clip",
    "Affine",
    "Scale",
    "Pad",
    "Upsample",
    "Slice",
    "Permute",
    "Reshape",
    "Concat",
    "Residual",
    "Graph",
)


@st.composite
def _layers(draw: st.DrawFn, shape: Shape, depth: int) -> Layer:
    """Any layer that takes maps of this shape (N, C, H, W)."""
    N, C, H, W = shape
    left_out = {*([] if N * H * W > 1 else ["BatchNorm2d"]), *([] if depth else ["Concat", "Residual", "Graph"])}
    kind = draw(st.sampled_from([kind for kind in KINDS if kind not in left_out]))
    small = st.integers(1, 3)
    window = st.tuples(st.integers(1, min(3, H)), st.integers(1, min(3, W)))
    options: dict[str, Any] = {}
    if kind in ("Conv2d", "ConvTranspose2d"):
        groups = draw(st.sampled_from([g for g in (1, 2, 3) if C % g == 0]))
        options = {"in_channels": C, "out_channels": groups * draw(st.integers(1, 2)), "kernel_size": draw(window)}
        options |= {"stride": draw(st.integers(1, 2)), "groups": groups, "bias": draw(st.booleans())}
        if kind == "Conv2d":
            options |= {"padding": draw(st.integers(0, 2))}
    elif kind == "BatchNorm2d":
        options = {"num_features": C, "eps": 0.1}  # so that a channel of equal values does not blow up rounding
    elif kind in ("MaxPool2d", "AvgPool2d"):
        kernel = draw(window)
        padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
        options = {"kernel_size": kernel, "stride": draw(small), "padding": padding, "ceil_mode": draw(st.booleans())}
    elif kind in ("Dropout", "Dropout2d"):
        options = {"p": draw(st.sampled_from([0.5, 0.2]))}
    elif kind == "AdaptiveAvgPool2d":
        options = {"output_size": draw(st.tuples(small, small))}
    elif kind == "LocalResponseNorm":
        options = {"size": draw(small), "alpha": 0.5}
    elif kind == "Clip":
        options = {"low": -0.7, "high": 1.3}
    elif kind == "Scale":
        options = {"factor": draw(st.sampled_from([-1.0, 0.4])), "shift": draw(st.sampled_from([0.0, 0.3]))}
    elif kind == "Affine":
        options = {"num_features": C, "bias": draw(st.booleans())}
    elif kind == "PReLU":
        options = {"num_parameters": draw(st.sampled_from([1, C]))}
    elif kind == "GELU":
        options = {"approximate": draw(st.sampled_from(["none", "tanh"]))}
    elif kind == "Hardsigmoid":
        options = {"alpha": draw(st.sampled_from([1 / 6, 0.6]))}
    elif kind == "Pad":
        mode = draw(st.sampled_from(["constant", "replicate", *(["reflect"] if min(H, W) > 1 else [])]))
        value = draw(st.sampled_from([0.0, -0.5])) if mode == "constant" else 0.0
        options = {"padding": draw(st.tuples(*[st.integers(0, 1)] * 4)), "value": value, "mode": mode}
    elif kind == "Upsample":
        mode = draw(st.sampled_from(["nearest", "bilinear"]))
        options = {"scale_factor": draw(st.tuples(small, small)), "mode": mode}
        options |= {"align_corners": mode == "bilinear" and draw(st.booleans())}
    elif kind == "Slice":
        axis = draw(st.integers(1, 3))
        options = {"start": draw(st.integers(0, shape[axis] - 1)), "axis": axis}
    elif kind == "Permute":
        options = {"axes": (0, *draw(st.permutations([1, 2, 3])))}
    elif kind == "Reshape":
        options = {"shape": tuple(draw(st.permutations([C, H, W])))}
    elif kind == "Concat":
        return layers.Concat(*(draw(_same_size(shape, depth - 1)) for _ in range(draw(small))))
    elif kind == "Residual":
        return draw(_residual(shape, depth))
    elif kind == "Graph":
        return draw(_graph(shape, depth))
    return layers.LAYERS[kind](**options)


@st.composite
def _same_size(draw: st.DrawFn, shape: Shape, depth: int, out: int | None = None) -> Layer:
    """Layers that keep height and width, for branches that must fit together; to `out` channels."""
    N, C, H, W = shape
    out = out or draw(st.integers(1, 3))
    oblong = draw(st.sampled_from([(1, 1), (3, 3), (1, 3)]))
    around = (oblong[0] // 2, oblong[1] // 2)
    kinds = ["conv", "relu", "pool", *(["norm"] if N * H * W > 1 else []), *(["nested"] if depth > 0 else [])]
    first: Layer
    match draw(st.sampled_from(kinds)):
        case "conv":
            return layers.Conv2d(C, out, oblong, padding=around)
        case "pool":
            first = draw(st.sampled_from([layers.MaxPool2d, layers.AvgPool2d]))(oblong, stride=1, padding=around)
        case "norm":
            first = layers.BatchNorm2d(C, eps=0.1)
        case "nested":
            first = layers.Concat(draw(_residual(shape, depth, C)))
        case _:
            first = layers.ReLU()
    return Sequential(first, layers.Conv2d(C, out, 1))


@st.composite
def _residual(draw: st.DrawFn, shape: Shape, depth: int, out: int | None = None) -> Layer:
    """Without a shortcut layer, or with one, which may change the channels to `out`."""
    C = shape[1]
    if not draw(st.booleans()):
        return layers.Residual(draw(_same_size(shape, depth - 1, C)), layers.ReLU(), layers.Conv2d(C, C, 1))
    out = out or draw(st.integers(1, 3))
    return layers.Residual(draw(_same_size(shape, depth - 1, out)), shortcut=layers.Conv2d(C, out, 1))


@st.composite
def _graph(draw: st.DrawFn, shape: Shape, depth: int) -> Layer:
    """Two layers in a row or side by side, and the sum of both and the input; or the product of the two."""
    first, second = (draw(_same_size(shape, depth - 1, shape[1])) for _ in range(2))
    inputs = {"second": [draw(st.sampled_from(["first", "input"]))], "join": ["first", "second", "input"]}
    operation = draw(st.sampled_from(["add", "mul"]))
    if operation == "mul":
        inputs["join"].pop()
    return layers.Graph(first=first, second=second, join=layers.Join(operation), inputs=inputs)


@st.composite
def _heads(draw: st.DrawFn, shape: Shape) -> list[Layer]:
    """From maps to scores by flattening, averages or maxima; or nothing."""
    N, C, H, W = shape
    match draw(st.sampled_from(["none", "flatten", "average", "maximum"])):
        case "flatten":
            return [layers.Flatten(), layers.Dense(C * H * W, 3), layers.ReLU(), layers.Dense(3, 2, bias=False)]
        case "average":
            return [layers.GlobalAvgPool2d(), layers.Dense(C, 3)]
        case "maximum":
            norm = [layers.BatchNorm1d(C, eps=0.1)] if N > 1 else []
            return [layers.GlobalMaxPool2d(), *norm, layers.Dense(C, 3)]
    return []
