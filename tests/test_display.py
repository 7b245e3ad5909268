"""Every result displays itself, without IPython: a line at a prompt, and HTML with a headline, drawing and table."""

import base64
import copy
import io
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
import viz
from minicnn.display import Shown, Table, in_notebook, shape_text, tqdm
from minicnn.training.history import EpochRecord, Measure
from viz import plot


@pytest.fixture(scope="module")
def data():
    return cnn.data.load("garments", train=60, test=1)[0]


@pytest.fixture(scope="module")
def model(data):
    model = cnn.zoo.build("seed", seed=0)
    model.transform, model.classes = cnn.data.Transform.fit(data.images), tuple(data.classes)
    return model


@pytest.fixture(scope="module")
def history():
    record = EpochRecord(1, 1.0, 0.5, 0.9, 0.6, lr=0.1, seconds=1.0, images_per_second=60.0)
    return cnn.History(Measure(2.3, 0.1), [record])


@pytest.fixture(scope="module")
def results(model, data, history):
    x = model.transform(data.images[:2])
    above, below = (viz.exciting_patches(model, data, layer) for layer in ("relu2", "relu1"))
    return {
        "model": model,
        "summary": cnn.summary(model, (1, 28, 28)),
        "history": history,
        "evaluation": cnn.evaluate(model, data),
        "dataset": data,
        "pair": data[3],
        "diagram": viz.diagram(model),
        "synthesis": viz.feature_visualization(model, ("conv2", 3), size=16, steps=2),
        "exciting": above,
        "statistics": viz.activation_statistics(model, data, ["relu2"])["relu2"],
        "contextualized": viz.contextualized_weights(
            model, "conv2", 3, inputs=below.patches(), outputs=above.patches()
        ),
        "curve": viz.deletion_curve(model, x, viz.saliency(model, x), steps=4),
        "sanity": viz.sanity_check(viz.saliency, model, x),
        "layers": viz.activation_statistics(model, data, ["relu1", "relu2"]),
        "predictions": cnn.predict(model, data.images[0, 0]),
    }


DRAWN = ["history", "evaluation", "dataset", "pair", "diagram", "synthesis", "exciting", "statistics"]
DRAWN += ["contextualized", "curve", "sanity"]
TABLES = {"model": 11, "summary": 13, "history": 2, "evaluation": 10, "statistics": 20, "sanity": 4}
TABLES |= {"layers": 2, "predictions": 5}


@pytest.mark.parametrize("name", [*DRAWN, "model", "summary", "layers", "predictions"])
def test_a_result_has_a_headline_and_what_there_is_to_see(name, results) -> None:
    result = results[name]
    assert isinstance(result, Shown)
    page = result._repr_html_()
    assert f"<strong>{type(result).__name__}</strong>: " in page
    assert page.count("<img ") == (name in DRAWN)
    assert page.count("<td") // max(1, page.count("<th ")) == TABLES.get(name, 0)
    if name in DRAWN:
        width = int(re.search(r' width="(\d+)"', page)[1])
        image = Image.open(io.BytesIO(base64.b64decode(re.search(r'base64,([^"]+)"', page)[1])))
        assert image.width == pytest.approx(width * 150 / 96, abs=2)  # as large as on paper
        assert np.ptp(np.asarray(image.convert("L"))) > 50


@pytest.mark.parametrize(
    "name", ["history", "evaluation", "dataset", "pair", "diagram", "synthesis", "exciting", "layers"]
)
def test_its_repr_is_one_short_line(name, results) -> None:
    shown = repr(results[name])
    assert shown.startswith(f"{type(results[name]).__name__}(") and len(shown) < 100 and "\n" not in shown


def test_a_summary_is_its_table_and_a_layer_the_call_that_makes_it(results) -> None:
    assert repr(results["summary"]) == str(results["summary"])
    assert repr(cnn.Conv2d(1, 10, 3)) == "Conv2d(1, 10, 3)" in cnn.Conv2d(1, 10, 3)._repr_html_()
    assert repr(cnn.Conv2d(1, 10, (3, 5), padding=1, bias=False)) == "Conv2d(1, 10, (3, 5), padding=1, bias=False)"


