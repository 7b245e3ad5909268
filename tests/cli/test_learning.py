"""What `train` and `demo` make of their options, and what is shown of a run on which terminal."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minicnn as cnn
from minicnn.cli import learning, parser
from minicnn.cli.train import group_of
from minicnn.data import augment
from minicnn.group import Group


@pytest.fixture
def told(monkeypatch, run, few_garments, tmp_path):
    """What a command line tells `learn`, options that are None left out."""
    found: dict[str, Any] = {}

    def learn(model: Any, train: Any, test: Any, folder: Path, **options: Any) -> Any:
        found.update({"folder": folder, "layers": list(model.children)} | options)
        raise KeyboardInterrupt("enough")

    monkeypatch.setattr(learning, "learn", learn)
    monkeypatch.chdir(tmp_path)

    def command(*arguments: Any) -> tuple[dict[str, Any], str]:
        found.clear()
        text = run(*arguments)[1]
        return {name: value for name, value in found.items() if value is not None}, text

    return command


PLAIN = {
    "folder": Path("runs/garments-seed"),
    "quiet": False,
    "optimizer": {"name": "adam", "lr": 0.004},
    "snapshots": False,
    "epochs": 5,
    "batch_size": 32,
    "schedule": cnn.schedules.OneCycle(),
    "seed": 0,
    "resume": False,
}
CHANGED: dict[str, dict[str, Any]] = {
    "": {},
    "--quiet": {"quiet": True},
    "--snapshots": {"snapshots": True},
    "--epochs 7 --batch-size 9 --seed 3": {"epochs": 7, "batch_size": 9, "seed": 3},
    "--schedule cosine": {"schedule": cnn.schedules.Cosine()},
    "--schedule constant": {"schedule": cnn.schedules.Constant()},
    "--optimizer adamw": {"optimizer": {"name": "adamw", "lr": 0.004}},
    "--optimizer sgd": {"optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9}},
    "--optimizer sgd --momentum 0.5 --lr 0.25": {"optimizer": {"name": "sgd", "lr": 0.25, "momentum": 0.5}},
    "--weight-decay 0.125 --lr 0": {"optimizer": {"name": "adam", "lr": 0.0, "weight_decay": 0.125}},
    "--clip-norm 2": {"clip_norm": 2.0},
    "--augment crop=4": {"augment": augment.Compose([augment.RandomCrop(4)])},
    "--augment cutout=8,flip": {"augment": augment.Compose([augment.Cutout(8), augment.RandomFlip()])},
    "--out here --resume": {"folder": Path("here"), "resume": True},
}


@pytest.mark.parametrize("line", CHANGED)
def test_train_learns_with_its_options(line, told) -> None:
    found, text = told("train", "garments", *line.split())
    smoothing = found.pop("loss").keywords
    assert smoothing == {"label_smoothing": 0.0} and not found.pop("group").size > 1
    assert found.pop("layers")[0] == "conv1"
    assert found == PLAIN | CHANGED[line]
    assert (text == "") is ("--quiet" in line)


def test_the_group_of_a_distributed_run_is_asked_for_as_it_was_said(monkeypatch) -> None:
    asked, group = [], Group()
    monkeypatch.setattr(cnn.distributed, "mpi", lambda shares, **options: asked.append((shares, options)) or group)
    for line in ("", "--shares 4 --sync-batch-norm", "--any-order"):
        options = parser().parse_args(["train", "garments", "--distributed", *line.split()])
        assert group_of(options) is group
    plain = {"any_order": False, "sync_batch_norm": False}
    assert asked == [(8, plain), (4, plain | {"sync_batch_norm": True}), (8, plain | {"any_order": True})]


def test_the_targets_are_smoothed_by_as_much_as_is_said(told) -> None:
    loss = told("train", "garments", "--label-smoothing", "0.25")[0]["loss"]
    found, _ = loss(np.array([[3.0, 1, 0, 0]]), np.array([0]))
    expected = np.log(np.exp([3, 1, 0, 0]).sum()) - (0.75 * 3 + 0.25 * 4 / 4)
    np.testing.assert_allclose(float(found), expected)


@pytest.mark.parametrize("change", ["crop", "flip=2", "crop=-1", "turn", "cutout=0"])
def test_a_change_of_images_that_is_none_is_refused(change, fails) -> None:
    words = "Cutout: size must be at least 1" if change == "cutout=0" else "--augment expects a list"
    assert words in fails("train", "garments", "--augment", change)


def test_the_demo_learns_as_the_book_says(told) -> None:
    found, text = told("demo")
    assert found.pop("layers") == list(cnn.zoo.build("seed", seed=0).children)
    changed = {"folder": Path("runs/demo"), "snapshots": True}
    assert found == {k: v for k, v in (PLAIN | changed).items() if k != "resume"}
    assert text.startswith("garments: 40 gray images of 28×28 to learn from, 20 to test on; 10 classes\n")


TERMINALS = {  # quiet, stderr and stdout are terminals: a bar is shown, lines are printed
    (False, True, True): (True, False),
    (False, True, False): (True, True),
    (False, False, True): (False, True),
    (False, False, False): (False, True),
    (True, True, True): (False, False),
    (True, False, False): (False, False),
}


@pytest.mark.parametrize(("quiet", "errors", "output"), TERMINALS)
@pytest.mark.parametrize("snapshots", [False, True])
def test_no_line_is_shown_twice(quiet, errors, output, snapshots, monkeypatch, tmp_path) -> None:
    """Above a bar stand the lines of epochs already; elsewhere they are printed."""
    calls: list[dict[str, Any]] = []

    def fit(model: Any, train: Any, test: Any, **options: Any) -> Any:
        calls.append(options | {"images": (len(train), len(test))})
        return SimpleNamespace(interrupted=False)

    monkeypatch.setattr(learning, "compiling", lambda first, second: (first(), SimpleNamespace(interrupted=False))[1])
    monkeypatch.setattr(cnn, "fit", fit)
    monkeypatch.setattr(cnn, "evaluate", lambda *arguments, **options: "evaluated")
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: errors))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: output))
    train, test = cnn.data.Dataset(np.zeros((9, 1, 8, 8), np.uint8), np.zeros(9, int), ("a",)), None
    test = train[:7]
    size = 4 if snapshots else 1
    options = {"optimizer": {"name": "sgd", "lr": 0.5}, "snapshots": snapshots, "epochs": 3, "batch_size": size}
    learning.learn(object(), train, test, tmp_path, quiet=quiet, resume=True, **options)
    few, whole = calls
    assert (few["images"], few["epochs"], few["resume"], few["progress"]) == ((size, size), 1, False, False)
    assert (whole["images"], whole["epochs"], whole["resume"]) == ((9, 7), 3, True)
    assert whole["optimizer"].lr == 0.5 and whole["checkpoint"] == tmp_path / "model.safetensors"
    bar, lines = TERMINALS[quiet, errors, output]
    assert whole["progress"] is bar
    kinds = [type(callback).__name__ for callback in whole["callbacks"]]
    assert kinds == ["JsonLines"] + ["Snapshots"] * snapshots + ["EpochLines"] * lines
