"""Occlusion against its definition: one ordinary pass of every image with a hidden part."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn.zoo.squeezenet import fire
from viz.attribution.local_change import KnownPass

X = np.random.default_rng(0).standard_normal((2, 3, 30, 26)).astype(np.float32)
WINDOW = (5, 4)
OPTIONS = {"window": WINDOW, "stride": 4, "baseline": 0.5}


def squeezed(*last):
    """A small SqueezeNet."""
    first = cnn.Conv2d(3, 16, 3, stride=2), cnn.ReLU(), cnn.MaxPool2d(3, stride=2, ceil_mode=True)
    return cnn.Sequential(*first, fire(16, 4, 8), fire(16, 6, 8), cnn.Conv2d(16, 5, 1), cnn.AdaptiveAvgPool2d(1), *last)


class Doubled(cnn.Layer):
    """A layer of someone's own, about whose windows nothing is known."""

    def forward(self, x, pass_):
        return 2 * x, lambda dy, wants="both": (2 * dy, {})


class InItsOwnWay(cnn.Layer):
    """A container of someone's own."""

    def __init__(self, body):
        self.body = body

    def forward(self, x, pass_):
        return self.body.forward(x[:, :, ::-1], pass_)


MODELS = {
    "squeezenet": squeezed(cnn.Flatten()),
    "softmax": squeezed(cnn.Flatten(), cnn.Softmax()),
    "a layer of one's own": cnn.Sequential(cnn.Conv2d(3, 3, 3), Doubled(), *squeezed(cnn.Flatten()).children.values()),
    "a container of one's own": InItsOwnWay(squeezed(cnn.Flatten(), cnn.Softmax())),
    "normalized": cnn.Sequential(
        cnn.Conv2d(3, 8, 3, bias=False),
        cnn.BatchNorm2d(8),
        cnn.ReLU(),
        cnn.MaxPool2d(2),
        cnn.Residual(cnn.Conv2d(8, 8, 3, padding=1), cnn.BatchNorm2d(8), cnn.ReLU()),
        cnn.GlobalAvgPool2d(),
        cnn.Dense(8, 5),
    ),
}


def scores(model, x):
    """Before softmax."""
    layers = [layer for _, layer in cnn.layers.walk(model)]
    if isinstance(layers[-1], cnn.Softmax):
        watch = cnn.Watch(path := [path for path, _ in cnn.layers.walk(model)][-2])
        model.forward(x, cnn.Pass(watch=watch))
        return watch.activations[path]
    return model(x)


def literally(model, x, targets, height, width, step, baseline):
    """The definition, and the classes that are predicted meanwhile."""
    N, _, H, W = x.shape
    tops, lefts = (sorted({*range(0, n - k + 1, step), n - k}) for n, k in ((H, height), (W, width)))
    total, count = np.zeros((N, H, W)), np.zeros((H, W))
    classes = np.empty((N, len(tops), len(lefts)), int)
    whole = scores(model, x)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            box = (slice(top, top + height), slice(left, left + width))
            hidden = x.copy()
            hidden[(..., *box)] = baseline
            found = scores(model, hidden)
            drop = whole[np.arange(N), targets] - found[np.arange(N), targets]
            total[(slice(None), *box)] += drop[:, None, None]
            count[box] += 1
            classes[:, i, j] = found.argmax(axis=1)
    return total / count, classes


