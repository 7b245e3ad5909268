"""`minicnn atlas`: the data it accepts, where it writes, and what it reports about the training."""

import json
import shutil
from argparse import Namespace
from dataclasses import replace

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


def test_a_page_is_made_of_the_run_that_is_named(run, trained, photos, tmp_path, monkeypatch):
    """Its title, its place, its history, and the networks in the order in which they are given."""
    made = []
    monkeypatch.setattr(viz, "atlas", lambda *given, **options: made.append((*given, options)) or "page")
    monkeypatch.chdir(tmp_path)
    again, named = tmp_path / "again", tmp_path / "other" / "trained"
    shutil.copytree(trained, again)
    shutil.copytree(trained, named)
    file = trained / "model.safetensors"
    lines = [
        ([trained, "--seed", 3], trained / "atlas.html", ["trained"], 3),
        ([file], "atlas.html", ["model"], 0),
        ([trained, "--against", again, "-o", "x.html"], "x.html", ["trained", "again"], 0),
        ([trained, "--against", named, "--title", "A"], trained / "atlas.html", ["A", "trained"], 0),
        ([trained, "--against", named], trained / "atlas.html", ["trained", "other/trained"], 0),
        ([file, "--against", again / file.name], "atlas.html", ["model", "again/model"], 0),
    ]
    for line, path, titles, seed in lines:
        status, text, errors = run("atlas", *line, "--data", photos)
        assert (status, text, errors) == (0, "page\n", "")
        networks, test, place, options = made[-1]
        assert (len(networks), str(place), options["title"], options["seed"]) == (len(titles), str(path), titles, seed)
        assert (len(test), len(options["train"]), len(options["history"].epochs)) == (4, 20, 3)
        assert options["snapshots"] == [] and callable(options["progress"])


def test_a_log_may_begin_with_the_first_epoch(trained, tmp_path):
    whole = read_history(trained / "log.jsonl")
    (tmp_path / "log.jsonl").write_text("".join((trained / "log.jsonl").read_text().splitlines(keepends=True)[1:]))
    found = read_history(tmp_path / "log.jsonl")
    assert found.before is None and found.epochs == whole.epochs and found.epochs[0].epoch == 1


def test_loose_images_of_several_sizes_need_one(fails, run, trained, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(viz, "atlas", lambda networks, data, path, **options: shown.append(data) or path)
    model = cnn.load(trained / "model.safetensors")
    model.transform = replace(model.transform, size=None, crop=None)
    cnn.save(model, tmp_path / "model.safetensors")
    (tmp_path / "loose").mkdir()
    for name, size in (("b", (12, 12)), ("a", (12, 13))):
        Image.new("L", size, 7).save(tmp_path / "loose" / f"{name}.png")
    (tmp_path / "loose" / "notes.txt").touch()
    line = "atlas", tmp_path / "model.safetensors", "--data", tmp_path / "loose"
    assert "the images are of 2 sizes; give --size" in fails(*line)
    assert run(*line, "--size", 12)[0] == 0
    assert shown[0].images.shape == (2, 1, 12, 12) and tuple(shown[0].classes) == ("a", "b")
    assert shown[0].labels.tolist() == [0, 1]


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
