"""`minicnn explain`, `attack`, `dream` and `style`: they write images, and report an error in one line.

Also how they, `predict`, `look` and `train` find out which loops they have to wait for.
"""

import contextlib
import sys

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
from minicnn import compiling, threads

CLASSES = ("night", "bright day", "day")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a run with an untrained network, and two images."""
    folder = tmp_path_factory.mktemp("run")
    model = cnn.zoo.build("seed", classes=3, input_size=20)
    model.transform = cnn.data.Transform((0.5,), (0.25,), size=20, crop=20)
    model.classes = CLASSES
    cnn.save(model, folder / "model.safetensors")
    rng = np.random.default_rng(0)
    for name, size in (("image", (20, 20)), ("large", (44, 32))):
        Image.fromarray(rng.integers(0, 256, size[::-1], dtype=np.uint8)).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def zoo_weights(tmp_path_factory):
    """Weights of a SqueezeNet, and its classes' names."""
    folder = tmp_path_factory.mktemp("zoo")
    model = cnn.zoo.build("squeezenet1_1")
    cnn.save(model, folder / "weights.safetensors")
    (folder / "classes.txt").write_text("\n".join(f"thing {i}" for i in range(1000)))
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)).save(folder / "photo.png")
    return folder


def test_explain_draws_every_method_and_says_what_is_explained(run, folder, tmp_path):
    out = tmp_path / "why.png"
    arguments = ["explain", folder, folder / "image.png", "--method", "all", "--target", "night", "-o", out]
    status, text, errors = run(*arguments)
    assert (status, errors) == (0, "")
    assert text.startswith("predicted: ") and f"drawn in {out}" in text
    height, width, _ = np.asarray(Image.open(out)).shape
    assert width > 1000 and height > 500


def test_explain_asks_about_the_predicted_class_by_default(run, folder, tmp_path):
    _, text, _ = run("explain", folder, folder / "image.png", "--method", "saliency", "-o", tmp_path / "a.png")
    assert "explained" not in text


@pytest.mark.parametrize(
    "line",
    [
        "explain {run} {image} --method grad-cam",
        "attack {run} {image} --steps 1",
        "dream {run} {image} --octaves 1 --steps 1",
        "style {image} {image} --model {run} --steps 1",
        "predict {run} {image}",
        "look {run} --image {image}",
        "look {run} --layer relu2 --data {photos} --size 20",
        "train {photos} --epochs 1 --quiet",
        "evaluate {trained} {photos}",
    ],
)
def test_the_loops_of_a_command_are_known_before_they_are_compiled(
    run, folder, photos, trained, tmp_path, monkeypatch, line
):
    """A rehearsal of the command's first work notes loops, and does not fail where their results mean nothing."""
    noted = []

    @contextlib.contextmanager
    def shown(rehearsal):
        with threads.rehearsal(lambda *loop: noted.append(loop)):
            rehearsal()
        yield

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compiling, "shown", shown)
    names = {"run": folder, "image": folder / "image.png", "photos": photos, "trained": trained}
    status, _, errors = run(*line.format(**names).split())
    assert (status, errors) == (0, "") and noted


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_attack_stays_within_epsilon_and_tells_both_verdicts(run, folder, tmp_path, method):
    changed = tmp_path / "changed.png"
    status, text, errors = run(
        *("attack", folder, folder / "image.png", "--method", method, "--epsilon", 0.1, "--target", "day"),
        *("--image-out", changed, "-o", tmp_path / "attack.png"),
    )
    assert (status, errors) == (0, "")
    assert [line.split(":")[0] for line in text.splitlines()[:2]] == ["before", "after"]
    before, after = (np.asarray(Image.open(path), int) for path in (folder / "image.png", changed))
    assert 24 <= np.abs(after - before).max() <= 27  # of 255: a tenth, and rounding
    Image.open(tmp_path / "attack.png").verify()


def test_attack_says_when_it_failed(run, folder, tmp_path):
    _, text, _ = run("attack", folder, folder / "image.png", "--epsilon", 0, "-o", tmp_path / "attack.png")
    assert "the attack failed: give a larger --epsilon" in text


def test_dream_changes_the_image_and_repeats(run, folder, tmp_path):
    outs = [tmp_path / f"{i}.png" for i in range(2)]
    for out in outs:
        options = ("--octaves", 2, "--steps", 2, "-o", out)
        status, text, errors = run("dream", folder, folder / "large.png", "--size", 32, "--layer", "relu2", *options)
        assert (status, errors) == (0, "")
    assert "dreamt of relu2" in text
    first, again = (np.asarray(Image.open(out)) for out in outs)
    assert first.shape == (32, 44)  # the whole image, although the network was trained on 20×20
    assert (first == again).all() and (first != np.asarray(Image.open(folder / "large.png"))).any()


def test_dream_of_one_channel_at_a_depth_of_its_own_choice(run, folder, tmp_path):
    _, text, _ = run("dream", folder, folder / "image.png", "--channel", 1, "--steps", 1, "-o", tmp_path / "a.png")
    assert "dreamt of relu2:1" in text


