"""What `fit` shows while it runs: a bar, a line for each epoch, or nothing."""

import re
from types import SimpleNamespace

import pytest

import minicnn as cnn
from minicnn.training.progress import Progress


def test_without_a_terminal_there_is_a_line_for_each_epoch_and_no_bar(stripes, network, capfd):
    history = cnn.fit(network(), stripes(), epochs=2)
    out, err = capfd.readouterr()
    lines = [f"before training: {history.before}", *(f"epoch {e.epoch}/2: {e}" for e in history.epochs)]
    assert (out, err) == ("", "\n".join(lines) + "\n")


def test_nothing_is_printed_where_it_is_not_wanted(stripes, network, capfd):
    cnn.fit(network(), stripes(), epochs=1, progress=False)
    assert capfd.readouterr() == ("", "")


def test_the_progress_bar_tells_loss_accuracy_speed_and_validation(stripes, network, capfd):
    history = cnn.fit(network(), stripes(), stripes(20, seed=1), epochs=2, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"before training: {history.before}\n")
    for part in ("%|", "images/s", "left", ", loss ", ", accuracy "):
        assert part in err
    assert err.endswith(f"epoch 2/2: {history.epochs[-1]}\n")


def test_a_notebook_s_bar_is_full_after_each_epoch(monkeypatch):
    """A bar that is closed before it is full turns red and remains."""
    monkeypatch.setattr("minicnn.training.progress.in_notebook", lambda: True)
    with Progress(True) as progress:
        for _ in range(2):
            with progress.bar("epoch", 10, 0):
                for _ in range(10):
                    progress.advance(1, 0.5, 0.5)
            assert progress._bar.n == 10


@pytest.mark.parametrize(("columns", "width"), [(50, 49), (100, 99), (101, 100), (200, 100)])
def test_a_bar_is_as_wide_as_the_terminal_but_for_a_column_and_at_most_100(columns, width, monkeypatch, capsys):
    """And begins with what a resumed run has done."""
    monkeypatch.setenv("COLUMNS", str(columns))
    with Progress(True) as progress, progress.bar("epoch 2/3", 4000, 1000):
        pass
    frames = capsys.readouterr().err.split("\r")
    assert max(map(len, frames)) == width
    assert frames[1].startswith("epoch 2/3  25%|") and not frames[-1].strip()  # at last it is gone


def test_a_bar_is_drawn_ten_times_a_second(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr("minicnn.training.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    with Progress(True) as progress, progress.bar("epoch", 10, 0):
        for seconds in (0.0, 0.05, 0.0999, 0.11, 0.15, 0.22):
            now[0] = seconds
            progress.advance(1, 0.5, 0.25)
    drawn = re.findall(r"(\d+)%\|.*?(loss 0\.5000, accuracy 25\.00%)?\r", capsys.readouterr().err + "\r")
    assert [(int(percentage), bool(told)) for percentage, told in drawn] == [
        (0, False), (10, True), (40, True), (60, True)
    ]  # fmt: skip


def test_many_images_a_second_are_counted_in_thousands_or_more(capsys):
    with Progress(True) as progress, progress.bar("epoch", 10**8, 0):
        progress.advance(5 * 10**7, 0.5, 0.25)
    assert re.search(r" 50%\|.*\| *\d+(\.\d+)?[kMGT] images/s", capsys.readouterr().err)


class Second(cnn.group.Group):
    """Does all the work, but is not the first process of its group."""

    main = False


@pytest.mark.parametrize("first", [True, False])
def test_of_several_processes_only_the_first_shows_progress(first, stripes, network, capsys):
    group = cnn.group.Group() if first else Second()
    cnn.fit(network(), stripes(20), epochs=1, batch_size=10, optimizer=cnn.SGD(0.1), group=group, progress=True)
    out, err = capsys.readouterr()
    assert bool(out + err) == first
