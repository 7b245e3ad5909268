"""How loss and accuracy went, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ._canvas import BLUE, FAINT, INK, SMALL, TEXT, VERMILLION, heading, new_figure, tidy
from ._lines import log_ticks

if TYPE_CHECKING:
    from minicnn import History

Points = list[tuple[float, float]]


def training(history: History, figure: Figure | None = None, *, validation: str = "validation") -> Figure:
    """Loss and accuracy over the epochs, side by side; epoch 0 is the model before its first step.

    A value of the training set is the mean over an epoch, during which the model went on learning (with dropout on):
    it is drawn at the middle of that epoch. The validation set is measured at the epoch's end.

    Args:
        history: what `fit` returned.
        figure: where to draw; a new one if not given.
        validation: what to call the validation set.
    """
    if figure is None:
        figure = new_figure(9, 3.6)
    for ax, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        train = [(e.epoch - 0.5, getattr(e, f"train_{name}")) for e in history.epochs]
        valid = [(float(e.epoch), value) for e in history.epochs if (value := getattr(e, f"valid_{name}")) is not None]
        if history.before is not None:
            (valid if valid or not train else train).insert(0, (0.0, getattr(history.before, name)))
        _panel(ax, name, train, valid, validation)
    return figure


def _panel(ax: Axes, name: str, train: Points, valid: Points, validation: str) -> None:
    tidy(ax)
    if points := valid or train:
        last = points[-1][1]
        whose = validation if valid else "training"
        heading(ax, f"{whose} {name} {last:.2%}" if name == "accuracy" else f"{whose} {name} {last:.3g}")
    ax.grid(color=FAINT, alpha=0.25, linewidth=0.6)
    curves = [("training (mean of the epoch)", VERMILLION, "o", train), (validation, BLUE, "s", valid)]
    for label, color, marker, points in curves:
        if points:
            ax.plot(*zip(*points, strict=True), color=color, marker=marker, markersize=3.5, linewidth=1.6, label=label)
    ax.set_xlim(left=-0.1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epochs", fontsize=TEXT, color=INK)
    if name == "accuracy":
        ax.set_ylim(0, 1.04)
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    else:
        ax.set_yscale("log")
        log_ticks(ax.yaxis, [value for _, value in [*train, *valid]])
        if ax.get_lines():
            ax.legend(fontsize=SMALL, frameon=False)
