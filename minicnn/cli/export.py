"""Write a model to an ONNX file.

Other software runs it, or shows it, as Netron does. Layers keep their names.
How pictures become its input, and the names of its classes, are stored in the
file's metadata, where `minicnn import` finds them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .network import add_network, find_network
from .summary import trained_on

EXAMPLES = """\
examples:
  minicnn export runs/demo -o garments.onnx
  minicnn export model.safetensors -o model.onnx --input 3 64 64"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, required=True, help="usually ends in .onnx")
    parser.add_argument(
        "--input",
        metavar=("C", "H", "W"),
        nargs=3,
        type=int,
        help="channels, height and width of a picture (default: what the model was made for)",
    )


def run(options: argparse.Namespace) -> None:
    import minicnn as cnn

    model = find_network(options)
    shape = options.input or trained_on(model)
    if shape is None and options.weights is not None:
        shape = cnn.zoo.network(options.model).input_shape
    if shape is None:
        raise ValueError(
            f"export: {options.model} does not say what pictures it takes; give their size by --input C H W"
        )
    cnn.onnx.save(model, options.out, tuple(shape))
    channels, height, width = shape
    print(f"{options.out}: for pictures of {height}×{width}×{channels}")
