"""Users' layers that are made of other layers compose, and are checked, summarized, saved, exported and drawn."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn import Pass, Watch, gradcheck
from minicnn.receptive_field import receptive_fields
from minicnn.testing import assert_contract, tie_free

PLAIN = Pass()


class Squeezed(cnn.Sequential):
    """A container with options, which makes its own layers."""

    def __init__(self, channels, *, reduction=2):
        self.channels, self.reduction = channels, reduction
        inner = channels // reduction
        super().__init__(down=cnn.Conv2d(channels, inner, 1), relu=cnn.ReLU(), up=cnn.Conv2d(inner, channels, 1))


class Bottleneck(cnn.Layer):
    """A layer that has a body, and nothing else."""

    def __init__(self, channels, reduction=2):
        self.channels, self.reduction = channels, reduction
        self.body = Squeezed(channels, reduction=reduction)


class Delegating(Bottleneck):
    """A layer that calls its body by hand, as most people write it at first."""

    def forward(self, x, pass_=PLAIN):
        return self.body.forward(x, pass_)


class Halved(Bottleneck):
    """A layer that changes the output of its body."""

    def forward(self, x, pass_=PLAIN):
        y, back = self.body.forward(x, pass_)
        return y / 2, lambda dy, wants="both": back(dy / 2, wants)


class Single(cnn.Layer):
    """A layer whose body is a single layer, and that has an array besides."""

    parameter_names = ("gain",)

    def __init__(self, channels):
        self.channels, self.gain = channels, np.ones((channels, 1, 1), np.float32)
        self.body = cnn.Conv2d(channels, channels, 1)

    def forward(self, x, pass_=PLAIN):
        y, back = self.body.forward(x, pass_)

        def pullback(dy, wants="both"):
            dx, found = back(dy * self.gain, wants)
            if wants != "input":
                found = {"gain": (dy * y).sum(axis=(0, 2, 3))[:, None, None], **found}
            return dx, found

        return y * self.gain, pullback


class Numbered(cnn.Sequential):
    """A container that is given an option first, and then its layers."""

    def __init__(self, number, *layers, **named):
        super().__init__(*layers, **named)
        self.number = number


OWN = [Squeezed, Bottleneck, Delegating, Halved, Single, Numbered]
x = tie_free((2, 2, 4, 4), dtype=np.float32)


def network(kind: type) -> cnn.Sequential:
    own = kind(7, a=cnn.Conv2d(4, 4, 1), b=cnn.ReLU()) if kind is Numbered else kind(4)
    return cnn.Sequential(first=cnn.Conv2d(2, 4, 1), block=own, last=cnn.GlobalAvgPool2d()).initialize(0)


def test_a_body_does_not_show_in_paths() -> None:
    assert list(network(Bottleneck).parameters())[2:] == [
        *("block.down.weight", "block.down.bias", "block.up.weight", "block.up.bias")
    ]
    assert list(network(Single).parameters())[2:] == ["block.gain", "block.weight", "block.bias"]


@pytest.mark.parametrize("kind", OWN)
def test_it_keeps_the_contract_within_a_network(kind: type) -> None:
    model = network(kind)
    for path, array in model.parameters().items():
        array += 0.1 * tie_free(array.shape, len(path))
    assert gradcheck(model, x) < 1e-7
    if kind is not Halved:  # a pass that ends inside returns the output there
        assert_contract(model, x.astype(np.float64))


@pytest.mark.parametrize("kind", OWN)
def test_it_is_gradient_checked_alone(kind: type) -> None:
    assert gradcheck(network(kind)["block"], tie_free((2, 4, 3, 3))) < 1e-7


@pytest.mark.parametrize("kind", OWN)
def test_it_is_initialized_and_cast(kind: type) -> None:
    model = network(kind)
    assert all(array.any() for name, array in model.parameters().items() if name.endswith("weight"))
    assert {array.dtype for array in model.astype(np.float64).parameters().values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("kind", OWN)
def test_it_is_saved_and_loaded(kind: type, tmp_path) -> None:
    model = network(kind)
    cnn.save(model, tmp_path / "model.safetensors")
    loaded = cnn.load(tmp_path / "model.safetensors", layers=[kind, Squeezed])
    assert type(loaded["block"]) is kind
    np.testing.assert_array_equal(loaded(x), model(x))


@pytest.mark.parametrize("kind", OWN)
def test_it_is_summarized(kind: type) -> None:
    model = network(kind)
    summary = cnn.summary(model, (2, 4, 4))
    assert summary.parameters == sum(array.size for array in model.parameters().values())
    assert summary.rows[0].path == "first"


def test_what_is_inside_has_rows_of_its_own() -> None:
    rows = {row.path: row for row in cnn.summary(network(Bottleneck), (2, 4, 4)).rows}
    assert list(rows) == ["first", "block.down", "block.relu", "block.up", "last"]
    assert rows["block.up"].output_shape == (4, 4, 4) and rows["block.up"].receptive_field is not None


@pytest.mark.parametrize("kind", OWN)
def test_it_is_watched_inside(kind: type) -> None:
    model = network(kind)
    paths = [path for path, _ in cnn.layers.walk(model) if path]
    watch = Watch(*paths)
    y, pullback = model.forward(x, Pass(watch=watch))
    pullback(y)
    assert set(watch.activations) == set(watch.gradients) == set(paths)


@pytest.mark.parametrize("kind", [Squeezed, Bottleneck, Delegating, Numbered])
def test_it_is_exported(kind: type, tmp_path) -> None:
    pytest.importorskip("onnx")
    model = network(kind)
    cnn.onnx.save(model, tmp_path / "model.onnx", (2, 4, 4))
    np.testing.assert_allclose(cnn.onnx.load(tmp_path / "model.onnx")(x), model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [Halved, Single])
def test_what_it_does_beyond_its_body_is_not_left_out_of_the_export(kind: type, tmp_path) -> None:
    pytest.importorskip("onnx")
    model = network(kind)
    if kind is Single:
        model["block"].gain += 1
    with pytest.raises(cnn.onnx.OnnxError, match=f"{kind.__name__} 'block' has no form in ONNX"):
        cnn.onnx.save(model, tmp_path / "model.onnx", (2, 4, 4))


@pytest.mark.parametrize("kind", OWN)
def test_it_is_drawn_and_written_as_code(kind: type) -> None:
    model = network(kind)
    assert viz.diagram(model, (2, 4, 4)).letters
    namespace = {kind.__name__: kind}
    exec(viz.python_code(model), namespace)
    again = namespace["model"]
    again.load_state(model.state())
    np.testing.assert_array_equal(again(x), model(x))


def test_its_layers_are_found_by_their_paths() -> None:
    model = network(Bottleneck)
    assert model["block.up"] is model["block"].body["up"] and model["block"]["up"] is model["block.up"]
    with pytest.raises(TypeError, match="Halves: there are no layers inside"):
        Halves()["up"]


@pytest.mark.parametrize("kind", [Bottleneck, Delegating])
def test_its_receptive_field_and_its_drawing_are_those_of_its_body(kind: type) -> None:
    model = network(kind)
    fields = cnn.receptive_field.receptive_fields(model)
    assert fields["block.down"].size == fields["block.up"].size == (1, 1)
    assert viz.diagram(model, (2, 4, 4)).algebra == viz.diagram(network(Squeezed), (2, 4, 4)).algebra


@pytest.mark.parametrize("kind", [Halved, Single])
def test_what_it_does_beyond_its_body_is_not_taken_for_its_body(kind: type) -> None:
    model = network(kind)
    assert cnn.receptive_field.receptive_fields(model)["block"] is None
    assert kind.__name__ in "\n".join(viz.diagram(model, (2, 4, 4)).algebra)


class Halves(cnn.Layer):
    """Names its layers, and runs them without passing on the pass."""

    def __init__(self):
        self.first, self.second = cnn.Conv2d(1, 2, 3), cnn.ReLU()

    @property
    def children(self):
        return {"first": self.first, "second": self.second}

    def forward(self, x, pass_=PLAIN):
        y, conv = self.first.forward(x)
        y, relu = self.second.forward(y)

        def pullback(dy, wants="both"):
            dx, found = conv(relu(dy)[0], wants)
            return dx, {f"first.{name}": gradient for name, gradient in found.items()}

        return y, pullback


def test_one_that_runs_its_layers_unseen_has_one_row() -> None:
    (row, _) = cnn.summary(cnn.Sequential(halves=Halves(), flatten=cnn.Flatten()), (1, 4, 4)).rows
    assert (row.path, row.kind, row.output_shape, row.parameters) == ("halves", "Halves", (2, 2, 2), 20)
    assert gradcheck(Halves().initialize(seed=0), tie_free((2, 1, 5, 5))) < 1e-7


class Titled(cnn.Sequential):
    """A container with options before and after the layers it is given."""

    def __init__(self, title, *layers, shout=False, **named):
        super().__init__(*layers, **named)
        self.title, self.shout = title, shout


def test_options_on_both_sides_of_the_layers_are_kept(tmp_path) -> None:
    model = cnn.Sequential(titled=Titled("end", relu=cnn.ReLU(), shout=True))
    assert "titled=Titled('end', relu=cnn.ReLU(), shout=True)" in viz.python_code(model)
    cnn.save(model, tmp_path / "model.safetensors")
    again = cnn.load(tmp_path / "model.safetensors", layers=[Titled])["titled"]
    assert again.title == "end" and again.shout and list(again.children) == ["relu"]


def test_options_stand_where_python_takes_them() -> None:
    code = viz.python_code(cnn.Sequential(block=Squeezed(4, reduction=4), numbered=Numbered(7, a=cnn.ReLU())))
    assert "block=Squeezed(4, reduction=4)" in code and "numbered=Numbered(7, a=cnn.ReLU())" in code


AROUND = {  # what a layer with a forward of its own may do around its body
    "nothing": (lambda body, x, pass_: body.forward(x, pass_), True),
    "another input": (lambda body, x, pass_: body.forward(np.asarray(x), pass_), False),
    "another pass": (lambda body, x, pass_: body.forward(x, cnn.Pass()), False),
    "another output": (
        lambda body, x, pass_: (np.asarray(body.forward(x, pass_)[0]), body.forward(x, pass_)[1]),
        False,
    ),
    "another pullback": (lambda body, x, pass_: (body.forward(x, pass_)[0], lambda dy, wants="both": (dy, {})), False),
    "no body": (lambda body, x, pass_: (x, lambda dy, wants="both": (dy, {})), False),
}


@pytest.mark.parametrize("what", AROUND)
def test_a_layer_is_seen_through_only_if_it_adds_nothing_to_its_body(what: str) -> None:
    """Then it is known how far it sees; of any other it is not."""
    run, nothing = AROUND[what]

    class Around(cnn.Layer):
        def __init__(self) -> None:
            self.body = cnn.Conv2d(1, 1, 3)

        def forward(self, x, pass_=cnn.Pass()):
            return run(self.body, x, pass_)

    field = receptive_fields(cnn.Sequential(first=cnn.Conv2d(1, 1, 3), around=Around()))["around"]
    assert field.size == (5, 5) if nothing else field is None
