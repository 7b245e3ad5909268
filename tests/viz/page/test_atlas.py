"""What stands in an atlas, without a browser."""

import base64
import copy
import dataclasses
import hashlib
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
from minicnn.training import Snapshot, read_snapshots
from viz.page import compare, film, journey, layers, why
from viz.page.build import share
from viz.page.space import mixed_groups
from viz.page.sprites import Sprites, data_uri
from viz.page.subject import study

SECTIONS = ["journey", "number", "network", "data", "training", "film", "layers", "space", "why", "fooled", "compare"]


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
    ways = [a["href"] for tag, a in elements if tag == "a" and "data-section" in a]
    assert ways[: len(SECTIONS)] == [f"#{name}" for name in SECTIONS]
    assert set(ways) == {f"#{name}" for name in SECTIONS}


def test_it_asks_nothing_of_any_server(elements, text):
    sources = [a[key] for _, a in elements for key in ("src", "href") if key in a]
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"(?:url\((?!#)|@import|fetch\(|XMLHttpRequest)", text)


def test_every_script_is_allowed_by_its_own_hash_and_no_other_is(elements, text):
    (policy,) = [a["content"] for tag, a in elements if tag == "meta" and "http-equiv" in a]
    scripts = re.findall(r"<script(?: id=\"engine\")?>(.*?)</script>", text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(hashes) > 10
    allowed = re.search(r"script-src ([^;]*)", policy)[1].split()
    assert sorted(allowed) == sorted([*(f"'sha256-{value}'" for value in hashes), "blob:"])


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
    assert share(e.accuracy) in written
    assert share(trained[1].before.accuracy) in written


def test_only_all_is_100_percent_and_only_none_is_0():
    assert [share(v) for v in (0, 0.0001, 0.0833, 0.9996, 1)] == ["0%", "<0.1%", "8.3%", ">99.9%", "100%"]
    for count in range(20_001):
        exact, text = count / 200, share(count / 20_000)
        if text[0] in "<>":
            assert 0 < exact < 0.05 or 99.95 <= exact < 100
        else:
            assert abs(float(text[:-1]) - exact) < 0.05 + 1e-9
            assert (float(text[:-1]) in (0, 100)) == (exact in (0, 100))


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


def test_without_an_engine_the_maps_of_the_journey_are_stored_and_those_of_the_layers(trained, test_set):
    model, _ = trained
    subject = dataclasses.replace(study(model, test_set), program=None)
    sprites = Sprites()
    layer = next(entry for entry in journey.make(subject, sprites)["layers"] if entry["path"] == "relu2")
    maps = viz.feature_maps(model, subject.x[[2]], "relu2")["relu2"]
    sheet = sprites.sheets[layer["sprite"]] | {"src": data_uri("m.png", sprites.files[f"{layer['sprite']}.png"])}
    shown = pixels(sheet)[2 * 5 : 3 * 5]
    order = np.argsort(maps, axis=None, kind="stable")
    levels = shown.ravel()[order].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels[0] == 0 and levels[-1] == 255


def test_the_layers_of_a_long_journey_are_folded_and_its_maps_have_scales_of_their_own(
    trained, few, quick, tmp_path, data_of, page, read, monkeypatch
):
    monkeypatch.setattr(journey, "LONG", 5)
    path = viz.atlas(trained[0], few, tmp_path / "atlas.html", progress=False)
    assert path.read_text(encoding="utf-8").count('<details class="layer"') == 8
    assert data_of(path)["sections"]["journey"]["long"]
    assert '<details class="layer"' not in page.read_text(encoding="utf-8")
    assert not read["sections"]["journey"]["long"]


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


def test_neighbours_are_the_nearest_others(read, trained, test_set):
    features = viz.extract_features(trained[0], test_set, "relu3", progress=False)
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    for place, near in enumerate(read["sections"]["space"]["near"]["features"]):
        assert place not in near
        others = np.delete(np.arange(len(features)), place)
        expected = np.sort(distances[place, others])[: len(near)]
        np.testing.assert_allclose(distances[place, near], expected, rtol=1e-3, atol=1e-3)


def test_a_group_of_several_classes_is_named_by_what_sets_it_apart():
    rng = np.random.default_rng(0)
    spots = np.repeat([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]], 40, axis=0)
    points = spots + 0.01 * rng.random((120, 2))
    labels = np.r_[np.zeros(40, int), np.ones(40, int), np.arange(40) % 2]  # the third holds both classes
    brightness = np.r_[np.zeros(80), np.full(40, 9.0)] + rng.random(120)
    right = np.r_[np.ones(80, bool), np.arange(40) % 4 > 0]
    everywhere = np.arange(120)
    (group,) = mixed_groups(points, labels, right, {"brightness": brightness, "noise": rng.random(120)}, everywhere)
    np.testing.assert_allclose(group.pop("at"), [0.505, 0.905], atol=5e-3)
    assert group == {"count": 40, "what": "high brightness", "right": 0.75, "elsewhere": 1.0}
    (group,) = mixed_groups(points, labels, right, {"brightness": brightness}, everywhere[::2])
    assert (group["count"], group["right"]) == (40, 0.5)  # every second is counted, of which half are wrong
    few = everywhere[:80]
    assert mixed_groups(points[:80], labels[:80], right[:80], {"brightness": brightness[:80]}, few) == []
    assert mixed_groups(points, labels, right, {"noise": rng.random(120)}, everywhere) == []


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


