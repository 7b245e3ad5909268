"""ONNX files as bytes: parsing, and the checks before anything in a file is trusted.

Every array's size is compared with the bytes present for it before memory is allocated. External data are read only
from inside the model's folder, whatever a path or a symbolic link says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.contract import Array

LARGEST_FILE = 2**31 - 1  # the limit of Protocol Buffers
MOST_VALUES = 2**31  # in one array
MOST_NODES = 100_000
ENOUGH = 8  # the arrays read from files may take this many times their size
SHAPES = 1 << 22  # bytes in addition for computed arrays: small files compute with shapes
FILLED = 600_000_000  # bytes that ConstantOfShape may produce: the weights of VGG-19, all equal, are 575 million


class OnnxError(ValueError):
    """A file or model that cannot be read or written. The message is one line: which file, why, what to do."""


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
        OnnxError: it is not an ONNX file.
        OSError: it cannot be read.
    """
    onnx = package()
    size = path.stat().st_size
    if not 0 < size <= LARGEST_FILE:
        raise OnnxError(f"expected an ONNX file of 1 byte to 2 GiB, got {size} bytes")
    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except Exception as error:  # several types of Protocol Buffers
        raise OnnxError("expected an ONNX file, but it is cut short or broken") from error
    if not 0 < len(model.graph.node) <= MOST_NODES:
        raise OnnxError(f"expected an ONNX file with a graph of 1 to {MOST_NODES} nodes, got {len(model.graph.node)}")
    if not all(isinstance(text, str) for text in _texts(model)):  # invalid UTF-8 is read as bytes
        raise OnnxError("expected an ONNX file, but its names are not UTF-8")
    return model


def _texts(model: Any) -> Iterator[Any]:
    """All strings of a model that are read as text."""
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
    """Reads the arrays of a model, and limits their total size relative to the files.

    One array may be used by many layers, each of which needs a copy; and many may claim the same bytes.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.there = path.stat().st_size  # bytes
        self.taken = self.computed = self.filled = 0
        self.files: set[Path] = set()  # of external data

    def array(self, tensor: Any) -> Array:
        """A TensorProto's values; half precision becomes float32.

        Raises:
            OnnxError: its type is not supported, its data are missing or have another size, or all arrays together take
                more memory than such files can need.
        """
        proto = package().TensorProto
        kinds: dict[
            int, tuple[str, str, Callable[[Array], Array]]
        ] = {  # its format in raw bytes, or its field; the resulting type
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
            raise OnnxError(f"{name} has the invalid shape {list(shape)!s:.80}")
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
        """Account for an array before it is computed from others.

        Raises:
            OnnxError: all arrays together take more memory than such files can need.
        """
        self.computed += nbytes
        if self.computed > SHAPES + ENOUGH * self.there:
            raise OnnxError(
                f"what it computes from constants takes over {ENOUGH} times the {self.there} bytes of its files"
            )

    def fill(self, nbytes: int) -> None:
        """Account for an array of one repeated number, which takes a few bytes of a file.

        Raises:
            OnnxError: all such arrays together take too much memory.
        """
        self.filled += nbytes
        if self.filled > FILLED:
            raise OnnxError(f"the arrays that its ConstantOfShape nodes make take over {FILLED} bytes")

    def _external(self, tensor: Any, nbytes: int) -> bytes:
        """The bytes of a tensor that are stored in a separate file."""
        about = {str(entry.key): str(entry.value) for entry in tensor.external_data}
        name, location = f"tensor {tensor.name!r:.80}", about.get("location", "")
        path = (self.folder / location).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise OnnxError(f"{name} lies outside the model's folder, at {location!r:.80}")
        if not path.is_file():
            raise OnnxError(f"{name} lies in {location!r:.80}, but there is no such file")
        numbers = about.get("offset", "0"), about.get("length", str(nbytes))
        if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
            raise OnnxError(f"{name} lies at the invalid place {numbers!s:.80}")
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
