"""Differentiable operations, each a plain function that returns its output and its pullback.

Every op stands in the file of its name, forward beside pullback, its equation in the docstring.
"""

from .adaptive_avg_pool2d import adaptive_avg_pool2d
from .add import add
from .avg_pool2d import avg_pool2d
from .batch_norm2d import batch_norm2d
from .clip import clip
from .concat import concat
from .conv2d import conv2d
from .conv2d_relu_max_pool2d import conv2d_relu_max_pool2d
from .conv_transpose2d import conv_transpose2d
from .convolution.problem import Filters as Filters  # no op, but what conv2d takes: it is not in __all__
from .cross_entropy import cross_entropy
from .dense import dense
from .dropout import dropout, dropout2d
from .flatten import flatten
from .global_avg_pool2d import global_avg_pool2d
from .leaky_relu import leaky_relu
from .local_response_norm import local_response_norm
from .max_pool2d import max_pool2d
from .max_unpool2d import max_unpool2d
from .mse import mse
from .pad import pad
from .relu import relu
from .sigmoid import sigmoid
from .softmax import log_softmax, softmax

__all__ = [
    "adaptive_avg_pool2d",
    "add",
    "avg_pool2d",
    "batch_norm2d",
    "clip",
    "concat",
    "conv2d",
    "conv2d_relu_max_pool2d",
    "conv_transpose2d",
    "cross_entropy",
    "dense",
    "dropout",
    "dropout2d",
    "flatten",
    "global_avg_pool2d",
    "leaky_relu",
    "local_response_norm",
    "log_softmax",
    "max_pool2d",
    "max_unpool2d",
    "mse",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
]
