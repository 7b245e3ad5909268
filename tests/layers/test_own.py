"""Layers of one's own that are made of others: by a body, and by deriving from a container with options."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn import Pass, Watch
from minicnn.testing import tie_free


class Block(cnn.Layer):
    """By a body: no forward of its own."""

    def __init__(self, channels, groups=1):
        self.channels, self.groups = channels, groups
        self.body = cnn.Residual(
            conv=cnn.Conv2d(channels, channels, 3, padding=1, groups=groups), norm=cnn.BatchNorm2d(channels)
        )


class Delegating(Block):
    """The same, with the forward that everyone writes first."""

    def forward(self, x, pass_=Pass()):
        return self.body.forward(x, pass_)


class Scaled(cnn.Layer):
    """A body that is one layer, and a forward that does more than its body."""

    def __init__(self, channels, factor):
        self.channels, self.factor = channels, factor
        self.body = cnn.Conv2d(channels, channels, 1)

    def forward(self, x, pass_=Pass()):
        y, pullback = self.body.forward(x, pass_)
        return self.factor * y, lambda dy, wants="both": pullback(self.factor * dy, wants)


class Branches(cnn.Sequential):
    """By deriving from a container with options of its own."""

    def __init__(self, channels, act=True):
        self.channels, self.act = channels, act
        rows = {"conv": cnn.Conv2d(channels, channels, 3, padding=1)}
        super().__init__(rows | ({"relu": cnn.ReLU()} if act else {}))


class Titled(cnn.Sequential):
    """Options before layers."""

    def __init__(self, title, *layers, shout=False, **named):
        super().__init__(*layers, **named)
        self.title, self.shout = title, shout


OWN = [Block, Delegating, Scaled, Branches, Titled]


def network():
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3),
        block=Block(4, groups=2),
        delegating=Delegating(4),
        scaled=Scaled(4, 0.5),
        branches=Branches(4),
        titled=Titled("end", relu=cnn.ReLU(), shout=True),
        pool=cnn.GlobalAvgPool2d(),
        fc=cnn.Dense(4, 3),
    )
    return model.initialize(seed=0)


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)


@pytest.mark.parametrize(
    "layer",
    [Block(4, groups=2), Delegating(4), Scaled(4, 0.5), Branches(4), Titled("a", cnn.Conv2d(4, 2, 1))],
    ids=lambda layer: type(layer).__name__,
)
def test_its_gradients_are_right(layer) -> None:
    cnn.gradcheck(layer.initialize(seed=1).astype(np.float64), tie_free((2, 4, 5, 5)), train=True)


def test_a_body_s_layers_are_the_layer_s_own(x) -> None:
    model = network()
    assert list(model["block"].parameters()) == ["conv.weight", "conv.bias", "norm.weight", "norm.bias"]
    assert "block.norm.running_mean" in model.state() and "scaled.weight" in model.parameters()
    assert model["block.conv"] is model["block"].body["conv"]
    watch = Watch("block.conv", "delegating.norm", "scaled")
    model.forward(x, Pass(watch=watch))
    assert [watch.activations[path].shape for path in watch.names] == [(2, 4, 6, 6)] * 3


def test_every_array_gets_its_first_values_and_its_gradient(x) -> None:
    model = network()
    assert all(array.any() for name, array in model.parameters().items() if name.endswith("weight"))
    _, pullback = model.forward(x, Pass(train=True))
    assert set(pullback(np.ones((2, 3), np.float32), wants="parameters")[1]) == set(model.parameters())
    assert {array.dtype for array in model.astype(np.float64).state().values()} == {np.dtype(np.float64)}


def test_it_is_summarized_as_deep_as_its_forward_can_be_seen() -> None:
    summary = cnn.summary(network(), (1, 8, 8))
    kinds = {row.path: row.kind for row in summary.rows}
    assert kinds["block.conv"] == "Conv2d" and kinds["delegating.norm"] == "BatchNorm2d" and kinds["scaled"] == "Scaled"
    assert summary.parameters == sum(array.size for array in network().parameters().values())


class Closed(cnn.Layer):
    """Names its layers, and runs them without handing the pass on."""

    def __init__(self):
        self.first, self.second = cnn.Conv2d(1, 2, 3), cnn.ReLU()

    @property
    def children(self):
        return {"first": self.first, "second": self.second}

    def forward(self, x, pass_=Pass()):
        y, conv = self.first.forward(x)
        y, relu = self.second.forward(y)

        def pullback(dy, wants="both"):
            dx, found = conv(relu(dy)[0], wants)
            return dx, {f"first.{name}": gradient for name, gradient in found.items()}

        return y, pullback


def test_one_that_runs_its_layers_unseen_has_one_row() -> None:
    model = cnn.Sequential(closed=Closed(), flatten=cnn.Flatten())
    (row, _) = cnn.summary(model, (1, 4, 4)).rows
    assert (row.path, row.kind, row.output_shape, row.parameters) == ("closed", "Closed", (2, 2, 2), 20)
    cnn.gradcheck(Closed().initialize(seed=0).astype(np.float64), tie_free((2, 1, 5, 5)))


def test_it_is_saved_and_loaded(tmp_path, x) -> None:
    model = network()
    cnn.save(model, tmp_path / "own.safetensors")
    again = cnn.load(tmp_path / "own.safetensors", layers=OWN)
    np.testing.assert_array_equal(again(x), model(x))
    assert again["titled"].title == "end" and again["titled"].shout
    assert [type(layer) for layer in again.children.values()] == [type(layer) for layer in model.children.values()]
    with pytest.raises(cnn.CheckpointError, match=r"unknown layer type 'Block'.*load\(path, layers=\[Block\]\)"):
        cnn.load(tmp_path / "own.safetensors")


class Wrapper(cnn.Layer):
    def __init__(self, body):
        self.body = body


class Forgetful(cnn.Sequential):
    def __init__(self, channels=2):
        self.channels = 2  # whatever was asked for
        super().__init__(conv=cnn.Conv2d(channels, channels, 1))


class Extended(cnn.Sequential):
    def __init__(self, **more):
        super().__init__(conv=cnn.Conv2d(1, 1, 1), **more)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Wrapper(cnn.ReLU()), r"load could not build Wrapper again .*ReLU is not JSON serializable"),
        (Forgetful(3), r"load would build another Forgetful \(0.conv.bias is \(3,\), and would be \(2,\)\)"),
        (Extended(end=cnn.Dense(2, 2)), r"another Extended \(0.end.bias is \(2,\), and would be not there\)"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(layer, message, tmp_path) -> None:
    with pytest.raises(ValueError, match=f"save: .*{message}"):
        cnn.save(cnn.Sequential(layer), tmp_path / "own.safetensors")
    assert not list(tmp_path.iterdir())


class Scattered(cnn.Layer):
    def __init__(self):
        self.first, self.second = cnn.Conv2d(1, 2, 3), cnn.ReLU()


def test_layers_that_nobody_finds_are_refused(tmp_path) -> None:
    message = r"inner: it keeps a layer as self.first, whose parameters nobody finds; put its layers into one self.body"
    with pytest.raises(ValueError, match=message):
        cnn.Sequential(inner=Scattered()).initialize()
    with pytest.raises(ValueError, match=message):
        cnn.save(cnn.Sequential(inner=Scattered()), tmp_path / "own.safetensors")


def test_it_is_drawn_and_written_as_python(x) -> None:
    model = network()
    found = viz.diagram(model, (1, 8, 8))
    assert "\n".join(found.letters).count("+") == 2 and "Scaled" in "\n".join(found.algebra)
    code = viz.python_code(model)
    assert "block=Block(4, groups=2)" in code and "Titled('end', {'relu': cnn.ReLU()}, shout=True)" in code
    namespace = {kind.__name__: kind for kind in OWN}
    exec(code, namespace)
    namespace["model"].load_state(model.state())
    np.testing.assert_array_equal(namespace["model"](x), model(x))


def test_its_receptive_field_is_that_of_its_body() -> None:
    fields = cnn.receptive_field.receptive_fields(network())
    assert fields["block.conv"].size == (5, 5) and fields["branches.relu"] is None  # after layers that are not known


class OnlyOutput(cnn.Layer):
    transform = cnn.data.Transform()

    def forward(self, x, pass_=Pass()):
        return 2 * x


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_forward_that_returns_only_its_output_is_told(count) -> None:
    x, message = np.ones((count, 3), np.float32), r"expected its forward to return \(y, pullback\), got ndarray"
    with pytest.raises(TypeError, match=f"OnlyOutput: {message}"):
        OnlyOutput()(x)
    with pytest.raises(TypeError, match=rf"odd \(OnlyOutput\): {message}"):
        cnn.Sequential(odd=OnlyOutput()).forward(x)
    with pytest.raises(TypeError, match=rf"odd.0 \(OnlyOutput\): {message}"):
        cnn.Sequential(odd=cnn.Residual(OnlyOutput())).forward(x)
    images = cnn.data.Dataset(np.zeros((count, 3, 1, 1), np.uint8), np.zeros(count, int), ["a"])
    for run in (lambda: cnn.evaluate(OnlyOutput(), images), lambda: cnn.fit(OnlyOutput(), images, epochs=1)):
        with pytest.raises((TypeError, ValueError), match=message):
            run()


def test_images_that_are_not_yet_numbers_are_told_where_they_arrive() -> None:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), relu=cnn.ReLU(), pool=cnn.MaxPool2d(2))
    message = r"^conv: expected float32 or float64, got uint8; images become .* by model.transform\(images\)"
    with pytest.raises(ValueError, match=message):
        model(np.zeros((1, 1, 8, 8), np.uint8))
