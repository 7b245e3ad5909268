"""A bar for what takes long."""

from __future__ import annotations

from typing import Any

from minicnn.display import tqdm


def bar(title: str, total: int, unit: str, shown: bool | None = None) -> Any:
    """A bar of so many units, gone when it is full; where `shown` is None, a terminal or a notebook shows it."""
    disable = None if shown is None else not shown
    return tqdm(total=total, desc=title, unit=f" {unit}", unit_scale=True, leave=False, disable=disable)
