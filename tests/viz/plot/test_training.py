import pytest

from minicnn import History
from minicnn.training import EpochRecord
from minicnn.training.history import Measure
from viz import plot


def record(epoch, loss, accuracy, validated=True):
    valid = (
        {"valid_loss": loss / 2, "valid_accuracy": accuracy + 0.1}
        if validated
        else dict.fromkeys(("valid_loss", "valid_accuracy"))
    )
    return EpochRecord(
        epoch=epoch, train_loss=loss, train_accuracy=accuracy, **valid, lr=0.1, seconds=1.0, images_per_second=9.0
    )


def points(ax):
    return {line.get_label(): [tuple(map(float, point)) for point in line.get_xydata()] for line in ax.get_lines()}


def test_training_stands_in_the_middle_of_its_epoch_and_validation_at_its_end():
    history = History(Measure(2.3, 0.1), [record(1, 1.0, 0.5), record(2, 0.5, 0.75)])
    loss, accuracy = plot.training(history, validation="test").axes
    assert points(loss) == {
        "training (mean of the epoch)": [(0.5, 1.0), (1.5, 0.5)],
        "test": [(0.0, 2.3), (1.0, 0.5), (2.0, 0.25)],
    }
    assert points(accuracy)["test"] == [(0.0, 0.1), (1.0, 0.6), (2.0, 0.85)]


@pytest.mark.parametrize(("first", "last"), [(2.3, 0.02), (1.8, 0.7), (1.0, 0.95)])
def test_the_scale_of_the_loss_has_several_numbers(first, last):
    history = History(None, [record(1, first, 0.5, validated=False), record(2, last, 0.6, validated=False)])
    loss = plot.training(history).axes[0]
    low, high = loss.get_ylim()
    assert 3 <= sum(low <= tick <= high for tick in loss.yaxis.get_major_locator()()) <= 9


def test_titles_say_where_it_ended():
    history = History(Measure(2.3, 0.1), [record(1, 1.0, 0.5)])
    loss, accuracy = plot.training(history, validation="test").axes
    assert loss.get_title(loc="left") == "test loss 0.5"
    assert accuracy.get_title(loc="left") == "test accuracy 60.00%"


def test_without_validation_the_model_before_training_is_on_the_training_curve():
    history = History(Measure(2.3, 0.1), [record(1, 1.0, 0.5, validated=False)])
    loss, accuracy = plot.training(history).axes
    assert points(loss) == {"training (mean of the epoch)": [(0.0, 2.3), (0.5, 1.0)]}
    assert accuracy.get_title(loc="left") == "training accuracy 50.00%"


def test_ticks_of_a_loss_that_falls_to_a_sixth_are_those_of_a_logarithm_and_below_that_even():
    ticks = []
    for first in (6.0, 5.9):
        history = History(None, [record(1, first, 0.5, validated=False), record(2, 1.0, 0.6, validated=False)])
        loss = plot.training(history).axes[0]
        ticks.append([tick for tick in loss.yaxis.get_major_locator()() if 1 <= tick <= 5.9])
    assert ticks == [[1, 2, 5], [1, 2, 3, 4, 5]]


def test_the_accuracy_before_training_alone_is_that_of_the_validation():
    loss, accuracy = plot.training(History(Measure(2.3, 0.1)), validation="test").axes
    assert (points(loss), points(accuracy)) == ({"test": [(0.0, 2.3)]}, {"test": [(0.0, 0.1)]})
    assert loss.get_title(loc="left") == "test loss 2.3"


@pytest.mark.parametrize("history", [History(), History(Measure(2.3, 0.1))], ids=["empty", "untrained"])
def test_a_run_that_has_not_begun_can_be_drawn(history, render):
    render(plot.training(history))


def test_it_draws_on_the_figure_it_is_given(figure):
    assert plot.training(History(Measure(2.3, 0.1)), figure) is figure
    assert len(figure.axes) == 2
