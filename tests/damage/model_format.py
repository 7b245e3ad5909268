"""Safetensors files: checkpoints, interrupted runs, and weights."""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.checkpoint import CheckpointError
from minicnn.weights import WeightsError, read_weights

from . import harm
from .format import RNG_SEED, Format, only


def model() -> Any:
    """A small network with layers of many kinds."""
    network = cnn.Sequential(
        conv=cnn.Conv2d(1, 12, 3, padding=1, bias=False),
        bn=cnn.BatchNorm2d(12),
        relu=cnn.ReLU(),
        pool=cnn.MaxPool2d(2),
        both=cnn.Concat(a=cnn.Conv2d(12, 2, 1), b=cnn.Residual(c=cnn.Conv2d(12, 12, 3, padding=1), d=cnn.LeakyReLU())),
        gap=cnn.AdaptiveAvgPool2d(1),
        flatten=cnn.Flatten(),
        drop=cnn.Dropout(0.25),
        fc=cnn.Dense(14, 3),
    ).initialize(RNG_SEED)
    network.transform, network.classes = cnn.data.Transform(mean=(0.25,), std=(0.5,)), ("a", "b", "c")
    return network


def _set() -> Any:
    rng = np.random.default_rng(RNG_SEED)
    return cnn.data.Dataset(rng.integers(0, 256, (6, 1, 8, 8)).astype(np.uint8), np.arange(6) % 3, ("a", "b", "c"))


def _train(path: Path) -> Any:
    """The model of a run that the file tells of, or else of a new one; and the file as it was before."""
    network, contents = model(), path.read_bytes() if path.exists() else b""
    cnn.fit(
        network, _set(), epochs=1, batch_size=3, optimizer=cnn.Adam(0.01), checkpoint=path, resume=True, seed=0,
        progress=False,
    )  # fmt: skip
    return network, contents


def formats() -> Iterator[Format]:
    import safetensors.numpy

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.safetensors"
        _train(path)
        run = path.read_bytes()
        cnn.save(model(), path)
        plain = path.read_bytes()
    own = harm.in_safetensors
    refused = (CheckpointError, ValueError)  # a forward pass refuses a map that does not fit with a ValueError
    yield Format("checkpoint", {"model.safetensors": plain}, _load_and_run, _wrong_model, own, errors=refused,
                 runs=True)  # fmt: skip
    yield Format("interrupted run", {"run.safetensors": run}, lambda f: _train(only(f)), _wrong_run, own,
                 errors=refused, runs=True)  # fmt: skip
    rng = np.random.default_rng(RNG_SEED)
    arrays = {
        "a": rng.standard_normal((2, 3)), "b": rng.standard_normal((4, 1, 2)).astype(np.float32),
        "c": rng.standard_normal(5).astype(np.float16), "d": np.arange(3), "e": np.array(2, np.float32),
    }  # fmt: skip
    weights = safetensors.numpy.save(arrays)
    errors = (WeightsError,)
    yield Format("weights", {"w.safetensors": weights}, lambda f: read_weights(only(f)), _wrong_arrays, own,
                 errors=errors)  # fmt: skip


def _stored(contents: bytes) -> tuple[dict[str, Any], Any]:
    """The arrays of a safetensors file, and what we say of the model in it."""
    (length,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8 : 8 + length])
    about = json.loads(header.pop("__metadata__", {}).get("minicnn", "null"))
    types = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "BF16": "<u2"}
    arrays = {}
    for name, entry in header.items():
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(contents[first:last], types[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = array
    return arrays, about


def _wrong_arrays(arrays: Any, folder: Path) -> str:
    stored, _ = _stored(only(folder).read_bytes())
    if set(arrays) != set(stored):
        return f"the names {sorted(arrays)} are not those of the file, {sorted(stored)}"
    return next((name for name, array in arrays.items() if not _same(array, stored[name])), "")


def _same(a: Any, b: Any) -> bool:
    with np.errstate(over="ignore"):
        return bool(a.shape == b.shape and np.array_equal(a, b.astype(a.dtype), equal_nan=a.dtype.kind == "f"))


def _load_and_run(folder: Path) -> Any:
    network = cnn.load(only(folder))
    with np.errstate(all="ignore"):
        network(np.ones((1, 1, 8, 8), np.float32))
    return network


def _wrong_model(network: Any, folder: Path) -> str:
    _, about = _stored(only(folder).read_bytes())
    if network.classes != (about["classes"] and tuple(about["classes"])):
        return f"the classes {network.classes} are not those of the file"
    if about["transform"] != (network.transform and json.loads(json.dumps(network.transform.to_dict()))):
        return f"the transform {network.transform} is not that of the file"
    from minicnn.layers.description import describe

    return _wrong_description(describe(network), about["architecture"]) or _wrong_arrays(network.state(), folder)


def _wrong_description(found: Any, stored: Any, path: str = "model") -> str:
    """Options that the file leaves out have their defaults; all others are the file's, where a pair may be a number."""
    for name, value in stored.get("options", {}).items():
        has = found["options"].get(name)
        a_pair = type(value) is int and has == [value, value]
        by_default = name == "stride" and value is None and has == found["options"].get("kernel_size")
        if not (type(has) is type(value) and has == value) and not a_pair and not by_default:
            return f"{name} of {path} is {has!r}, not {value!r}"
    if found["type"] != stored["type"]:
        return f"{path} is {found['type']}, not {stored['type']}"
    inside, expected = found.get("children", {}), stored.get("children", {})
    if list(inside) != list(expected):
        return f"{path} holds {list(inside)}, not {list(expected)}"
    return next(filter(None, (_wrong_description(inside[n], expected[n], f"{path}.{n}") for n in inside)), "")


def _wrong_run(result: Any, folder: Path) -> str:
    """A run that was over is as the file has it; another goes on, and ends elsewhere."""
    network, contents = result
    stored, about = _stored(contents)
    if about["training"]["position"]["epoch"] != 1:
        return ""
    state = network.state()
    return next((name for name in state if not _same(state[name], stored[name])), "")
