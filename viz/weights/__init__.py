"""Views of the weights themselves."""

from .banding_index import banding_index, banding_test
from .expanded_weights import expanded_weights
from .filters import filters
from .first_layer import beyond_chance, color_opponency, orientation
from .unit import ContextualizedWeights, contextualized_weights, important_inputs
from .weight_factors import weight_factors

__all__ = [
    "ContextualizedWeights",
    "banding_index",
    "banding_test",
    "beyond_chance",
    "color_opponency",
    "contextualized_weights",
    "expanded_weights",
    "filters",
    "important_inputs",
    "orientation",
    "weight_factors",
]
