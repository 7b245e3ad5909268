"""Draw why a network decided as it did.

Draws the image and a map for each method: red speaks for the class, blue
against it. The class is the one that the network predicts, or the one that you
ask about. Do not rely on guided-backprop, guided-grad-cam or deconvnet: they
redraw the image's outlines more than they explain the decision.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..classes import find_class
from .classes import class_names
from .images import read, shown
from .inputs import bars
from .layers import find_layer
from .network import add_network, load_network
from .notice import compiling

EXAMPLES = """\
examples:
  minicnn explain runs/demo runs/demo/image.png
  minicnn explain runs/demo shirt.png --method occlusion --target Shirt
  minicnn explain squeezenet1_1 cat.png --weights squeezenet1_1.safetensors \\
      --method grad-cam,integrated-gradients -o why.png"""

METHODS = (
    "saliency",
    "gradient-times-input",
    "integrated-gradients",
    "smooth-grad",
    "grad-cam",
    "occlusion",
    "guided-backprop",
    "guided-grad-cam",
    "deconvnet",
)
DEFAULT = "saliency,integrated-gradients,grad-cam,occlusion"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("image", metavar="IMAGE", help="a PNG, JPEG or other image")
    parser.add_argument(
        "--method",
        metavar="NAMES",
        default=DEFAULT,
        help=f"{', '.join(METHODS)}; several with commas, or all (default: {DEFAULT})".replace(",", ", ").replace(
            "  ", " "
        ),
    )
    parser.add_argument("--target", metavar="CLASS", help="number or name of a class (default: what is predicted)")
    parser.add_argument("--layer", metavar="PATH", help="for Grad-CAM (default: the last that has maps)")
    parser.add_argument("--window", metavar="N", type=int, help="for occlusion, in pixels (default: a seventh)")
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, default=Path("why.png"), help="default: why.png")


def run(options: argparse.Namespace) -> None:
    methods = METHODS if options.method == "all" else tuple(filter(None, options.method.split(",")))
    for method in methods:
        if method not in METHODS:
            raise ValueError(f"explain: there is no method {method!r}; there are {', '.join(METHODS)}")
    model = load_network(options)
    if options.layer is not None:
        find_layer(model, options.layer)
    x = read(model, options.image)

    import minicnn
    import viz
    from viz import plot

    from .report import percent

    def passes() -> Any:
        """All methods run the network forward and backward, with its layers fused or separate."""
        viz.saliency(model, x)
        viz.guided_backprop(model, x)
        return minicnn.ops.softmax(model(x))[0][0]

    probabilities = compiling(passes)
    names = class_names(model, len(probabilities))
    predicted = int(probabilities.argmax())
    target = predicted if options.target is None else find_class(options.target, names)
    maps = {method: _explain(method, model, x, target, options)[0] for method in methods}
    plot.attributions(shown(model, x), maps, title=f"{names[target][:24]} ({percent(probabilities[target])})").savefig(
        options.out
    )
    print(f"predicted: {names[predicted]} ({percent(probabilities[predicted])})")
    if target != predicted:
        print(f"explained: {names[target]} ({percent(probabilities[target])})")
    print(f"drawn in {options.out}")


def _explain(method: str, model: Any, x: Any, target: int, options: argparse.Namespace) -> Any:
    """One method's map (1, H, W) or (1, C, H, W); nothing is the image's own mean color."""
    import viz

    nothing = x.mean(axis=(2, 3), keepdims=True)
    window = min(x.shape[2:]) // 7 if options.window is None else options.window
    match method:
        case "saliency":
            return viz.saliency(model, x, target)
        case "gradient-times-input":
            return viz.gradient_times_input(model, x, target)
        case "integrated-gradients":
            return viz.integrated_gradients(model, x, target, baseline=nothing, progress=bars())
        case "smooth-grad":
            return viz.smooth_grad(model, x, target, progress=bars())
        case "grad-cam":
            return viz.grad_cam(model, x, target, layer=options.layer)
        case "occlusion":
            return viz.occlusion(model, x, target, window=window, baseline=nothing, progress=bars())
        case "guided-backprop":
            return viz.guided_backprop(model, x, target)
        case "guided-grad-cam":
            return viz.guided_grad_cam(model, x, target, layer=options.layer)
    return viz.deconvnet(model, x, target)
