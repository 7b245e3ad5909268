"""Weights from elsewhere: a safetensors file, a download, or a PyTorch `state_dict` become arrays by name.

Nothing is executed from a file, and a broken or hostile one costs time and memory in proportion to its size.
"""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open

from .message import one_line
from .ops.contract import Array

FORMAT = "minicnn"  # in the metadata of our checkpoints: the architecture and everything else that is not an array
OPTIMIZER = "optimizer."  # prefix of the optimizer's arrays in a checkpoint
CHECKSUM = re.compile(r"(sha256|md5)=([0-9a-fA-F]+)")
PICKLE = (b"PK\x03\x04", b"\x80")  # the first bytes of a file of torch.save: a zip, or in the old format a bare pickle


class WeightsError(ValueError):
    """Weights that cannot be read. The message is one line: the source, what is wrong, what to do."""


def read_weights(source: Any) -> dict[str, Array]:
    """Arrays by name; half precision is converted to float32, other types are kept.

    Args:
        source: one of
            - a mapping of names to arrays or PyTorch tensors, such as a `state_dict`;
            - the path of a safetensors file;
            - the URL of one, which is downloaded once; if it ends in "#sha256=…" or "#md5=…", the checksum is verified.

    Raises:
        ValueError: there is no such file, it is broken, has another checksum, or holds anything but numbers.
    """
    if isinstance(source, Mapping):
        return {str(name): _array(name, value) for name, value in source.items()}
    if not isinstance(source, str | Path):
        raise WeightsError(f"weights: expected a path, a URL or a dict of arrays, got {type(source).__name__}")
    path = _download(source) if isinstance(source, str) and "://" in source else Path(source)
    with refused(path, WeightsError), safe_open(path, framework="np") as file:
        ours = FORMAT in (file.metadata() or {})
        return dict(arrays_in(path, file, lambda name: not (ours and name.startswith(OPTIMIZER))))


def arrays_in(path: Path, file: Any, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[tuple[str, Array]]:
    """The wanted arrays of a safetensors file that `safe_open` has opened; half precision becomes float32.

    Raises:
        ValueError: an array has a type that a model cannot use.
    """
    kinds = {name: file.get_slice(name).get_dtype() for name in file.keys() if wanted(name)}  # noqa: SIM118
    for name, kind in kinds.items():
        if kind not in ("F64", "F32", "F16", "BF16", "I64"):
            raise ValueError(f"{name} is of type {kind}, which is not supported; convert it to F32")
        if kind != "BF16":
            array = file.get_tensor(name)
            yield name, array.astype(np.float32) if kind == "F16" else array
    if "BF16" in kinds.values():  # NumPy has no bfloat16: its 16 bits are the upper half of a float32
        for name, view in deserialize(path.read_bytes()):
            if kinds.get(name) == "BF16":
                upper = np.frombuffer(view["data"], "<u2").astype(np.uint32)
                yield name, (upper << 16).view(np.float32).reshape(view["shape"])


@contextmanager
def refused(path: str | Path, kind: type[ValueError]) -> Iterator[None]:
    """Turn any error raised while reading a file into one line that names the file.

    Raises:
        kind: instead of any other error.
    """
    try:
        if Path(path).is_dir():
            files = sorted(map(str, Path(path).glob("*.safetensors")))
            hint = f"give {' or '.join(files[:3])}" if files else "and there is no safetensors file in it"
            raise ValueError(f"expected a file, but this is a folder; {hint}")
        yield
    except FileNotFoundError as error:
        raise kind(f"{path}: there is no such file") from error
    except SafetensorError as error:
        broken = f"it is cut short or broken{_or_a_pickle(path)}"
        raise kind(f"{path}: expected a safetensors file, but {broken} ({one_line(error)})") from error
    except (OSError, ValueError, MemoryError) as error:
        raise kind(f"{path}: {one_line(error)}") from error


def _array(name: Any, value: Any) -> Array:
    if hasattr(value, "detach"):  # a PyTorch tensor, perhaps attached to a graph, or of a type that NumPy lacks
        value = value.detach()
        value = value.float() if str(value.dtype) in ("torch.bfloat16", "torch.float16") else value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"weights: cannot read {name} as an array ({one_line(error)})") from error
    if array.dtype.kind not in "fiu":
        raise WeightsError(f"weights: expected numbers, but {name} is of type {array.dtype}")
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _or_a_pickle(path: str | Path) -> str:
    with open(path, "rb") as file:
        if not file.read(4).startswith(PICKLE):
            return ""
    return (
        ", or it comes from torch.save and could run any code when it is read; if you trust it, convert it by "
        "safetensors.torch.save_file(torch.load(path), new_path)"
    )


def _download(url: str) -> Path:
    from .data.download import data_folders, download

    url, _, fragment = url.partition("#")
    found = CHECKSUM.fullmatch(fragment)
    if fragment and not found:
        raise WeightsError(f"{url}: expected #sha256=… or #md5=… behind it, got #{fragment}")
    checksum = f"{found[1]}:{found[2].lower()}" if found else None
    # Many files are called model.safetensors: the address becomes part of the name.
    stem = Path(urllib.parse.urlsplit(url).path).name
    name = f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{stem}"
    return download(url, checksum, data_folders("models", None)[0], name)
