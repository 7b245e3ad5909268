"""A layer's activations as a space in which images are near each other or far apart."""

from .arrangement import grid_places
from .extraction import extract_features
from .neighbors import label_agreement, nearest_neighbors

__all__ = ["extract_features", "grid_places", "label_agreement", "nearest_neighbors"]