def test_an_attack_is_the_one_that_the_page_describes(read, trained, written):
    (steps,) = re.findall(r"projected gradient descent, (\d+) steps, rounded to whole levels", written)
    levels = read["sections"]["fooled"]["levels"]
    cells = pixels(read["sheets"]["attacked"]).reshape(-1, len(levels), 1, 12, 12)
    model, _ = trained
    x = model.transform(np.ascontiguousarray(cells[:, 0]))
    believed = model(x).argmax(axis=1)
    for k in (1, len(levels) - 1):
        epsilon = levels[k] / model.transform.scale / model.transform.std[0]
        changed = viz.pgd(model, x, believed, epsilon, steps=int(steps), bounds=viz.pixel_bounds(model))
        np.testing.assert_array_equal(cells[:, k], np.rint(255 * model.transform.inverse(changed)))


def test_every_explanation_has_a_map_for_each_picture_and_class_and_a_verdict(read):
    why = read["sections"]["why"]
    assert len(why["methods"]) == 9 and not why["left_out"]
    for method in why["methods"]:
        assert read["sheets"][method["sprite"]]["count"] == len(read["pictures"]) * 3
        said = {True: "passes", False: "fails", None: "no verdict"}[method["passed"]]
        assert method["verdict"].startswith(f"{said}: ") and (method["likeness"] is None) == (not method["checked"])
        if method["passed"] is not None:
            assert method["passed"] is (method["likeness"] < 0.5)


