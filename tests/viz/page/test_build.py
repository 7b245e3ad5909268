"""What the page says of a subject besides its sections."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
import viz
from tests.viz.page.sheets import images_of
from viz.page import build
from viz.page.build import _background, _exact, _likeliest, _titles


def test_the_likeliest_ten_classes_are_named_and_of_equals_the_first() -> None:
    chances = np.array([1, 9, 2, 9, 3, 8, 4, 7, 5, 6, 0, 0, 0]) / 54
    assert [k for k, _ in _likeliest(chances)] == [1, 3, 5, 7, 9, 8, 6, 4, 2, 0]
    assert [chance for _, chance in _likeliest(chances)] == [round(n / 54, 6) for n in (9, 9, 8, 7, 6, 5, 4, 3, 2, 1)]
    assert _likeliest(chances[:3]) == [[1, 0.166667], [2, 0.037037], [0, 0.018519]]


def test_an_empty_pad_has_the_median_of_the_corners_in_each_channel() -> None:
    """Each corner decides it in one image, and what is not a corner or not in the gallery would change it."""
    images = np.full((5, 2, 6, 7), 255, np.uint8)
    for n, (y, x) in enumerate([(0, 0), (0, -1), (-1, 0), (-1, -1)]):
        images[n, 0, [0, 0, -1, -1], [0, -1, 0, -1]] = 0 if n % 2 else 40
        images[n, 0, y, x] = 20
        images[n, 1, y, x] = 0
    subject = SimpleNamespace(data=SimpleNamespace(images=images), gallery=np.arange(4))
    corners = images[:4][:, :, [0, 0, 5, 5], [0, 6, 0, 6]]
    assert _background(subject) == [20, 255] == np.median(corners, axis=(0, 2)).tolist()


@pytest.mark.parametrize("size", [(48, 3), (3, 48), (49, 3), (3, 49)])
def test_the_gallery_is_exact_where_its_images_are_not_made_smaller(size) -> None:
    subject = SimpleNamespace(data=SimpleNamespace(images=np.zeros((1, 9, *size))))
    assert _exact(subject) == (max(size) == 48)


@pytest.mark.parametrize(
    ("models", "title", "titles"),
    [
        ([0.5], None, ["float"]),
        ([0.5, 1], None, ["the first", "the second"]),
        ([0.5], "mine", ["mine"]),
        ([0.5, 1], ["a", "b"], ["a", "b"]),
    ],
)
def test_each_network_has_a_title(models, title, titles) -> None:
    assert _titles(models, title) == titles
    with pytest.raises(ValueError, match=f"a title for each of {len(models)} networks"):
        _titles(models, ["a", "b", "c"])


@pytest.fixture
def empty(monkeypatch):
    """Pages without sections: the images that are stored beside them, and whether a bar is shown."""
    rendered, bars = [], []

    class Bar(list):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(build, "SECTIONS", ())
    monkeypatch.setattr(build, "render", lambda subject, sections, sprites, whole: rendered.append(sprites) or "<p>")
    monkeypatch.setattr(build, "tqdm", lambda made, **options: (bars.append(options["disable"]), Bar(made))[1])
    return rendered, bars


def colored(side: int):
    """A network, and images whose every pixel has a color of its own."""
    model = cnn.Sequential(gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(3, 2)).initialize(0)
    model.transform = cnn.data.Transform((0.5,) * 3, (0.5,) * 3, channels="RGB")
    images = np.random.default_rng(0).integers(0, 256, (15, 3, side, 4), np.uint8)
    return model, cnn.data.Dataset(images, np.arange(15) % 2, ("a", "b"))


@pytest.mark.parametrize(("side", "runs"), [(48, True), (49, True), (49, False)])
def test_images_that_the_page_runs_the_network_on_are_stored_exactly(side, runs, empty, tmp_path, monkeypatch) -> None:
    model, data = colored(side)
    if not runs:
        monkeypatch.setattr(build, "study", lambda *given, **options: SimpleNamespace(
            data=data, gallery=np.arange(15), chosen=np.arange(12), program=None
        ))  # fmt: skip
    viz.atlas(model, data, tmp_path / "a.html")
    ((sprites,), _) = empty
    assert sorted(sprites.sheets) == (["followed", "gallery"] if side == 49 and runs else ["gallery"])
    if side == 48:
        np.testing.assert_array_equal(images_of(sprites, "gallery"), data.images.transpose(0, 2, 3, 1))
    elif runs:
        chosen = [0, 1, *(i for i in range(15) if i > 1)]
        found = images_of(sprites, "followed")
        shown = [next(i for i in chosen if (data.images[i].transpose(1, 2, 0) == image).all()) for image in found]
        assert len(set(shown)) == 12


def test_a_folder_holds_the_page_and_its_images_and_may_be_written_again(empty, tmp_path) -> None:
    model, data = colored(8)
    for _ in range(2):
        assert viz.atlas(model, data, tmp_path / "deep" / "atlas") == tmp_path / "deep" / "atlas" / "index.html"
    files = {str(file.relative_to(tmp_path / "deep")) for file in (tmp_path / "deep").rglob("*.*")}
    assert files == {"atlas/index.html", "atlas/images/gallery.webp"}
    assert viz.atlas(model, data, tmp_path / "new" / "page.HTM").read_text() == "<p>"
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["page.HTM"]


@pytest.mark.parametrize(("progress", "hidden"), [(None, None), (True, False), (False, True), (len, True)])
def test_a_bar_is_shown_where_it_is_asked_for_and_by_default_where_it_can_be(progress, hidden, empty, tmp_path) -> None:
    viz.atlas(*colored(8), tmp_path / "a.html", progress=progress)
    assert empty[1] == [hidden]


def test_json_is_short_as_it_is_read_and_has_no_numbers_that_browsers_do_not_know() -> None:
    assert build.as_json({"é": [1, 2.5, None]}) == '{"é":[1,2.5,null]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        build.as_json([float("nan")])
