"""What an atlas contains, without a browser."""

import base64
import hashlib
import importlib
import itertools
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn.training import Snapshot, read_snapshots
from tests.viz.page.sheets import images_in
from viz.page.build import share

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


def test_a_cell_of_the_confusion_matrix_opens_its_own_images(trained, test_set, read):
    e = cnn.evaluate(trained[0], test_set)
    cells = read["sections"]["training"]["cells"]
    for cell, places in cells.items():
        i, j = map(int, cell.split("-"))
        assert len(places) == min(24, e.confusion[i, j])
        assert all(read["gallery"]["labels"][p] == i and read["gallery"]["predictions"][p] == j for p in places)
    assert set(cells) == {f"{i}-{j}" for i, j in np.argwhere(e.confusion)}


def test_the_images_are_those_of_the_data(read, test_set):
    np.testing.assert_array_equal(images_in(read["sheets"]["gallery"]), test_set.images[:, 0])


def test_it_has_the_attributes_that_are_given_and_those_of_its_pixels(read):
    attributes = read["gallery"]["attributes"]
    assert list(attributes) == ["<b>row</b>", "brightness", "contrast"]
    assert attributes["<b>row</b>"] == list(range(60))


def test_the_layers_of_a_short_journey_are_open(read, text):
    assert '<details class="layer"' not in text
    assert not read["sections"]["journey"]["long"]


def test_neighbors_are_the_nearest_others(read, trained, test_set):
    features = viz.extract_features(trained[0], test_set, "relu3", progress=False)
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    for place, near in enumerate(read["sections"]["space"]["near"]["features"]):
        assert place not in near
        others = np.delete(np.arange(len(features)), place)
        expected = np.sort(distances[place, others])[: len(near)]
        np.testing.assert_allclose(distances[place, near], expected, rtol=1e-3, atol=1e-3)


def test_features_before_a_dense_layer_are_all_that_it_gets_to_know(written):
    assert "8 numbers, which is all that the classifier gets to know" in written


def test_an_attack_stays_within_epsilon_and_the_answers_are_those_to_the_images_shown(read, trained):
    fooled = read["sections"]["fooled"]
    levels = fooled["levels"]
    cells = images_in(read["sheets"]["attacked"]).reshape(len(read["images"]), len(levels), 12, 12)
    change = np.abs(cells.astype(int) - cells[:, :1]).max(axis=(0, 2, 3))
    assert (change <= levels).all() and change[-1] == levels[-1]
    model, _ = trained
    for k in range(len(levels)):
        answers = model(model.transform(np.ascontiguousarray(cells[:, k][:, None]))).argmax(axis=1)
        assert [row[k][0][0] for row in fooled["guesses"]] == answers.tolist()


def test_an_attack_is_the_one_that_the_page_describes(read, trained, written):
    (steps,) = re.findall(r"projected gradient descent, (\d+) steps, rounded to whole levels", written)
    levels = read["sections"]["fooled"]["levels"]
    cells = images_in(read["sheets"]["attacked"]).reshape(-1, len(levels), 1, 12, 12)
    model, _ = trained
    x = model.transform(np.ascontiguousarray(cells[:, 0]))
    believed = model(x).argmax(axis=1)
    for k in (1, len(levels) - 1):
        epsilon = levels[k] / model.transform.scale / model.transform.std[0]
        changed = viz.pgd(model, x, believed, epsilon, steps=int(steps), bounds=viz.pixel_bounds(model))
        np.testing.assert_array_equal(cells[:, k], np.rint(255 * model.transform.inverse(changed)))


def test_every_explanation_has_a_map_for_each_image_and_class_and_a_verdict(read):
    why = read["sections"]["why"]
    assert len(why["methods"]) == 9 and not why["left_out"]
    for method in why["methods"]:
        assert read["sheets"][method["sprite"]]["count"] == len(read["images"]) * 3
        said = {True: "passes", False: "fails", None: "no verdict"}[method["passed"]]
        assert method["verdict"].startswith(f"{said}: ") and (method["likeness"] is None) == (not method["checked"])
        if method["passed"] is not None:
            assert method["passed"] is (method["likeness"] < 0.5)


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


@pytest.mark.slow
def test_twice_the_same_model_and_seed_give_the_same_bytes_on_any_number_of_threads(page, write_page, tmp_path):
    cnn.set_num_threads(2)
    try:
        again = write_page(tmp_path / "again.html")
    finally:
        cnn.set_num_threads(1)
    assert again.read_bytes() == page.read_bytes()


@pytest.mark.slow
def test_the_demos_atlas_with_its_film_is_smaller_than_five_megabytes(quick, tmp_path):
    train, test = cnn.data.load("garments")
    model = cnn.zoo.build("seed")
    model.transform, model.classes = cnn.data.Transform.fit(train.images), tuple(train.classes)
    moments = [Snapshot(epoch, 0, model) for epoch in range(14)]
    page = viz.atlas(model, test, tmp_path / "atlas.html", train=train, snapshots=moments, progress=False)
    assert page.stat().st_size < 5_000_000


def test_the_scripts_are_told_what_the_images_are(read, test_set):
    assert read["size"] == list(test_set.images.shape[2:]) and read["channels"] == 1 and read["exact"]
    corners = test_set.images[:, 0][:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert read["background"] == [int(np.median(corners))] and read["labeled"]
    assert {name: len(text) for name, text in read["palettes"].items()} == {"signed": 256 * 6, "plain": 256 * 6}


def test_a_legend_s_colors_are_those_of_its_scale(text):
    """From blue to red where there are two sides, and otherwise from black up to a pale yellow (magma's last)."""
    found = re.findall(r'<p class="scale"><span>([^<]*)</span><i [^>]*\((?:to right, )(.*?)\)"', text)
    ends = {words: (colors.split(", ")[0], colors.split(", ")[-1]) for words, colors in found}
    signed, plain = ("#053061", "#67001f"), ("#000004", "#fcfdbf")
    assert ends == {"0": plain, "−": signed, "against": signed, "weak": plain}


def test_the_template_s_own_lines_leave_no_trace(text):
    markup = re.sub(r"<(script|style|pre)\b.*?</\1>", "", text[: text.index("<footer")], flags=re.DOTALL)
    assert not re.findall(r"^[ \t]+$", markup, re.MULTILINE) and "\n\n\n" not in markup
