"""Differentiable operations, each a plain function that returns its output and its pullback.

Each op is in the file of its name, with its equation in the docstring. In it are the gradients of its arrays, each a
function of dy, from which `contract.as_pullback` makes the pullback; or the pullback itself, if they share work. Some
ops share a file: `conv2d_relu_max_pool2d` with `conv2d`, `dropout2d` with `dropout`, `log_softmax` with `softmax`, and
smooth and hard activations, in `pointwise.py`.
"""

from .adaptive_avg_pool2d import adaptive_avg_pool2d
from .add import add
from .affine import affine
from .avg_pool2d import avg_pool2d
from .batch_norm2d import batch_norm2d
from .clip import clip
from .concat import concat
from .conv2d import conv2d, conv2d_relu_max_pool2d
from .conv_transpose2d import conv_transpose2d
from .convolution.problem import Filters as Filters  # an argument of conv2d rather than an op, so not in __all__
from .cross_entropy import cross_entropy
from .dense import dense
from .dropout import dropout, dropout2d
from .flatten import flatten
from .global_avg_pool2d import global_avg_pool2d
from .global_max_pool2d import global_max_pool2d
from .interpolate2d import interpolate2d
from .leaky_relu import leaky_relu
from .local_response_norm import local_response_norm
from .max_pool2d import max_pool2d
from .max_unpool2d import max_unpool2d
from .mse import mse
from .mul import mul
from .pad import pad
from .permute import permute
from .pointwise import elu, erf, gelu, hardsigmoid, hardswish, silu, tanh
from .prelu import prelu
from .relu import relu
from .reshape import reshape
from .sigmoid import sigmoid
from .slice_axis import slice_axis
from .softmax import log_softmax, softmax

__all__ = [
    "adaptive_avg_pool2d", "add", "affine", "avg_pool2d", "batch_norm2d", "clip", "concat", "conv2d",
    "conv2d_relu_max_pool2d", "conv_transpose2d", "cross_entropy", "dense", "dropout", "dropout2d", "elu", "erf",
    "flatten", "gelu", "global_avg_pool2d", "global_max_pool2d", "hardsigmoid", "hardswish", "interpolate2d",
    "leaky_relu", "local_response_norm", "log_softmax", "max_pool2d", "max_unpool2d", "mse", "mul", "pad", "permute",
    "prelu", "relu", "reshape", "sigmoid", "silu", "slice_axis", "softmax", "tanh",
]  # fmt: skip
