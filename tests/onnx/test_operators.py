"""Every operator and graph that we read, against the standard's own evaluator. (`tests/peers/test_onnx.py` compares the
same ones with onnxruntime, which is what people run.)"""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import reference as textbook

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
reference = pytest.importorskip("onnx.reference")
from tests.onnx.combined import GRAPHS  # noqa: E402
from tests.onnx.graphs import normal  # noqa: E402
from tests.onnx.operators import CASES, DOWN, Case  # noqa: E402

MODELS = {name: case.model() for name, case in CASES.items()} | GRAPHS

# Where the onnx package's evaluator fails, or errs, and onnxruntime is as we are.
ITS_OWN = {
    *("transposed, grouped", "transposed to a size", "resize, smaller", "resize, opset 10", "upsample, opset 7"),
    *("batch norm, opset 7", "batch norm, opset 9", "lrn", "lrn, defaults", "softmax, opset 7"),
}


def both(proto, tmp_path):
    """What we make of an input, and what the standard's evaluator does."""
    onnx.save(proto, tmp_path / "m.onnx")
    shape = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    x = normal(*shape, seed=7)
    (theirs,) = reference.ReferenceEvaluator(proto).run(None, {"x": x})
    return cnn.onnx.load(tmp_path / "m.onnx", keep_softmax=True)(x), theirs


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ITS_OWN])
def test_an_operator_gives_what_the_standard_says(name: str, tmp_path) -> None:
    ours, theirs = both(MODELS[name], tmp_path)
    assert ours.size == theirs.size
    assert np.allclose(ours, theirs.reshape(ours.shape), atol=1e-5)


@pytest.mark.parametrize("name", ["lrn", "lrn, defaults"])
def test_local_response_normalization_is_the_textbooks(name: str, tmp_path) -> None:
    case = CASES[name]
    onnx.save(case.model(), tmp_path / "m.onnx")
    x, options = normal(*case.shape, seed=7), {"alpha": 1e-4, "beta": 0.75, "bias": 1} | case.attributes
    options["k"] = options.pop("bias")
    expected = textbook.local_response_norm(x.astype(float), **options)
    np.testing.assert_allclose(cnn.onnx.load(tmp_path / "m.onnx")(x), expected, rtol=1e-5)


@pytest.mark.parametrize("places", [[0, 1, 2, 3], [1, 2, 3], [-1, 0, 1], [3]])
def test_a_range_beyond_the_channels_is_refused(places, tmp_path) -> None:
    onnx.save(Case("Gather", [np.int64(places)], {"axis": 1}).model(), tmp_path / "m.onnx")
    with pytest.raises(cnn.onnx.OnnxError, match="Gather"):
        cnn.onnx.load(tmp_path / "m.onnx")


@pytest.mark.parametrize("size", [0, 2, 6, 2**16 + 1])
def test_a_normalization_over_an_even_or_a_huge_number_of_channels_is_refused(size, tmp_path) -> None:
    onnx.save(Case("LRN", [], {"size": size}).model(), tmp_path / "m.onnx")
    with pytest.raises(cnn.onnx.OnnxError, match="expected an odd size"):
        cnn.onnx.load(tmp_path / "m.onnx")


def test_the_size_of_a_transposed_convolution_may_name_all_axes(tmp_path) -> None:
    outputs = []
    for size in ([14, 11], [2, 2, 14, 11]):
        case = Case("ConvTranspose", [DOWN], {"strides": [2, 2], "output_shape": size})
        onnx.save(case.model(), tmp_path / "m.onnx")
        outputs.append(cnn.onnx.load(tmp_path / "m.onnx")(normal(*case.shape)))
    assert outputs[0].shape == (2, 2, 14, 11)
    assert np.array_equal(*outputs)
