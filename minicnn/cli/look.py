"""Look inside a network: draw its weights, and what it makes of images.

Writes images into a folder:

  diagram             the network as bricks, letters, algebra and Python
  filters             the filters of the first convolution
  LAYER.filters       units by inputs, the largest ones, for each --layer
  LAYER.factors       the inputs grouped to red, green and blue
  LAYER.exciting      with --data: the patches that excite its channels most
  NAME.maps           what the layers make of each --image
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .images import shown
from .inputs import DATA_HELP, add_reading, bars, load_data
from .layers import find_layer, rectified
from .network import add_network, find_network, load_network
from .notice import compiling

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """\
examples:
  minicnn look runs/demo --image runs/demo/image.png
  minicnn look runs/demo --layer conv2 --layer relu2 --data garments
  minicnn look squeezenet1_1 --weights squeezenet1_1.safetensors \\
      --pixels bgr255 --layer features.12.expand3x3 --image cat.png"""

TOP, UNITS = 9, 24  # patches of a unit; units, those that are excited most


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument(
        "--layer",
        metavar="PATH",
        action="append",
        default=[],
        help="a layer, as `minicnn summary` names it; or several such options (default: all ReLUs' maps)",
    )
    parser.add_argument(
        "--image",
        metavar="FILE",
        action="append",
        default=[],
        help="a PNG, JPEG or other; or several such options",
    )
    parser.add_argument("--picture", dest="image", action="append", default=[], help=argparse.SUPPRESS)  # its old name
    parser.add_argument("--data", metavar="DATA", help=f"where to look for exciting patches: {DATA_HELP}")
    add_reading(parser)
    parser.add_argument("--format", choices=("png", "svg"), default="png", help="of the images (default: png)")
    out = Path("looks")
    parser.add_argument("-o", "--out", metavar="DIR", type=Path, default=out, help=f"the folder (default: {out})")


def run(options: argparse.Namespace) -> None:
    model = load_network(options) if options.image else find_network(options)
    for layer in options.layer:
        find_layer(model, layer)
    images = {Path(name).stem: model.transform.image(name) for name in options.image}
    options.out.mkdir(parents=True, exist_ok=True)
    for name, figure in _figures(model, images, options):
        path = options.out / f"{name}.{options.format}"
        figure.figure.savefig(path)
        print(path, flush=True)


def _figures(model: Any, images: dict[str, Any], options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """What is to be written: the file's name, and what was drawn."""
    import viz
    from minicnn.compiling import shown as compilation_shown
    from viz import plot, weights

    yield "diagram", viz.diagram(model).plot()
    kernels = {path.removesuffix(".weight"): w for path, w in model.parameters().items() if w.ndim == 4}
    first = next(iter(kernels), None)
    if first is not None and kernels[first].shape[1] in (1, 3):
        title = "{0}: {1} filters of {3}×{4}".format(first, *kernels[first].shape)
        yield "filters", plot.filters(weights.filters(model), title=title)
    for layer in options.layer:
        if layer in kernels:
            yield f"{layer}.filters", plot.filter_table(weights.filters(model, layer), title=layer)
            if kernels[layer].shape[1] >= 3:
                with compilation_shown():  # the loops of a factorization are not known before
                    factors = viz.weight_factors(model, layer)
                yield f"{layer}.factors", plot.weight_factors(factors, title=layer)
        if options.data is not None:
            yield f"{layer}.exciting", _exciting(model, layer, options)
    for name, x in images.items():
        maps = compiling(functools.partial(viz.feature_maps, model, x, *(options.layer or rectified(model))))
        yield f"{name}.maps", plot.feature_maps(maps, shown(model, x), title=name)


def _exciting(model: Any, layer: str, options: argparse.Namespace) -> Any:
    import viz
    from viz import plot

    _, test = load_data(options)
    compiling(lambda: next(viz.activations.stream(model, test, [layer], progress=False)))
    found = viz.exciting_patches(model, test, layer, top=TOP, progress=bars())
    units = (-found.scores[:, 0]).argsort(kind="stable")[:UNITS]  # the dead, without a score, come last
    title = f"{layer}: what excites its channels most; dead: {found.dead.sum()} of {len(found.dead)}"
    return plot.exciting_patches(found.patches(test, units), names=found.names(units), title=title)
