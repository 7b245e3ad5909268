"""The command line as a person meets it: what it prints, what it writes, how it fails."""

import errno
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
from minicnn.cli import COMMANDS, main

CLASSES = ("bright", "dark")
PICTURES = ("curves.png", "confusion.png")


@pytest.fixture
def run(capsys):
    """Run a command line: its status, what it printed, and its errors."""

    def command(*arguments):
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


def write_pictures(folder, count=12, size=12):
    """Folders of bright and of dark pictures, which are easily told apart."""
    rng = np.random.default_rng(0)
    for name, level in zip(CLASSES, (170, 0), strict=True):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = level + rng.integers(0, 80, (size, size), dtype=np.uint8)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    """The folder of a run that has learned them."""
    out = tmp_path_factory.mktemp("runs") / "trained"
    assert main(["train", str(photos), "--out", str(out), "--epochs", "3", "--batch-size", "4", "--quiet"]) == 0
    return out


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


# Manuals


def manual(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [command.__name__.rpartition(".")[2] for command in COMMANDS])
def test_each_command_has_a_manual_for_80_columns_with_examples(command, capsys):
    text = manual(capsys, command)
    assert f"minicnn {command} " in text
    assert "example" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_manual_lists_the_commands_and_they_are_what_comes_without_one(run, capsys):
    status, out, _ = run()
    assert status == 0
    assert out == manual(capsys)
    assert all(f"\n    {name} " in out for name in ("demo", "train", "evaluate", "predict", "summary", "info"))


def test_manuals_name_all_data_sets_and_networks(capsys):
    text = " ".join(manual(capsys, "train").replace("-\n", "-").split())
    for name in (*cnn.data.NAMES, *cnn.zoo.names()):
        assert re.sub(r"- ", "-", name) in re.sub(r"- ", "-", text)


def test_manuals_load_nothing_heavy():
    program = (
        "import sys; from minicnn.cli import main\n"
        "try: main(['train', '--help'])\n"
        "finally: sys.exit(', '.join({'numpy', 'numba', 'matplotlib'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_python_runs_the_package_as_the_command_and_the_version_is_told():
    done = subprocess.run([sys.executable, "-m", "minicnn", "--version"], capture_output=True, text=True)
    assert done.stdout == f"minicnn {cnn.__version__}\n"


# What the commands do


def test_train_tells_how_it_goes_and_fills_its_folder(run, photos, tmp_path):
    out = tmp_path / "run"
    status, text, errors = run("train", photos, "--out", out, "--epochs", 2, "--batch-size", 4)
    assert (status, errors) == (0, "")
    for line in (
        "before training: loss ",
        "epoch 1/2: ",
        "epoch 2/2: ",
        "test: 4 pictures",
        "accuracy, class by class",
    ):
        assert line in text
    assert [entry["epoch"] for entry in log(out)] == [0, 1, 2]
    assert {path.name for path in out.iterdir()} == {"model.safetensors", "log.jsonl", *PICTURES}
    for name in PICTURES:
        Image.open(out / name).verify()
    assert cnn.load(out / "model.safetensors").classes == CLASSES


def test_train_quietly_prints_the_result_alone(run, photos, tmp_path):
    _, text, errors = run("train", photos, "--out", tmp_path, "--epochs", 1, "--quiet")
    assert errors == ""
    assert re.fullmatch(r"test: 4 pictures, loss \d+\.\d+, accuracy \d+\.\d+%\n", text)


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


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
def test_ctrl_c_itself_ends_with_130_and_no_traceback(photos, tmp_path):
    command = [sys.executable, "-m", "minicnn", "train", photos, "--epochs", "100000", "--out", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "model.safetensors").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted; to go on" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("file", ["", "model.safetensors"])
def test_evaluate_tells_each_class_and_the_commonest_mistakes(run, photos, trained, file):
    status, text, errors = run("evaluate", trained / file, photos)
    assert (status, errors) == (0, "")
    assert "test: 4 pictures" in text
    assert all(name in text for name in CLASSES)
    assert "mistakes" in text


def test_evaluate_takes_either_part(run, photos, trained):
    assert "train: 20 pictures" in run("evaluate", trained, photos, "--split", "train")[1]


def test_predict_names_the_likeliest_classes_of_each_picture(run, photos, trained):
    pictures = [photos / "dark" / "0.png", photos / "bright" / "0.png"]
    status, text, errors = run("predict", trained, *pictures, "--top", 2)
    assert (status, errors) == (0, "")
    lines = text.splitlines()
    assert (lines[0], lines[3]) == tuple(map(str, pictures))
    assert re.fullmatch(r"  dark +\d+\.\d\d%", lines[1])
    assert re.fullmatch(r"  bright +\d+\.\d\d%", lines[4])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["seed"], r"input +28×28×1 "),
        (["seed", "--input", 3, 20, 24], r"conv1 +Conv2d +18×22×10 "),
        (["cifar-vgg"], r"input +32×32×3 "),
    ],
)
def test_summary_of_a_network_by_name(run, arguments, expected):
    status, text, _ = run("summary", *arguments)
    assert status == 0
    assert re.search(expected, text)


def test_summary_of_a_trained_network_knows_its_pictures(run, trained):
    assert re.search(r"input +12×12×1 ", run("summary", trained)[1])


