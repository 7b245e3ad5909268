"""Classify images.

Prints the likeliest classes of each image and their probabilities. Images of
any size are scaled and cropped to the size that the network was trained on, and
converted to gray if it was trained on gray images. They must look like its
training images: MNIST's digits are white on black. Weights from elsewhere also
need the pixel values that they were trained on: see --pixels.
"""

from __future__ import annotations

import argparse
import functools

from .network import add_network, load_network
from .notice import compiling

EXAMPLES = """\
examples:
  minicnn predict runs/demo runs/demo/image.png --top 3
  minicnn predict resnet18 photos/*.jpg --weights resnet18.safetensors
  minicnn predict squeezenet1_1 kitten.png --weights squeezenet1_1.safetensors \\
      --pixels bgr255 --classes imagenet_classes.txt"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="a PNG, JPEG or other image")
    parser.add_argument("--top", metavar="N", type=int, default=5, help="how many classes (default: 5)")


def run(options: argparse.Namespace) -> None:
    import minicnn

    from .report import likeliest

    model = load_network(options)
    for image in options.images:
        guesses = compiling(functools.partial(minicnn.predict, model, image, top=options.top))
        print(likeliest(image, guesses), flush=True)
