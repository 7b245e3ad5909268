"""ONNX files as bytes: what is parsed, and what is refused before anything is believed of it.

Every array is measured against the bytes that are there for it before memory is taken. External data are read only
from the model's folder, wherever a path or a symbolic link may point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.contract import Array

LARGEST_FILE = 2**31 - 1  # what Protocol Buffers can hold
MOST_VALUES = 2**31  # in one array
MOST_NODES = 100_000
ENOUGH = 8  # times its files' size is what the arrays read from them may take
SHAPES = 1 << 22  # bytes more for what is computed: small files compute with shapes
FILLED = 600_000_000  # bytes that ConstantOfShape may give: the weights of VGG-19, all alike, are 575 million


class OnnxError(ValueError):
    """A file or model that cannot be read or written. The message is one line: which, why, what to do."""


def package() -> Any:
    """The onnx package.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            'minicnn.onnx needs the onnx package: pip install ".[onnx]" in a checkout of minicnn'
        ) from error
    return onnx


def parse(path: Path) -> Any:
    """The file's ModelProto, external data not yet read.

    Raises:
        OnnxError: it is no ONNX file.
        OSError: it cannot be read.
    """
    onnx = package()
    size = path.stat().st_size
    if not 0 < size <= LARGEST_FILE:
        raise OnnxError(f"expected an ONNX file of 1 byte to 2 GiB, got {size} bytes")
    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except Exception as error:  # Protocol Buffers' own, of which there are several
        raise OnnxError("expected an ONNX file, but it is cut short or broken") from error
    if not 0 < len(model.graph.node) <= MOST_NODES:
        raise OnnxError(f"expected an ONNX file with a graph of 1 to {MOST_NODES} nodes, got {len(model.graph.node)}")
    if not all(isinstance(text, str) for text in _texts(model)):  # what is not UTF-8 comes as bytes
        raise OnnxError("expected an ONNX file, but its names are not UTF-8")
    return model


def _texts(model: Any) -> Iterator[Any]:
    """Every string of a model that is read as one."""
    yield from (text for entry in model.metadata_props for text in (entry.key, entry.value))
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        for node in graph.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
            graphs += [attribute.g for attribute in node.attribute if attribute.HasField("g")]
        yield from (entry.name for entries in (graph.input, graph.output, graph.initializer) for entry in entries)


class Tensors:
    """Reads the arrays of a model, and sees to it that they do not grow far beyond the files they come from.

    One array may serve many layers, which each need their own; and many may be said to lie in the same bytes.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.there = path.stat().st_size  # bytes
        self.taken = self.computed = self.filled = 0
        self.files: set[Path] = set()  # of external data

    def array(self, tensor: Any) -> Array:
        """A TensorProto's values; half precision becomes float32.

        Raises:
            OnnxError: its type is not supported, its data are not there or of another size, or all together take more
                memory than such files can need.
        """
        proto = package().TensorProto
        kinds: dict[
            int, tuple[str, str, Callable[[Array], Array]]
        ] = {  # how it lies in bytes, or in which field; as what
            proto.FLOAT: ("<f4", "float_data", lambda values: values.astype(np.float32)),
            proto.DOUBLE: ("<f8", "double_data", lambda values: values.astype(np.float64)),
            proto.INT64: ("<i8", "int64_data", lambda values: values.astype(np.int64)),
            proto.INT32: ("<i4", "int32_data", lambda values: values.astype(np.int64)),
            proto.BOOL: ("|u1", "int32_data", lambda values: values.astype(np.int64)),
            proto.FLOAT16: (
                "<u2",
                "int32_data",
                lambda bits: bits.astype(np.uint16).view(np.float16).astype(np.float32),
            ),
            proto.BFLOAT16: ("<u2", "int32_data", lambda bits: (bits.astype(np.uint32) << 16).view(np.float32)),
        }
        name = f"tensor {tensor.name!r:.80}"
        if tensor.data_type not in kinds:
            types = {number: kind for kind, number in proto.DataType.items()}
            kind = types.get(tensor.data_type, tensor.data_type)
            raise OnnxError(f"{name} is of type {kind}, which is not supported; convert it to FLOAT")
        stored, field, convert = kinds[tensor.data_type]
        shape = tuple(tensor.dims)
        count = math.prod(shape)
        if min(shape, default=0) < 0 or count > MOST_VALUES or len(shape) > 8:
            raise OnnxError(f"{name} has the absurd shape {list(shape)!s:.80}")
        nbytes = count * np.dtype(stored).itemsize
        if tensor.data_location == proto.EXTERNAL:
            values = np.frombuffer(self._external(tensor, nbytes), stored)
        elif tensor.HasField("raw_data"):
            if len(tensor.raw_data) != nbytes:
                raise OnnxError(f"{name} {list(shape)} takes {nbytes} bytes, got {len(tensor.raw_data)}")
            values = np.frombuffer(tensor.raw_data, stored)
        else:
            given = getattr(tensor, field)
            if len(given) != count:
                raise OnnxError(f"{name} {list(shape)} takes {count} values, got {len(given)}")
            values = np.array(given)
        self.taken += nbytes
        if self.taken > ENOUGH * self.there:
            raise OnnxError(f"its arrays take over {ENOUGH} times the {self.there} bytes of its files")
        return np.asarray(convert(values)).reshape(shape)

    def compute(self, nbytes: int) -> None:
        """Count an array that is about to be computed from others.

        Raises:
            OnnxError: all together take more memory than such files can need.
        """
        self.computed += nbytes
        if self.computed > SHAPES + ENOUGH * self.there:
            raise OnnxError(
                f"what it computes from constants takes over {ENOUGH} times the {self.there} bytes of its files"
            )

    def fill(self, nbytes: int) -> None:
        """Count an array of one number again and again, which takes a few bytes of a file.

        Raises:
            OnnxError: all together take too much memory.
        """
        self.filled += nbytes
        if self.filled > FILLED:
            raise OnnxError(f"the arrays that ConstantOfShape gives it take over {FILLED} bytes")

    def _external(self, tensor: Any, nbytes: int) -> bytes:
        """The bytes of a tensor that are kept in a file of their own."""
        about = {str(entry.key): str(entry.value) for entry in tensor.external_data}
        name, location = f"tensor {tensor.name!r:.80}", about.get("location", "")
        path = (self.folder / location).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise OnnxError(f"{name} lies outside the model's folder, at {location!r:.80}")
        if not path.is_file():
            raise OnnxError(f"{name} lies in {location!r:.80}, but there is no such file")
        numbers = about.get("offset", "0"), about.get("length", str(nbytes))
        if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
            raise OnnxError(f"{name} lies at the absurd place {numbers!s:.80}")
        (offset, length), size = map(int, numbers), path.stat().st_size
        if length != nbytes or offset + length > size:
            raise OnnxError(
                f"{name} takes {nbytes} bytes, not {length} from {offset} on of {location!r:.80}, which has {size}"
            )
        if path not in self.files:
            self.files.add(path)
            self.there += size
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
