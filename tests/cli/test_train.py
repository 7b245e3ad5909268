"""`minicnn train`: what it prints, what it writes, how it resumes after an interruption, and what it refuses."""

import errno
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn

CLASSES = ("bright", "dark")
IMAGES = ("curves.png", "confusion.png")


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_train_tells_how_it_goes_and_fills_its_folder(run, photos, tmp_path):
    out = tmp_path / "run"
    status, text, errors = run("train", photos, "--out", out, "--epochs", 2, "--batch-size", 4)
    assert (status, errors) == (0, "")
    for line in (
        "before training: loss ",
        "epoch 1/2: ",
        "epoch 2/2: ",
        "test: 4 images",
        "accuracy, class by class",
    ):
        assert line in text
    assert [entry["epoch"] for entry in log(out)] == [0, 1, 2]
    assert {path.name for path in out.iterdir()} == {"model.safetensors", "log.jsonl", *IMAGES}
    for name in IMAGES:
        Image.open(out / name).verify()
    assert cnn.load(out / "model.safetensors").classes == CLASSES


def test_train_quietly_prints_the_result_alone(run, photos, tmp_path):
    _, text, errors = run("train", photos, "--out", tmp_path, "--epochs", 1, "--quiet")
    assert errors == ""
    assert re.fullmatch(r"test: 4 images, loss \d+\.\d+, accuracy \d+\.\d+%\n", text)


def test_every_option_of_learning_reaches_fit(run, photos, tmp_path, monkeypatch):
    seen = {}

    def fit(model, train, test, **options):
        seen.update(options, seed_of_weights=model)
        raise ValueError("seen")

    monkeypatch.setattr(cnn, "fit", fit)
    options = "--optimizer sgd --lr 0.5 --momentum 0.25 --weight-decay 0.125 --schedule cosine --label-smoothing 0.1"
    more = "--clip-norm 3 --seed 7 --augment crop=2,flip,cutout=3 --batch-size 5"
    run("train", photos, "--out", tmp_path, *options.split(), *more.split())
    expected = {"name": "sgd", "lr": 0.5, "momentum": 0.25, "weight_decay": 0.125, "nesterov": False}
    assert seen["optimizer"].options() == expected
    assert seen["schedule"] == cnn.schedules.Cosine()
    assert seen["loss"].keywords == {"label_smoothing": 0.1}
    assert seen["augment"] == cnn.data.Compose([cnn.data.RandomCrop(2), cnn.data.RandomFlip(), cnn.data.Cutout(3)])
    assert (seen["clip_norm"], seen["seed"], seen["batch_size"]) == (3, 7, 5)


def test_a_folder_that_holds_a_run_is_not_overwritten(run, photos, trained):
    before = (trained / "model.safetensors").read_bytes()
    status, _, errors = run("train", photos, "--out", trained)
    assert status == 2
    assert "holds a run already; add --resume" in errors
    assert (trained / "model.safetensors").read_bytes() == before


def test_a_run_that_ctrl_c_interrupted_resumes_to_the_same_weights(photos, tmp_path, run, monkeypatch):
    command = ["train", photos, "--epochs", 3, "--batch-size", 4]
    run(*command, "--out", tmp_path / "whole")

    log_epoch = cnn.JsonLines.__call__

    def interrupt(self, history):
        if history.epoch == 2:
            raise KeyboardInterrupt
        log_epoch(self, history)

    with monkeypatch.context() as patch:
        patch.setattr(cnn.JsonLines, "__call__", interrupt)
        status, _, errors = run(*command, "--out", tmp_path / "parts")
    assert status == 130
    hint = f"minicnn train {photos} --epochs 3 --batch-size 4 --out {tmp_path / 'parts'} --resume"
    assert errors.endswith(f"\n  {hint}\n")
    status, text, _ = run(*hint.split()[1:])
    assert status == 0
    assert "resumed after epoch 1\nepoch 2/3: " in text
    whole, parts = (cnn.load(tmp_path / name / "model.safetensors").state() for name in ("whole", "parts"))
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    assert [entry["epoch"] for entry in log(tmp_path / "parts")] == [0, 1, 2, 3]


@pytest.mark.slow  # its parts are tested above, and in tests/training/test_interruption.py
@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
def test_ctrl_c_itself_ends_with_130_and_no_traceback(photos, tmp_path):
    command = [sys.executable, "-m", "minicnn", "train", photos, "--epochs", "100000", "--out", tmp_path]
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a suite run in the background ignores it
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **streams, preexec_fn=heed) as process:
        while not (tmp_path / "model.safetensors").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted; to continue" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--epochs 0", "epochs must be at least 1, got 0"),
        ("--batch-size 0", "batch_size must be at least 1, got 0"),
        ("--seed -1", "expected"),
        ("--label-smoothing 2", "expected label_smoothing from 0 to 1, got 2.0"),
        ("--clip-norm 0", "clip_norm must be positive, got 0.0"),
        ("--augment crop=-1", "got 'crop=-1' in it"),
        ("--augment cutout=0", "Cutout: size must be at least 1, got 0"),
        ("--size 0", "size: expected a number of pixels"),
        ("--optimizer sgd --lr 1e30 --schedule constant", "lower the learning rate or give clip_norm"),
    ],
)
def test_wrong_numbers(fails, options, message, photos, tmp_path):
    assert message in fails("train", photos, "--out", tmp_path, *options.split())


def test_images_that_cannot_be_read(fails, write_images, tmp_path):
    photos = write_images(tmp_path / "photos", count=3)
    odd = photos / "dark" / "odd.png"
    Image.new("L", (9, 12)).save(odd)
    assert f"{odd}: 9×12 gray, but " in fails("train", photos)
    odd.write_bytes(b"no image")
    assert f"{odd}: expected an image" in fails("train", photos)
    odd.unlink()
    (photos / "empty").mkdir()
    assert f"{photos / 'empty'}: expected images" in fails("train", photos)


def test_idx_files_that_are_not_what_they_should_be(fails, tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (20, 12, 12), dtype=np.uint8), np.arange(20, dtype=np.uint8) % 2
    names = {
        f"{part}-{kind}-ubyte": array
        for part in ("train", "t10k")
        for kind, array in (("images-idx3", images), ("labels-idx1", labels))
    }
    for name, array in names.items():
        cnn.data.write_idx(tmp_path / name, array)
    whole = (tmp_path / "train-images-idx3-ubyte").read_bytes()
    assert "expected md5" in fails("train", "mnist", "--root", tmp_path, "--out", tmp_path / "run")
    (tmp_path / "train-images-idx3-ubyte").write_bytes(whole[:-1])
    assert "train-images-idx3-ubyte: " in fails("train", tmp_path)
    cnn.data.write_idx(tmp_path / "train-images-idx3-ubyte", labels)
    assert "train-images-idx3-ubyte: " in fails("train", tmp_path)


def test_a_place_that_cannot_be_written(fails, photos, tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be written" in fails("train", photos, "--out", tmp_path / "file" / "run")


def test_a_full_disk_leaves_the_checkpoint_of_before(fails, photos, tmp_path, monkeypatch, run):
    command = ["train", photos, "--out", tmp_path, "--batch-size", 4]
    run(*command, "--epochs", 1)
    before = (tmp_path / "model.safetensors").read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in fails(*command, "--epochs", 2, "--resume")
    assert (tmp_path / "model.safetensors").read_bytes() == before
