"""Shared by the tests of the command line: a way to run it, and a small data set with a network trained on it."""

import functools
import threading

import numpy as np
import pytest
from PIL import Image

from minicnn import compiling
from minicnn.cli import main
from minicnn.data import garments

CLASSES = ("bright", "dark")


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command line: its status, its output, and its errors without the progress of compilation."""
    monkeypatch.setattr(compiling, "PATIENCE", threading.TIMEOUT_MAX)

    def command(*arguments):
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def few_garments(monkeypatch):
    """The data set garments has 60 images: to draw all takes a second."""
    monkeypatch.setattr(garments, "load", functools.partial(garments.load, train=40, test=20))


@pytest.fixture
def fails(run):
    """Run a command that must fail, and return its one-line error."""

    def command(*arguments):
        status, _, errors = run(*arguments)
        assert status == 2
        assert errors.count("\n") == 1, errors
        assert errors.startswith("minicnn: error: ")
        return errors.removeprefix("minicnn: error: ").strip()

    return command


def _write_images(folder, count=12, size=12):
    """Folders of bright and of dark images, which are easy to classify."""
    rng = np.random.default_rng(0)
    for name, level in zip(CLASSES, (170, 0), strict=True):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = level + rng.integers(0, 80, (size, size), dtype=np.uint8)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture
def write_images():
    """Write a data set into a folder: `write_images(folder, count=12, size=12)`."""
    return _write_images


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    return _write_images(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="session")
def trained(photos, tmp_path_factory):
    """The folder of a run that was trained on them."""
    out = tmp_path_factory.mktemp("runs") / "trained"
    assert main(["train", str(photos), "--out", str(out), "--epochs", "3", "--batch-size", "4", "--quiet"]) == 0
    return out
