"""Arrays and results to matplotlib. This package holds functions only.

A function is named after what it draws: the function that computes it (`plot.feature_maps` draws what
`viz.feature_maps` returns), a type that several functions return (`plot.pixel_curve`, `plot.synthesis`), or a part of
an evaluation (`plot.confusion`, `plot.per_class`). A result's `plot()` method calls that function.

One panel is drawn on `ax`, and Axes are returned; several panels are drawn on `figure`, and the Figure is returned.
Without either, a new figure is made. The returned object displays itself in a notebook, and pyplot does not know it.
"""

from typing import Any

from .activation_statistics import activation_statistics
from .attacks import accuracy_under_attack, attacks
from .attributions import attributions
from .confusion import confusion
from .descent import descent
from .detectors import detectors
from .exciting_patches import contextualized_weights, exciting_patches
from .feature_maps import feature_maps
from .filters import filters
from .images import images
from .mistakes import mistakes
from .mosaic import mosaic
from .nearest_neighbors import nearest_neighbors
from .per_class import per_class
from .pixel_curve import pixel_curve
from .sanity_check import sanity_check
from .scatter import grid_places, scatter
from .synthesis import synthesis
from .training import training
from .weight_factors import filter_table, weight_factors

__all__ = [
    "accuracy_under_attack",
    "activation_statistics",
    "attacks",
    "attributions",
    "confusion",
    "contextualized_weights",
    "descent",
    "detectors",
    "exciting_patches",
    "feature_maps",
    "filter_table",
    "filters",
    "grid_places",
    "images",
    "mistakes",
    "mosaic",
    "nearest_neighbors",
    "per_class",
    "pixel_curve",
    "sanity_check",
    "scatter",
    "synthesis",
    "training",
    "weight_factors",
]

_RENAMED = {  # until the version after 0.1
    "accuracy_curves": "accuracy_under_attack",
    "confusion_matrix": "confusion",
    "neighbors": "nearest_neighbors",
    "patches": "exciting_patches",
    "per_class_accuracy": "per_class",
    "pixel_curves": "pixel_curve",
    "sanity_checks": "sanity_check",
    "thumbnail_grid": "grid_places",
    "training_curves": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import warnings

    warnings.warn(f"plot.{name} is now plot.{_RENAMED[name]}", DeprecationWarning, stacklevel=2)
    return globals()[_RENAMED[name]]


def __dir__() -> list[str]:
    return __all__
