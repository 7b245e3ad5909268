"""Progress bars."""

from __future__ import annotations

from typing import Any

from minicnn.display import tqdm


def bar(title: str, total: int, unit: str, shown: bool | None = None) -> Any:
    """A bar over `total` units, cleared when done. With `shown=None` it appears only on a terminal or in a notebook."""
    disable = None if shown is None else not shown
    return tqdm(total=total, desc=title, unit=f" {unit}", unit_scale=True, leave=False, disable=disable)
