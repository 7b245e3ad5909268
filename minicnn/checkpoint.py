"""A model in one safetensors file, with everything needed to rebuild it or to continue its training.

    arrays      model.state() under its own names, then the optimizer's state as "optimizer.velocity.conv1.weight"
    metadata    "minicnn": as JSON the format's version, architecture, transform, classes, training

The same model gives the same bytes. (Several metadata entries would be written in random order, so there is one.)

A file is written atomically and durably (see `write_file`): to a temporary name, flushed to disk, then renamed.
Reading executes nothing, and a broken or hostile file costs time and memory in proportion to its size.
"""

from __future__ import annotations

import glob
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import safe_open

from .data.transform import Transform
from .layers import LAYERS
from .layers.description import build, check_rebuildable, describe
from .layers.tree import arrays_of
from .message import one_line
from .ops.contract import Array
from .optim import Optimizer
from .weights import FORMAT, OPTIMIZER, arrays_in, refused

VERSION = 1
SMALL = 1024  # sizes up to this need no check


class CheckpointError(ValueError):
    """A file that cannot be written, or has the wrong content. The message is one line: which file, why, what to do."""


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Attributes:
        architecture: as `layers.description.describe` gives it.
        transform, classes: the model's own, if known.
        state: the model's arrays, by path; half precision is read as float32.
        optimizer: what `Optimizer.state()` gave, or nothing.
        training: the state of a run, as `fit` stores it, or None.
    """

    architecture: Any
    transform: Transform | None
    classes: tuple[str, ...] | None
    state: dict[str, Array]
    optimizer: dict[str, Array]
    training: dict[str, Any] | None


def save(
    model: Any,
    path: str | Path,
    *,
    optimizer: Optimizer | None = None,
    training: dict[str, Any] | None = None,
) -> None:
    """Write a model to a file; whatever happens, an earlier file stays intact until it is replaced.

    Missing folders are created. Only one process at a time may write a path.

    Args:
        model: a `Layer`, such as a `Sequential`. Your own layers must store their constructor's options under their own
            names, as this package's layers do.
        path: usually ends in ".safetensors".
        optimizer: saved too, so that training can continue.
        training: the state of the run; anything that JSON can hold.

    Raises:
        CheckpointError: the file cannot be written (the disk is full, the folder read-only, …).
        ValueError: `load` could not rebuild the model: one of your own layers does not store its options under their
            names, builds something else from them, or keeps layers where they are not found.
    """
    path, state = Path(path), state_of(model)
    if taken := next((name for name in state if name.startswith(OPTIMIZER)), None):
        raise ValueError(
            f'save: {taken} stands where the optimizer\'s arrays do; give the layer "optimizer" another name'
        )
    check_rebuildable(model)
    moments = optimizer.state() if optimizer is not None else {}
    arrays = state | {OPTIMIZER + name: array for name, array in moments.items()}
    transform, classes = getattr(model, "transform", None), getattr(model, "classes", None)
    about = {
        "version": VERSION,
        "architecture": describe(model),
        "transform": None if transform is None else transform.to_dict(),
        "classes": None if classes is None else list(classes),
        "training": training,
    }
    contents = safetensors.numpy.save(
        {name: np.asarray(array, order="C") for name, array in arrays.items()},
        metadata={FORMAT: json.dumps(about, allow_nan=False)},
    )
    try:
        write_file(path, contents)
    except OSError as error:
        raise CheckpointError(
            f"save: cannot write {path} ({error.strerror or error}); what was there before is untouched"
        ) from error


def load(path: str | Path, layers: Sequence[type] = ()) -> Any:
    """The model that a file holds, with its transform and its classes.

    Args:
        path: what `save` or `fit` wrote.
        layers: your own layer types that occur in it.

    Raises:
        CheckpointError: the file is missing, broken or not a checkpoint, or it contains a layer of unknown type.
    """
    contents = read(path, optimizer=False)
    try:
        _check_sizes(contents.architecture, contents.state)
        model = build(contents.architecture, tuple(layers))
        with np.errstate(over="ignore"):
            fill(model, contents)
        if any(array.dtype == np.float64 for array in contents.state.values()):
            fill(model.astype(np.float64), contents)  # only now that its size is known to match the file's
    except Exception as error:  # a constructor may raise anything for an odd description
        raise CheckpointError(f"{path}: {one_line(error)}") from error
    return model


def read(path: str | Path, *, optimizer: bool = True) -> Contents:
    """The contents of a file, checked as far as possible without building the model.

    Args:
        path: what `save` or `fit` wrote.
        optimizer: whether to read the optimizer's arrays too.

    Raises:
        CheckpointError: the file is missing, broken or not a checkpoint.
    """
    path = Path(path)
    with refused(path, CheckpointError):
        with safe_open(path, framework="np") as file:
            about = _about(file.metadata() or {})
            arrays = dict(arrays_in(path, file, lambda name: optimizer or not name.startswith(OPTIMIZER)))
        transform, classes, training = about.get("transform"), about.get("classes"), about.get("training")
        if not (classes is None or (isinstance(classes, list) and all(isinstance(name, str) for name in classes))):
            raise ValueError("expected classes to be a list of names")
        if not isinstance(training, dict | None):
            raise ValueError("expected training to be an object")
        return Contents(
            architecture=about.get("architecture"),
            transform=None if transform is None else Transform.from_dict(transform),
            classes=None if classes is None else tuple(classes),
            state={name: array for name, array in arrays.items() if not name.startswith(OPTIMIZER)},
            optimizer={
                name.removeprefix(OPTIMIZER): array for name, array in arrays.items() if name.startswith(OPTIMIZER)
            },
            training=training,
        )


def fill(model: Any, contents: Contents) -> None:
    """Copy the arrays, the transform and the classes of a file into a model.

    Raises:
        ValueError: the arrays do not match the model. Nothing is changed then.
    """
    for name, array in state_of(model).items():
        if name in contents.state and contents.state[name].dtype.kind != array.dtype.kind:
            raise ValueError(f"{name} is {contents.state[name].dtype}, expected {array.dtype}")
    model.load_state(contents.state)
    model.transform, model.classes = contents.transform, contents.classes


def state_of(model: Any) -> dict[str, Array]:
    """The parameters and buffers of a model, which need not be a `Layer`."""
    return {**arrays_of(model, "parameters"), **arrays_of(model, "buffers")}


def check_writable(path: str | Path) -> None:
    """Check, before hours of training, that `save` can write there. Missing folders are created; nothing else is left
    behind.

    Raises:
        CheckpointError: it cannot.
    """
    probe = _temporary(Path(path))
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written ({error.strerror or error}); give another path") from error


def _temporary(path: Path) -> Path:
    """The temporary name of a file while it is written."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def write_file(path: Path, contents: bytes) -> None:
    """Write `contents` to `path` atomically and durably.

    After a crash at any moment, a reader finds the whole old file or the whole new one.
    """
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    for left_by_a_killed_process in folder.glob(f".{glob.escape(path.name)}.*.tmp"):
        left_by_a_killed_process.unlink()
    temporary = _temporary(path)
    try:
        with open(temporary, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # the rename is durable once the folder is flushed; not every system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _about(metadata: dict[str, str]) -> dict[str, Any]:
    """The JSON in a file's metadata."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number")

    if FORMAT not in metadata:
        raise ValueError(
            "expected a checkpoint of minicnn, but its metadata describes no architecture; "
            "build the model, and give the arrays to its load_state"
        )
    try:
        about = json.loads(metadata[FORMAT], parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its metadata is not the JSON that we write ({one_line(error)})") from error
    if not isinstance(about, dict) or about.get("version") != VERSION:
        found = about.get("version") if isinstance(about, dict) else about
        raise ValueError(f"expected version {VERSION} of the format, got {found!s:.20}")
    return about


def _check_sizes(description: Any, state: dict[str, Array]) -> None:
    """Raise an error if a layer would take more memory than the file has numbers for it.

    Every length of a layer's arrays is among its options; so no option of our layers that have arrays may exceed what
    is stored for it. Options of the others, such as a vector's length or a bound, take no memory.
    """
    stored: Counter[str] = Counter()
    for name, array in state.items():
        stored[name.rpartition(".")[0]] += array.size

    def check(description: Any, path: str) -> None:
        if not isinstance(description, dict):
            return  # `build` reports the error
        for name, child in _items(description.get("children")):
            check(child, f"{path}.{name}" if path else name)
        kind: Any = LAYERS.get(str(description.get("type")))
        keeps = kind is not None and bool(kind.parameter_names or kind.buffer_names)
        for name, option in _items(description.get("options")) if keeps else ():
            for size in option if isinstance(option, list) else [option]:
                if isinstance(size, int) and size > max(stored[path], SMALL):
                    where = path or description["type"]
                    raise ValueError(f"{where}: {name} is {size:.4g}, but the file holds {stored[path]} numbers for it")

    check(description, "")


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
