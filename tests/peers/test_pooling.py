"""One rule for the windows of pooling: PyTorch's, and onnxruntime's for padding that differs from side to side."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn import ops
from minicnn.layers import walk
from minicnn.ops.geometry import sides
from minicnn.testing import Case, both, pool2d_cases

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
F = torch.nn.functional

SMALL = list(itertools.product(range(1, 6), range(1, 5), range(1, 4), range(3), (False, True)))


def outcome(pool):
    """The output of a pooling, or None if it is refused."""
    try:
        return np.asarray(pool())
    except (ValueError, RuntimeError):
        return None


@pytest.mark.parametrize("op", ["max_pool2d", "avg_pool2d"])
def test_every_small_pooling_is_pytorchs_or_refused_by_both(op: str) -> None:
    refused = 0
    for side, kernel, stride, padding, ceil_mode in SMALL:
        if 2 * padding > kernel:
            continue  # we accept more than PyTorch does
        x = np.random.default_rng(side).standard_normal((1, 2, side, side))
        options = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        ours = outcome(lambda: getattr(ops, op)(x, kernel, **options)[0])  # noqa: B023
        theirs = outcome(lambda: getattr(F, op)(torch.tensor(x), kernel, **options))  # noqa: B023
        assert (ours is None) == (theirs is None), (side, kernel, options)
        refused += ours is None
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, err_msg=str((side, kernel, options)))
    assert 0 < refused < len(SMALL) / 4


def test_a_window_larger_than_the_map_pools_what_there_is() -> None:
    x = np.arange(4.0).reshape(1, 1, 2, 2)
    assert ops.max_pool2d(x, 3, stride=2, ceil_mode=True)[0].tolist() == [[[[3]]]]
    assert ops.avg_pool2d(x, 3, stride=2, ceil_mode=True)[0].tolist() == [[[[1.5]]]]


@pytest.mark.parametrize("op, kind", [("max_pool2d", "MaxPool"), ("avg_pool2d", "AveragePool")])
@given(data=st.data())
def test_what_is_read_from_onnx_is_onnxruntimes_and_is_written_again(tmp_path_factory, op, kind, data) -> None:
    case = data.draw(pool2d_cases(op))
    x = case.arrays(np.float32)[0]
    model = onnx_model(kind, case, x.shape)
    path = tmp_path_factory.mktemp("onnx") / "pooling.onnx"
    onnx.save(model, path)
    loaded = cnn.onnx.load(path)
    expected = run(model, x)
    np.testing.assert_allclose(loaded(x).reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)
    (layer,) = (layer for _, layer in walk(loaded) if hasattr(layer, "kernel_size"))
    assert not any(isinstance(layer, cnn.Pad) for _, layer in walk(loaded))
    try:
        cnn.onnx.save(cnn.Sequential(layer), path, x.shape[1:])
    except cnn.onnx.OnnxError as error:
        assert "would count the windows" in str(error)  # before opset 22 not everything can be expressed
        return
    np.testing.assert_allclose(run(onnx.load(path), x).reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)


def onnx_model(kind: str, case: Case, shape: tuple[int, ...]):
    helper, o = onnx.helper, case.options
    left, right, top, bottom = sides("pad", o.get("padding", 0))
    attributes = {
        "kernel_shape": both(o["kernel_size"]),
        "strides": both(o.get("stride", o["kernel_size"])),
        "pads": [top, left, bottom, right],
        "ceil_mode": int(o.get("ceil_mode", False)),
    }
    if kind == "MaxPool":
        attributes["dilations"] = both(o.get("dilation", 1))
    else:
        attributes["count_include_pad"] = int(o.get("count_include_pad", True))
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, s) for name, s in (("x", shape), ("y", [None] * 4))
    ]
    graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"], **attributes)], "g", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


def run(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {model.graph.input[0].name: x})[0]


@pytest.mark.parametrize("name", ["googlenet", "squeezenet1_0"])
def test_networks_that_pool_what_is_left_run_on_small_images(name: str) -> None:
    model = cnn.zoo.build(name, classes=10).initialize(0)
    assert model(np.zeros((1, 3, 28, 28), np.float32)).shape == (1, 10)
