"""Test a network on labeled images.

Prints loss and accuracy on the test set (or the training set), the accuracy of
each class, and the commonest mistakes.
"""

from __future__ import annotations

import argparse
import functools

from .inputs import MODEL_HELP, add_data, add_threads, load_data, load_model, set_threads
from .notice import compiling

BATCH = 256  # images at a time

EXAMPLES = """\
examples:
  minicnn evaluate runs/demo garments
  minicnn evaluate runs/demo/model.safetensors garments --split train"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    images = add_data(parser)
    images.add_argument("--split", choices=("test", "train"), default="test", help="which part (default: test)")
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    import minicnn

    from .report import results

    set_threads(options)
    model = load_model(options.model)
    train, test = load_data(options)
    chosen = train if options.split == "train" else test
    evaluate = functools.partial(minicnn.evaluate, model, batch_size=BATCH)
    found = compiling(lambda: evaluate(chosen), lambda: evaluate(chosen[:BATCH]))
    print(results(found, options.split))
