"""Say what is in pictures.

Prints for each picture the likeliest classes and their probabilities. Pictures
of any size are scaled and cropped to what the network was trained on. They
must look like its training pictures: MNIST's digits are white on black.
"""

from __future__ import annotations

import argparse

from .inputs import MODEL_HELP, add_threads, load_model, set_threads

EXAMPLES = """\
example:
  minicnn predict runs/demo runs/demo/picture.png --top 3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", help="a PNG, JPEG or other picture")
    parser.add_argument("--top", metavar="N", type=int, default=5, help="how many classes (default: 5)")
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    import minicnn

    from .report import likeliest

    set_threads(options)
    model = load_model(options.model)
    for picture in options.pictures:
        print(likeliest(picture, minicnn.predict(model, picture, top=options.top)), flush=True)
