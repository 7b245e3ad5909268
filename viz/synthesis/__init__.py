"""Synthesizing images by gradient ascent: objective × parameterization × transformation × optimizer."""

from . import objective as objectives
from . import transformation as transforms
from .ascend import Synthesis, ascend
from .deep_dream import deep_dream
from .feature_visualization import class_model, feature_visualization
from .invert import invert
from .parameterization import Fourier, Pixels, color_statistics
from .style_transfer import style_transfer

__all__ = [
    "Fourier",
    "Pixels",
    "Synthesis",
    "ascend",
    "class_model",
    "color_statistics",
    "deep_dream",
    "feature_visualization",
    "invert",
    "objectives",
    "style_transfer",
    "transforms",
]
