"""Rows of results, and how they are printed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .timing import Times


@dataclass(frozen=True)
class Row:
    """One comparison: our median, the best peer's, and the ratio peer / ours: above 1 we are faster."""

    work: str
    milliseconds: float
    spread: float
    peer: str
    peer_milliseconds: float
    peer_spread: float
    ratio: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(work: str, times: dict[str, Times], name: str = "minicnn") -> Row:
    """The row of `name` against the fastest of the others."""
    mine = times[name]
    peer, best = min(((other, t) for other, t in times.items() if other != name), key=lambda pair: pair[1].median)
    return Row(work, mine.median * 1e3, mine.spread, peer, best.median * 1e3, best.spread, best.median / mine.median)


def markdown(rows: list[Row]) -> str:
    """The rows as a table."""
    lines = ["| work | minicnn, ms | best peer, ms | peer | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        mine = f"{row.milliseconds:.2f} ± {row.spread:.0%}"
        theirs = f"{row.peer_milliseconds:.2f} ± {row.peer_spread:.0%}"
        lines.append(f"| {row.work} | {mine} | {theirs} | {row.peer} | {row.ratio:.2f} |")
    return "\n".join(lines)
