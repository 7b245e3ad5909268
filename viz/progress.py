"""A bar on stderr for what takes long."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm


def bar(title: str, total: int, unit: str, shown: bool | None = None) -> Any:
    """A bar of so many units, gone when it is full; without a word on `shown` it is where stderr is a terminal."""
    hidden = None if shown is None else not shown  # tqdm's None: where there is no terminal
    return tqdm(total=total, desc=title, unit=f" {unit}", unit_scale=True, leave=False, disable=hidden)
