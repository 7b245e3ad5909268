"""Errors of other libraries, as a part of our own messages."""

from __future__ import annotations


def one_line(error: BaseException, most: int = 300) -> str:
    """An error's message, on one line of bounded length; what cannot be printed, as a file may have it, is escaped."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
    return text if len(text) <= most else f"{text[:most]}…"
