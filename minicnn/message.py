"""Parts of error messages: what another library said, and which name may have been meant."""

from __future__ import annotations

import difflib


def one_line(error: BaseException, most: int = 300) -> str:
    """An error's message, on one line of bounded length; what cannot be printed, as a file may have it, is escaped."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
    return text if len(text) <= most else f"{text[:most]}…"


def nearest(name: str, known: list[str]) -> str:
    """The end of an error message: the names that may have been meant."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(known[:12])}"
