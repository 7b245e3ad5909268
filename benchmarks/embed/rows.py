"""What is measured, how it is kept, and how it is printed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Row:
    """One contestant at one piece of work.

    Attributes:
        seconds: the median over the rounds.
        ratio: its seconds over ours.
        megabytes: the most memory that it held beyond what it was given.
        quality: figures of the result, by name.
    """

    work: str
    points: int
    contestant: str
    seconds: float
    ratio: float
    megabytes: float
    quality: dict[str, float]


def markdown(rows: list[Row]) -> str:
    """The rows of one work as a table."""
    names = list(rows[0].quality)
    lines = [
        f"| {rows[0].work}, {rows[0].points:,} points | seconds | ratio | MB | {' | '.join(names)} |",
        "|" + "---|" * (4 + len(names)),
    ]
    for row in rows:
        quality = " | ".join(f"{row.quality[name]:.5g}" for name in names)
        lines.append(f"| {row.contestant} | {row.seconds:.3g} | {row.ratio:.2f} | {row.megabytes:.0f} | {quality} |")
    return "\n".join(lines) + "\n"


def save(rows: list[Row], path: Path) -> None:
    """Add the rows to a file, a line of JSON each."""
    with path.open("a") as file:
        file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)


def load(path: Path) -> list[Row]:
    """The rows of a file that `save` wrote."""
    return [Row(**json.loads(line)) for line in path.read_text().splitlines()]


def mnist(points: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `points` training images, float32 (points, 784) in [0, 1], and their labels."""
    import minicnn as cnn

    train, _ = cnn.data.load("mnist")
    images = train.images[:points].reshape(points, -1).astype(np.float32) / 255
    return images, np.asarray(train.labels[:points])