def test_style_paints_the_content(run, folder, tmp_path):
    out = tmp_path / "style.png"
    options = ("--model", folder, "--steps", 2, "--size", 24, "--pooling", "average", "-o", out)
    status, text, errors = run("style", folder / "large.png", folder / "image.png", *options)
    assert (status, errors, text) == (0, "", f"painted in {out}\n")
    assert np.asarray(Image.open(out)).shape == (24, 33)


def test_a_network_of_the_zoo_takes_its_weights_from_a_file(run, zoo_weights, tmp_path):
    status, text, errors = run(
        *("explain", "squeezenet1_1", zoo_weights / "photo.png", "--weights", zoo_weights / "weights.safetensors"),
        *("--pixels", "bgr255", "--classes", zoo_weights / "classes.txt", "--method", "grad-cam"),
        *("--target", "thing 7", "-o", tmp_path / "why.png"),
    )
    assert (status, errors) == (0, "")
    assert "explained: thing 7 (" in text


def test_what_was_assumed_of_pixels_is_said_for_other_preparations_give_nonsense(run, zoo_weights, tmp_path):
    photo, weights = zoo_weights / "photo.png", zoo_weights / "weights.safetensors"
    _, _, errors = run("predict", "squeezenet1_1", photo, "--weights", weights)
    assert errors.startswith("squeezenet1_1: pixels prepared for torchvision's weights (--pixels imagenet)")
    assert "--pixels bgr255" in errors and errors.count("\n") == 1
    assert run("predict", "squeezenet1_1", photo, "--weights", weights, "--pixels", "imagenet")[2] == ""


@pytest.mark.parametrize(
    ("line", "bars"),
    [
        ("explain {run} {image} --method all", ("integrated gradients", "smooth_grad", "occlusion")),
        ("attack {run} {image}", ("attack",)),
        ("dream {run} {image} --steps 1 --octaves 1", ("%|",)),
        ("style {image} {image} --model {run} --steps 1", ("%|",)),
    ],
)
def test_what_may_take_long_shows_a_bar_on_a_terminal(run, folder, tmp_path, monkeypatch, line, bars):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, _, errors = run(*line.format(run=folder, image=folder / "image.png").split())
    assert status == 0
    assert all(bar in errors for bar in bars)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("explain {run} {image} --method shap", "there is no method 'shap'; there are saliency, "),
        ("explain {run} {image} --target 3", "there is no class '3'; give its number, from 0 to 2, or its name"),
        ("explain {run} {image} --target ight", "'ight' may mean 2 classes: 0 (night), 1 (bright day); give the"),
        ("explain {run} {image} --layer conv9", "there is no layer 'conv9'; did you mean conv"),
        ("explain {run} nowhere.png", "nowhere.png: "),
        ("explain nowhere {image}", "nowhere: there is no such file"),
        ("explain squeezenet1_1 {image}", "the zoo holds no trained weights; give --weights FILE"),
        ("explain {run} {image} --weights w.safetensors", "a file brings its own"),
        ("explain {run} {image} --classes nowhere.txt", "nowhere.txt: "),
        ("attack {run} {image} --epsilon 2", "--epsilon is a share of the way from black to white"),
        (
            "attack {run} {image} --epsilon -0.5",
            "--epsilon is a share of the way from black to white, 0 to 1, got -0.5",
        ),
        ("attack {run} {image} --steps 0", "at least 1 step"),
        ("dream {run} {image} --layer relu9", "there is no layer 'relu9'"),
        ("dream {run} {image} --channel 99", "has no channel 99"),
        ("style {image} {image}", "the following arguments are required: --model"),
        ("style {image} {image} --model {run} --style-layers relu1,relu9", "there is no layer 'relu9'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(run, folder, tmp_path, monkeypatch, line, message):
    monkeypatch.chdir(tmp_path)
    status, _, errors = run(*line.format(run=folder, image=folder / "image.png").split())
    assert (status, errors.count("\n")) == (2, 1)
    assert errors.startswith("minicnn: error: ") and message in errors
    assert not list(tmp_path.iterdir())


def test_a_model_that_does_not_know_its_images_is_refused(run, folder, tmp_path):
    cnn.save(cnn.zoo.build("seed"), tmp_path / "model.safetensors")
    _, _, errors = run("explain", tmp_path, folder / "image.png")
    assert "does not know how images become its input" in errors


def test_names_that_are_not_as_many_as_the_outputs_are_refused(run, folder, tmp_path):
    model = cnn.load(folder / "model.safetensors")
    model.classes = (*model.classes, "one too many")
    cnn.save(model, tmp_path / "model.safetensors")
    for command in ("explain", "attack"):
        status, _, errors = run(command, tmp_path / "model.safetensors", folder / "image.png")
        assert (status, errors.count("\n")) == (2, 1) and "3 outputs, but 4 class names" in errors
