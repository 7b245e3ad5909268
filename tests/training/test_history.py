"""The record of a run: as a table, and to JSON and back."""

import json
from dataclasses import replace

import pytest

from minicnn import History
from minicnn.training import EpochRecord
from minicnn.training.history import Measure

FIRST = EpochRecord(1, 0.5, 0.8, 0.4, 0.85, 0.02, 1.5, 8000.0)
HISTORY = History(Measure(2.3, 0.1), [FIRST, replace(FIRST, epoch=2, train_loss=0.25)], [(10, 1.25), (20, 0.5)])


def test_it_survives_json():
    assert History.from_dict(json.loads(json.dumps(HISTORY.to_dict()))) == HISTORY


def test_whether_a_run_was_interrupted_is_not_part_of_its_record():
    assert not History().interrupted
    assert History(interrupted=True) == History() and "interrupted" not in History(interrupted=True).to_dict()


def test_a_run_that_has_not_begun_survives_json():
    assert History.from_dict(json.loads(json.dumps(History().to_dict()))) == History()


@pytest.mark.parametrize(
    "change",
    [
        {"before": 3},
        {"before": {"loss": 1.0}},
        {"before": {"loss": "much", "accuracy": 0.5}},
        {"epochs": [{"epoch": 1}]},
        {"epochs": [HISTORY.to_dict()["epochs"][0] | {"valid_loss": "low"}]},
        {"epochs": [HISTORY.to_dict()["epochs"][0] | {"valid_loss": True}]},
        {"epochs": [HISTORY.to_dict()["epochs"][0] | {"lr": None}]},
        {"steps": [1, 2]},
        {"steps": [[1, "low"]]},
        {"steps": None},
    ],
)
def test_anything_else_is_refused(change):
    with pytest.raises(ValueError, match="History: expected the result of to_dict"):
        History.from_dict(HISTORY.to_dict() | change)


def test_it_prints_a_table_with_a_line_for_each_epoch():
    lines = str(HISTORY).splitlines()
    assert len(lines) == 4
    assert lines[1].split() == ["0", "2.3000", "10.00%"]
    assert lines[2].split() == ["1", "0.5000", "80.00%", "0.4000", "85.00%", "0.02", "8,000", "1.5"]
    assert len({len(line) for line in lines}) == 1


def test_without_validation_the_table_leaves_its_columns_empty():
    history = History(Measure(2.3, 0.1), [replace(FIRST, valid_loss=None, valid_accuracy=None)])
    before, first = str(history).splitlines()[1:]
    assert before.index("2.3000") == first.index("0.5000")
    assert first.split() == ["1", "0.5000", "80.00%", "0.02", "8,000", "1.5"]


@pytest.mark.parametrize(
    ("history", "headline"),
    [
        (History(Measure(2.3, 0.1)), "0 epochs"),
        (History(None, [FIRST]), "1 epoch; validation loss 0.4000, accuracy 85.00%"),
        (History(None, [FIRST], interrupted=True), "1 epoch; validation loss 0.4000, accuracy 85.00%; interrupted"),
        (
            History(None, [FIRST, replace(FIRST, epoch=2, valid_loss=None, valid_accuracy=None, train_loss=0.25)]),
            "2 epochs; training loss 0.2500, accuracy 80.00%",
        ),
        (
            History(None, [FIRST, replace(FIRST, epoch=2, valid_loss=0.3, valid_accuracy=0.9)]),
            "2 epochs; validation loss 0.3000, accuracy 90.00%",
        ),
    ],
)
def test_its_headline_is_the_last_epoch_on_the_validation_set_or_else_in_training(history, headline):
    assert repr(history) == f"History({headline})"


def test_a_loss_without_an_accuracy_is_no_measure_of_validation():
    assert replace(FIRST, valid_accuracy=None).valid is replace(FIRST, valid_loss=None).valid is None


def test_before_its_first_epoch_what_was_measured_stands_with_validation():
    before, first = str(History(Measure(2.3, 0.1))).splitlines()[1], str(HISTORY).splitlines()[2]
    assert before.index("2.3000") == first.index("0.4000")
