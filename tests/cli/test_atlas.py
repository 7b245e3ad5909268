"""`minicnn atlas`: the data it accepts, where it writes, and what it reports about the training."""

import json
import shutil
from argparse import Namespace

import pytest
from PIL import Image

import minicnn as cnn
import viz
from minicnn.cli import main
from minicnn.cli.atlas import _data, _snapshots, read_history


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Only a few steps of feature visualization: these tests do not look at the images."""
    from viz.page import layers

    monkeypatch.setattr(layers, "STEPS", 2)


def test_a_run_and_its_data_make_a_page_in_the_runs_folder(run, trained, photos):
    status, text, errors = run("atlas", trained, "--data", photos)
    page = trained / "atlas.html"
    assert status == 0
    assert text.strip() == str(page)
    told = errors.splitlines()
    assert told[0] == "atlas: The journey of an image …" and told[-1] == "atlas: How it can be fooled …"
    html = page.read_text(encoding="utf-8")
    assert "Before its first step" in html and "<h1>trained</h1>" in html


def test_loose_images_are_shown_under_their_own_names(run, trained, photos, tmp_path):
    folder = tmp_path / "loose"
    folder.mkdir()
    shutil.copy(photos / "dark" / "0.png", folder / "midnight.png")
    shutil.copy(photos / "bright" / "0.png", folder / "noon.png")
    page = tmp_path / "loose.html"
    assert run("atlas", trained, "--data", folder, "-o", page, "--title", "two <images>")[0] == 0
    html = page.read_text(encoding="utf-8")
    assert "midnight" in html and "noon" in html
    assert "two &lt;images&gt;" in html
    assert "not among the network" in html


def test_loose_images_in_color_are_shown_as_a_gray_network_sees_them(run, trained, photos, tmp_path):
    folder = tmp_path / "loose"
    folder.mkdir()
    shutil.copy(photos / "bright" / "0.png", folder / "gray.png")
    Image.new("RGB", (12, 12), "navy").save(folder / "navy.png")
    page = tmp_path / "loose.html"
    assert run("atlas", trained, "--data", folder, "-o", page)[0] == 0
    assert "navy" in page.read_text(encoding="utf-8")


def test_a_folder_without_images_is_refused(fails, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "expected images or folders of images" in fails("atlas", trained, "--data", tmp_path / "empty")


def test_a_network_of_the_zoo_takes_its_weights_and_pixels(run, fails, photos, tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr(viz, "atlas", lambda model, data, path, **options: kept.update(options, model=model) or path)
    cnn.save(cnn.zoo.build("squeezenet1_1", seed=1), tmp_path / "weights.safetensors")
    weights = "--weights", tmp_path / "weights.safetensors"
    assert run("atlas", "squeezenet1_1", *weights, "--pixels", "bgr255", "--data", photos, "--size", 224)[0] == 0
    assert kept["model"][0].transform.channels == "BGR" and kept["title"] == ["squeezenet1_1"]
    assert "give --weights FILE" in fails("atlas", "squeezenet1_1", "--data", photos)


def test_a_run_with_snapshots_is_a_film_unless_they_are_of_another_run(photos, trained, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--epochs", "1", "--batch-size", "8", "--quiet", "--snapshots"]
    assert main(["train", str(photos), "--out", str(out), *options]) == 0
    kept = _snapshots(out, cnn.load(out / "model.safetensors"))
    assert [str(moment) for moment in kept][:2] == ["before training", "after 1 batch"]
    assert _snapshots(trained, cnn.load(trained / "model.safetensors")) == []
    capsys.readouterr()
    assert _snapshots(out, cnn.load(trained / "model.safetensors")) == []
    assert "of another run" in capsys.readouterr().err


def test_two_networks_are_compared(run, fails, trained, photos, tmp_path):
    shutil.copytree(trained, tmp_path / "again")
    page = tmp_path / "both.html"
    assert run("atlas", trained, "--data", photos, "--against", tmp_path / "again", "-o", page)[0] == 0
    assert '<section id="compare"' in page.read_text(encoding="utf-8")
    cnn.save(cnn.zoo.build("seed", classes=3, seed=0), tmp_path / "other.safetensors")
    assert "second network" in fails("atlas", trained, "--data", photos, "--against", tmp_path / "other.safetensors")


def test_the_log_of_a_run_is_its_history(trained):
    history = read_history(trained / "log.jsonl")
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert history.before.accuracy == lines[0]["accuracy"]
    assert [record.train_loss for record in history.epochs] == [line["train_loss"] for line in lines[1:]]
    assert read_history(trained / "none.jsonl") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"epoch": 0, "loss": "low", "accuracy": 1}', '{"epoch": 1}'])
def test_a_broken_log_is_one_line(fails, trained, photos, tmp_path, text):
    broken = tmp_path / "broken"
    shutil.copytree(trained, broken)
    (broken / "log.jsonl").write_text(text)
    assert f"{broken / 'log.jsonl'}: expected the log of a run" in fails("atlas", broken, "--data", photos)


def test_a_data_sets_name_means_the_data_set_even_if_a_folder_of_that_name_lies_here(
    run, trained, write_images, tmp_path, monkeypatch, capsys, few_garments
):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "garments")
    word = "garments: the data set of that name is meant; for what lies here, write ./garments\n"

    options = Namespace(data="garments", root=None, size=None)
    assert len(_data(options, cnn.load(trained / "model.safetensors"))[1].classes) == 10
    assert capsys.readouterr().err == word
    options = Namespace(data="./garments", root=None, size=None)
    assert _data(options, cnn.load(trained / "model.safetensors"))[1].classes == ("bright", "dark")
    assert capsys.readouterr().err == ""

    status, _, errors = run("evaluate", trained, "garments")
    assert status == 2 and errors.startswith(word) and "but the data set's are 10" in errors
    assert run("evaluate", trained, "./garments")[::2] == (0, "")


def test_a_networks_name_means_the_network_even_if_a_run_of_that_name_lies_here(run, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, tmp_path / "seed")
    word = "seed: the network of that name is meant; for what lies here, write ./seed\n"
    status, text, errors = run("summary", "seed")
    assert (status, errors) == (0, word) and "28×28×1" in text
    status, text, errors = run("summary", "./seed")
    assert (status, errors) == (0, "") and "12×12×1" in text
    status, _, errors = run("explain", "seed", "image.png")
    assert status == 2 and errors.startswith(word) and "give --weights FILE" in errors
