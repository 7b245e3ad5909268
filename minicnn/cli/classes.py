"""The names of a network's classes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def read_classes(path: Path) -> tuple[str, ...]:
    """The lines of a file, without their numbers if all lines are numbered, from 0 or from 1.

    Raises:
        ValueError: the file is empty, or not a text file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # perhaps with the byte order mark of Windows' editors
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a text in UTF-8, but byte {error.start} is not; save it so") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{path}: expected the class names, one on each line, but there are none")
    numbered = [re.match(r"(\d+)[\s,:;]+(.+)", line) for line in lines]
    for first in (0, 1):
        if all(found and int(found[1]) == i for i, found in enumerate(numbered, first)):
            return tuple(found[2] for found in numbered if found)
    return tuple(lines)


def class_names(model: Any, count: int) -> list[str]:
    """A name for each class: its number if the model has no names.

    Raises:
        ValueError: the number of names is wrong.
    """
    names = list(model.classes or map(str, range(count)))
    if len(names) != count:
        raise ValueError(f"the model has {count} outputs, but {len(names)} class names")
    return names
