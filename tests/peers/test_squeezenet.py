"""A trained SqueezeNet 1.1, from its published ONNX file and from its weights, against onnxruntime on photographs."""

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minicnn as cnn
from minicnn.layers import walk

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.skipif(
    "MINICNN_DATA" not in os.environ, reason="MINICNN_DATA is not set: no real data to read"
)

DATA = Path(os.environ.get("MINICNN_DATA", "."))
MODELS = DATA.resolve().parent / "models"
IMAGES = ["kitten_224", "cat_dog", "snake", "spider", "dd_tree"]


@functools.cache
def model(source: str) -> Any:
    """Loaded from either file, with the preprocessing that its weights were trained with."""
    if source == "onnx":
        model = cnn.onnx.load(MODELS / "squeezenet1_1.onnx")
    else:
        model = cnn.zoo.build("squeezenet1_1", weights=MODELS / "squeezenet1_1.safetensors")
    model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, scale=1, channels="BGR", size=224, crop=224)
    model.classes = tuple((MODELS / "imagenet_classes.txt").read_text().splitlines())
    return model


def session(contents: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(contents, options)


@functools.cache
def published() -> Any:
    return session(str(MODELS / "squeezenet1_1.onnx"))


@functools.cache
def spelled_out() -> Any:
    """The published network in float32, so that its own rounding does not count, and with every value as an output."""
    proto = onnx.load(MODELS / "squeezenet1_1.onnx")
    graph = proto.graph
    for tensor in graph.initializer:
        tensor.CopyFrom(
            onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float32), tensor.name)
        )
    for value in graph.input:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    del graph.output[:], graph.value_info[:]
    for node in graph.node:
        graph.output.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None))
    return session(proto.SerializeToString())


def image(name: str) -> np.ndarray:
    return model("onnx").transform.image(DATA / "images" / f"{name}.png")


@pytest.mark.parametrize("source", ["onnx", "safetensors"])
@pytest.mark.parametrize("name", IMAGES)
def test_probabilities_are_onnxruntimes(name: str, source: str) -> None:
    x = image(name)
    ours = cnn.ops.softmax(model(source)(x))[0][0]
    theirs = published().run(None, {"data_0": x.astype(np.float16)})[0].astype(np.float32).ravel()
    assert np.abs(ours - theirs).max() < 2e-3
    assert np.argsort(-ours)[:5].tolist() == np.argsort(-theirs)[:5].tolist()


@pytest.mark.parametrize("source", ["onnx", "safetensors"])
@pytest.mark.parametrize("name", IMAGES)
def test_every_layers_activations_are_onnxruntimes(name: str, source: str) -> None:
    x = image(name)
    network = model(source)
    paths = [path for path, layer in walk(network) if path and not getattr(layer, "children", None)]
    watch = cnn.Watch(*paths)
    network.forward(x, cnn.Pass(watch=watch))
    theirs = spelled_out().run(None, {"data_0": x})[:-1]  # without the softmax, which we omit
    layers = [path for path in paths if path != "flatten"]
    assert len(layers) == len(theirs) == 65
    for path, expected in zip(layers, theirs, strict=True):
        error = np.linalg.norm(watch.activations[path] - expected) / np.linalg.norm(expected)
        assert error < 1e-3, path


@pytest.mark.parametrize("source", ["onnx", "safetensors"])
def test_the_kitten_is_a_cat(source: str) -> None:
    found = dict(cnn.predict(model(source), DATA / "images" / "kitten_224.png"))
    assert sum(p for name, p in found.items() if "tabby" in name or "Egyptian cat" in name) > 0.9


def test_both_files_hold_the_same_network() -> None:
    x = image("snake")
    assert np.allclose(model("onnx")(x), model("safetensors")(x), atol=1e-4)
