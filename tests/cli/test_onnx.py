"""`minicnn import`, `export` and `predict` with models from other frameworks."""

import sys

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """An ONNX file as other frameworks write it: it does not mention pixels or classes."""
    model = cnn.Sequential(
        conv=cnn.Conv2d(3, 4, 3, stride=2), relu=cnn.ReLU(), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(4, 3)
    ).initialize(seed=0)
    path = tmp_path_factory.mktemp("onnx") / "network.onnx"
    cnn.onnx.save(model, path, (3, 20, 16))
    return path


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("0,tench, Tinca tinca\n1,goldfish\n2,shark\n")
    return path


@pytest.mark.parametrize("pixels", ["imagenet", "bgr255"])
def test_import_stores_what_the_file_does_not_tell_and_predict_uses_it(run, network, names, photo, tmp_path, pixels):
    out = tmp_path / "new" / "model.safetensors"
    assert run("import", network, "-o", out, "--pixels", pixels, "--classes", names) == (
        0,
        f"{out}: 127 parameters\n",
        "",
    )
    model = cnn.load(out)
    assert model.classes == ("tench, Tinca tinca", "goldfish", "shark")
    assert (model.transform.channels, model.transform.crop) == ({"imagenet": "RGB"}.get(pixels, "BGR"), (20, 16))
    _, text, _ = run("predict", out, photo)
    lines = [f"  {chance:7.2%}  {name}" for name, chance in cnn.predict(model, photo)]
    assert text.splitlines() == [str(photo), *lines]


def test_import_writes_beside_the_file_and_says_what_is_still_missing(run, network, tmp_path):
    path = tmp_path / "copy.onnx"
    path.write_bytes(network.read_bytes())
    status, text, _ = run("import", path)
    assert (status, cnn.load(tmp_path / "copy.safetensors").transform) == (0, None)
    assert text.endswith("import it with --pixels and --classes too\n")


def test_what_import_was_not_told_predict_can_be(run, network, names, photo, tmp_path):
    out = tmp_path / "model.safetensors"
    run("import", network, "-o", out)
    status, text, said = run("predict", out, photo, "--pixels", "imagenet", "--classes", names, "--top", 3)
    assert (status, said) == (0, f"{out}: does not tell the size of its images; they are cut to 224×224\n")
    assert "goldfish" in text


def test_export_and_import_bring_back_the_same_model(run, trained, tmp_path):
    onnx_file, back = tmp_path / "model.onnx", tmp_path / "back.safetensors"
    assert run("export", trained, "-o", onnx_file) == (0, f"{onnx_file}: for images of 12×12×1\n", "")
    onnx.checker.check_model(str(onnx_file), full_check=True)
    assert run("import", onnx_file, "-o", back)[1].count("\n") == 1  # nothing is missing
    model, again = cnn.load(trained / "model.safetensors"), cnn.load(back)
    assert (again.transform, again.classes) == (model.transform, model.classes)
    x = np.random.default_rng(0).standard_normal((2, 1, 12, 12)).astype(np.float32)
    np.testing.assert_allclose(again(x), model(x), rtol=1e-5, atol=1e-6)


def test_export_takes_a_network_of_the_zoo_with_its_weights(run, tmp_path):
    cnn.save(cnn.zoo.build("seed"), tmp_path / "weights.safetensors")
    status, text, _ = run("export", "seed", "--weights", tmp_path / "weights.safetensors", "-o", tmp_path / "seed.onnx")
    assert (status, text) == (0, f"{tmp_path / 'seed.onnx'}: for images of 28×28×1\n")


def test_predict_takes_a_network_of_the_zoo_with_its_weights(run, photo, tmp_path):
    cnn.save(cnn.zoo.build("squeezenet1_1"), tmp_path / "weights.safetensors")
    status, text, _ = run("predict", "squeezenet1_1", photo, "--weights", tmp_path / "weights.safetensors")
    assert (status, len(text.splitlines())) == (0, 6)


def test_models_and_files_that_do_not_fit_are_refused(fails, network, names, photo, photos, trained, tmp_path):
    out = tmp_path / "out"
    short = tmp_path / "short.txt"
    short.write_text("one\ntwo\n")
    assert "its output is of shape (3,), but there are 2 names" in fails(
        "import", network, "--classes", short, "-o", out
    )
    assert "there is no such file" in fails("import", tmp_path / "no.onnx")
    assert "expected an ONNX file" in fails("import", names)
    assert f"this is an ONNX file; first `minicnn import {network}`" in fails("predict", network, photo)
    assert "expected an image, but this is a folder" in fails("predict", trained, photos / "dark")
    assert f"not {(3, 8, 8)}" in fails("import", network, "--input", 3, 8, 8, "-o", out)
    assert "no.txt: No such file" in fails("import", network, "--classes", tmp_path / "no.txt")
    (tmp_path / "latin.txt").write_bytes("Café".encode("latin-1"))
    assert "latin.txt: expected a text in UTF-8, but byte 3 is not" in fails(
        "import", network, "--classes", tmp_path / "latin.txt"
    )
    cnn.onnx.save(cnn.load(trained / "model.safetensors"), tmp_path / "gray.onnx", (1, 12, 12))
    assert "needs images of 3 channels, but it takes images of 1" in fails(
        "import", tmp_path / "gray.onnx", "--pixels", "imagenet", "-o", out
    )
    assert "leave --pixels away" in fails("predict", trained, photo, "--pixels", "imagenet")
    assert "has 2 outputs, but 3 class names" in fails(
        "predict", trained, photos / "dark" / "0.png", "--classes", names
    )
    cnn.save(cnn.zoo.build("cifar-vgg"), tmp_path / "bare.safetensors")
    assert "does not know the size of its images; give --input C H W" in fails(
        "export", tmp_path / "bare.safetensors", "-o", out
    )
    assert "or give --pixels (imagenet, symmetric, bgr255)" in fails("predict", tmp_path / "bare.safetensors", photo)
    assert "the zoo holds no trained weights" in fails("export", "seed", "-o", out)
    assert not out.exists()


def test_without_the_onnx_package_it_is_named(fails, network, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert 'minicnn.onnx needs the onnx package: pip install ".[onnx]"' in fails("import", network)
