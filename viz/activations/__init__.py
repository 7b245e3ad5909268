"""What the layers put out for given pictures."""

from .feature_maps import feature_maps

__all__ = ["feature_maps"]
