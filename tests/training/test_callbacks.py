"""What happens after each epoch."""

import json
from dataclasses import asdict, replace

import pytest

import minicnn as cnn
from minicnn.training import EpochRecord, Run


def test_a_callback_sees_the_run_after_each_epoch(stripes, network):
    seen = []
    train, valid, model, optimizer = stripes(), stripes(20, seed=1), network(), cnn.SGD(0.1)

    def look(run):
        assert (run.model, run.optimizer, run.train, run.valid, run.epochs) == (model, optimizer, train, valid, 3)
        assert run.history.epochs[-1].epoch == run.epoch
        seen.append(run.epoch)

    cnn.fit(model, train, valid, epochs=3, optimizer=optimizer, callbacks=[look])
    assert seen == [1, 2, 3]


def test_a_true_answer_stops_the_run_but_the_others_are_still_called(stripes, network):
    seen = []
    history = cnn.fit(
        network(), stripes(), epochs=5, callbacks=[lambda run: run.epoch == 2, lambda run: seen.append(run.epoch)]
    )
    assert len(history.epochs) == 2
    assert seen == [1, 2]


def test_begin_is_called_once_when_the_untrained_model_has_been_measured(stripes, network):
    class Beginner:
        began = 0

        def begin(self, run):
            assert run.history.before is not None and run.epoch == 0
            self.began += 1

        def __call__(self, run):
            pass

    beginner = Beginner()
    cnn.fit(network(), stripes(), epochs=2, callbacks=[beginner])
    assert beginner.began == 1


def test_after_batch_is_called_after_each_batch(stripes, network):
    seen = []

    class Counter:
        def after_batch(self, run):
            seen.append((run.epoch, run.batch))

        def __call__(self, run):
            assert run.batch == 0

    cnn.fit(network(), stripes(10), epochs=2, batch_size=4, callbacks=[Counter()])
    assert seen == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]


def stops_at(callback, metric, values):
    """The epoch at which a callback stops a run whose metric takes these values, None if it never does."""
    run = Run(None, None, None, None, len(values), 0, cnn.History())
    for run.epoch, value in enumerate(values, start=1):
        record = EpochRecord(run.epoch, 0.5, 0.5, 0.5, 0.5, 0.1, 1.0, 1.0)
        run.history.epochs.append(replace(record, **{metric: value}))
        if callback(run):
            return run.epoch
    return None


def test_early_stopping_may_stop_at_the_first_epoch_that_is_no_better_or_never_has_a_best() -> None:
    assert stops_at(cnn.EarlyStopping(patience=1), "valid_loss", [3, 2, 2, 1]) == 3
    assert stops_at(cnn.EarlyStopping(patience=2), "valid_loss", [float("nan")] * 3) == 2


def test_without_options_the_loss_of_validation_has_three_epochs_to_improve() -> None:
    assert stops_at(cnn.EarlyStopping(), "valid_loss", [3, 2, 4, 4, 4]) == 5
    assert cnn.BestCheckpoint("best.safetensors").metric == "valid_accuracy"


@pytest.mark.parametrize(
    ("metric", "values", "epoch"),
    [
        ("valid_loss", [3, 2, 1, 0.5], None),
        ("valid_loss", [3, 2, 4, 4, 1], 4),
        ("valid_loss", [3, 2, 4, 1, 4, 4], 6),
        ("valid_loss", [2, 2, 2], 3),  # a value equal to the best is not an improvement
        ("valid_accuracy", [0.1, 0.2, 0.3, 0.4], None),
        ("valid_accuracy", [0.1, 0.3, 0.2, 0.2], 4),
        ("train_loss", [1, 2, 3], 3),
    ],
)
def test_early_stopping_waits_for_patience_epochs_without_a_new_best(metric, values, epoch):
    assert stops_at(cnn.EarlyStopping(patience=2, metric=metric), metric, values) == epoch


def test_early_stopping_ends_a_run(stripes, network):
    train = stripes()
    wrong = cnn.data.Dataset(train.images, (train.labels + 1) % 3, train.classes)  # it gets worse by learning
    history = cnn.fit(
        network(), train, wrong, epochs=20, optimizer=cnn.Adam(1e-2), callbacks=[cnn.EarlyStopping(patience=3)]
    )
    assert len(history.epochs) < 20


def test_the_best_checkpoint_is_the_model_of_the_best_epoch(stripes, network, tmp_path):
    path, valid = tmp_path / "best.safetensors", stripes(40, seed=1)
    callbacks = [cnn.BestCheckpoint(path, metric="valid_loss")]
    history = cnn.fit(network(), stripes(), valid, epochs=4, optimizer=cnn.SGD(3.0), callbacks=callbacks)
    best = min(record.valid_loss for record in history.epochs)
    assert best != history.epochs[-1].valid_loss  # this learning rate overshoots
    assert cnn.evaluate(cnn.load(path), valid).loss == best


def test_the_log_has_the_untrained_model_and_each_epoch_on_a_line(stripes, network, tmp_path):
    path = tmp_path / "made" / "log.jsonl"
    history = cnn.fit(network(), stripes(), stripes(20, seed=1), epochs=2, callbacks=[cnn.JsonLines(path)])
    first, *rest = map(json.loads, path.read_text().splitlines())
    assert first == {"epoch": 0, **asdict(history.before)}
    assert rest == [asdict(record) for record in history.epochs]


def test_each_line_is_there_as_soon_as_its_epoch_is_done(stripes, network, tmp_path):
    path, lines = tmp_path / "log.jsonl", []
    callbacks = [cnn.JsonLines(path), lambda run: lines.append(path.read_text().count("\n"))]
    cnn.fit(network(), stripes(), epochs=3, callbacks=callbacks)
    assert lines == [2, 3, 4]


def test_a_new_run_starts_a_new_log(stripes, network, tmp_path):
    path = tmp_path / "log.jsonl"
    for _ in range(2):
        cnn.fit(network(), stripes(), epochs=1, callbacks=[cnn.JsonLines(path)])
    assert path.read_text().count("\n") == 2


@pytest.mark.parametrize("callback", [cnn.EarlyStopping(2), cnn.BestCheckpoint("unwritten.safetensors")])
def test_a_metric_of_validation_needs_a_validation_set(stripes, network, callback):
    with pytest.raises(ValueError, match=rf"{type(callback).__name__}: valid_\w+ needs a validation set"):
        cnn.fit(network(), stripes(), epochs=1, callbacks=[callback])


def test_unknown_metrics_and_impatience_are_refused():
    with pytest.raises(ValueError, match=r"expected metric to be one of train_loss, .*, got 'loss'"):
        cnn.EarlyStopping(metric="loss")
    with pytest.raises(ValueError, match="expected metric to be one of"):
        cnn.BestCheckpoint("best.safetensors", metric="speed")
    with pytest.raises(ValueError, match="patience must be at least 1, got 0"):
        cnn.EarlyStopping(patience=0)
