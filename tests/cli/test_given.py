"""What `explain`, `attack`, `dream`, `style` and `look` hand to the functions that do their work, and write of it."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
import viz
from minicnn.cli import dream, images, look, style
from viz import plot

LONG = "a class whose name goes on"
CLASSES = ("night", LONG, "day")
PIXELS = np.random.default_rng(0).integers(0, 256, (15, 22), np.uint8)


@pytest.fixture(scope="module")
def model():
    model = cnn.Sequential(
        conv1=cnn.Conv2d(1, 30, 3), relu1=cnn.ReLU(), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(30, 3)
    ).initialize(0)
    model.transform = cnn.data.Transform((0.5,), (0.25,))
    model.classes = CLASSES
    model["fc"].bias[1] = 30  # the class with the long name, for sure
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    cnn.save(model, folder / "model.safetensors")
    Image.fromarray(PIXELS).save(folder / "image.png")
    return folder


@pytest.fixture
def x(model):
    return model.transform(PIXELS[None, None])


@pytest.mark.parametrize(
    ("options", "window", "target"), [((), 2, 1), (("--window", 5), 5, 1), (("--target", "day"), 2, 2)]
)
def test_occlusion_hides_a_seventh_of_the_shorter_side_with_the_mean(
    run, folder, tmp_path, monkeypatch, x, options, window, target
):
    asked, drawn = {}, {}

    def occlusion(model, x, target, **options):
        asked.update(options, target=target)
        return np.stack([np.eye(4), np.ones((4, 4))])

    def attributions(image, maps, title):
        drawn.update(image=image, maps=maps, title=title)
        return SimpleNamespace(savefig=lambda path: None)

    monkeypatch.setattr(viz, "occlusion", occlusion)
    monkeypatch.setattr(plot, "attributions", attributions)
    status, text, errors = run("explain", folder, folder / "image.png", "--method", "occlusion", *options)
    assert (status, errors) == (0, "")
    assert (asked["window"], asked["target"]) == (window, target)
    assert asked["baseline"].shape == (1, 1, 1, 1) and asked["baseline"].item() == pytest.approx(x.mean(), rel=1e-5)
    np.testing.assert_allclose(drawn["image"], PIXELS / 255, atol=1e-6)
    np.testing.assert_array_equal(drawn["maps"]["occlusion"], np.eye(4))  # of the one image
    chance = "<0.01%" if target == 2 else "100.00%"
    assert drawn["title"] == f"{CLASSES[target][:24]} ({chance})"
    told = text.splitlines()
    assert told[0] == f"predicted: {LONG} (100.00%)"
    assert told[1:-1] == ([f"explained: day ({chance})"] if target == 2 else [])


@pytest.mark.parametrize(("targeted", "fooled"), [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_an_attack_moves_by_a_share_of_the_range_and_fails_where_it_does_not_reach_its_end(
    run, folder, tmp_path, monkeypatch, model, targeted, fooled, method
):
    asked, drawn = {}, []

    def attack(model, x, label, epsilon, **options):
        asked.update(options, label=label, epsilon=epsilon)
        monkeypatch.setattr(cnn.ops, "softmax", lambda scores: (np.eye(3, dtype=np.float32)[[2 if fooled else 1]], 0))
        return x + np.float32(0.5)

    monkeypatch.setattr(viz, method, attack)
    monkeypatch.setattr(plot, "attacks", lambda *given: drawn.extend(given) or SimpleNamespace(savefig=lambda path: 0))
    options = ["--method", method, "--epsilon", 0.1, "--steps", 7, "--seed", 3] + ["--target", "day"] * targeted
    status, text, errors = run("attack", folder, folder / "image.png", *options)
    assert (status, errors) == (0, "")
    assert asked["epsilon"].item() == pytest.approx(0.4)  # of −2…2
    assert (asked["label"], asked["targeted"]) == ((2, True) if targeted else (1, False))
    assert [end.item() for end in asked["bounds"]] == [-2, 2]
    if method == "pgd":
        assert (asked["steps"], asked["seed"]) == (7, 3)
    assert ("the attack failed" in text) is not fooled
    before, after, verdicts, new = drawn
    np.testing.assert_allclose(before, PIXELS[None] / 255, atol=1e-6)
    assert after.shape == before.shape and after[0, 0, 0] > before[0, 0, 0]
    assert verdicts[0].startswith(f"{LONG[:20]} (") and new == ["day (100.00%)" if fooled else f"{LONG[:20]} (100.00%)"]


def test_an_attack_may_take_the_whole_range(run, folder, monkeypatch):
    asked = []
    monkeypatch.setattr(viz, "fgsm", lambda model, x, label, epsilon, **options: asked.append(epsilon.item()) or x)
    monkeypatch.setattr(plot, "attacks", lambda *given: SimpleNamespace(savefig=lambda path: None))
    status, _, errors = run("attack", folder, folder / "image.png", "--method", "fgsm", "--epsilon", 1)
    assert (status, errors, asked) == (0, "", [4.0])


def test_a_dream_is_dreamt_as_it_was_asked_for(run, folder, tmp_path, monkeypatch):
    asked, written = [], []
    monkeypatch.setattr(viz, "deep_dream", lambda model, x, objective, **options: asked.append(options) or x)
    monkeypatch.setattr(dream, "write", lambda model, x, path: written.append(path))
    options = ("--octaves", 2, "--steps", 3, "--step-size", 0.25, "--seed", 9)
    status, text, errors = run("dream", folder, folder / "image.png", *options)
    run("dream", folder, folder / "image.png")
    assert (status, errors) == (0, "") and str(written[0]) == "dream.png" and "dreamt of relu1" in text
    names = ("octaves", "steps", "step_size", "seed")
    assert [tuple(given[name] for name in names) for given in asked[1::2]] == [(2, 3, 0.25, 9), (4, 10, 0.02, 0)]
    assert asked[::2] == [{"octaves": 1, "steps": 1}] * 2  # to compile its loops
    assert [end.item() for end in asked[1]["bounds"]] == [-2, 2]


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ((), {"pooling": "max"}),
        (("--style-weight", 4, "--pooling", "average"), {"pooling": "average", "style_weight": 4}),
    ],
)
def test_a_painting_is_made_as_it_was_asked_for(run, folder, monkeypatch, options, known):
    asked = []
    monkeypatch.setattr(style, "write", lambda model, x, path: None)
    monkeypatch.setattr(
        viz, "style_transfer", lambda *given, **options: asked.append(options) or SimpleNamespace(images=None)
    )
    image = folder / "image.png"
    status, _, errors = run("style", image, image, "--model", folder, "--steps", 5, *options)
    assert (status, errors) == (0, "")
    layers = {"content_layers": ["relu1"], "style_layers": ["relu1"]}
    assert asked == [layers | known | {"steps": 1}, layers | known | {"steps": 5, "progress": False}]


def test_the_24_channels_that_are_excited_most_are_drawn_with_nine_patches_each(run, folder, tmp_path, monkeypatch):
    scores = np.random.default_rng(0).permutation(30) / 2
    scores = np.stack([scores, -scores], axis=1)
    scores[4] = -np.inf  # dead
    asked, drawn = {}, {}

    def exciting(model, data, layer, **options):
        asked.update(options, layer=layer)
        return SimpleNamespace(
            scores=scores, dead=np.isneginf(scores[:, 0]),
            patches=lambda data, units: units.tolist(), names=lambda units: [f"channel {u}" for u in units],
        )  # fmt: skip

    monkeypatch.setattr(look, "load_data", lambda options: (None, "test"))
    monkeypatch.setattr(look, "compiling", lambda work: None)
    monkeypatch.setattr(viz, "exciting_patches", exciting)
    monkeypatch.setattr(plot, "exciting_patches", lambda found, **said: drawn.update(said, units=found) or Page())
    monkeypatch.setattr(viz, "diagram", lambda model: SimpleNamespace(plot=Page))
    monkeypatch.setattr(plot, "filters", lambda w, title: Page())
    arguments = (folder, "--layer", "relu1", "--data", "some", "-o", tmp_path)
    assert run("look", *arguments)[0] == 0
    assert (asked["layer"], asked["top"]) == ("relu1", 9)
    assert drawn["units"] == sorted(set(range(30)) - {4}, key=lambda unit: -scores[unit, 0])[:24]
    assert drawn["names"] == [f"channel {unit}" for unit in drawn["units"]]
    assert drawn["title"] == "relu1: what excites its channels most; dead: 1 of 30"


class Page:
    """A figure that writes nothing."""

    figure = SimpleNamespace(savefig=lambda path: None)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_read_is_shown_and_written_as_it_was(channels, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (3, 5, channels), np.uint8)
    pixels = pixels[..., 0] if channels == 1 else pixels
    Image.fromarray(pixels).save(tmp_path / "given.png")
    transform = cnn.data.Transform((0.5,) * channels, (0.25,) * channels, channels="RGB" if channels == 3 else "gray")
    model = SimpleNamespace(transform=transform)
    x = images.read(model, str(tmp_path / "given.png"))
    assert x.shape == (1, channels, 3, 5)
    np.testing.assert_allclose(images.shown(model, x), pixels / 255, atol=1e-6)
    images.write(model, x + np.float32(0.4 / 255 / 0.25), tmp_path / "written.png")  # less than half a level is rounded
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "written.png")), pixels.clip(0, 255))
