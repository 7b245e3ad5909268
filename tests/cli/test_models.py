"""The commands that run or describe a trained model: evaluate, predict, summary, info, demo."""

import itertools
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import threadpoolctl
from PIL import Image

import minicnn as cnn
import viz
from minicnn.cli import evaluate, figures, learning, report

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


@pytest.mark.parametrize("split", ["test", "train"])
def test_evaluate_works_in_batches_of_256_and_rehearses_one(run, monkeypatch, split):
    asked, parts = [], {}
    for name, count in (("train", 700), ("test", 300)):
        parts[name] = cnn.data.Dataset(np.zeros((count, 1, 1, 1), np.uint8), np.zeros(count, int), ("a", "b"))

    def compiling(work, rehearsal):
        rehearsal()
        return work()

    monkeypatch.setattr(evaluate, "load_model", lambda name: name)
    monkeypatch.setattr(evaluate, "load_data", lambda options: (parts["train"], parts["test"]))
    monkeypatch.setattr(evaluate, "compiling", compiling)
    monkeypatch.setattr(report, "results", lambda found, split: f"{found} on {split}")
    monkeypatch.setattr(cnn, "evaluate", lambda *given, **options: asked.append((*given, options)) or "result")
    assert run("evaluate", "some", "data", "--split", split) == (0, f"result on {split}\n", "")
    assert [(model, len(data), options) for model, data, options in asked] == [
        ("some", count, {"batch_size": 256}) for count in (256, len(parts[split]))
    ]


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
    assert text.endswith(f"\ndata sets        {tmp_path} (MINICNN_DATA, --root)\n")


def test_info_tells_which_blas_is_called_and_where_nothing_is_kept(run, monkeypatch):
    from minicnn.kernels import dense

    openmp = {"user_api": "openmp", "internal_api": "openmp", "version": None, "num_threads": 7, "filepath": "/a/b/c"}
    blas = {"user_api": "blas", "internal_api": "mkl", "version": "2", "num_threads": 3, "filepath": "/d/e/f"}
    other = blas | {"internal_api": "openblas", "architecture": "Zen", "filepath": "/g/h/i"}
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: [openmp, blas, other])
    stats = SimpleNamespace(cache_path=None)
    monkeypatch.setattr(dense, "forward", SimpleNamespace(threaded=SimpleNamespace(stats=stats)))
    text = run("info")[1]
    assert "\nBLAS             mkl 2 for any, 3 threads (e); openblas 2 for Zen, 3 threads (h)\n" in text
    assert "\ncompiled code    not kept: there is no writable folder; set NUMBA_CACHE_DIR to one\n" in text


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


def test_the_demo_lists_its_files_in_lines_of_80_and_breaks_no_name(run, monkeypatch, few_garments, tmp_path):
    monkeypatch.chdir(tmp_path)
    images = [Path(f"image-{i}.png") for i in range(9)]
    given = {}
    monkeypatch.setattr(learning, "learn", lambda *_, **options: ("history", "evaluation"))
    monkeypatch.setattr(report, "results", lambda found: found)
    monkeypatch.setattr(figures, "write_run", lambda folder, history, found: images[:1])
    monkeypatch.setattr(figures, "write_insight", lambda folder, model, test, found: images[1:])
    monkeypatch.setattr(viz, "atlas", lambda model, data, path, **options: given.update(options, place=path) or path)
    long = "a-folder-with-a-name-of-one-hundred-letters" + "-or-more" * 9
    for folder in ("some/folder", long):
        status, text, errors = run("demo", "--out", folder, "--seed", 3)
        assert (status, errors) == (0, "")
        listed = text[text.index("evaluation\n\nin") + 12 : text.index("\ntry: ")].splitlines()
        names = ["model.safetensors", "log.jsonl", "snapshots", *map(str, images)]
        assert " ".join(listed) == f"in {folder}: {', '.join(names)}"
        if folder != long:  # as many as there is room for
            assert max(map(len, listed)) <= 80
            assert all(len(a) + 1 + len(b.split()[0]) > 80 for a, b in itertools.pairwise(listed))
        assert f"\ntry: minicnn predict {folder} image-8.png\n\n" in text
        assert text.endswith(f"\nall that it has learned, on one page: {folder}/atlas.html\n")
    assert (given["seed"], given["title"], str(given["snapshots"])) == (3, "Ten kinds of clothing", f"{long}/snapshots")
    assert len(given["train"]) == 40 and given["history"] == "history"


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