def test_a_models_table_has_words_on_the_left_and_numbers_on_the_right() -> None:
    page = cnn.Sequential(conv=cnn.Conv2d(1, 10, 3), relu=cnn.ReLU())._repr_html_()
    assert re.findall(r'<td style="text-align: (\w+)">(\w*)', page) == [
        ("left", "conv"), ("left", "Conv2d"), ("right", "100"), ("left", "relu"), ("left", "ReLU"), ("right", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), [("history", 0), ("summary", 3), ("evaluation", 2)])
def test_columns_of_numbers_are_on_the_right(name, words, results) -> None:
    page = results[name]._repr_html_()
    row = page[page.index("<td") :].partition("</tr>")[0]
    sides = re.findall(r"text-align: (\w+)", row)
    assert len(sides) > words and sides == ["left"] * words + ["right"] * (len(sides) - words)


def test_a_layer_whose_options_are_not_stored_can_still_be_looked_at() -> None:
    class Scale(cnn.Layer):
        def __init__(self, factor):
            self.by = factor

    assert repr(Scale(2)) == "Scale(…)" and "Scale" in cnn.Sequential(scale=Scale(2))._repr_html_()


def test_predictions_are_the_list_that_they_always_were(results) -> None:
    found = results["predictions"]
    assert isinstance(found, list) and repr(found) == repr(list(found)) and type(found[:2]) is list


def test_what_batches_are_made_of_and_an_optimizer_are_one_line(data) -> None:
    assert (
        repr(cnn.data.Loader(data, 25))
        == f"Loader(3 batches of 25 from {data!r}, shuffle=True, seed=0, drop_last=False)"
    )
    assert repr(cnn.Adam(0.1)) == "Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0)"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_an_example_is_drawn_if_it_is_gray_or_in_color(channels: int) -> None:
    example = cnn.data.Dataset(np.zeros((1, channels, 4, 4), np.uint8), [0], ["some"])[0]
    assert (example.plot() is not None) is (channels in (1, 3))
    assert repr(example) == f"Pair(some, label 0, {channels}×4×4 uint8)"


def test_images_of_channels_that_cannot_be_seen_show_their_headline() -> None:
    data = cnn.data.Dataset(np.zeros((1, 2, 4, 4), np.uint8), [0], ["two"])
    for shown in (data, data[0]):
        assert "<img" not in shown._repr_html_() and "2×4×4" in shown._repr_html_()


@pytest.mark.parametrize(("shape", "text"), [((3, 4, 5), "4×5×3"), ((7,), "7"), ((), "1"), ((2, 3), "3×2")])
def test_a_shape_is_written_with_the_channels_last(shape, text) -> None:
    assert shape_text(shape) == text


def test_names_are_escaped() -> None:
    data = cnn.data.Dataset(np.zeros((1, 1, 2, 2), np.uint8), [0], ["<b>&"])
    assert "<b>&" not in data[0]._repr_html_() and "&lt;b&gt;&amp;" in data[0]._repr_html_()
    assert '<td style="text-align: left">&lt;i&gt;</td>' in Table(("a",), [("<i>",)]).to_html()


def test_an_example_is_the_pair_that_it_always_was(data) -> None:
    image, label = data[3]
    assert label == int(data.labels[3]) and np.array_equal(image, data.images[3]) and isinstance(data[3], tuple)
    for again in (copy.copy(data[3]), pickle.loads(pickle.dumps(data[3]))):
        assert again[1] == label and again.name == data[3].name == data.classes[label]


def test_a_data_set_without_images_and_a_run_without_epochs_show_their_headline(data) -> None:
    assert "<img" not in data[:0]._repr_html_() and "0 images" in data[:0]._repr_html_()
    assert "<img" not in cnn.History()._repr_html_()


def test_train_show_draws_so_many(data) -> None:
    assert len(data.show(8).get_images()) == 8 and len(data.show(100).get_images()) == 60
    with pytest.raises(ValueError, match="expected a count of at least 1, got 0"):
        data.show(0)


def test_the_plots_draw_what_results_hold(results, data, history) -> None:
    result = results["evaluation"]
    assert plot.confusion(result).get_title(loc="left") == f"{result.accuracy:.2%} of 60 right"
    assert f"{result.accuracy:.2%}" in plot.per_class(result).get_title(loc="left")
    assert len(plot.mistakes(result, data, count=5).get_images()) == 5
    with pytest.raises(ValueError, match=r"expected the data set with the evaluation: plot.mistakes\(result, test\)"):
        plot.mistakes(result)
    assert len(plot.exciting_patches(results["exciting"]).get_yticks()) == 12
    assert len(plot.exciting_patches(results["exciting"], channels=[3, 5]).get_yticks()) == 2
    assert len(plot.training(history).axes) == 2


