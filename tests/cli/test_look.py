import argparse
import re

import pytest

import minicnn as cnn


@pytest.fixture(scope="module")
def image(photos):
    return next((photos / "bright").glob("*.png"))


@pytest.mark.slow
def test_it_writes_what_there_is_to_see(run, trained, photos, image, tmp_path):
    layers = ["--layer", "conv2", "--layer", "relu1"]
    arguments = [trained, *layers, "--image", image, "--data", photos, "-o", tmp_path / "looks"]
    status, printed, errors = run("look", *arguments)
    assert status == 0, errors
    names = ["diagram", "filters", "conv2.filters", "conv2.factors", "conv2.exciting", "relu1.exciting"]
    names.append(f"{image.stem}.maps")
    assert printed.split() == [str(tmp_path / "looks" / f"{name}.png") for name in names]
    for path in printed.split():
        with open(path, "rb") as file:
            assert file.read(4) == b"\x89PNG"


def test_as_vector_graphics_too(run, trained, tmp_path):
    status, printed, _ = run("look", trained, "--format", "svg", "-o", tmp_path)
    assert status == 0 and printed.split() == [str(tmp_path / name) for name in ("diagram.svg", "filters.svg")]
    assert "<svg" in (tmp_path / "filters.svg").read_text()


def test_a_layer_that_is_not_there_is_refused(fails, trained, tmp_path):
    assert "there is no layer 'conv9'" in fails("look", trained, "--layer", "conv9", "-o", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_it_tells_dead_channels_and_what_the_numbers_are(run, trained, photos, tmp_path, monkeypatch):
    from viz import plot

    model, killed = cnn.load(trained / "model.safetensors"), tmp_path / "killed.safetensors"
    model["conv2"].bias[3] -= 1e6
    cnn.save(model, killed)
    drawn, original = {}, plot.exciting_patches

    def noting(images, **said):
        drawn.update(said)
        return original(images, **said)

    monkeypatch.setattr(plot, "exciting_patches", noting)
    status, _, errors = run(
        "look", tmp_path / "killed.safetensors", "--layer", "relu2", "--data", photos, "-o", tmp_path
    )
    assert status == 0, errors
    assert re.fullmatch(r"channel \d+, activation [\d.]+", drawn["names"][0])
    assert "channel 3: dead" in drawn["names"] and re.search(r"dead: \d+ of \d+$", drawn["title"])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_filters_are_drawn_where_they_are_gray_or_of_colors_and_factored_from_three_channels_on(
    channels, monkeypatch, tmp_path
):
    import viz
    from minicnn.cli import look
    from viz import plot

    model = cnn.Sequential(conv1=cnn.Conv2d(channels, 5, (3, 2)), conv2=cnn.Conv2d(5, 4, 1)).initialize(0)
    titles = {}
    for name in ("filters", "filter_table", "weight_factors"):
        monkeypatch.setattr(plot, name, lambda drawn, title, name=name: titles.setdefault(name, title))
    monkeypatch.setattr(viz, "weight_factors", lambda model, layer: None)
    options = argparse.Namespace(layer=["conv1"], data=None)
    names = [name for name, _ in look._figures(model, {}, options)]
    assert names[0] == "diagram"
    assert ("filters" in names) is (channels in (1, 3))
    assert titles.get("filters") in (None, "conv1: 5 filters of 3×2")
    assert "conv1.filters" in names and ("conv1.factors" in names) is (channels >= 3)
