"""Atlases of few images, strange classes, or networks that the page cannot run: what is missing, and what it says."""

import copy
import dataclasses

import numpy as np
import pytest

import minicnn as cnn
import viz
from tests.viz.page.sheets import images_of
from viz.page import journey, why
from viz.page.sprites import Sprites
from viz.page.subject import study


@pytest.fixture(scope="module")
def brief(quick):
    """Write an atlas with one of the nine explanations, which takes half as long."""
    methods = why._methods

    def write(*given, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(why, "_methods", lambda subject: methods(subject)[1:2])
            return viz.atlas(*given, **options, progress=False)

    return write


@pytest.fixture(scope="module")
def odd(trained, train_set, brief, tmp_path_factory):
    """A folder with the atlas of six images, whose classes have control characters in their names."""
    model = copy.deepcopy(trained[0])
    model.classes = ("bell\x07\x1b[31m", "turned\u202eround", "two\nlines")
    six = cnn.data.Dataset(train_set.images[:6], train_set.labels[:6], model.classes)
    folder = tmp_path_factory.mktemp("odd") / "folder"
    page = brief(model, six, folder, title="nul\x00")
    assert page == folder / "index.html"
    return page


def test_control_characters_of_names_are_shown_as_symbols(odd, text_of, data_of):
    assert data_of(odd)["classes"] == ["bell␇␛[31m", "turned\ufffdround", "two␊lines"]
    assert "bell␇␛[31m" in text_of(odd) and "nul␀" in text_of(odd)
    assert not set(odd.read_text(encoding="utf-8")) & set("\x00\x07\x1b\u202e")


def test_what_cannot_be_made_is_left_out_with_the_reason(odd, text_of):
    said = text_of(odd)
    assert "needs at least 30 of them; here there are 6" in said
    assert "No record of the training was given" in said


def test_a_folder_holds_the_page_and_its_images(odd, data_of):
    sheets = data_of(odd)["sheets"]
    assert sheets.pop("gallery")["src"].startswith("data:")  # a page may read the pixels of nothing else
    assert len(sheets) > 5 and all((odd.parent / sheet["src"]).is_file() for sheet in sheets.values())


def test_images_of_other_classes_are_shown_without_telling_right_from_wrong(
    trained, strangers, quick, tmp_path, text_of, data_of
):
    page = viz.atlas(trained[0], strangers, tmp_path / "strangers.html", progress=False)
    assert "are not among the network's" in text_of(page)
    data = data_of(page)
    assert "training" not in data["sections"]
    assert data["gallery"]["labels"] is None
    assert {image["name"] for image in data["images"]} == set(strangers.classes)


@pytest.mark.slow
def test_a_network_that_the_page_cannot_run_has_an_atlas_that_says_so(
    trained, test_set, quick, tmp_path, text_of, data_of
):
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3), norm=cnn.layers.LocalResponseNorm(), flatten=cnn.Flatten(), fc=cnn.Dense(400, 3)
    ).initialize(seed=0)
    model.transform, model.classes = trained[0].transform, trained[0].classes
    page = viz.atlas(model, test_set, tmp_path / "stored.html", progress=False)
    assert "This page does not run the network. The page’s own engine has no LocalResponseNorm (norm)." in text_of(page)
    assert data_of(page)["program"] is None and "maps-0" in data_of(page)["sheets"]


def test_without_an_engine_the_maps_of_the_journey_are_stored_and_those_of_the_layers(trained, test_set):
    model, _ = trained
    subject = dataclasses.replace(study(model, test_set), program=None)
    sprites = Sprites()
    layer = next(entry for entry in journey.make(subject, sprites)["layers"] if entry["path"] == "relu2")
    maps = viz.feature_maps(model, subject.x[[2]], "relu2")["relu2"]
    shown = images_of(sprites, layer["sprite"])[2 * 5 : 3 * 5]
    order = np.argsort(maps, axis=None, kind="stable")
    levels = shown.ravel()[order].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels[0] == 0 and levels[-1] == 255


@pytest.mark.slow
def test_the_layers_of_a_long_journey_are_folded_and_its_maps_have_scales_of_their_own(
    trained, few, quick, tmp_path, data_of, monkeypatch
):
    monkeypatch.setattr(journey, "LONG", 5)
    path = viz.atlas(trained[0], few, tmp_path / "atlas.html", progress=False)
    assert path.read_text(encoding="utf-8").count('<details class="layer"') == 8
    assert data_of(path)["sections"]["journey"]["long"]


def test_features_of_maps_are_said_to_be_their_means(trained, test_set, brief, tmp_path, text_of):
    model = cnn.Sequential(conv=cnn.Conv2d(1, 4, 3), flatten=cnn.Flatten(), fc=cnn.Dense(400, 3)).initialize(seed=0)
    model.transform, model.classes = trained[0].transform, trained[0].classes
    said = text_of(brief(model, test_set[:30], tmp_path / "maps.html"))
    assert "4 numbers, the means of its maps." in said


def test_a_hidden_layer_of_one_number_makes_no_map(trained, test_set, brief, tmp_path, text_of):
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3), flatten=cnn.Flatten(), fc1=cnn.Dense(200, 1), fc2=cnn.Dense(1, 3)
    ).initialize(seed=0)
    model.transform, model.classes = trained[0].transform, trained[0].classes
    assert "gives one number to an image" in text_of(brief(model, test_set[:30], tmp_path / "one.html"))


def test_accuracy_before_training_is_not_called_that_of_test_images_where_it_was_not(
    network, train_set, test_set, brief, tmp_path, text_of
):
    history = cnn.fit(network.initialize(seed=0), train_set, epochs=1, batch_size=30, seed=0, progress=False)
    said = text_of(brief(network, test_set[:30], tmp_path / "atlas.html", history=history))
    assert "After 1 epoch the network recognizes" in said and "Before its first step" not in said
