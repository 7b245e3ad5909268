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


@pytest.mark.parametrize(("axes", "sizes"), [([-1], [6]), ([-2, 3], [4, 9]), ([3, -2], [9, 4]), ([1, 0, 2], [1, 1, 4])])
def test_axes_count_from_either_end_and_in_any_order(axes, sizes, tmp_path) -> None:
    x, whole = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3), dict(zip((0, 1, 2, 3), (1, 1, 2, 3), strict=True))
    whole |= {axis % 4: size for axis, size in zip(axes, sizes, strict=True)}
    options = {"axes": axes, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    scales = [size / x.shape[axis] for axis, size in zip(axes, sizes, strict=True)]
    expected = x.repeat(whole[2] // 2, 2).repeat(whole[3] // 3, 3)
    for names, numbers in (("x e s", np.float32(scales)), ("x e e s", np.int64(sizes))):
        model = proto([node("Resize", names, "y", **options)], {"e": np.float32([]), "s": numbers}, x.shape, opset=18)
        np.testing.assert_array_equal(load(model, tmp_path)(x), expected)


def test_a_size_of_0_is_refused(tmp_path) -> None:
    scales = {"r": np.float32([]), "s": np.float32([1, 1, 1, 0.2])}
    with pytest.raises(OnnxError, match="expected a size in 1"):
        load(proto([node("Resize", "x r s", "y")], scales), tmp_path)
