"""Arrays to matplotlib. Each function draws on what it is given, or on a new figure, and returns what it drew on."""

from .attacks import accuracy_curves, attacks
from .attributions import attributions
from .confusion import confusion_matrix
from .curves import training_curves
from .descent import descent
from .detectors import detectors
from .feature_maps import feature_maps
from .filters import filters
from .mistakes import mistakes
from .mosaic import mosaic
from .neighbours import neighbors
from .patches import contextualized_weights, patches
from .per_class import per_class_accuracy
from .pixel_curves import pixel_curves
from .sanity_checks import sanity_checks
from .scatter import scatter, thumbnail_grid
from .small_multiples import filter_table, weight_factors

__all__ = [
    "accuracy_curves",
    "attacks",
    "attributions",
    "confusion_matrix",
    "contextualized_weights",
    "descent",
    "detectors",
    "feature_maps",
    "filter_table",
    "filters",
    "mistakes",
    "mosaic",
    "neighbors",
    "patches",
    "per_class_accuracy",
    "pixel_curves",
    "sanity_checks",
    "scatter",
    "thumbnail_grid",
    "training_curves",
    "weight_factors",
]
