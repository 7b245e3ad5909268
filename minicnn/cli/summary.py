"""Print a network as a table, layer by layer.

For each layer: the shape of its output, how many numbers it trains, how
many multiply-adds it takes for one image, and how large a window of the
image one of its outputs sees.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .inputs import MODEL_HELP, is_name, load_model
from .network import add_input, input_shape

EXAMPLES = """\
examples:
  minicnn summary seed
  minicnn summary cifar-vgg --input 3 64 64
  minicnn summary runs/demo"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from minicnn.zoo import names

    parser.add_argument("model", metavar="MODEL", help=f"{', '.join(names())}; or {MODEL_HELP}")
    add_input(parser)


def run(options: argparse.Namespace) -> None:
    import minicnn
    from minicnn import zoo

    name = options.model
    if is_name(name, zoo.names(), "network"):
        channels, height, width = options.input or zoo.network(name).input_shape
        model = zoo.build(name, in_channels=channels, input_size=(height, width), seed=None)
    elif Path(name).exists():
        model = load_model(name)
        channels, height, width = input_shape(options, model)
    else:
        from minicnn.message import nearest

        expected = f"a network of the zoo, {MODEL_HELP}{nearest(name, zoo.names())}"
        raise ValueError(f"{name}: there is no such file or folder; expected {expected}")
    print(minicnn.summary(model, (channels, height, width)))
