"""Changes to an image, too small to see, that change a network's answer."""

from .accuracy import accuracy_under_attack
from .fgsm import fgsm
from .pgd import pgd

__all__ = ["accuracy_under_attack", "fgsm", "pgd"]
