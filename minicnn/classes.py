"""The class that a name, a number or a part of a name refers to."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def find_class(text: str, names: Sequence[str], prefix: str = "") -> int:
    """The class with this name, else with this number, else the only one whose name contains the text, ignoring case.

    Args:
        text: a name, a number from 0, or part of a name.
        names: those of the classes.
        prefix: begins the error message.

    Raises:
        ValueError: there is none, or several.
    """
    exact = [k for k, name in enumerate(names) if name == text]
    if not exact and text.isdecimal() and int(text) < len(names):
        return int(text)
    wanted = text.lower()
    found = exact or [k for k, name in enumerate(names) if name.lower() == wanted]
    found = found or [k for k, name in enumerate(names) if wanted in name.lower()]
    if len(found) == 1:
        return found[0]
    if not found:
        close = difflib.get_close_matches(text, names)
        meant = f"did you mean {' or '.join(close)}? Or " if close else ""
        raise ValueError(
            f"{prefix}there is no class {text!r}; {meant}give its number, from 0 to {len(names) - 1}, or its name"
        )
    few = ", ".join(f"{k} ({names[k]})" for k in found[:4])
    more = ", …" if len(found) > 4 else ""
    raise ValueError(f"{prefix}{text!r} may mean {len(found)} classes: {few}{more}; give the number")
