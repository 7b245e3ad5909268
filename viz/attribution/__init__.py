"""Why did the network decide so: one method, one file; each returns arrays."""

from .adversarial import accuracy_under_attack, fgsm, pgd, pixel_bounds
from .deconvnet import deconvnet
from .grad_cam import grad_cam, guided_grad_cam
from .gradient_times_input import gradient_times_input
from .guided_backprop import guided_backprop
from .integrated_gradients import integrated_gradients
from .occlusion import occlusion
from .saliency import saliency
from .sanity_check import SanityCheck, sanity_check
from .smooth_grad import smooth_grad

__all__ = [
    "SanityCheck",
    "accuracy_under_attack",
    "deconvnet",
    "fgsm",
    "grad_cam",
    "gradient_times_input",
    "guided_backprop",
    "guided_grad_cam",
    "integrated_gradients",
    "occlusion",
    "pgd",
    "pixel_bounds",
    "saliency",
    "sanity_check",
    "smooth_grad",
]
