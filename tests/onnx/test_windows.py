"""Convolutions, plain and transposed, with any stride, dilation and groups, and pads of each side."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import reference

pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx.graphs import load, node, proto

SIDES = ((0, 2), (1, 3))  # of pads (top, left, bottom, right): those of height, of width


def drawn(seed, transposed):
    """An input, filters, and options that differ from axis to axis and from side to side."""
    rng = np.random.default_rng(seed)
    groups, size = int(rng.integers(1, 3)), rng.integers(3, 7, 2)
    kernel, strides, dilations = (rng.integers(1, most + 1, 2) for most in (3, 3, 2))
    x = rng.standard_normal((2, 2 * groups, *size)).astype(np.float32)
    channels = (2 * groups, 3) if transposed else (3 * groups, 2)
    w = rng.standard_normal((*channels, *kernel)).astype(np.float32)
    extent = dilations * (kernel - 1) + 1
    return rng, x, w, extent, {"strides": strides.tolist(), "dilations": dilations.tolist(), "group": groups}


def run(tmp_path, op, x, w, **options):
    for batch in (2, "N"):
        model = load(proto([node(op, "x w", "y", **options)], {"w": w}, (batch, *x.shape[1:])), tmp_path)
        y = model(x)
        yield y if y.ndim == 4 else y[:, :, None, None]


def ours(options):
    return {"stride": options["strides"], "dilation": options["dilations"], "groups": options["group"]}


def convolved(x, w, pads, options):
    padded = np.pad(x, ((0, 0), (0, 0), *((pads[a], pads[b]) for a, b in SIDES)))
    return reference.conv2d(padded.astype(float), w.astype(float), **ours(options))


@pytest.mark.parametrize("seed", range(12))
def test_a_convolution_with_pads_of_its_own_on_each_side(seed, tmp_path) -> None:
    rng, x, w, _, options = drawn(seed, transposed=False)
    pads = rng.integers(0, 3, 4).tolist()
    pads[2:] = [max(pads[2], 3 - x.shape[2] + 2), max(pads[3], 3 - x.shape[3] + 2)]  # so that every window fits
    expected = convolved(x, w, pads, options)
    for y in run(tmp_path, "Conv", x, w, pads=pads, **options):
        np.testing.assert_allclose(y, expected, atol=1e-5)


def shares(totals, mode):
    """Pads (top, left, bottom, right) of these sums; of an odd one the larger half is behind, or before."""
    small, large = [n // 2 for n in totals], [-(-n // 2) for n in totals]
    return [*small, *large] if mode == "SAME_UPPER" else [*large, *small]


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("seed", range(12))
def test_a_convolution_that_keeps_the_size_up_to_the_stride(seed, mode, tmp_path) -> None:
    _, x, w, extent, options = drawn(seed, transposed=False)
    axes = list(zip(x.shape[2:], extent, options["strides"], strict=True))
    totals = [(-(-n // s) - 1) * s + e - n for n, e, s in axes]
    found = run(tmp_path, "Conv", x, w, auto_pad=mode, **options)
    if min(totals) < -1:
        with pytest.raises(cnn.onnx.OnnxError, match=f"auto_pad={mode} is not clear where windows leave out"):
            next(found)
        return
    expected = convolved(x, w, shares([max(0, n) for n in totals], mode), options)
    for y in found:
        np.testing.assert_allclose(y, expected, atol=1e-5)
        assert y.shape[2:] == tuple(-(-n // s) for n, _, s in axes)


def spread(x, w, pads, extra, options):
    """The whole output, `extra` zeros behind it, and pads cut off."""
    full = reference.conv_transpose2d(x.astype(float), w.astype(float), **ours(options))
    full = np.pad(full, ((0, 0), (0, 0), *((0, n) for n in extra)))
    return full[:, :, pads[0] : full.shape[2] - pads[2], pads[1] : full.shape[3] - pads[3]]


@pytest.mark.parametrize("seed", range(16))
def test_a_transposed_convolution_is_cut_on_each_side_on_its_own(seed, tmp_path) -> None:
    rng, x, w, _, options = drawn(seed, transposed=True)
    extra = [int(rng.integers(0, max(s, d))) for s, d in zip(options["strides"], options["dilations"], strict=True)]
    whole = spread(x, w, (0, 0, 0, 0), extra, options).shape[2:]
    pads = [int(rng.integers(0, min(4, (whole[i % 2] + 1) // 2))) for i in range(4)]
    expected = spread(x, w, pads, extra, options)
    for y in run(tmp_path, "ConvTranspose", x, w, pads=pads, output_padding=extra, **options):
        np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "NOTSET"])
@pytest.mark.parametrize("seed", range(8))
def test_a_transposed_convolution_of_a_wanted_size(seed, mode, tmp_path) -> None:
    """The stride times the input's without another, or what is wanted; what is too much is cut on both sides."""
    rng, x, w, extent, options = drawn(seed, transposed=True)
    whole = [(n - 1) * s + int(e) for n, s, e in zip(x.shape[2:], options["strides"], extent, strict=True)]
    wanted = [int(rng.integers(1, n + 1)) for n in whole] if mode == "NOTSET" or seed % 2 else None
    sizes = wanted or [n * s for n, s in zip(x.shape[2:], options["strides"], strict=True)]
    given = {"auto_pad": mode} | ({"output_shape": wanted} if wanted else {})
    found = run(tmp_path, "ConvTranspose", x, w, **given, **options)
    totals = [full - size for full, size in zip(whole, sizes, strict=True)]
    if min(totals) < 0:
        with pytest.raises(cnn.onnx.OnnxError, match=r"an output of .* is larger than its filters reach"):
            next(found)
        return
    expected = spread(x, w, shares(totals, mode), (0, 0), options)
    for y in found:
        np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_valid_windows_have_no_padding(seed, tmp_path) -> None:
    for transposed, op in ((False, "Conv"), (True, "ConvTranspose")):
        _, x, w, _, options = drawn(seed, transposed)
        options |= {"strides": [2, 1], "dilations": [1, 1]}
        w = w[..., :2, :2]
        expected = spread(x, w, (0, 0, 0, 0), (0, 0), options) if transposed else convolved(x, w, (0, 0, 0, 0), options)
        for y in run(tmp_path, op, x, w, auto_pad="VALID", **options):
            np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("side", range(4))
def test_pads_of_pooling_are_below_the_window(op, side, tmp_path) -> None:
    """A window in the padding alone would have nothing to pool."""
    kernel = [2, 3]
    pads = [kernel[i % 2] * (i == side) for i in range(4)]
    with pytest.raises(cnn.onnx.OnnxError, match="expected pads below kernel_shape"):
        load(proto([node(op, "x", "y", kernel_shape=kernel, pads=pads)], (), (1, 1, 8, 8)), tmp_path)
    pads = [n - (n > 0) for n in pads]
    pooled = load(proto([node(op, "x", "y", kernel_shape=kernel, pads=pads)], (), (1, 1, 8, 8)), tmp_path)
    sizes = tuple(8 + pads[a] + pads[a + 2] - kernel[a] + 1 for a in (0, 1))
    assert pooled(np.ones((1, 1, 8, 8), np.float32)).shape[2:] == sizes