def test_info_tells_what_a_bug_report_needs(run, monkeypatch, tmp_path):
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path))
    status, text, errors = run("info")
    assert (status, errors) == (0, "")
    for name in ("minicnn", "Python", "numpy", "numba", "threads", "threading layer", "BLAS", "compiled code"):
        assert name in text
    assert str(tmp_path) in text


def test_the_demo_shows_what_was_learned(run, monkeypatch, tmp_path):
    few = tuple(part[:200] for part in cnn.data.load("garments", train=200, test=200))
    monkeypatch.setattr(cnn.data, "load", lambda name: few)
    status, text, errors = run("demo", "--epochs", 2, "--out", tmp_path)
    assert (status, errors) == (0, "")
    for part in ("conv1", "before training", "epoch 2/2", "class by class", "commonest mistakes", "Ankle boot"):
        assert part in text
    written = {path.name for path in tmp_path.iterdir()}
    assert written >= {"model.safetensors", "log.jsonl", "classes.png", "filters.png", "feature_maps.png", *PICTURES}
    assert all(name in " ".join(text.split()) for name in written)
    for path in tmp_path.glob("*.png"):
        Image.open(path).verify()
    hint = text.splitlines()[-1].removeprefix("try: minicnn ")
    assert run(*hint.split())[0] == 0


def test_a_reader_that_has_seen_enough_is_no_error(trained):
    program = f"import sys; from minicnn.cli import main; sys.exit(main(['summary', {str(trained)!r}]))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, "")


# How they fail: one line, status 2


@pytest.fixture
def fails(run):
    """Run a command that must fail; returns its one line."""

    def command(*arguments):
        status, _, errors = run(*arguments)
        assert status == 2
        assert errors.count("\n") == 1, errors
        assert errors.startswith("minicnn: error: ")
        return errors.removeprefix("minicnn: error: ").strip()

    return command


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("tran garments", "invalid choice: 'tran'"),
        ("train", "the following arguments are required: DATA; see minicnn train --help"),
        ("train garments --epoch 3", "unrecognized arguments: --epoch 3"),
        ("train garments --epochs many", "argument --epochs: invalid int value: 'many'; see minicnn train --help"),
        ("train garments --model sede", "there is no network 'sede'; did you mean seed"),
        ("train minst", "unknown data set 'minst'; did you mean 'mnist'?"),
        ("train mnist --root nowhere", "nowhere: expected a data folder, but there is none"),
        ("train ./nowhere", "nowhere: expected a folder with a data set, but there is none"),
        ("train garments --momentum 0.9", "--momentum is sgd's, and adam has its own"),
        ("train garments --lr -1", "lr must be positive and finite, got -1.0"),
        ("train garments --augment rotate", "expects a list such as crop=4,flip,cutout=8, got 'rotate' in it"),
        ("train garments --threads 0", "set_num_threads: expected 1 to "),
        ("train garments --size 32", "unexpected keyword argument 'size'"),
        ("evaluate nowhere.safetensors garments", "nowhere.safetensors: there is no such file"),
        ("predict nowhere picture.png", "nowhere: there is no such file"),
        ("summary resnet8", "there is no network 'resnet8'; did you mean resnet18"),
        ("summary nowhere.safetensors", "nowhere.safetensors: there is no such file"),
        ("summary seed --input 1 4 4", "seed: expected input_size"),
    ],
)
def test_wrong_arguments(fails, line, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in fails(*line.split())


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


def test_pictures_that_cannot_be_read(fails, tmp_path):
    photos = write_pictures(tmp_path / "photos", count=3)
    odd = photos / "dark" / "odd.png"
    Image.new("L", (9, 12)).save(odd)
    assert f"{odd}: 9×12 grey, but " in fails("train", photos)
    odd.write_bytes(b"no picture")
    assert f"{odd}: expected a picture" in fails("train", photos)
    odd.unlink()
    (photos / "empty").mkdir()
    assert f"{photos / 'empty'}: expected pictures" in fails("train", photos)


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
    assert "expected md5" in fails("train", "mnist", "--root", tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(whole[:-1])
    assert "train-images-idx3-ubyte: " in fails("train", tmp_path)
    cnn.data.write_idx(tmp_path / "train-images-idx3-ubyte", labels)
    assert "train-images-idx3-ubyte: " in fails("train", tmp_path)


def test_checkpoints_that_are_broken(fails, photos, trained, tmp_path):
    whole = (trained / "model.safetensors").read_bytes()
    path = tmp_path / "model.safetensors"
    path.write_bytes(whole[:-10])
    assert f"{path}: " in fails("predict", tmp_path, photos / "dark" / "0.png")
    path.write_bytes(b"garbage" * 100)
    assert f"{path}: " in fails("evaluate", path, photos)
    path.write_bytes(whole)
    assert "cannot be resumed, because architecture" in fails(
        "train", photos, "--model", "lenet5", "--out", tmp_path, "--resume"
    )
    assert path.read_bytes() == whole


def test_a_picture_with_the_wrong_channels(fails, trained, tmp_path):
    Image.new("RGB", (12, 12), "red").save(tmp_path / "red.png")
    assert "red.png: expected a grey picture (1 channel)" in fails("predict", trained, tmp_path / "red.png")
    Image.new("RGB", (12, 12), "red").save(write_pictures(tmp_path / "data") / "dark" / "red.png")
    assert "pictures have 3 channels, but the model takes 1" in fails("evaluate", trained, tmp_path / "data")


def test_other_classes_than_the_models(fails, trained):
    assert "the model's classes are 2 (bright, dark), but" in fails("evaluate", trained, "garments")


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
