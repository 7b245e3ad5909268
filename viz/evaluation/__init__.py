"""How good an attribution is: does it name the pixels that matter, and depend on what the network has learned?"""

from .deletion_insertion import PixelCurve, deletion_curve, insertion_curve
from .sanity_check import SanityCheck, sanity_check

__all__ = ["PixelCurve", "SanityCheck", "deletion_curve", "insertion_curve", "sanity_check"]
