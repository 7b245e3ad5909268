"""What a format is: good files, how they are read, and what their bytes say to a reader written here independently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minicnn.data import DataError

from . import harm

RNG_SEED = 0


@dataclass(frozen=True)
class Format:
    """One way of reading files.

    Attributes:
        name: what the report calls it.
        files: good ones, by name, that are read together; one of them is damaged.
        read: reads the folder that they are in, or the one file; what it gives is for `wrong`.
        wrong: given what was read and the folder, what of it is not as the bytes say; "" if all is.
        inside: damage that knows the format.
        errors: what may be raised.
        runs: what was read is also run, and a map that does not fit is refused without the file's name.
    """

    name: str
    files: dict[str, bytes]
    read: Callable[[Path], Any]
    wrong: Callable[[Any, Path], str]
    inside: harm.Harm | None = None
    errors: tuple[type[Exception], ...] = (DataError,)
    runs: bool = False


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path
