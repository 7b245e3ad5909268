"""Paint one image in the style of another.

The layout comes from late layers of CONTENT. Strokes and colors come from the
maps that are active together in STYLE, in layers from early to late.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from .images import read, write
from .inputs import bars
from .layers import find_layer, rectified
from .network import add_network, load_network
from .notice import compiling

EXAMPLES = """\
example:
  minicnn style dog.jpg painting.jpg --model squeezenet1_1 \\
      --weights squeezenet1_1.safetensors -o painted.png"""

DEPTH = 0.6  # of the content's layer, and of the last of style's, where none are named
STYLES = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("content", metavar="CONTENT", help="an image of what to paint")
    parser.add_argument("style", metavar="STYLE", help="an image of how to paint it")
    add_network(parser, optional=True)
    parser.add_argument("--content-layers", metavar="PATHS", help="with commas (default: a ReLU beyond the middle)")
    parser.add_argument("--style-layers", metavar="PATHS", help="with commas (default: five ReLUs up to there)")
    parser.add_argument("--style-weight", metavar="X", type=float, help="how much style counts against content")
    parser.add_argument("--pooling", choices=("max", "average"), default="max", help="how the network pools meanwhile")
    parser.add_argument(
        "--size", metavar="N", type=int, help="pixels of the shorter side (default: the network's, cut)"
    )
    parser.add_argument("--steps", metavar="N", type=int, default=200, help="of the optimizer (default: 200)")
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, default=Path("style.png"), help="default: style.png")


def run(options: argparse.Namespace) -> None:
    model = load_network(options)
    content, style = options.content_layers, options.style_layers
    if content is None or style is None:
        paths = rectified(model)
        last = int(DEPTH * (len(paths) - 1))
        content = paths[last] if content is None else content
        spread = sorted({round(last * k / (STYLES - 1)) for k in range(STYLES)})
        style = ",".join(paths[k] for k in spread) if style is None else style
    content_layers = [find_layer(model, path) for path in content.split(",")]
    style_layers = [find_layer(model, path) for path in style.split(",")]
    image, painting = (read(model, name, options.size) for name in (options.content, options.style))

    import viz

    weight = {} if options.style_weight is None else {"style_weight": options.style_weight}
    paint = functools.partial(viz.style_transfer, model, image, painting, pooling=options.pooling, **weight)
    compiling(lambda: paint(content_layers=content_layers[-1:], style_layers=style_layers[-1:], steps=1))
    found = paint(content_layers=content_layers, style_layers=style_layers, steps=options.steps, progress=bars())
    write(model, found.images, options.out)
    print(f"painted in {options.out}")
