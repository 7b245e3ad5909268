"""Which images, layers and channels an atlas shows, and of how many."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.answers import answers
from viz.page import subject
from viz.page.stages import outer_stages, stages_of
from viz.page.subject import _attributes, _choose, _classes, _gallery, _other, _sample, probability, study


@pytest.mark.parametrize(("classes", "known"), [(3, 3), (9, 9), (10, 10), (11, 10), (25, 10)])
def test_twelve_images_are_chosen_at_most_ten_classes_and_then_the_surest_mistakes(classes: int, known: int) -> None:
    e = answers(900, classes, 0.3)
    chosen = _choose(e)
    assert len(chosen) == len(set(chosen.tolist())) == 12
    first = [np.flatnonzero((e.labels == k) & (e.predictions == k))[0] for k in range(known)]
    assert chosen[:known].tolist() == first
    assert chosen[known:].tolist() == e.worst(12 - known).tolist()


@pytest.mark.parametrize(("count", "wrong"), [(5, 0.0), (12, 0.0), (40, 0.0), (40, 1.0)])
def test_without_mistakes_the_first_images_fill_up_the_choice(count: int, wrong: float) -> None:
    e = answers(count, 2, wrong)
    chosen = _choose(e).tolist()
    assert len(chosen) == len(set(chosen)) == min(count, 12)
    if wrong:
        assert chosen == e.worst(12).tolist()
    else:
        ahead = [np.flatnonzero(e.labels == k)[0] for k in (0, 1)]
        assert chosen == [*ahead, *(i for i in range(count) if i not in ahead)][:12]


@pytest.mark.parametrize(("count", "labeled"), [(300, True), (2000, True), (5000, True), (5000, False)])
def test_the_gallery_is_2000_images_at_random_the_chosen_ones_and_the_600_surest_mistakes(count, labeled) -> None:
    e, chosen = answers(count, 4, 0.4), np.array([4, 7, 299])
    found = _gallery(e, chosen, labeled, 3)
    sample = np.random.default_rng(3).permutation(count)[:2000]
    assert set(found) == {*sample, *chosen, *(e.worst(600) if labeled else ())}
    assert (np.diff(found) > 0).all()
    np.testing.assert_array_equal(_sample(count, 3), sample)


def network() -> cnn.Sequential:
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 70, 3),
        relu=cnn.ReLU(),
        drop=cnn.Dropout(0.5),
        chain=cnn.Sequential(pool=cnn.MaxPool2d(2), act=cnn.ReLU()),
        block=cnn.Residual(conv=cnn.Conv2d(70, 70, 1)),
        gap=cnn.GlobalAvgPool2d(),
        fc=cnn.Dense(70, 66),
        last=cnn.Dense(66, 3),
    ).initialize(0)
    model.transform = cnn.data.Transform()
    return model


def test_a_chain_is_shown_layer_by_layer_and_a_block_as_one_each_with_its_strongest_64_channels() -> None:
    model, images = network(), np.random.default_rng(0).integers(0, 256, (2, 1, 8, 8)).astype(np.uint8)
    model["conv"].bias[...] = np.random.default_rng(1).permutation(70)
    found = {stage.path: stage for stage in stages_of(model, images)}
    paths = ["conv", "relu", "drop", "chain.pool", "chain.act", "block", "gap", "fc", "last"]
    assert list(found) == paths and outer_stages(model) == [path for path in paths if path != "drop"]
    assert [found[path].source for path in paths] == ["conv"] * 5 + ["block", "block", "", ""]
    assert [path for path in paths if found[path].weighted] == ["conv", "block"]
    watch = cnn.Watch(*paths)
    model.forward(model.transform(images), cnn.Pass(watch=watch))
    for path in ("conv", "block", "fc"):
        y = watch.activations[path].reshape(2, watch.activations[path].shape[1], -1)
        strongest = np.argsort(-y.max(axis=(0, 2)))[:64]
        assert found[path].channels.tolist() == sorted(strongest.tolist())
        assert found[path].shape == watch.activations[path].shape[1:]
    for path in ("relu", "chain.act"):  # those of the layer they follow, so that a channel can be followed
        assert found[path].channels.tolist() == found["conv"].channels.tolist()
    assert found["last"].channels.tolist() == [0, 1, 2]
    assert found["conv"].field.size == (3, 3) and found["chain.pool"].field.stride == (2, 2)
    assert found["conv"].kind == "Conv2d" and found["block"].kind == "Residual"


@pytest.mark.parametrize(("multiply_adds", "large"), [(50_000_000, False), (50_000_001, True)])
def test_a_network_of_more_than_50_million_multiply_adds_is_large(multiply_adds: int, large: bool) -> None:
    summary = SimpleNamespace(multiply_adds=multiply_adds)
    assert subject.Subject.is_large.fget(SimpleNamespace(summary=summary)) is large


def small(outputs: int = 3, classes=None) -> cnn.Sequential:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(2, outputs)).initialize(1)
    model.transform, model.classes = cnn.data.Transform(), classes
    return model


def data(count: int = 5, classes=("a", "b", "c")) -> cnn.data.Dataset:
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 6, 6)).astype(np.uint8)
    return cnn.data.Dataset(images, np.arange(count) % len(classes), classes)


@pytest.mark.parametrize(
    ("own", "theirs", "names", "labeled"),
    [
        (("a", "b", "c"), ("a", "b", "c"), ("a", "b", "c"), True),
        (("c", "a", "b"), ("b", "a"), ("c", "a", "b"), True),
        (("c", "a", "b"), ("b", "x"), ("c", "a", "b"), False),
        (None, ("a", "b", "c"), ("a", "b", "c"), True),
        (None, ("a", "b"), ("0", "1", "2"), False),
    ],
)
def test_classes_are_the_network_s_or_else_the_data_s_if_they_are_as_many(own, theirs, names, labeled) -> None:
    found = study(small(classes=own), data(classes=theirs))
    assert (found.classes, found.labeled) == (names, labeled)
    if labeled:
        expected = [names.index(theirs[i % len(theirs)]) for i in range(5)]
        assert found.evaluation.labels.tolist() == found.data.labels.tolist() == expected
        assert [found.name_of(i) for i in range(5)] == [theirs[i % len(theirs)] for i in range(5)]
    else:
        assert found.chosen.tolist() == [0, 1, 2, 3, 4] and (found.judged.labels == 0).all()
    with pytest.raises(ValueError, match="gives 3 scores, but has names for 2"):
        _classes(small(classes=("a", "b")), data(), 3)


def test_one_image_is_enough_and_none_too_few() -> None:
    assert study(small(), data(1)).gallery.tolist() == [0]
    with pytest.raises(ValueError, match="at least one image"):
        study(small(), data(3).subset(np.arange(0)))


def test_the_images_colors_are_brightness_contrast_and_the_given_attributes() -> None:
    given = data(4)
    found = study(small(), given, attributes={"size": [1, 2, 3, 4]})
    assert list(found.lenses) == ["size", "brightness", "contrast"]
    assert found.lenses["size"].tolist() == [1, 2, 3, 4]
    flat = given.images.reshape(4, -1)
    np.testing.assert_allclose(found.lenses["brightness"], flat.mean(axis=1))
    np.testing.assert_allclose(found.lenses["contrast"], flat.std(axis=1))
    np.testing.assert_allclose(found.x, small().transform(given.images[found.chosen]))
    for wrong in ([1, 2, 3], [[1, 2, 3, 4]], [1, 2, 3, np.inf]):
        with pytest.raises(ValueError, match="to be 4 finite numbers"):
            _attributes({"size": wrong}, 4)


def test_a_second_network_must_take_the_same_images_and_know_the_same_classes() -> None:
    names = ("a", "b", "c")
    for classes in (None, names):
        found = _other(small(classes=classes), "B", data(), names)
        assert found.title == "B" and found.program_missing == ""
        assert found.program.input_shape == study(small(classes=names), data()).program.input_shape == (1, 6, 6)
    for model in (small(4), small(classes=("a", "c", "b"))):
        with pytest.raises(ValueError, match="two networks of the same classes"):
            _other(model, "B", data(), names)
    color = small()
    color.transform = cnn.data.Transform(mean=(0.5,) * 3, std=(0.5,) * 3, channels="RGB")
    with pytest.raises(ValueError, match="takes images of 3 channels, the first of 1"):
        _other(color, "B", data(), names)


def test_a_probability_has_six_digits() -> None:
    assert probability(np.float32(1) / 3) == 0.333333 and probability(2e-7) == 0
