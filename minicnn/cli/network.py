"""MODEL for commands that explain or make images: a file, the folder of a run, or a network of the zoo and its
weights."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .classes import read_classes
from .inputs import MODEL_HELP, add_threads, is_name, load_model, set_threads

PIXELS = ("imagenet", "symmetric", "bgr255")  # those of `zoo.preprocessing`, without loading it
PIXELS_HELP = (
    "imagenet: red, green and blue, normalized, as torchvision's; symmetric: from -1 to 1, as its GoogLeNet's; "
    "bgr255: blue, green and red from 0 to 255, no mean subtracted: SqueezeNet's own files, also in the ONNX model zoo"
)
CLASSES_HELP = "the names of its classes, one in a line, numbered or not"


def add_network(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """MODEL (or `--model`), and options for a network of the zoo, or for a file without this information."""
    about = f"{MODEL_HELP}, or a network of the zoo (see `minicnn summary --help`)"
    if optional:
        parser.add_argument("--model", metavar="MODEL", required=True, help=about)
    else:
        parser.add_argument("model", metavar="MODEL", help=about)
    group = parser.add_argument_group("a network of the zoo, or a file that does not tell")
    group.add_argument("--weights", metavar="FILE", help="the zoo's: safetensors, under torchvision's names")
    group.add_argument(
        "--pixels",
        choices=PIXELS,
        help=f"what it was trained on, without which it sees nonsense; {PIXELS_HELP} "
        "(default, for the zoo's: as torchvision's)",
    )
    group.add_argument("--classes", metavar="FILE", type=Path, help=CLASSES_HELP)
    add_threads(group)


def add_input(parser: argparse.ArgumentParser, default: str = "what the network was made for") -> None:
    """`--input`: the shape of an image."""
    parser.add_argument(
        "--input",
        metavar=("C", "H", "W"),
        nargs=3,
        type=int,
        help=f"channels, height and width of an image (default: {default})",
    )


def input_shape(options: argparse.Namespace, model: Any) -> tuple[int, int, int]:
    """The shape (C, H, W) of an image: the one given, or that of the model's transform.

    Raises:
        ValueError: it is not given, and the model has no transform that determines it.
    """
    if options.input is not None:
        channels, height, width = options.input
        return channels, height, width
    if model.transform is None or model.transform.crop is None:
        raise ValueError(f"{options.model}: the model does not know the size of its images; give --input C H W")
    crop = model.transform.crop
    return (len(model.transform.mean), *((crop, crop) if isinstance(crop, int) else crop))


def load_network(options: argparse.Namespace) -> Any:
    """The model, with a transform that prepares its images.

    If the transform is only assumed, a line on stderr says so: weights that expect other pixels give nonsense without
    an error.

    Raises:
        ValueError: there is no such model, its weights are missing, or it has no transform.
    """
    from minicnn import zoo

    model = find_network(options)
    if options.weights is not None and options.pixels is None and model.transform is not None:
        assumed = zoo.network(options.model).pixels
        print(
            f"{options.model}: pixels prepared for torchvision's weights (--pixels {assumed}); if yours come from "
            "elsewhere and the answers are nonsense, try --pixels bgr255",
            file=sys.stderr,
        )
    if model.transform is None:
        raise ValueError(
            f"{options.model}: the model does not know how images become its input; "
            f"train or import it with that, or give --pixels ({', '.join(PIXELS)})"
        )
    return model


def find_network(options: argparse.Namespace) -> Any:
    """The model, with what is known about its images and classes.

    Raises:
        ValueError: there is no such model, or its weights are missing.
    """
    from minicnn import zoo
    from minicnn.zoo.preprocessing import prepared

    set_threads(options)
    name, pixels, height, width = options.model, options.pixels, 224, 224
    named = is_name(name, zoo.names(), "network")
    if named:
        if options.weights is None:
            raise ValueError(f"{name}: the zoo holds no trained weights; give --weights FILE, or a file of a run")
        model = zoo.build(name, weights=options.weights)
        channels, height, width = zoo.network(name).input_shape
        pixels = pixels or (zoo.network(name).pixels if channels == 3 else None)
    else:
        if options.weights is not None:
            raise ValueError(f"{name}: --weights belongs to a network of the zoo; a file brings its own")
        model = load_model(name)
    if pixels is not None:
        if model.transform is not None:
            raise ValueError(f"{name}: the model knows how images become its input; leave --pixels away")
        model.transform = prepared(pixels, height, width)
        if not named:
            print(f"{name}: does not tell the size of its images; they are cut to {width}×{height}", file=sys.stderr)
    if options.classes is not None:
        model.classes = read_classes(options.classes)
    return model
