"""The section on training: its curves, the accuracy of each class, and which classes are confused."""

from types import SimpleNamespace

import numpy as np
import pytest

from minicnn import History
from minicnn.training import EpochRecord
from minicnn.training.history import Measure
from tests.viz.page.answers import answers, evaluation
from viz.page import training
from viz.page.subject import Missing
from viz.page.training import _cells, _commonest, _matrix, make


def subject(e, history=None, gallery=None, labeled=True) -> SimpleNamespace:
    gallery = np.arange(len(e.labels)) if gallery is None else gallery
    return SimpleNamespace(evaluation=e, labeled=labeled, history=history, gallery=gallery)


def history(before: bool, valid: bool, epochs: int = 3) -> History:
    records = [
        EpochRecord(e, 2 / e, 1 - 0.5 / e, *((2.2 / e, 1 - 0.6 / e) if valid else (None, None)), 0.1, 1.0, 9.0)
        for e in range(1, epochs + 1)
    ]
    return History(Measure(2.3, 0.1) if before else None, records, [])


def test_classes_are_listed_from_the_best_to_the_worst_without_those_that_have_no_image() -> None:
    e = evaluation([0, 0, 1, 1, 1, 3, 3], [0, 1, 1, 1, 1, 0, 0], [0.9] * 7, 4)
    found = make(subject(e), None)
    assert found["per_class"] == [
        {"class": 1, "accuracy": 1.0, "images": 3},
        {"class": 0, "accuracy": 0.5, "images": 2},
        {"class": 3, "accuracy": 0.0, "images": 2},
    ]
    assert (found["loss"], found["accuracy"], found["images"]) == (0.5, e.accuracy, 7)
    with pytest.raises(Missing, match="not known which answers are right"):
        make(subject(e, labeled=False), None)


@pytest.mark.parametrize(("classes", "shown"), [(2, True), (25, True), (26, False)])
def test_a_matrix_of_up_to_25_classes_is_shown(classes: int, shown: bool) -> None:
    assert (make(subject(answers(100, classes, 0.2)), None)["matrix"] is not None) == shown


def test_a_cell_is_colored_by_its_share_of_the_row_and_mistakes_relative_to_the_worst() -> None:
    e = evaluation([0] * 4 + [1] * 10, [0, 0, 0, 1] + [1] * 9 + [0], [0.9] * 14, 3)
    assert _matrix(e) == [
        [{"count": 3, "depth": 0.75}, {"count": 1, "depth": 1.0}, {"count": 0, "depth": 0.0}],
        [{"count": 1, "depth": 0.4}, {"count": 9, "depth": 0.9}, {"count": 0, "depth": 0.0}],
        [{"count": 0, "depth": 0.0}] * 3,
    ]
    right = evaluation([0, 1], [0, 1], [0.9] * 2, 2)
    assert [[cell["depth"] for cell in row] for row in _matrix(right)] == [[1, 0], [0, 1]]
    first, _ = _matrix(evaluation([0] * 3, [0, 0, 1], [0.9] * 3, 2))
    assert [cell["depth"] for cell in first] == [0.667, 1]


def test_the_eight_commonest_mistakes_are_named_each_with_the_images_of_its_class() -> None:
    counts = {(0, 1): 5, (2, 0): 9, (1, 2): 5, (3, 0): 1, (3, 1): 2, (3, 2): 3, (4, 0): 4, (4, 1): 6, (4, 2): 7}
    pairs = [pair for pair, count in counts.items() for _ in range(count)] + [(k, k) for k in range(5)] * 20
    true, found = zip(*pairs, strict=True)
    e = evaluation(true, found, np.full(len(pairs), 0.9), 5)
    order = [(2, 0), (4, 2), (4, 1), (0, 1), (1, 2), (4, 0), (3, 2), (3, 1)]
    assert _commonest(e) == [
        {"true": i, "found": j, "count": counts[i, j], "of": true.count(i)} for i, j in order
    ]  # fmt: skip
    few = evaluation([0, 1, 1], [0, 1, 0], [0.9] * 3, 2)
    assert _commonest(few) == [{"true": 1, "found": 0, "count": 1, "of": 2}]


def test_a_cell_opens_at_most_24_images_the_surest_first() -> None:
    e = answers(150, 2, 0.2)
    gallery = np.sort(np.random.default_rng(0).permutation(150)[:120])
    cells = _cells(subject(e, gallery=gallery))
    for i in range(2):
        for j in range(2):
            inside = [p for p, k in enumerate(gallery) if (e.labels[k], e.predictions[k]) == (i, j)]
            sure = e.probabilities[gallery, e.predictions[gallery]]
            assert cells[f"{i}-{j}"] == sorted(inside, key=lambda p: -sure[p])[:24]
    assert len(cells["0-0"]) == 24 > len(cells["0-1"]) > 0


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("valid", [True, False])
def test_curves_have_a_point_for_each_epoch_and_one_before_it(before: bool, valid: bool, monkeypatch) -> None:
    """A mean over an epoch stands in its middle, what was measured after it at its end."""
    monkeypatch.setattr(training, "chart", lambda lines, **options: (lines, options))
    found = make(subject(answers(20, 2, 0.2), history(before, valid)), None)
    (loss, loss_options), (accuracy, accuracy_options) = found["curves"]
    first = {"loss": 2.3, "accuracy": 0.1}
    for name, lines in (("loss", loss), ("accuracy", accuracy)):
        shape = (lambda e, a, b: a / e) if name == "loss" else (lambda e, a, b: 1 - b / e)
        train = [(0.5, shape(1, 2, 0.5)), (1.5, shape(2, 2, 0.5)), (2.5, shape(3, 2, 0.5))]
        test = [(e, shape(e, 2.2, 0.6)) for e in (1, 2, 3)] if valid else []
        if before:
            (test if valid else train).insert(0, (0, first[name]))
        assert list(lines) == ["training", "test"]
        for drawn, expected in ((lines["training"], train), (lines["test"], test)):
            np.testing.assert_allclose(drawn, expected)
    assert loss_options["x_ticks"] == accuracy_options["x_ticks"] == [0, 1, 2, 3]
    assert loss_options["log"] and not accuracy_options["log"]
    assert loss_options["y_label"] == "loss (logarithmic)" and accuracy_options["y_label"] == "accuracy"
    ends = [value for line in loss.values() for _, value in line]
    assert loss_options["y_ticks"][0] <= min(ends) and max(ends) <= loss_options["y_ticks"][-1]
    assert accuracy_options["y_ticks"] == [0, 0.25, 0.5, 0.75, 1]
    assert accuracy_options["y_format"](0.25) == "25%" and loss_options["y_format"](0.25) == "0.25"
    assert found["before"] == (0.1 if before and valid else None)
    assert found["epochs"] == 3 and found["curves_missing"] is None


@pytest.mark.parametrize("valid", [True, False])
def test_the_accuracy_before_training_is_told_if_it_is_that_of_the_test_images(valid: bool) -> None:
    found = make(subject(answers(20, 2, 0.2), history(True, valid, epochs=1)), None)
    assert found["before"] == (0.1 if valid else None) and found["epochs"] == 1 and len(found["curves"]) == 2


@pytest.mark.parametrize("record", [None, History(Measure(2.3, 0.1), [], [])])
def test_without_an_epoch_there_are_no_curves(record) -> None:
    found = make(subject(answers(20, 2, 0.2), record), None)
    assert found["curves"] is None and found["before"] is None and "left out" in found["curves_missing"]
