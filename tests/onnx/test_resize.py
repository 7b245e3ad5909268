"""Resize is read if, and only if, one of our modes reads the same pixels as the standard says.

Where a scale does not give a whole number of pixels, the onnx package's evaluator takes its fraction for the length of
the output, but in `half_pixel_symmetric`, which is made for it.
"""

import itertools

import numpy as np
import pytest

from minicnn import ops

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
reference = pytest.importorskip("onnx.reference")
from minicnn.onnx import OnnxError  # noqa: E402
from tests.onnx.graphs import load, node, proto  # noqa: E402

ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
TRANSFORMS = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners")
KINDS = [("linear", transform, "floor") for transform in TRANSFORMS]
KINDS += [("nearest", *both) for both in itertools.product(TRANSFORMS, ROUNDINGS)]


@pytest.mark.parametrize(("mode", "transform", "rounding"), KINDS)
def test_a_row_is_resized_as_the_standard_says_or_refused(mode: str, transform: str, rounding: str, tmp_path) -> None:
    options = {"mode": mode, "coordinate_transformation_mode": transform, "nearest_mode": rounding}
    for m, scale in itertools.product((1, 2, 4, 5), (0.5, 0.75, 1.5, 1.75, 3.0)):
        whole = m * scale == int(m * scale)
        if int(m * scale) == 0 or not (whole or transform == "half_pixel_symmetric"):
            continue
        x = np.stack([1 + np.arange(m), -np.arange(m)]).astype(np.float32)[None, None]
        scales = {"r": np.float32([]), "s": np.float32([1, 1, 1, scale])}
        model = proto([node("Resize", "x r s", "y", **options)], scales, x.shape, opset=19)
        (expected,) = reference.ReferenceEvaluator(model).run(None, {"x": x})
        size = (2, int(m * scale))
        ours = [ops.interpolate2d(x, size, mode="nearest")[0]]
        ours += [ops.interpolate2d(x, size, mode="bilinear", align_corners=aligned)[0] for aligned in (False, True)]
        try:
            found = load(model, tmp_path)(x)
        except OnnxError:  # on whole pixels and halves, where it is read may depend on rounding
            exact = (mode, rounding) in (("nearest", "floor"), ("nearest", "ceil")) and not whole
            assert exact or not any(np.allclose(y, expected, atol=1e-4) for y in ours), f"{m} by {scale}"
        else:
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_size_of_0_is_refused(tmp_path) -> None:
    scales = {"r": np.float32([]), "s": np.float32([1, 1, 1, 0.2])}
    with pytest.raises(OnnxError, match="expected a size in 1"):
        load(proto([node("Resize", "x r s", "y")], scales), tmp_path)
