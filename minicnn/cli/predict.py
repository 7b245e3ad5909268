"""Say what is in pictures.

Prints for each picture the likeliest classes and their probabilities. Pictures
of any size are scaled and cropped to what the network was trained on; colours
become grey for a network of grey pictures. They must look like its training
pictures: MNIST's digits are white on black. Weights from elsewhere also need
the pixels that they were trained on: see --pixels.
"""

from __future__ import annotations

import argparse

from .network import add_network, load_network
from .notice import compiling

EXAMPLES = """\
examples:
  minicnn predict runs/demo runs/demo/picture.png --top 3
  minicnn predict resnet18 photos/*.jpg --weights resnet18.safetensors
  minicnn predict squeezenet1_1 kitten.png --weights squeezenet1_1.safetensors \\
      --pixels bgr255 --classes imagenet_classes.txt"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", help="a PNG, JPEG or other picture")
    parser.add_argument("--top", metavar="N", type=int, default=5, help="how many classes (default: 5)")


def run(options: argparse.Namespace) -> None:
    import minicnn

    from .report import likeliest

    model = load_network(options)
    for picture in options.pictures:
        with compiling():
            guesses = minicnn.predict(model, picture, top=options.top)
        print(likeliest(picture, guesses), flush=True)
