"""Write a model to an ONNX file.

Other software can run it, or display it, as Netron does. Layers keep their
names. The transform from images to its input and the names of its classes are
stored in the file's metadata, where `minicnn import` finds them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .network import add_input, add_network, find_network, input_shape

EXAMPLES = """\
examples:
  minicnn export runs/demo -o garments.onnx
  minicnn export model.safetensors -o model.onnx --input 3 64 64"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, required=True, help="usually ends in .onnx")
    add_input(parser)


def run(options: argparse.Namespace) -> None:
    import minicnn as cnn

    model = find_network(options)
    if options.weights is not None and options.input is None:
        options.input = cnn.zoo.network(options.model).input_shape
    channels, height, width = shape = input_shape(options, model)
    cnn.onnx.save(model, options.out, shape)
    print(f"{options.out}: for images of {height}×{width}×{channels}")
