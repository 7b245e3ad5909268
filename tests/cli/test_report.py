"""What is printed about a model: each number on the line of its class."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.cli import report
from minicnn.training.evaluation import Evaluation


def evaluation(confusion, classes=("ant", "bee", "cow")):
    confusion = np.array(confusion)
    true, found = (np.repeat(of.ravel(), confusion.ravel()) for of in np.indices(confusion.shape))
    with np.errstate(invalid="ignore"):
        per_class = confusion.diagonal() / confusion.sum(axis=1)
    accuracy = float((true == found).mean())
    probabilities = np.eye(len(classes), dtype=np.float32)[found]
    return Evaluation(1.0, accuracy, per_class, confusion, found, true, probabilities, classes)


@pytest.mark.parametrize(("channels", "kind"), [(1, "gray"), (2, "2-channel"), (3, "color"), (4, "4-channel")])
def test_a_data_set_in_one_line_tells_its_sizes_and_the_kind_of_its_images(channels, kind) -> None:
    images = np.zeros((1234, channels, 2, 3), np.uint8)
    train = cnn.data.Dataset(images, np.zeros(1234, int), ("a", "b"))
    line = report.data_line("photos", train, train[:1001])
    assert line == f"photos: 1,234 {kind} images of 3×2 to learn from, 1,001 to test on; 2 classes"


def test_a_probability_is_all_or_nothing_only_where_it_is() -> None:
    told = [report.percent(value) for value in (1, 0.99999, 0.9999, 0.5, 0.0001, 0.00001, 0)]
    assert told == ["100.00%", ">99.99%", "99.99%", "50.00%", "0.01%", "<0.01%", "0.00%"]
    told = [report.percent(value) for value in (0.99996, 0.99995, 0.99994, 0.00006, 0.00005, 0.00004)]
    assert told == [">99.99%", ">99.99%", "99.99%", "0.01%", "0.01%", "<0.01%"]


def test_the_commonest_mistakes_are_of_the_true_class_for_the_answer() -> None:
    lines = report.confusions(evaluation([[6, 3, 1], [0, 5, 0], [2, 0, 2]])).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["ant", "taken", "for", "bee", "3", "of", "10", "(30.0%)"],
        ["cow", "taken", "for", "ant", "2", "of", "4", "(50.0%)"],
        ["ant", "taken", "for", "cow", "1", "of", "10", "(10.0%)"],
    ]


def test_no_more_mistakes_are_listed_than_asked_for() -> None:
    assert len(report.confusions(evaluation([[0, 3, 1], [2, 0, 0], [0, 0, 1]]), most=2).splitlines()) == 3
    assert report.confusions(evaluation(np.diag([1, 2, 3]))) == "no mistakes"


def test_of_seven_kinds_of_mistakes_five_are_listed_and_of_those_that_are_alike_the_first() -> None:
    lines = report.confusions(evaluation([[0, 2, 1], [1, 0, 1], [1, 1, 0]])).splitlines()
    assert [(line.split()[0], line.split()[3], line.split()[4]) for line in lines[1:]] == [
        ("ant", "bee", "2"), ("ant", "cow", "1"), ("bee", "ant", "1"), ("bee", "cow", "1"), ("cow", "ant", "1")
    ]  # fmt: skip
    assert report.confusions(evaluation([[5, 1, 0], [0, 9, 0], [0, 0, 1]])).splitlines()[1:] == [
        "  ant  taken for  bee      1 of 6 (16.7%)"
    ]


def test_each_class_has_its_own_accuracy_and_a_bar_as_long() -> None:
    lines = report.per_class(evaluation([[1, 3, 0], [0, 0, 0], [0, 1, 1]])).splitlines()
    assert lines[1].split() == ["ant", "25.00%", "█" * 8]
    assert lines[2].split() == ["bee", "–", "(no", "images)"]
    assert lines[3].split() == ["cow", "50.00%", "█" * 15]


def test_long_names_are_cut_and_keep_the_columns() -> None:
    lines = report.per_class(evaluation([[1, 0], [1, 1]], classes=("x" * 25, "y" * 24))).splitlines()
    assert lines[1].split()[0] == "x" * 23 + "…" and lines[2].split()[0] == "y" * 24
    assert lines[1].index("100.00%") == lines[2].index("50.00%") - 1
