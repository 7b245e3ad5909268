"""How a model becomes an ONNX file, and which models cannot."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import AdaptiveAvgPool2d, Conv2d, Dense, Flatten, LocalResponseNorm, MaxPool2d, ReLU, Sequential

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
reference = pytest.importorskip("onnx.reference")
helper = onnx.helper
from tests.onnx.graphs import load, node, proto  # noqa: E402


def test_nodes_bear_the_layers_paths_and_arrays_theirs(tmp_path) -> None:
    model = Sequential(features=Sequential(conv=Conv2d(1, 2, 3), relu=ReLU()), flatten=Flatten(), fc=Dense(8, 3))
    cnn.onnx.save(model.initialize(), tmp_path / "m.onnx", (1, 4, 4))
    written = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(written, full_check=True)
    assert [n.name for n in written.graph.node] == ["features.conv", "features.relu", "flatten", "fc"]
    assert {t.name for t in written.graph.initializer} == set(model.parameters())


@pytest.mark.parametrize("operation", ["add", "mul", "concat"])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_joins_several_arrays_is_what_the_standard_says(operation, count, tmp_path) -> None:
    """Add and Mul take two, Sum and Concat as many as there are."""
    maps = {f"map{i}": cnn.Conv2d(2, 2, 1) for i in range(count)}
    inputs = {name: ["input"] for name in maps} | {"joined": list(maps)}
    model = cnn.Graph(**maps, joined=cnn.Join(operation), inputs=inputs).initialize(seed=1)
    cnn.onnx.save(model, tmp_path / "m.onnx", (2, 3, 3))
    written = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(written, full_check=True)
    x = np.random.default_rng(0).standard_normal((2, 2, 3, 3)).astype(np.float32)
    (theirs,) = reference.ReferenceEvaluator(written).run(None, {written.graph.input[0].name: x})
    np.testing.assert_allclose(theirs, model(x), atol=1e-6)


class Block(cnn.Layer):
    def __init__(self, channels):
        self.channels = channels
        self.body = cnn.Residual(conv=Conv2d(channels, channels, 3, padding=1), relu=ReLU())


class Delegating(Block):
    def forward(self, x, pass_=cnn.Pass()):
        return self.body.forward(x, pass_)


class Hooked(Block):
    def forward(self, x, pass_=cnn.Pass()):
        y, pullback = self.body.forward(x, pass_)
        return y, lambda dy, wants="both": pullback(np.clip(dy, -1, 1), wants)


class Branches(Sequential):
    def __init__(self, channels):
        self.channels = channels
        super().__init__(conv=Conv2d(channels, 3, 1), relu=ReLU())


class Doubling(Block):
    def forward(self, x, pass_=cnn.Pass()):
        y, pullback = self.body.forward(x, pass_)
        return 2 * y, lambda dy, wants="both": pullback(2 * dy, wants)


def test_users_layers_are_written_as_the_layers_inside(tmp_path) -> None:
    model = Sequential(block=Block(2), delegating=Delegating(2), hooked=Hooked(2), branches=Branches(2)).initialize()
    cnn.onnx.save(model, tmp_path / "m.onnx", (2, 4, 4))
    x = np.random.default_rng(0).standard_normal((2, 2, 4, 4)).astype(np.float32)
    again = cnn.onnx.load(tmp_path / "m.onnx")
    assert {name.replace("/", ".") for name in again.parameters()} == set(model.parameters())
    assert np.allclose(again(x), model(x), atol=1e-6)


def test_one_that_does_more_than_its_body_is_refused(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match="Doubling 'odd' has no form in ONNX"):
        cnn.onnx.save(Sequential(odd=Doubling(2)).initialize(), tmp_path / "m.onnx", (2, 4, 4))


def test_any_number_of_images_fits(tmp_path) -> None:
    cnn.onnx.save(Sequential(ReLU()), tmp_path / "m.onnx", (1, 2, 2))
    dims = onnx.load(tmp_path / "m.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["N", 1, 2, 2]


@pytest.mark.parametrize("pool", [cnn.GlobalAvgPool2d(), cnn.GlobalMaxPool2d()])
def test_the_shapes_inside_are_declared_as_they_are(pool, tmp_path) -> None:
    cnn.onnx.save(Sequential(ReLU(), pool), tmp_path / "m.onnx", (3, 5, 4))
    written = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(written, full_check=True)
    inside = [[d.dim_value for d in value.type.tensor_type.shape.dim[1:]] for value in written.graph.value_info]
    assert inside == [[3, 5, 4], [3, 1, 1]]


def test_a_single_layer_is_a_network(tmp_path) -> None:
    layer = Conv2d(1, 2, 3).initialize()
    cnn.onnx.save(layer, tmp_path / "m.onnx", (1, 4, 4))
    x = np.ones((2, 1, 4, 4), np.float32)
    assert np.allclose(cnn.onnx.load(tmp_path / "m.onnx")(x), layer(x))


def test_the_transform_and_the_classes_come_back(tmp_path) -> None:
    model = cnn.zoo.build("seed")
    model.transform, model.classes = cnn.data.Transform(mean=(0.5,), std=(0.25,)), tuple("abcdefghij")
    cnn.onnx.save(model, tmp_path / "m.onnx", (1, 28, 28))
    again = cnn.onnx.load(tmp_path / "m.onnx")
    assert (again.transform, again.classes) == (model.transform, model.classes)


def test_a_transform_that_is_not_ours_is_refused(tmp_path) -> None:
    model = proto([node("Relu", "x", "y")])
    helper.set_model_props(model, {"minicnn.transform": '{"mean": "everything"}'})
    with pytest.raises(cnn.onnx.OnnxError, match="transform and classes in its metadata are not minicnn's"):
        load(model, tmp_path)


def test_adaptive_pooling_that_windows_of_one_size_cannot_do_is_refused(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"pool: ONNX has no adaptive pooling.* cut \(5, 5\) into \(2, 2\)"):
        cnn.onnx.save(Sequential(pool=AdaptiveAvgPool2d(2)), tmp_path / "m.onnx", (1, 5, 5))


def test_even_windows_of_channels_are_refused(tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=r"ONNX counts an even size \(4\) from the other side"):
        cnn.onnx.save(Sequential(LocalResponseNorm(4)), tmp_path / "m.onnx", (1, 5, 5))


def test_windows_that_onnx_would_count_otherwise_are_refused(tmp_path) -> None:
    pool = MaxPool2d((2, 1), stride=2, ceil_mode=True)  # one window extends past the bottom, none past the right
    with pytest.raises(cnn.onnx.OnnxError, match="ONNX would count the windows"):
        cnn.onnx.save(Sequential(pool), tmp_path / "m.onnx", (1, 3, 4))


def test_a_users_layer_is_refused_by_its_path(tmp_path) -> None:
    class Mine(ReLU):
        def forward(self, x, pass_=None):
            return super().forward(x + 1, pass_)

    with pytest.raises(cnn.onnx.OnnxError, match=r"Mine 'odd' has no form in ONNX; there is one for AdaptiveAvgPool2d"):
        cnn.onnx.save(Sequential(odd=Mine()), tmp_path / "m.onnx", (1, 2, 2))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(cnn.onnx.OnnxError, match="save: cannot write"):
        cnn.onnx.save(Sequential(ReLU()), tmp_path / "file" / "m.onnx", (1, 2, 2))
