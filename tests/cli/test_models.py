"""The commands that run or describe a trained model: evaluate, predict, summary, info, demo."""

import re
from types import SimpleNamespace

import pytest
from PIL import Image

import minicnn as cnn

CLASSES = ("bright", "dark")
IMAGES = ("curves.png", "confusion.png")


@pytest.mark.parametrize("file", ["", "model.safetensors"])
def test_evaluate_tells_each_class_and_the_commonest_mistakes(run, photos, trained, file):
    status, text, errors = run("evaluate", trained / file, photos)
    assert (status, errors) == (0, "")
    assert "test: 4 images" in text
    assert all(name in text for name in CLASSES)
    assert "mistakes" in text


def test_evaluate_takes_either_part(run, photos, trained):
    assert "train: 20 images" in run("evaluate", trained, photos, "--split", "train")[1]


def test_predict_names_the_likeliest_classes_of_each_image(run, photos, trained):
    images = [photos / "dark" / "0.png", photos / "bright" / "0.png"]
    status, text, errors = run("predict", trained, *images, "--top", 2)
    assert (status, errors) == (0, "")
    lines = text.splitlines()
    assert (lines[0], lines[3]) == tuple(map(str, images))
    assert re.fullmatch(r"  [ \d]{3}\.\d\d%  dark", lines[1])
    assert re.fullmatch(r"  [ \d]{3}\.\d\d%  bright", lines[4])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["seed"], r"input +28×28×1 "),
        (["seed", "--input", 3, 20, 24], r"conv1 +Conv2d +18×22×10 "),
        (["cifar-vgg"], r"input +32×32×3 "),
    ],
)
def test_summary_of_a_network_by_name(run, arguments, expected):
    status, text, _ = run("summary", *arguments)
    assert status == 0
    assert re.search(expected, text)


def test_summary_of_a_trained_network_knows_its_images(run, trained):
    assert re.search(r"input +12×12×1 ", run("summary", trained)[1])


def test_loading_a_folder_in_python_says_which_file_to_name(trained, tmp_path):
    with pytest.raises(cnn.CheckpointError, match=rf"this is a folder; give {trained / 'model.safetensors'}$"):
        cnn.load(trained)
    with pytest.raises(cnn.CheckpointError, match="this is a folder; and there is no safetensors file in it"):
        cnn.load(tmp_path)


def test_info_tells_what_a_bug_report_needs(run, monkeypatch, tmp_path):
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path))
    status, text, errors = run("info")
    assert (status, errors) == (0, "")
    for name in ("minicnn", "Python", "numpy", "numba", "threads", "threading layer", "BLAS", "compiled code"):
        assert name in text
    assert str(tmp_path) in text


def test_info_tells_the_vectors_the_tile_and_how_many_variants_are_compiled(run, monkeypatch, tmp_path):
    from minicnn.kernels import dense
    from minicnn.kernels.vector import MR, NR_BYTES, REGISTER

    for name in ("one.nbc", "two.nbc", "an-index.nbi", "source.py"):
        (tmp_path / name).write_bytes(bytes(1_000_000))
    stats = SimpleNamespace(cache_path=str(tmp_path))
    monkeypatch.setattr(dense, "forward", SimpleNamespace(threaded=SimpleNamespace(stats=stats)))
    text = run("info")[1]
    assert f"{REGISTER} bytes wide; tile of MR x NR = {MR} x {NR_BYTES // 4} float32" in text
    assert f"2 compiled variants of functions, 3.0 MB, in {tmp_path}" in text


@pytest.mark.slow
def test_the_demo_shows_what_was_learned(run, monkeypatch, tmp_path):
    few = tuple(part[:200] for part in cnn.data.load("garments", train=200, test=200))
    monkeypatch.setattr(cnn.data, "load", lambda name: few)
    status, text, errors = run("demo", "--epochs", 2, "--out", tmp_path)
    assert status == 0 and all(line.startswith("atlas: ") for line in errors.splitlines()), errors
    for part in ("conv1", "before training", "epoch 2/2", "class by class", "commonest mistakes", "Ankle boot"):
        assert part in text
    written = {path.name for path in tmp_path.iterdir()}
    assert written >= {"model.safetensors", "log.jsonl", "classes.png", "filters.png", "feature_maps.png", *IMAGES}
    assert all(name in " ".join(text.split()) for name in written)
    for path in tmp_path.glob("*.png"):
        Image.open(path).verify()
    (hint,) = (line.removeprefix("try: minicnn ") for line in text.splitlines() if line.startswith("try: "))
    assert run(*hint.split())[0] == 0


def test_checkpoints_that_are_broken(fails, photos, trained, tmp_path):
    whole = (trained / "model.safetensors").read_bytes()
    path = tmp_path / "model.safetensors"
    path.write_bytes(whole[:-10])
    assert f"{path}: " in fails("predict", tmp_path, photos / "dark" / "0.png")
    path.write_bytes(b"garbage" * 100)
    assert f"{path}: " in fails("evaluate", path, photos)
    path.write_bytes(whole)
    assert "cannot be resumed, because architecture" in fails(
        "train", photos, "--model", "lenet5", "--out", tmp_path, "--resume"
    )
    assert path.read_bytes() == whole


def test_images_in_color_are_shown_to_a_gray_model_by_their_luminance(run, trained, write_images, tmp_path):
    blue, gray = tmp_path / "blue.png", tmp_path / "gray.png"
    image = Image.new("RGB", (12, 12), (0, 0, 255))
    image.save(blue)
    image.convert("L").save(gray)
    texts = [run("predict", trained, path)[1].partition("\n")[2] for path in (blue, gray)]
    assert texts[0] == texts[1] and "dark" in texts[0].splitlines()[0]
    Image.new("RGB", (12, 12), "navy").save(write_images(tmp_path / "data") / "dark" / "navy.png")
    status, text, errors = run("evaluate", trained, tmp_path / "data")
    assert (status, errors) == (0, "") and "accuracy" in text


def test_other_classes_than_the_models(fails, trained, few_garments):
    assert "the model's classes are 2 (bright, dark), but" in fails("evaluate", trained, "garments")
