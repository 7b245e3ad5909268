"""Convert an ONNX file to a minicnn model.

The model is written to one safetensors file, which every other command accepts.
An ONNX file seldom says how images become its input, or how its classes are
named: give both as options here, and they are stored with the model. A final
softmax is removed, because probabilities are computed from the scores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .classes import read_classes
from .network import CLASSES_HELP, PIXELS, PIXELS_HELP, add_input

EXAMPLES = """\
example:
  minicnn import squeezenet.onnx --pixels bgr255 --classes imagenet.txt
  minicnn predict squeezenet.safetensors kitten.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="an ONNX file")
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, help="default: FILE with the ending .safetensors")
    add_input(parser, default="what the file says")
    parser.add_argument(
        "--pixels", choices=PIXELS, help=f"what it was trained on, without which it sees nonsense; {PIXELS_HELP}"
    )
    parser.add_argument("--classes", metavar="FILE", type=Path, help=CLASSES_HELP)


def run(options: argparse.Namespace) -> None:
    import minicnn as cnn
    from minicnn.zoo.preprocessing import prepared

    from .report import model_line

    out = options.out or options.file.with_suffix(".safetensors")
    shape = tuple(options.input) if options.input else cnn.onnx.input_shape(options.file)
    model = cnn.onnx.load(options.file, input_shape=shape)
    if options.pixels is not None:
        if shape is None or shape[0] != 3:
            takes = "does not say what images it takes" if shape is None else f"takes images of {shape[0]} channels"
            raise ValueError(f"{options.file}: --pixels {options.pixels} needs images of 3 channels, but it {takes}")
        model.transform = prepared(options.pixels, *shape[1:])
    if options.classes is not None:
        model.classes = read_classes(options.classes)
    if shape is not None and model.classes is not None:
        outputs = cnn.summary(model, shape).rows[-1].output_shape
        if outputs != (len(model.classes),):
            raise ValueError(
                f"{options.file}: its output is of shape {outputs}, but there are {len(model.classes)} names"
            )
    cnn.save(model, out)
    print(model_line(str(out), model))
    missing = ["--pixels"] * (model.transform is None) + ["--classes"] * (model.classes is None)
    if missing:
        print(f"to predict classes of images by name, import it with {' and '.join(missing)} too")
