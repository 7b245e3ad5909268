"""What stands in an atlas, without a browser."""

import base64
import importlib
import io
import itertools
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
import viz
from viz.page import layers
from viz.page.sprites import Sprites, data_uri
from viz.page.subject import study

SECTIONS = ["network", "data", "training", "journey", "layers", "space", "why", "fooled"]


class Elements(HTMLParser):
    """All start tags of a page, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def text(page):
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(text):
    return Elements(text).found


def test_the_atlas_stays_a_function_after_its_package_was_imported():
    importlib.import_module("viz.page")
    importlib.import_module("viz.page.build")
    assert callable(viz.atlas)
    assert viz.atlas is importlib.import_module("viz.page").atlas


def test_it_has_a_section_for_each_question_and_a_way_to_each(elements):
    assert [a["id"] for tag, a in elements if tag == "section"] == SECTIONS
    assert [a["href"] for tag, a in elements if tag == "a" and "data-section" in a] == [f"#{name}" for name in SECTIONS]


def test_it_asks_nothing_of_any_server(elements, text):
    sources = [a[key] for _, a in elements for key in ("src", "href") if key in a]
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"(?:url\(|@import|fetch\(|XMLHttpRequest)", text)


def test_sentences_are_parted_by_a_space(text):
    paragraphs = re.findall(r"<p\b[^>]*>(.*?)</p>", text, re.DOTALL)
    assert any("Before it looks" in paragraph for paragraph in paragraphs)
    assert not [paragraph for paragraph in paragraphs if re.search(r"[a-z]\.[A-Z]", paragraph)]


def test_headings_go_down_one_level_at_a_time(elements):
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_id_occurs_once_and_every_label_finds_its_control(elements):
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["for"] for tag, a in elements if tag == "label" and "for" in a} <= set(ids)


def test_names_from_the_data_are_text_and_never_tags(text, read, written, classes):
    assert len(re.findall(r"<script\b", text)) == len(re.findall(r"</script>", text))
    assert not re.search(r"<script>alert|<b>dark", text)
    assert read["classes"] == list(classes)
    for name in classes:
        assert name in written
    assert "<small> & mean" in written


def test_no_tag_can_begin_inside_the_data(text):
    (data,) = re.findall(r'id="atlas-data">(.*?)</script>', text, re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(data)


def test_the_table_of_layers_is_the_summary(trained, written):
    for row in cnn.summary(trained[0], (1, 12, 12)).rows:
        assert row.path in written
        assert f"{row.parameters:,}" in written


def test_the_accuracy_is_that_of_evaluate(trained, test_set, read, written):
    e = cnn.evaluate(trained[0], test_set)
    assert read["sections"]["training"]["accuracy"] == e.accuracy
    assert f"{e.accuracy:.2%}" in written
    assert f"{trained[1].before.accuracy:.2%}" in written


def test_a_cell_of_the_confusion_matrix_opens_its_own_pictures(trained, test_set, read):
    e = cnn.evaluate(trained[0], test_set)
    cells = read["sections"]["training"]["cells"]
    for cell, places in cells.items():
        i, j = map(int, cell.split("-"))
        assert len(places) == min(24, e.confusion[i, j])
        assert all(read["gallery"]["labels"][p] == i and read["gallery"]["predictions"][p] == j for p in places)
    assert set(cells) == {f"{i}-{j}" for i, j in np.argwhere(e.confusion)}


def pixels(sheet):
    """The cells of a sheet of grey pictures, (n, h, w)."""
    picture = Image.open(io.BytesIO(base64.b64decode(sheet["src"].partition(",")[2])))
    grid = np.asarray(picture)
    h, w = sheet["height"], sheet["width"]
    cells = grid.reshape(grid.shape[0] // h, h, -1, w).swapaxes(1, 2).reshape(-1, h, w)
    return cells[: sheet["count"]]


def test_the_pictures_are_those_of_the_data(read, test_set):
    np.testing.assert_array_equal(pixels(read["sheets"]["gallery"]), test_set.images[:, 0])


def test_the_maps_of_the_journey_are_those_of_the_layers(trained, test_set, read):
    model, _ = trained
    layer = next(entry for entry in read["sections"]["journey"]["layers"] if entry["path"] == "relu2")
    place = read["pictures"][2]["place"]
    maps = viz.feature_maps(model, model.transform(test_set.images[[place]]), "relu2")["relu2"]
    shown = pixels(read["sheets"][layer["sprite"]])[2 * 5 : 3 * 5]
    order = np.argsort(maps, axis=None, kind="stable")
    levels = shown.ravel()[order].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels[0] == 0 and levels[-1] == 255


def test_neighbours_are_the_nearest_others(read, trained, test_set):
    features = viz.extract_features(trained[0], test_set, "relu3", progress=False)
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    for place, near in enumerate(read["sections"]["space"]["near"]["features"]):
        assert place not in near
        others = np.delete(np.arange(len(features)), place)
        expected = np.sort(distances[place, others])[: len(near)]
        np.testing.assert_allclose(distances[place, near], expected, rtol=1e-3, atol=1e-3)


def test_an_attack_stays_within_epsilon_and_the_answers_are_those_to_the_pictures_shown(read, trained):
    fooled = read["sections"]["fooled"]
    levels = fooled["levels"]
    cells = pixels(read["sheets"]["attacked"]).reshape(len(read["pictures"]), len(levels), 12, 12)
    change = np.abs(cells.astype(int) - cells[:, :1]).max(axis=(0, 2, 3))
    assert (change <= levels).all() and change[-1] == levels[-1]
    model, _ = trained
    for k in range(len(levels)):
        answers = model(model.transform(np.ascontiguousarray(cells[:, k][:, None]))).argmax(axis=1)
        assert [row[k][0][0] for row in fooled["guesses"]] == answers.tolist()


def test_every_explanation_has_a_map_for_each_picture_and_class_and_a_verdict(read):
    why = read["sections"]["why"]
    assert len(why["methods"]) == 8 and not why["left_out"]
    for method in why["methods"]:
        assert read["sheets"][method["sprite"]]["count"] == len(read["pictures"]) * 3
        said = {True: "passes", False: "fails", None: "no verdict"}[method["passed"]]
        assert method["verdict"].startswith(f"{said}: ") and (method["likeness"] is None) == (not method["checked"])
        if method["passed"] is not None:
            assert method["passed"] is (method["likeness"] < 0.5)


def test_features_of_maps_are_said_to_be_their_means(trained, test_set, quick, tmp_path, text_of, written):
    assert "8 numbers, which is all that the classifier gets to know" in written
    model = cnn.Sequential(conv=cnn.Conv2d(1, 4, 3), flatten=cnn.Flatten(), fc=cnn.Dense(400, 3)).initialize(seed=0)
    model.transform, model.classes = trained[0].transform, trained[0].classes
    said = text_of(viz.atlas(model, test_set, tmp_path / "maps.html", progress=False))
    assert "4 numbers, the means of its maps." in said


def test_a_hidden_layer_of_one_number_makes_no_map(trained, test_set, quick, tmp_path, text_of):
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3), flatten=cnn.Flatten(), fc1=cnn.Dense(200, 1), fc2=cnn.Dense(1, 3)
    ).initialize(seed=0)
    model.transform, model.classes = trained[0].transform, trained[0].classes
    assert "gives one number to a picture" in text_of(viz.atlas(model, test_set, tmp_path / "one.html", progress=False))


def test_accuracy_before_training_is_not_called_that_of_test_pictures_where_it_was_not(
    network, train_set, test_set, quick, tmp_path, text_of
):
    history = cnn.fit(network.initialize(seed=0), train_set, epochs=1, batch_size=30, seed=0, progress=False)
    said = text_of(viz.atlas(network, test_set, tmp_path / "atlas.html", history=history, progress=False))
    assert "After 1 epoch the network recognises" in said and "Before its first step" not in said


def test_a_model_whose_scores_are_not_finite_is_refused(trained, network, few, tmp_path):
    network.initialize(seed=0)["fc2"].bias[...] = np.nan
    network.transform = trained[0].transform
    with pytest.raises(ValueError, match="atlas: expected finite scores"):
        viz.atlas(network, few, tmp_path / "atlas.html")


@pytest.mark.slow
def test_twice_the_same_model_and_seed_give_the_same_bytes_on_any_number_of_threads(
    page, trained, train_set, test_set, tmp_path
):
    model, history = trained
    cnn.set_num_threads(2)
    try:
        again = viz.atlas(
            model,
            test_set,
            tmp_path / "again.html",
            train=train_set,
            history=history,
            title="<small> & mean",
            progress=False,
        )
    finally:
        cnn.set_num_threads(1)
    assert again.read_bytes() == page.read_bytes()


def test_what_cannot_be_made_is_left_out_with_the_reason(trained, few, quick, tmp_path, text_of):
    page = viz.atlas(trained[0], few, tmp_path / "few.html", progress=False)
    said = text_of(page)
    assert "needs at least 30 of them; here there are 6" in said
    assert "No record of the training was given" in said


def test_pictures_of_other_classes_are_shown_without_telling_right_from_wrong(
    trained, strangers, quick, tmp_path, text_of, data_of
):
    page = viz.atlas(trained[0], strangers, tmp_path / "strangers.html", progress=False)
    assert "are not among the network's" in text_of(page)
    data = data_of(page)
    assert "training" not in data["sections"]
    assert data["gallery"]["labels"] is None
    assert {picture["name"] for picture in data["pictures"]} == set(strangers.classes)


def test_a_folder_holds_the_page_and_its_pictures(trained, few, quick, tmp_path, data_of):
    page = viz.atlas(trained[0], few, tmp_path / "folder", progress=False)
    assert page == tmp_path / "folder" / "index.html"
    for sheet in data_of(page)["sheets"].values():
        assert (page.parent / sheet["src"]).is_file()
    assert "base64" not in page.read_text(encoding="utf-8")


def test_a_model_without_a_transform_is_refused(network, few, tmp_path):
    with pytest.raises(ValueError, match="atlas: the model does not know how pictures become its input"):
        viz.atlas(network.initialize(seed=0), few, tmp_path / "atlas.html")
    assert not (tmp_path / "atlas.html").exists()


def test_a_model_that_gives_no_scores_is_refused(trained, few, tmp_path):
    with pytest.raises(ValueError, match="atlas: expected a network that gives a score for each class"):
        headless = trained[0][:"relu2"]
        headless.transform = trained[0].transform
        viz.atlas(headless, few, tmp_path / "atlas.html")


def test_a_dead_channel_has_no_patches(network, few, quick):
    model = network.initialize(seed=0)
    model.transform = cnn.data.Transform(mean=(0.5,), std=(0.5,))
    model["conv2"].bias[1], model["conv2"].bias[2] = -1e6, 1e6
    sprites = Sprites()
    layer = layers.make(study(model, few), sprites)["layers"][1]
    assert layer["path"] == "conv2" and layer["dead"] == [k for k, hits in enumerate(layer["hits"]) if hits == 0]
    assert layer["hits"][1:3] == [0, 6] and layer["top"] == 6
    sheet = sprites.sheets[layer["patches"]] | {"src": data_uri("p.png", sprites.files[f"{layer['patches']}.png"])}
    assert (pixels(sheet)[6:12] == 255).all()
