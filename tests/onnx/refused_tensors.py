"""ONNX tensors that are refused, in the file or in a file of their own: what is wrong, the file, and the message."""

from typing import Any

from onnx import TensorProto

from tests.onnx.graphs import W, node, proto


def tensor(name: str = "w", dims: Any = W.shape, raw: bytes = W.tobytes(), kind: int = TensorProto.FLOAT) -> Any:
    """A tensor with any claims about itself."""
    return TensorProto(name=name, dims=dims, raw_data=raw, data_type=kind)


def external(**about: Any) -> Any:
    found = TensorProto(name="w", dims=W.shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in about.items():
        found.external_data.add(key=key, value=str(value))
    return found


def graph(weight: Any) -> Any:
    """A convolution with this tensor as its weight."""
    return proto([node("Conv", "x w", "y")], [weight])


REFUSED = {
    "a tensor larger than its data": (
        graph(tensor(dims=(1 << 20, 1 << 10, 1, 1))),
        "takes 4294967296 bytes, got",
    ),
    "a tensor of absurd shape": (graph(tensor(dims=(1 << 40, 1 << 40))), "invalid shape"),
    "a tensor of negative shape": (graph(tensor(dims=(-2, -27))), "invalid shape"),
    "a tensor of strings": (graph(tensor(kind=TensorProto.STRING)), "is of type STRING"),
    "a tensor of no known type": (graph(tensor(kind=99)), "is of type 99"),
    "data in another folder": (graph(external(location="../secret")), "lies outside the model's folder"),
    "data at an absolute path": (graph(external(location="/etc/passwd")), "lies outside the model's folder"),
    "data in no file": (graph(external(location="gone.bin")), "there is no such file"),
    "data in the folder itself": (graph(external()), "there is no such file"),
    "data behind a link to another folder": (graph(external(location="link")), "outside the model's folder"),
    "data beyond the file": (graph(external(location="m.onnx", offset=1 << 60)), "which has"),
    "data at a negative offset": (graph(external(location="m.onnx", offset=-1)), "the invalid place"),
    "data of another length": (graph(external(location="m.onnx", length=1 << 40)), "takes 216 bytes"),
}
