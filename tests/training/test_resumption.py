"""An interrupted run, resumed, ends with the weights of one that was not interrupted: bit for bit."""

import json
import random
import runpy
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

import minicnn as cnn
from minicnn.data import RandomFlip
from minicnn.training.resumption import Position

SCRIPT = Path(__file__).with_name("resumable.py")
resumable = runpy.run_path(str(SCRIPT))
train = resumable["train"]
STEPS = 6  # in an epoch
POSITION = asdict(Position())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uninterrupted run: its folder, model and history."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, *train(folder)


def timeless(history):
    """A history without its times."""
    return cnn.History(
        history.before,
        [replace(record, seconds=0.0, images_per_second=0.0) for record in history.epochs],
        history.steps,
    )


def assert_same_run(folder, model, history, whole):
    """Weights, optimizer, history, log and best model are those of the whole run."""
    whole_folder, whole_model, whole_history = whole
    state, expected = model.state(), whole_model.state()
    assert all(state[name].tobytes() == expected[name].tobytes() for name in expected)
    assert timeless(history) == timeless(whole_history)
    here, there = (cnn.checkpoint.read(f / "run.safetensors") for f in (folder, whole_folder))
    assert {k: v.tobytes() for k, v in here.optimizer.items()} == {k: v.tobytes() for k, v in there.optimizer.items()}
    assert (folder / "best.safetensors").read_bytes() == (whole_folder / "best.safetensors").read_bytes()
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(len(history.epochs) + 1))


def test_the_run_that_is_compared_with_stops_early_and_has_learned(whole):
    _, _, history = whole
    assert 3 <= len(history.epochs) < 12
    assert history.epochs[-1].train_accuracy > history.before.accuracy


@pytest.mark.slow
def test_killed_at_random_moments_it_resumes_to_the_same_bits(whole, tmp_path):
    chance, checkpoint = random.Random(0), tmp_path / "run.safetensors"
    kills = 0
    while True:
        process = subprocess.Popen([sys.executable, SCRIPT, tmp_path])
        saves, seen = chance.randint(5, 12), _version(checkpoint)
        while process.poll() is None and saves:
            if (version := _version(checkpoint)) != seen:
                saves, seen = saves - 1, version
            time.sleep(1e-4)
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
        cnn.load(checkpoint)  # complete, no matter when the process died
    assert kills >= 2
    model, history = train(tmp_path)  # it has ended: this returns what is in the file
    assert_same_run(tmp_path, model, history, whole)
    assert not list(tmp_path.glob(".*"))


def _version(path):
    try:
        return path.stat().st_ino, path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


class Interrupted(Exception):
    """Stands for a kill within one process."""


@pytest.mark.parametrize("saves", [1, 2, STEPS - 1, STEPS, STEPS + 1, STEPS + 2, 2 * STEPS + 3])
def test_it_resumes_from_any_batch(whole, tmp_path, monkeypatch, saves):
    left = saves

    def save_and_break(*args, **options):
        nonlocal left
        save(*args, **options)
        left -= 1
        if left == 0:
            raise Interrupted

    save = cnn.save
    with monkeypatch.context() as patch:
        patch.setattr("minicnn.training.resumption.save", save_and_break)
        with pytest.raises(Interrupted):
            train(tmp_path)
    assert_same_run(tmp_path, *train(tmp_path), whole)


def test_interrupted_between_the_callbacks_and_the_checkpoint_it_does_that_epoch_again(whole, tmp_path):
    def break_off(run):
        if run.epoch == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(tmp_path, extra=[break_off], checkpoint_seconds=1e9)
    assert (tmp_path / "log.jsonl").read_text().count("\n") == 3
    assert_same_run(tmp_path, *train(tmp_path), whole)


def test_other_first_weights_do_not_matter_when_resuming(whole, tmp_path):
    train(tmp_path, epochs=12, extra=[lambda run: run.epoch == 1])
    stopped = cnn.checkpoint.read(tmp_path / "run.safetensors")
    assert stopped.training["position"]["epoch"] == 1
    model, _ = train(tmp_path, trained=resumable["model"]().initialize(99))
    assert all((model.state()[name] == array).all() for name, array in stopped.state.items())


def test_a_run_that_a_callback_stopped_stays_stopped(whole, tmp_path):
    train(tmp_path, extra=[lambda run: run.epoch == 2])
    _, history = train(tmp_path)
    assert len(history.epochs) == 2


def test_a_finished_run_goes_on_when_it_is_given_more_epochs(tmp_path):
    options = {"schedule": None, "checkpoint_seconds": 1e9}
    train(tmp_path / "in two", epochs=1, **options)
    model, history = train(tmp_path / "in two", epochs=2, **options)
    expected, expected_history = train(tmp_path / "at once", epochs=2, **options)
    assert all((model.state()[name] == array).all() for name, array in expected.state().items())
    assert timeless(history) == timeless(expected_history)


def test_without_a_checkpoint_resume_starts_anew(tmp_path):
    _, history = train(tmp_path, epochs=1)
    assert [record.epoch for record in history.epochs] == [1]


