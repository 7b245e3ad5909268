"""Errors of other libraries, as a part of our own messages."""

from __future__ import annotations


def one_line(error: BaseException, most: int = 300) -> str:
    """An error's message, on one line of bounded length."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= most else f"{text[:most]}…"