@pytest.fixture(scope="module")
def brief(quick):
    """Write an atlas with one of the nine explanations, which takes half as long."""
    methods = why._methods

    def write(*given, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(why, "_methods", lambda subject: methods(subject)[1:2])
            return viz.atlas(*given, **options, progress=False)

    return write


def test_features_of_maps_are_said_to_be_their_means(trained, test_set, brief, tmp_path, text_of, written):
    assert "8 numbers, which is all that the classifier gets to know" in written
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


def test_accuracy_before_training_is_not_called_that_of_test_pictures_where_it_was_not(
    network, train_set, test_set, brief, tmp_path, text_of
):
    history = cnn.fit(network.initialize(seed=0), train_set, epochs=1, batch_size=30, seed=0, progress=False)
    said = text_of(brief(network, test_set[:30], tmp_path / "atlas.html", history=history))
    assert "After 1 epoch the network recognizes" in said and "Before its first step" not in said


def test_the_film_measures_every_snapshot_as_evaluate_does(read, kept, test_set, trained):
    film, moments = read["sections"]["film"], read_snapshots(kept)
    assert film["moments"] == [
        "before training",
        "after 1 batch",
        "after 2 batches",
        *(f"after epoch {k}" for k in (1, 2, 3)),
    ]
    for k in (0, 3, 5):
        result = cnn.evaluate(moments[k].model, test_set)
        assert film["accuracy"][k] == pytest.approx(result.accuracy, abs=1e-6)
        np.testing.assert_allclose(film["per_class"][k], result.per_class, atol=1e-6)
        places = film["space"]["places"]
        assert film["space"]["right"][k] == (result.predictions == test_set.labels)[places].astype(int).tolist()
    assert film["accuracy"][-1] == pytest.approx(cnn.evaluate(trained[0], test_set).accuracy, abs=1e-6)
    points = np.array(film["space"]["points"])
    assert points.min() >= 0 and points.max() <= 1 and points.shape == (6, 60, 2)
    assert np.ptp(points[0], axis=0).max() < np.ptp(points[-1], axis=0).max()  # they part while it learns


def test_snapshots_of_another_network_are_refused(trained, other, few, tmp_path):
    moments = [Snapshot(0, 0, trained[0]), Snapshot(1, 0, other)]
    with pytest.raises(ValueError, match="snapshots of this network, but the one after epoch 1 is of another"):
        viz.atlas(trained[0], few, tmp_path / "atlas.html", snapshots=moments)


def test_the_film_of_a_large_network_has_fewer_moments_but_the_first_and_the_last():
    moments = [str(k) for k in range(10)]
    assert film._thinned(moments, 20) == moments
    assert film._thinned(moments, 4) == ["0", "3", "6", "9"]
    assert film._thinned(moments, 2) == ["0", "9"]


def test_two_networks_disagree_where_their_answers_do(read, trained, other, test_set):
    compare = read["sections"]["compare"]
    mine, theirs = (cnn.evaluate(model, test_set) for model in (trained[0], other))
    only, also, neither = compare["groups"]
    right, good = mine.predictions == mine.labels, theirs.predictions == mine.labels
    assert (only["count"], also["count"]) == ((right & ~good).sum(), (~right & good).sum())
    assert neither["count"] == (~right & ~good & (mine.predictions != theirs.predictions)).sum()
    assert len(only["places"]) == min(48, only["count"])
    for place, answer in zip(only["places"], only["theirs"], strict=True):
        assert right[place] and answer == theirs.predictions[place] != mine.labels[place]
    layers = {layer["path"]: layer for layer in compare["layers"]}
    assert layers["conv1"]["in"] == [True, True] and layers["gap"]["in"] == [False, True]
    assert 0 < layers["relu1"]["likeness"] < 1 and layers["fc2"]["likeness"] is None


def test_a_layer_is_like_itself_turned_and_unlike_noise(trained, other, test_set):
    subject = study(trained[0], test_set)
    assert compare._likeness(subject, trained[0], ["conv2"]) == {"conv2": 1.0}
    swapped = copy.deepcopy(trained[0])
    swapped["conv2"].weight[...], swapped["conv2"].bias[...] = (
        a[::-1].copy() for a in (swapped["conv2"].weight, swapped["conv2"].bias)
    )
    assert compare._likeness(subject, swapped, ["conv2"])["conv2"] == pytest.approx(1, abs=1e-3)
    assert compare._likeness(subject, other, ["conv1"])["conv1"] < 0.999


@pytest.mark.parametrize("models", [0, 3])
def test_one_network_or_two(models, trained, few, tmp_path):
    with pytest.raises(ValueError, match=f"expected one network, or two to compare, got {models}"):
        viz.atlas([trained[0]] * models, few, tmp_path / "atlas.html")


def test_two_networks_of_other_classes_or_channels_are_refused(trained, few, tmp_path):
    strange = cnn.Sequential(gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(1, 4)).initialize(seed=0)
    with pytest.raises(ValueError, match="second network does not know"):
        viz.atlas([trained[0], strange], few, tmp_path / "atlas.html")
    strange.transform = trained[0].transform
    with pytest.raises(ValueError, match="two networks of the same classes"):
        viz.atlas([trained[0], strange], few, tmp_path / "atlas.html")
    with pytest.raises(ValueError, match="a title for each of 2"):
        viz.atlas([trained[0], strange], few, tmp_path / "atlas.html", title="one")


def test_attributes_are_one_number_for_each_picture(trained, few, read, tmp_path):
    for values in (np.arange(5), [np.nan] * 6):
        with pytest.raises(ValueError, match="expected attribute 'size' to be 6 finite numbers"):
            viz.atlas(trained[0], few, tmp_path / "atlas.html", attributes={"size": values})
    attributes = read["gallery"]["attributes"]
    assert list(attributes) == ["<b>row</b>", "brightness", "contrast"]
    assert attributes["<b>row</b>"] == list(range(60))


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


def test_a_model_whose_scores_are_not_finite_is_refused(trained, network, few, tmp_path):
    network.initialize(seed=0)["fc2"].bias[...] = np.nan
    network.transform = trained[0].transform
    with pytest.raises(ValueError, match="atlas: expected finite scores"):
        viz.atlas(network, few, tmp_path / "atlas.html")


@pytest.mark.slow
def test_twice_the_same_model_and_seed_give_the_same_bytes_on_any_number_of_threads(page, write_page, tmp_path):
    cnn.set_num_threads(2)
    try:
        again = write_page(tmp_path / "again.html")
    finally:
        cnn.set_num_threads(1)
    assert again.read_bytes() == page.read_bytes()


def test_what_cannot_be_made_is_left_out_with_the_reason(odd, text_of):
    said = text_of(odd)
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


def test_a_folder_holds_the_page_and_its_pictures(odd, data_of):
    sheets = data_of(odd)["sheets"]
    assert sheets.pop("gallery")["src"].startswith("data:")  # a page may read the pixels of nothing else
    assert len(sheets) > 5 and all((odd.parent / sheet["src"]).is_file() for sheet in sheets.values())


def test_a_model_without_a_transform_is_refused(network, few, tmp_path):
    with pytest.raises(ValueError, match="atlas: the model does not know how images become its input"):
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


@pytest.mark.slow
def test_the_demos_atlas_with_its_film_is_smaller_than_five_megabytes(quick, tmp_path):
    train, test = cnn.data.load("garments")
    model = cnn.zoo.build("seed")
    model.transform, model.classes = cnn.data.Transform.fit(train.images), tuple(train.classes)
    moments = [Snapshot(epoch, 0, model) for epoch in range(14)]
    page = viz.atlas(model, test, tmp_path / "atlas.html", train=train, snapshots=moments, progress=False)
    assert page.stat().st_size < 5_000_000
