"""Writing a model to an ONNX file: every layer becomes a node named by its path, its arrays initializers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..checkpoint import write_file
from .emitting import INPUT, Writer
from .families import WRITERS
from .files import OnnxError, package

OPSET, IR_VERSION = 18, 8


def save(model: Any, path: str | Path, input_shape: tuple[int, int, int]) -> None:
    """Write a model for inference: opset 18, for any number of images of one size.

    The model's transform and class names are stored in the file's metadata, where `load` finds them.

    Args:
        model: made of this package's layers.
        path: usually ends in ".onnx".
        input_shape: (C, H, W) of an image.

    Raises:
        OnnxError: a layer has no exact form in ONNX, or the file cannot be written.
        ValueError: the image does not fit the model.
        ImportError: the onnx package is not installed.
    """
    helper = package().helper
    writer = Writer(model, input_shape, WRITERS)
    last = writer.emit(model, "", INPUT)
    inside = [writer.value(name) for node in writer.nodes for name in node.output if name != last]
    graph = helper.make_graph(
        writer.nodes,
        type(model).__name__,
        [writer.value(INPUT)],
        [writer.value(last)],
        writer.initializers,
        value_info=inside,
    )
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="minicnn"
    )
    stored = {}
    if model.transform is not None:
        stored["minicnn.transform"] = json.dumps(model.transform.to_dict())
    if model.classes is not None:
        stored["minicnn.classes"] = json.dumps(list(model.classes))
    helper.set_model_props(proto, stored)
    try:
        write_file(Path(path), proto.SerializeToString())
    except OSError as error:
        raise OnnxError(f"save: cannot write {path} ({error.strerror or error})") from error
