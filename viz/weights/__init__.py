"""What the weights themselves show."""

from .banding_index import banding_index, banding_test
from .expanded_weights import expanded_weights
from .filters import filters
from .weight_factors import weight_factors

__all__ = ["banding_index", "banding_test", "expanded_weights", "filters", "weight_factors"]
