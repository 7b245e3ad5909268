"""The outputs of layers: for one image, and over a data set."""

from .exciting import ExcitingPatches, exciting_patches
from .feature_maps import feature_maps
from .statistics import ActivationStatistics, activation_statistics, morans_i, treves_rolls
from .streaming import stream

__all__ = [
    "ActivationStatistics",
    "ExcitingPatches",
    "activation_statistics",
    "exciting_patches",
    "feature_maps",
    "morans_i",
    "stream",
    "treves_rolls",
]
