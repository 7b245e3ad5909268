"""Training: its course, the accuracy of each class, and which classes are confused."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn

from .chart import chart, log_ticks, percent, whole_ticks
from .sprites import Sprites
from .subject import Missing, Subject

TITLE = "Training"
QUESTION = "How did it learn, and what does it still confuse?"
CELL = 24  # images that a cell of the confusion matrix opens
NUMBERED = 25  # classes; a larger matrix does not fit
COMMONEST = 8


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    if not subject.labeled:
        raise Missing(
            "The classes of these images are not among the network's, so it is not known which answers are right."
        )
    e = subject.evaluation
    count = e.confusion.sum(axis=1)
    per_class = [
        {"class": int(k), "accuracy": float(e.per_class[k]), "images": int(count[k])}
        for k in np.argsort(-e.per_class, kind="stable")
        if count[k]
    ]
    section: dict[str, Any] = {
        "loss": e.loss,
        "accuracy": e.accuracy,
        "images": len(e.labels),
        "per_class": per_class,
        "matrix": _matrix(e) if len(e.classes) <= NUMBERED else None,
        "commonest": _commonest(e),
        "cells": _cells(subject),
        "before": None,
        "curves": None,
        "curves_missing": "No record of the training was given, so its course is left out.",
    }
    history = subject.history
    if history and history.epochs:
        section |= {"curves": _curves(history), "curves_missing": None, "epochs": history.epochs[-1].epoch}
        if history.before is not None and history.epochs[-1].valid_accuracy is not None:  # of the test set
            section["before"] = history.before.accuracy
    return section


def _curves(history: cnn.History) -> list[dict[str, Any]]:
    charts = []
    ticks = whole_ticks(history.epochs[-1].epoch)
    for name in ("loss", "accuracy"):
        train = [(e.epoch - 0.5, getattr(e, f"train_{name}")) for e in history.epochs]
        test = [(e.epoch, value) for e in history.epochs if (value := getattr(e, f"valid_{name}")) is not None]
        if history.before is not None:
            (test if test else train).insert(0, (0, getattr(history.before, name)))
        values = [value for _, value in [*train, *test]]
        accuracy = name == "accuracy"
        charts.append(
            chart(
                {"training": train, "test": test},
                x_label="epochs",
                y_label=f"{name} (logarithmic)" if not accuracy else name,
                x_ticks=ticks,
                y_ticks=[0, 0.25, 0.5, 0.75, 1] if accuracy else log_ticks(values),
                y_format=percent if accuracy else "{:g}".format,
                log=not accuracy,
            )
        )
    return charts


def _matrix(e: cnn.Evaluation) -> list[list[dict[str, Any]]]:
    """Counts, and how deeply to color a cell: by its share of its row, and for a mistake relative to the worst one."""
    share = e.confusion / np.maximum(e.confusion.sum(axis=1, keepdims=True), 1)
    worst = share[~np.eye(len(share), dtype=bool)].max(initial=0) or 1
    return [
        [
            {"count": int(e.confusion[i, j]), "depth": round(float(s if i == j else s / worst), 3)}
            for j, s in enumerate(row)
        ]
        for i, row in enumerate(share)
    ]


def _commonest(e: cnn.Evaluation) -> list[dict[str, int]]:
    counts = e.confusion.copy()
    np.fill_diagonal(counts, 0)
    cells = [divmod(int(i), len(counts)) for i in np.argsort(-counts, axis=None, kind="stable")[:COMMONEST]]
    return [
        {"true": i, "found": j, "count": int(counts[i, j]), "of": int(e.confusion[i].sum())}
        for i, j in cells
        if counts[i, j]
    ]


def _cells(subject: Subject) -> dict[str, list[int]]:
    """For each cell the places of its images in the gallery, surest first."""
    e = subject.evaluation
    shown = subject.gallery
    sureness = e.probabilities[shown, e.predictions[shown]]
    cells: dict[str, list[int]] = {}
    for place in np.argsort(-sureness, kind="stable"):
        index = shown[place]
        cell = cells.setdefault(f"{e.labels[index]}-{e.predictions[index]}", [])
        if len(cell) < CELL:
            cell.append(int(place))
    return cells
