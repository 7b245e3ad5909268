"""Layers: parameters and an op. Containers: layers and how they are joined."""

from .activation import Clip, LeakyReLU, ReLU, Sigmoid
from .affine import Affine, PReLU, Scale
from .axes import Permute, Reshape, Slice
from .base import Layer
from .batch_norm2d import BatchNorm1d, BatchNorm2d
from .concat import Concat
from .conv2d import Conv2d, ConvTranspose2d
from .dense import Dense
from .dropout import Dropout, Dropout2d
from .flatten import Flatten
from .graph import Graph, Join
from .local_response_norm import LocalResponseNorm
from .options import options_of, takes_layers, written_options
from .pad import Pad
from .pointwise import ELU, GELU, Erf, Hardsigmoid, Hardswish, SiLU, Tanh
from .pooling import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, GlobalMaxPool2d, MaxPool2d
from .residual import Residual
from .running import Pass, Watch
from .sequential import Sequential
from .softmax import LogSoftmax, Softmax
from .transparent import transparent
from .tree import arrays_of, children_of, dtype_of, walk
from .upsample import Upsample

LAYERS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        AdaptiveAvgPool2d,
        Affine,
        AvgPool2d,
        BatchNorm1d,
        BatchNorm2d,
        Clip,
        Concat,
        Conv2d,
        ConvTranspose2d,
        Dense,
        Dropout,
        Dropout2d,
        ELU,
        Erf,
        Flatten,
        GELU,
        GlobalAvgPool2d,
        GlobalMaxPool2d,
        Graph,
        Hardsigmoid,
        Hardswish,
        Join,
        LeakyReLU,
        LocalResponseNorm,
        LogSoftmax,
        MaxPool2d,
        PReLU,
        Pad,
        Permute,
        ReLU,
        Reshape,
        Residual,
        Scale,
        Sequential,
        SiLU,
        Sigmoid,
        Slice,
        Softmax,
        Tanh,
        Upsample,
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
    "written_options",
    *sorted(LAYERS),
]
