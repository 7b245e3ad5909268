"""Where a number comes from: with its own engine, the page breaks any value of any layer down into its terms."""

from __future__ import annotations

from typing import Any

from .sprites import Sprites
from .subject import Missing, Subject

TITLE = "One number"
QUESTION = "Where does this number come from?"


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    if subject.program is None:
        raise Missing(subject.program_missing)
    return {}
