"""Print a network as a table, layer by layer.

For each layer: the shape of what it puts out, how many numbers it trains, how
many multiply-adds it takes for one picture, and how large a window of the
picture one of its outputs sees.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .inputs import MODEL_HELP, load_model

EXAMPLES = """\
examples:
  minicnn summary seed
  minicnn summary cifar-vgg --input 3 64 64
  minicnn summary runs/demo"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from minicnn.zoo import names

    parser.add_argument("model", metavar="MODEL", help=f"{', '.join(names())}; or {MODEL_HELP}")
    parser.add_argument(
        "--input",
        metavar=("C", "H", "W"),
        nargs=3,
        type=int,
        help="channels, height and width of a picture (default: what the network was made for)",
    )


def run(options: argparse.Namespace) -> None:
    import minicnn
    from minicnn import zoo

    name, shape = options.model, options.input
    if name in zoo.names() or not (Path(name).exists() or Path(name).suffix):
        channels, height, width = shape = shape or zoo.network(name).input_shape
        model = zoo.build(name, in_channels=channels, input_size=(height, width), seed=None)
    else:
        model = load_model(name)
        shape = shape or trained_on(model)
        if shape is None:
            raise ValueError(f"summary: {name} does not say what pictures it takes; give their size by --input C H W")
    print(minicnn.summary(model, tuple(shape)))


def trained_on(model: Any) -> tuple[int, int, int] | None:
    """The shape (C, H, W) of the pictures that a model takes, where it knows it."""
    if model.transform is None or model.transform.crop is None:
        return None
    crop = model.transform.crop
    height, width = (crop, crop) if isinstance(crop, int) else crop
    return len(model.transform.mean), height, width