def test_a_drawing_shows_itself_as_the_whole_figure(results) -> None:
    axes, figure = plot.confusion(results["evaluation"]), plot.training(results["history"])
    for drawn in (axes, figure):
        data, size = drawn._repr_png_()
        assert Image.open(io.BytesIO(data)).format == "PNG"
        assert size["width"] == round(drawn.figure.get_figwidth() * 96)


def test_plot_holds_functions_only_and_old_names_warn() -> None:
    # Names with a @ are those by which pytest rewrites assertions, also in an installed package that has a plugin.
    public = {name: value for name, value in vars(plot).items() if name[0] not in "_@" and name != "Any"}
    assert set(public) == set(plot.__all__) == set(dir(plot))
    assert all(type(value).__name__ == "function" for value in public.values())
    for old, new in plot._RENAMED.items():
        with pytest.warns(DeprecationWarning, match=f"plot.{old} is now plot.{new}"):
            assert getattr(plot, old) is getattr(plot, new)
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        _ = plot.pie


def test_exciting_patches_without_images_say_so(results) -> None:
    found = results["exciting"]
    bare = viz.ExcitingPatches(found.layer, found.scores, found.indices, found.places, found.boxes)
    assert bare.plot() is None
    with pytest.raises(ValueError, match="expected the images that were searched"):
        bare.patches()


@pytest.mark.slow
def test_nothing_needs_ipython_and_pyplot_is_not_imported() -> None:
    assert in_notebook() is False
    code = (
        "import sys, numpy as np, minicnn as cnn\n"
        "data = cnn.data.Dataset(np.zeros((2, 1, 4, 4), np.uint8), [0, 1], 'ab')\n"
        "assert 'viz' not in sys.modules\n"
        "assert '<img' in data._repr_html_()\n"
        "import viz.plot\n"
        "viz.plot.mosaic([[[1.0]]])\n"
        "assert not {'IPython', 'matplotlib.pyplot'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


@pytest.mark.parametrize(
    ("shell", "found"),
    [
        (None, False),
        (SimpleNamespace(config={}), False),  # at IPython's prompt
        (SimpleNamespace(config={"IPKernelApp": {}}), True),
    ],
)
def test_a_notebook_is_where_ipython_runs_in_a_kernel(shell, found, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook() is found
    monkeypatch.delitem(sys.modules, "IPython")
    assert in_notebook() is False


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_is_shown_where_someone_can_see_it_move_unless_it_is_asked_for_or_forbidden(
    terminal, monkeypatch
) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", screen)
    shown = []
    for options in ({}, {"disable": False}, {"disable": True}):
        assert list(tqdm(range(3), desc="counting", **options)) == [0, 1, 2]
        shown.append("counting" in screen.getvalue())
        screen.truncate(0)
    assert shown == [terminal, True, False]


@pytest.mark.parametrize("widgets", [False, True])
def test_a_notebook_has_a_widget_that_leaves_the_output_when_it_is_closed(widgets, monkeypatch) -> None:
    """Without ipywidgets the bar is text there."""
    told: list[tuple] = []

    class Widget:
        def __init__(self, *arguments, disable=False, display=True, **options):
            self.disable, self.container = disable, "the bar"
            told.append((*arguments, disable, display, options))

        def close(self):
            self.disable = True
            told.append(("closed",))

    def show(what, **options):
        told.append((what, options))
        return SimpleNamespace(update=lambda *given, **options: told.append((*given, options)))

    shell = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=show))
    progress = SimpleNamespace(tqdm=Widget, IProgress=Widget if widgets else None)
    monkeypatch.setitem(sys.modules, "tqdm.notebook", progress)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    forbidden = tqdm([7], disable=True)
    assert not isinstance(forbidden, Widget) and told == []
    bar = tqdm([7], desc="counting")
    bar.close()
    bar.close()
    assert ("counting" in sys.stderr.getvalue()) is not widgets
    begun = [([7], False, False, {"desc": "counting"}), ("the bar", {"display_id": True})]
    ended = [("closed",), ({"text/plain": ""}, {"raw": True})]
    assert told == (begun + ended if widgets else [])