def test_without_resume_a_checkpoint_is_replaced(tmp_path):
    for _ in range(2):
        _, history = train(tmp_path, epochs=1, resume=False)
        assert [record.epoch for record in history.epochs] == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 8}, "seed was 7, and now is 8"),
        ({"batch_size": 4}, "batch_size was 8, and now is 4"),
        ({"optimizer": cnn.SGD(0.2, momentum=0.9, nesterov=True, weight_decay=1e-3)}, "optimizer.lr was 0.1, and now"),
        ({"optimizer": cnn.Adam()}, "optimizer.name was 'sgd', and now is 'adam'"),
        ({"schedule": None}, r"schedule was \{'name': 'one-cycle'"),
        ({"schedule": cnn.schedules.OneCycle(warmup=0.2)}, "schedule.warmup was 0.3, and now is 0.2"),
        ({"loss": partial(cnn.ops.cross_entropy, label_smoothing=0.2)}, "loss was .*0.1.*, and now is .*0.2"),
        ({"augment": RandomFlip()}, r"augment was 'Compose.*, and now is 'RandomFlip\(\)'"),
        ({"clip_norm": None}, "clip_norm was 1.0, and now is None"),
    ],
)
def test_a_run_with_other_settings_is_refused(whole, options, message):
    folder, *_ = whole
    before = (folder / "run.safetensors").read_bytes()
    with pytest.raises(cnn.CheckpointError, match=f"run.safetensors: cannot be resumed, because {message}"):
        train(folder, **options)
    assert (folder / "run.safetensors").read_bytes() == before


def test_a_run_of_another_architecture_is_refused(whole):
    folder, *_ = whole
    other = resumable["model"]()
    other["drop"].p = 0.4
    first = other["conv"].weight.copy()
    with pytest.raises(cnn.CheckpointError, match=r"architecture.children.drop.options.p was 0.3, and now is 0.4"):
        train(folder, trained=other)
    assert (other["conv"].weight == first).all()


def test_a_run_on_other_images_is_refused(whole):
    folder, model, _ = whole
    message = "data was '44 images of 1×8×8, checksum .*', and now is '43 images"
    with pytest.raises(cnn.CheckpointError, match=message):
        cnn.fit(model, resumable["data"](0)[:43], epochs=1, checkpoint=folder / "run.safetensors", resume=True)


def test_a_file_that_holds_no_run_is_refused(tmp_path):
    cnn.save(resumable["model"](), tmp_path / "run.safetensors")
    with pytest.raises(cnn.CheckpointError, match="holds a model, but no run to resume"):
        train(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        {"position": None},
        {"position": {"epoch": "one"}},
        {"position": POSITION | {"batch": -1}},
        {"position": POSITION | {"batch": 6, "seen": 0}},
        {"position": POSITION | {"batch": 0, "seen": 48}},
        {"position": POSITION | {"seen": -1}},
        {"position": POSITION | {"epoch": -1}},
        {"history": {}},
        {"settings": 3},
    ],
)
def test_a_file_whose_run_makes_no_sense_is_refused(whole, tmp_path, damage):
    folder, model, _ = whole
    training = cnn.checkpoint.read(folder / "run.safetensors").training
    cnn.save(model, tmp_path / "run.safetensors", optimizer=cnn.SGD(0.1, momentum=0.9), training=training | damage)
    with pytest.raises(cnn.CheckpointError, match=r"run.safetensors: "):
        train(tmp_path)


def test_a_position_after_one_image_is_one():
    position = Position(epoch=0, batch=1, loss_sum=0.5, correct=1, seen=1)
    assert Position.from_dict(asdict(position)) == position


class Clock:
    """A clock that stands still but when it is moved."""

    now = 100.0

    def monotonic(self):
        return self.now


def test_unless_told_otherwise_a_run_is_saved_once_a_minute(tmp_path, monkeypatch):
    """Before a batch some time passes; what is in the file after each, and with which settings."""
    clock, path, saved = Clock(), tmp_path / "run.safetensors", []
    monkeypatch.setattr("minicnn.training.resumption.time", clock)

    class Watch:
        passes = iter([59.5, 0.5, 59.5, 0.5, 0.0, 0.0])

        def after_batch(self, run):
            saved.append(cnn.checkpoint.read(path).training["position"]["batch"] if path.exists() else None)
            clock.now += next(self.passes)

        def __call__(self, run):
            pass

    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3)).initialize(0)
    data = resumable["data"](0)
    images = cnn.data.Dataset(data.images[:1].repeat(325, axis=0), data.labels[:1].repeat(325), data.classes)
    cnn.fit(model, images, epochs=1, checkpoint=path, callbacks=[Watch()], progress=False)
    assert saved == [None, None, 2, 2, 4, 4]
    settings = cnn.checkpoint.read(path).training["settings"]
    assert (settings["batch_size"], settings["seed"], settings["clip_norm"]) == (64, 0, None)
    assert settings["optimizer"] == cnn.Adam().options()


def test_a_path_that_cannot_be_written_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    seen = []
    with pytest.raises(cnn.CheckpointError, match="cannot be written"):
        train(tmp_path, checkpoint=tmp_path / "file" / "run.safetensors", extra=[seen.append])
    assert not seen
