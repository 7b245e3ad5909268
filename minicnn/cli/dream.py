"""Let a network dream: whatever it sees in an image, make it more so.

Early layers paint strokes and textures, late ones parts of things.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .images import read, write
from .inputs import bars
from .layers import find_layer, rectified
from .network import add_network, load_network
from .notice import compiling

EXAMPLES = """\
example:
  minicnn dream squeezenet1_1 tree.jpg --weights squeezenet1_1.safetensors \\
      --layer features.6.concat --size 400 -o dream.png"""

DEPTH = 0.6  # of the layer to dream of, where none is named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("image", metavar="IMAGE", help="a PNG, JPEG or other image")
    parser.add_argument("--layer", metavar="PATH", help="what to dream of (default: a ReLU beyond the middle)")
    parser.add_argument("--channel", metavar="N", type=int, help="one of its maps alone")
    parser.add_argument(
        "--size", metavar="N", type=int, help="pixels of the shorter side (default: the network's, cut)"
    )
    parser.add_argument("--octaves", metavar="N", type=int, default=4, help="sizes to dream at (default: 4)")
    parser.add_argument("--steps", metavar="N", type=int, default=10, help="at each size (default: 10)")
    parser.add_argument("--step-size", metavar="X", type=float, default=0.02, help="how far each goes (default: 0.02)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the jitter (default: 0)")
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, default=Path("dream.png"), help="default: dream.png")


def run(options: argparse.Namespace) -> None:
    model = load_network(options)
    paths = rectified(model) if options.layer is None else [find_layer(model, options.layer)]
    layer = paths[int(DEPTH * len(paths))]
    x = read(model, options.image, options.size)

    import viz
    from viz.synthesis import objectives

    objective = objectives.layer(layer) if options.channel is None else objectives.channel(layer, options.channel)
    compiling(lambda: viz.deep_dream(model, x, objective, octaves=1, steps=1))
    dream = viz.deep_dream(
        model,
        x,
        objective,
        octaves=options.octaves,
        steps=options.steps,
        step_size=options.step_size,
        bounds=viz.pixel_bounds(model),
        seed=options.seed,
        progress=bars(),
    )
    write(model, dream, options.out)
    print(f"dreamt of {objective.name}, in {options.out}")
