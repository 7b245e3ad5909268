"""Why a network decides as it does: one method per file; each returns arrays."""

from .deconvnet import deconvnet
from .grad_cam import grad_cam, guided_grad_cam
from .gradient_times_input import gradient_times_input
from .guided_backprop import guided_backprop, guided_backprop_by_layer
from .integrated_gradients import integrated_gradients
from .layer_attribution import layer_attribution
from .occlusion import occlusion
from .saliency import saliency
from .smooth_grad import smooth_grad

__all__ = [
    "deconvnet",
    "grad_cam",
    "gradient_times_input",
    "guided_backprop",
    "guided_backprop_by_layer",
    "guided_grad_cam",
    "integrated_gradients",
    "layer_attribution",
    "occlusion",
    "saliency",
    "smooth_grad",
]
