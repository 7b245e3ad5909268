"""Every layer that has a form in ONNX, with options that all differ: what is written gives what the layer gives."""

import numpy as np
import pytest

import minicnn as cnn

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
reference = pytest.importorskip("onnx.reference")
from minicnn.onnx.families import WRITERS  # noqa: E402

MAPS = (4, 7, 6)
LAYERS = {
    "adaptive average pooling": cnn.AdaptiveAvgPool2d((7, 2)),
    "adaptive average pooling to one": cnn.AdaptiveAvgPool2d(1),
    "affine": cnn.Affine(4),
    "affine without bias": cnn.Affine(4, bias=False),
    "average pooling": cnn.AvgPool2d((3, 2), (2, 1), (1, 0)),
    "average pooling, padding left out": cnn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "batch norm": cnn.BatchNorm2d(4, eps=0.1),
    "clip": cnn.Clip(-0.5, 0.25),
    "clip above": cnn.Clip(None, 0.25),
    "clip below": cnn.Clip(-0.5, None),
    "convolution": cnn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups=2),
    "convolution without bias": cnn.Conv2d(4, 6, 3, bias=False),
    "dropout": cnn.Dropout(0.3),
    "dropout of maps": cnn.Dropout2d(0.3),
    "ELU": cnn.ELU(0.7),
    "erf": cnn.Erf(),
    "flatten": cnn.Flatten(),
    "GELU": cnn.GELU(),
    "GELU by tanh": cnn.GELU("tanh"),
    "global average pooling": cnn.GlobalAvgPool2d(),
    "global max pooling": cnn.GlobalMaxPool2d(),
    "hard sigmoid": cnn.Hardsigmoid(0.3, 0.4),
    "hard swish": cnn.Hardswish(),
    "leaky ReLU": cnn.LeakyReLU(0.2),
    "local response norm": cnn.LocalResponseNorm(3, 0.5, 0.6, 1.5),
    "log-softmax": cnn.LogSoftmax(),
    "max pooling": cnn.MaxPool2d((3, 2), (2, 1), (1, 0), (1, 2)),
    "max pooling that rounds up": cnn.MaxPool2d((2, 3), 2, ceil_mode=True),
    "max pooling that rounds up to the same": cnn.MaxPool2d(3, (2, 1), ceil_mode=True),
    "padding": cnn.Pad((1, 2, 3, 0), 0.5),
    "padding of channels too": cnn.Pad((1, 2, 3, 0, 1, 2), -1.0),
    "padding by reflection": cnn.Pad((1, 2, 3, 0), mode="reflect"),
    "padding by copies": cnn.Pad((1, 2, 3, 0), mode="replicate"),
    "permute": cnn.Permute((0, 2, 3, 1)),
    "PReLU": cnn.PReLU(4),
    "ReLU": cnn.ReLU(),
    "reshape": cnn.Reshape((2, 14, 6)),
    "scale": cnn.Scale(1.5, -0.25),
    "SiLU": cnn.SiLU(),
    "sigmoid": cnn.Sigmoid(),
    "slice": cnn.Slice(1, 6, 2, axis=2),
    "slice to the end": cnn.Slice(2, axis=3),
    "softmax": cnn.Softmax(),
    "tanh": cnn.Tanh(),
    "transposed convolution": cnn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, True, (1, 2)),
    "upsampling": cnn.Upsample(scale_factor=(2, 3)),
    "upsampling, bilinear": cnn.Upsample((9, 11), mode="bilinear"),
    "upsampling, bilinear with corners": cnn.Upsample((9, 11), mode="bilinear", align_corners=True),
    "branches": cnn.Concat(one=cnn.Conv2d(4, 3, 1), two=cnn.Sequential(conv=cnn.Conv2d(4, 2, 1), relu=cnn.ReLU())),
    "a block and its input": cnn.Residual(conv=cnn.Conv2d(4, 4, 1), relu=cnn.ReLU()),
    "a block and its shortcut": cnn.Residual(conv=cnn.Conv2d(4, 3, 1), shortcut=cnn.Conv2d(4, 3, 1)),
    # Of vectors, behind the pooling that makes them.
    "affine of vectors": cnn.Sequential(cnn.GlobalAvgPool2d(), cnn.Affine(4)),
    "batch norm of vectors": cnn.Sequential(cnn.GlobalAvgPool2d(), cnn.BatchNorm1d(4, eps=0.1)),
    "dense": cnn.Sequential(cnn.GlobalAvgPool2d(), cnn.Dense(4, 3)),
    "PReLU of vectors": cnn.Sequential(cnn.GlobalAvgPool2d(), cnn.PReLU(4)),
}
ITS_OWN = ("local response norm", "transposed convolution")  # where the onnx package's evaluator errs, or fails
CONTAINERS = {cnn.Sequential, cnn.Concat, cnn.Residual, cnn.Graph, cnn.Join}


def drawn(model: cnn.Layer) -> cnn.Layer:
    """The model with weights, biases and statistics that all differ."""
    rng = np.random.default_rng(1)
    model = cnn.Sequential(layer=model).initialize(0)
    for name, array in model.state().items():
        array[...] = rng.random(array.shape) + 0.5 if name.endswith("var") else rng.standard_normal(array.shape)
    return model


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_written_gives_what_the_layer_gives(name: str, tmp_path) -> None:
    """To the standard's evaluator, and to our reader; and the shapes that are declared are those of its output."""
    model, x = drawn(LAYERS[name]), np.random.default_rng(0).standard_normal((2, *MAPS)).astype(np.float32)
    cnn.onnx.save(model, tmp_path / "m.onnx", MAPS)
    written = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(written, full_check=True)
    expected = model(x)
    ours = cnn.onnx.load(tmp_path / "m.onnx", keep_softmax=True)(x)  # scores in maps of one pixel become vectors
    np.testing.assert_allclose(ours.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)
    assert [d.dim_value for d in written.graph.output[0].type.tensor_type.shape.dim[1:]] == list(expected.shape[1:])
    if name in ITS_OWN:
        return
    (theirs,) = reference.ReferenceEvaluator(written).run(None, {written.graph.input[0].name: x})
    np.testing.assert_allclose(theirs, expected, rtol=1e-5, atol=1e-5)


def test_no_layer_is_left_out() -> None:
    tested = {type(layer) for model in LAYERS.values() for _, layer in cnn.layers.walk(model)}
    assert set(WRITERS) - tested <= CONTAINERS
