"""Why did the network decide so: one method, one file; each returns arrays."""

from .adversarial import accuracy_under_attack, fgsm, pgd, pixel_bounds
from .deconvnet import deconvnet
from .deletion_insertion import PixelCurve, deletion_curve, insertion_curve
from .grad_cam import grad_cam, guided_grad_cam
from .gradient_times_input import gradient_times_input
from .guided_backprop import guided_backprop, guided_backprop_by_layer
from .integrated_gradients import integrated_gradients
from .layer_attribution import layer_attribution
from .occlusion import occlusion
from .saliency import saliency
from .sanity_check import SanityCheck, sanity_check
from .smooth_grad import smooth_grad

__all__ = [
    "PixelCurve",
    "SanityCheck",
    "accuracy_under_attack",
    "deconvnet",
    "deletion_curve",
    "fgsm",
    "grad_cam",
    "gradient_times_input",
    "guided_backprop",
    "guided_backprop_by_layer",
    "guided_grad_cam",
    "insertion_curve",
    "integrated_gradients",
    "layer_attribution",
    "occlusion",
    "pgd",
    "pixel_bounds",
    "saliency",
    "sanity_check",
    "smooth_grad",
]
