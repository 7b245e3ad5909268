"""Rows of results: how they are printed and saved."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .timing import Times


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        work: what was done.
        milliseconds, spread: our median, and half the distance between the quartiles as a share of it.
        peers: the peers' medians in milliseconds, by name.
        target: the ratio that is required.
        unit: of the figures, if they are not times.
        isa: the vectors in use: "avx512", "avx2", or the processor's family.
    """

    work: str
    milliseconds: float
    spread: float
    peers: dict[str, float]
    target: float | None = None
    unit: str = "ms"
    isa: str = ""

    @property
    def best(self) -> str | None:
        """The best peer's name; None if minicnn was measured alone."""
        return min(self.peers, key=self.peers.__getitem__, default=None)

    def against_best(self) -> tuple[str, str]:
        """The best peer with its figure, and its ratio to ours: above 1 ours is better."""
        if self.best is None:
            return "–", "–"
        theirs = self.peers[self.best]
        return f"{self.best} {theirs:.4g} {self.unit}", f"**{theirs / self.milliseconds:.2f}**"


def compare(work: str, times: dict[str, Times], target: float | None = None, name: str = "minicnn") -> Row:
    """The row of `name` against all others."""
    peers = {other: t.median * 1e3 for other, t in times.items() if other != name}
    return Row(work, times[name].median * 1e3, times[name].spread, peers, target)


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table."""
    lines = ["| work | minicnn | best peer | ratio | asked for | other peers |", "|---|---|---|---|---|---|"]
    for row in rows:
        others = ", ".join(f"{name} {value:.4g}" for name, value in row.peers.items() if name != row.best)
        best, ratio = row.against_best()
        lines.append(
            f"| {row.work} | {row.milliseconds:.4g} {row.unit} ± {row.spread:.0%} "
            f"| {best} | {ratio} | {row.target or ''} | {others} |"
        )
    return "\n".join(lines)


def save(rows: list[Row], path: Path) -> list[Row]:
    """Put rows into a JSON file, replacing earlier ones of the same work and width; returns all of its rows."""
    found = {(row.work, row.isa): row for row in [*load(path), *rows]}
    path.write_text(json.dumps([asdict(row) for row in found.values()], indent=1) + "\n")
    return list(found.values())


def load(path: Path) -> list[Row]:
    """The rows of a file that `save` wrote; none if it does not exist."""
    return [Row(**row) for row in json.loads(path.read_text())] if path.exists() else []