@pytest.mark.parametrize("name", MODELS)
def test_it_is_what_its_definition_says(name):
    model = MODELS[name].initialize(4)
    targets = scores(model, X).argmax(axis=1)
    expected, classes = literally(model, X, targets, *WINDOW, 4, 0.5)
    maps, found = viz.occlusion(model, X, **OPTIONS, return_predictions=True)
    np.testing.assert_allclose(maps, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
    np.testing.assert_array_equal(found, classes)


@pytest.mark.parametrize("name", MODELS)
def test_it_is_so_for_any_class_too_when_nothing_else_is_asked(name):
    model = MODELS[name].initialize(4)
    expected, _ = literally(model, X, np.array([3, 1]), *WINDOW, 4, 0.5)
    maps = viz.occlusion(model, X, [3, 1], **OPTIONS)
    np.testing.assert_allclose(maps, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_it_does_not_depend_on_how_many_are_computed_at_once(batch_size):
    model = MODELS["squeezenet"].initialize(4)
    expected, classes = viz.occlusion(model, X, **OPTIONS, return_predictions=True)
    maps, found = viz.occlusion(model, X, **OPTIONS, return_predictions=True, batch_size=batch_size)
    np.testing.assert_allclose(maps, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
    np.testing.assert_array_equal(found, classes)


def test_it_computes_a_small_part_of_what_its_definition_does():
    """Counted in pixels that convolutions are given, for an image whose side is 14 times the window's."""
    model = squeezed(cnn.Flatten()).initialize(0)
    x = np.random.default_rng(0).standard_normal((1, 3, 112, 112)).astype(np.float32)
    given = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("conv2d", "conv2d_relu_max_pool2d"):
            op = getattr(cnn.ops, name)
            patch.setattr(cnn.ops, name, lambda x, *a, op=op, **k: given.append(x[:, 0].size) or op(x, *a, **k))
        model(x)
        ordinary, given[:] = sum(given), []
        viz.occlusion(model, x, window=8, stride=8)
    assert ordinary * 14**2 / 5 > sum(given) > 0


@pytest.mark.parametrize(("window", "stride"), [(5, 6), ((5, 4), 5), ((4, 5), (5, 1)), ((30, 4), (1, 5))])
def test_a_stride_that_leaves_gaps_is_refused(window, stride):
    with pytest.raises(ValueError, match=r"expected a stride no larger than the window of \d+ x \d+ pixels, got"):
        viz.occlusion(MODELS["squeezenet"], X, 0, window=window, stride=stride)


@pytest.mark.parametrize(("window", "stride"), [((30, 4), (99, 4)), ((5, 26), (5, 99)), (26, (26, 99))])
def test_a_window_as_large_as_the_image_may_have_any_stride(window, stride):
    """There is only one along that axis, so that no gap is left."""
    model = MODELS["squeezenet"].initialize(4)
    height, width = np.broadcast_to(window, 2)
    step = min(height, width)
    expected, _ = literally(model, X, np.array([3, 1]), height, width, step, 0.5)
    maps = viz.occlusion(model, X, [3, 1], window=window, stride=stride, baseline=0.5)
    np.testing.assert_allclose(maps, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("window", "stride"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), ((1, 4), (1, 2)), ((6, 1), (3, 1)), ((3, 2), (1, 1))]
)
def test_windows_overlap_by_half_unless_a_stride_is_given(window, stride):
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(48, 2)).initialize(0).astype(np.float64)
    x = np.random.default_rng(0).standard_normal((1, 1, 6, 8))
    usual, given = viz.occlusion(model, x, 1, window=window), viz.occlusion(model, x, 1, window=window, stride=stride)
    np.testing.assert_array_equal(usual, given)


@pytest.mark.parametrize(
    ("batch_size", "blocks"), [(16, [16, 4, 4, 1]), (7, [6, 4, 6, 4, 3, 2]), (1, [1] * 25), (100, [25])]
)
def test_windows_are_hidden_in_square_blocks_of_a_batch_at_most(batch_size, blocks, monkeypatch):
    """Of 5 × 5 windows; a batch of 16 holds 4 × 4 of them, one of 7 holds 2 × 3."""
    sizes, changed = [], KnownPass.changed
    monkeypatch.setattr(KnownPass, "changed", lambda self, v, at: sizes.append(len(v)) or changed(self, v, at))
    model = MODELS["normalized"].initialize(4)
    viz.occlusion(model, X[:1, :, :20, :20], 0, window=4, stride=4, batch_size=batch_size)
    assert sizes == blocks


@pytest.mark.parametrize("window", [0, (0, 2), (2, 0), (31, 2), (2, 27)])
def test_a_window_lies_inside_the_image(window):
    with pytest.raises(ValueError, match="expected a window inside the 30 x 26 image and a stride of at least 1"):
        viz.occlusion(MODELS["squeezenet"].initialize(4), X, 0, window=window)


@pytest.mark.parametrize("stride", [0, (0, 1), (1, 0)])
def test_a_stride_is_one_at_least(stride):
    with pytest.raises(ValueError, match="a stride of at least 1"):
        viz.occlusion(MODELS["squeezenet"].initialize(4), X, 0, window=4, stride=stride)
