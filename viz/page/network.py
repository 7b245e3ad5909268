"""The network: its layers, and where its parameters and its computing time go."""

from __future__ import annotations

from typing import Any

from minicnn.display import shape_text

from ..diagrams import diagram
from ..diagrams.bricks import brick_layout, draw_bricks
from ..plot._canvas import new_figure
from .sprites import Sprites
from .subject import Subject

TITLE = "The network"
SHORT = "Network"
QUESTION = "What is it made of, and where do its numbers and its work lie?"


LONGEST = 40  # letters and lines of code that are shown; longer ones are collapsed


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    table = subject.summary
    paths = [stage.path for stage in subject.stages]
    costliest = max((row.multiply_adds for row in table.rows), default=0) or 1
    largest = max((row.parameters for row in table.rows), default=0) or 1
    rows = [
        {
            "path": row.path,
            "stage": _stage_of(row.path, paths),
            "kind": row.kind,
            "shape": shape_text(row.output_shape),
            "parameters": row.parameters,
            "multiply_adds": row.multiply_adds,
            "parameters_share": row.parameters / largest,
            "multiply_adds_share": row.multiply_adds / costliest,
            "sees": "" if row.receptive_field is None else "×".join(map(str, row.receptive_field.size)),
        }
        for row in table.rows
    ]
    return {
        **_four_ways(subject, sprites),
        "rows": rows,
        "input": shape_text(table.input_shape),
        "parameters": table.parameters,
        "multiply_adds": table.multiply_adds,
    }


def _four_ways(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    """The network as bricks, letters and Python (see `viz.diagram`)."""
    try:
        drawn = diagram(subject.model, subject.summary.input_shape)
    except ValueError as error:  # for example a layer of the user's own
        return {"diagram": None, "diagram_missing": str(error)}
    layout = brick_layout(drawn.statements)
    figure = new_figure(layout.width, layout.height)
    figure.set_layout_engine("none")
    draw_bricks(drawn.statements, figure.add_axes((0, 0, 1, 1)), layout)
    sprites.add_figure("diagram", figure)
    return {
        "diagram": "diagram",
        "letters": drawn.letters,
        "python": drawn.python,
        "open": len(drawn.letters) <= LONGEST and drawn.python.count("\n") <= LONGEST,
    }


def _stage_of(path: str, stages: list[str]) -> str | None:
    """The stage that contains a leaf, or is it."""
    return next((stage for stage in stages if path == stage or path.startswith(stage + ".")), None)
