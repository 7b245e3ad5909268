"""Layers: parameters and an op. Containers: layers and how they are joined."""

from .activation import Clip, LeakyReLU, LocalResponseNorm, ReLU, Sigmoid, Softmax
from .base import Layer, arrays_of, children_of, dtype_of, options_of, takes_layers, transparent, walk
from .batch_norm2d import BatchNorm2d
from .concat import Concat
from .conv2d import Conv2d, ConvTranspose2d
from .dense import Dense
from .dropout import Dropout, Dropout2d
from .flatten import Flatten
from .graph import Graph, Join
from .pad import Pad
from .pooling import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .residual import Residual
from .running import Pass, Watch
from .sequential import Sequential

LAYERS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        AdaptiveAvgPool2d,
        AvgPool2d,
        BatchNorm2d,
        Clip,
        Concat,
        Conv2d,
        ConvTranspose2d,
        Dense,
        Dropout,
        Dropout2d,
        Flatten,
        GlobalAvgPool2d,
        Graph,
        Join,
        LeakyReLU,
        LocalResponseNorm,
        MaxPool2d,
        Pad,
        ReLU,
        Residual,
        Sequential,
        Sigmoid,
        Softmax,
    )
}

__all__ = [
    "LAYERS",
    "Layer",
    "Pass",
    "Watch",
    "arrays_of",
    "children_of",
    "dtype_of",
    "options_of",
    "takes_layers",
    "transparent",
    "walk",
    *sorted(LAYERS),
]
