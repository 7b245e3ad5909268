"""`minicnn atlas`: what it takes for data, where it writes, what it says of the training."""

import json
import shutil
from argparse import Namespace

import pytest
from PIL import Image

from minicnn import load
from minicnn.cli.atlas import _data, read_history


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Few steps of feature visualisation: what they look like is not asked here."""
    from viz.page import layers

    monkeypatch.setattr(layers, "STEPS", 2)


def test_a_run_and_its_data_make_a_page_in_the_runs_folder(run, trained, photos):
    status, text, errors = run("atlas", trained, "--data", photos)
    page = trained / "atlas.html"
    assert (status, errors) == (0, "")
    assert text.strip() == str(page)
    html = page.read_text(encoding="utf-8")
    assert "Before its first step" in html and "<h1>trained</h1>" in html


def test_loose_pictures_are_shown_under_their_own_names(run, trained, photos, tmp_path):
    folder = tmp_path / "loose"
    folder.mkdir()
    shutil.copy(photos / "dark" / "0.png", folder / "midnight.png")
    shutil.copy(photos / "bright" / "0.png", folder / "noon.png")
    page = tmp_path / "loose.html"
    assert run("atlas", trained, "--data", folder, "-o", page, "--title", "two <pictures>")[0] == 0
    html = page.read_text(encoding="utf-8")
    assert "midnight" in html and "noon" in html
    assert "two &lt;pictures&gt;" in html
    assert "not among the network" in html


def test_loose_pictures_in_colour_are_shown_as_a_grey_network_sees_them(run, trained, photos, tmp_path):
    folder = tmp_path / "loose"
    folder.mkdir()
    shutil.copy(photos / "bright" / "0.png", folder / "grey.png")
    Image.new("RGB", (12, 12), "navy").save(folder / "navy.png")
    page = tmp_path / "loose.html"
    status, _, errors = run("atlas", trained, "--data", folder, "-o", page)
    assert (status, errors) == (0, "")
    assert "navy" in page.read_text(encoding="utf-8")


def test_a_folder_without_pictures_is_refused(fails, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "expected pictures or folders of pictures" in fails("atlas", trained, "--data", tmp_path / "empty")


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
    run, trained, write_pictures, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "garments")
    word = "garments: the data set of that name is meant; for what lies here, write ./garments\n"

    options = Namespace(data="garments", root=None, size=None)
    assert len(_data(options, load(trained / "model.safetensors"))[1].classes) == 10
    assert capsys.readouterr().err == word
    options = Namespace(data="./garments", root=None, size=None)
    assert _data(options, load(trained / "model.safetensors"))[1].classes == ("bright", "dark")
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
    status, _, errors = run("explain", "seed", "picture.png")
    assert status == 2 and errors.startswith(word) and "give --weights FILE" in errors
