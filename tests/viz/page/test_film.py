"""Which moments of a training the film shows, and where it places the images at each."""

import base64
import copy
from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.page import film
from viz.page.subject import study


def test_the_film_of_a_large_network_has_fewer_moments_but_the_first_and_the_last():
    moments = [str(k) for k in range(10)]
    assert film._thinned(moments, 20) == film._thinned(moments, 10) == moments
    assert film._thinned(moments, 9) == [str(k) for k in (0, 1, 2, 3, 4, 6, 7, 8, 9)]
    assert film._thinned([], 4) == [] and film._thinned(["0"], 4) == ["0"]
    for count in range(2, 30):
        for most in range(2, count + 1):
            assert len(set(film._thinned(range(count), most))) == most
    assert film._thinned(moments, 4) == ["0", "3", "6", "9"]
    assert film._thinned(moments, 2) == ["0", "9"]


def network(numbers: int = 2, seed: int = 0) -> cnn.Sequential:
    """Its last hidden layer gives so many numbers, and all of them are active."""
    model = cnn.Sequential(flatten=cnn.Flatten(), fc1=cnn.Dense(16, numbers), fc2=cnn.Dense(numbers, 2))
    model.initialize(seed).transform = cnn.data.Transform()
    return model


def subject(images: int, numbers: int = 2, moments: int = 1):
    pixels = np.random.default_rng(0).integers(0, 256, (images, 1, 4, 4)).astype(np.uint8)
    data = cnn.data.Dataset(pixels, np.arange(images) % 2, ("a", "b"))
    return study(network(numbers), data, snapshots=[network(numbers, seed) for seed in range(moments)])


def space(of):
    return film._space(of, list(of.snapshots), [cnn.evaluate(model, of.data) for model in of.snapshots])


@pytest.mark.parametrize(("images", "numbers", "shown"), [(29, 2, None), (30, 2, 30), (30, 1, None), (450, 3, 400)])
def test_a_map_needs_30_images_and_two_numbers_and_has_400_points_at_most(images, numbers, shown) -> None:
    found = space(subject(images, numbers))
    if shown is None:
        assert found is None
        return
    assert len(found["places"]) == len(set(found["places"])) == shown and found["places"] == sorted(found["places"])
    assert np.array(found["points"]).shape == (1, shown, 2) and found["layer"] == "fc1"


def test_without_a_hidden_layer_there_is_no_map() -> None:
    of = subject(40)
    bare = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(16, 2)).initialize(0)
    bare.transform = cnn.data.Transform()
    of = study(bare, of.data, snapshots=[bare])
    assert space(of) is None


def test_all_moments_share_one_square_which_they_fill_and_in_which_they_are_centered() -> None:
    of = subject(60, 3, 3)
    found = space(of)
    points = np.array(found["points"])
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    np.testing.assert_allclose(low + high, 1, atol=2e-3)
    assert (high - low).max() == pytest.approx(1, abs=2e-3)
    assert (points == np.round(points, 3)).all() and (points * 100 != np.round(points * 100)).any()
    # The plane is of the finished network's first two principal components, the same for all, and y points down.
    features = [viz.extract_features(m, of.data, "fc1", progress=False).astype(np.float64) for m in of.snapshots]
    mean = features[-1].mean(axis=0)
    _, _, components = np.linalg.svd(features[-1] - mean, full_matrices=False)
    for moment, x in zip(points, features, strict=True):
        flat = (x - mean) @ components[:2].T
        for axis in range(2):
            slope, offset = np.polyfit(flat[:, axis], moment[:, axis], 1)
            np.testing.assert_allclose(moment[:, axis], slope * flat[:, axis] + offset, atol=2e-3)
            assert abs(slope) == pytest.approx(1 / np.ptp(np.concatenate([
                (y - mean) @ components[:2].T for y in features
            ]), axis=0).max(), rel=0.02)  # fmt: skip


def test_of_maps_the_means_are_taken() -> None:
    of = subject(40)
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), flatten=cnn.Flatten(), fc=cnn.Dense(8, 2)).initialize(0)
    model.transform = cnn.data.Transform()
    points = np.array(space(study(model, of.data, snapshots=[model]))["points"])[0]
    means = viz.extract_features(model, of.data, "conv", average=True, progress=False).astype(np.float64)
    assert means.shape == (40, 2)
    apart, expected = (np.linalg.norm(x[:, None] - x[None], axis=2) for x in (points, means))
    np.testing.assert_allclose(apart / apart.max(), expected / expected.max(), atol=0.01)


def test_images_that_are_all_alike_stand_in_the_middle() -> None:
    of = subject(30)
    of.data.images[...] = 7
    points = np.array(space(of)["points"])
    assert (points == 0.5).all()


def made(of, monkeypatch):
    monkeypatch.setattr(film, "_space", lambda *given: None)
    return film.make(of, None)


@pytest.mark.parametrize(("weights", "shown"), [(100, 6), (700_000, 5), (1_000_000, 4), (2_000_001, 2), (9_000_000, 2)])
def test_all_moments_together_have_four_million_weights_at_most_but_two_are_shown(weights, shown, monkeypatch) -> None:
    state = {"weight": SimpleNamespace(size=weights)}
    moments = [SimpleNamespace(model=str(k)) for k in range(6)]
    of = SimpleNamespace(
        model=SimpleNamespace(state=lambda: state), snapshots=moments, labeled=False, program=None, data=range(9)
    )
    found = made(of, monkeypatch)
    assert len(found["moments"]) == shown
    assert found["weights"] is found["accuracy"] is found["per_class"] is None and found["tested"] == 9


def test_each_moment_has_its_weights_and_measures(monkeypatch) -> None:
    of = subject(31)
    models = [copy.deepcopy(of.model), network(2, 5)]
    of = study(of.model, of.data, snapshots=[SimpleNamespace(model=model) for model in models])
    found = made(of, monkeypatch)
    for model, text, accuracy, per_class in zip(
        models, found["weights"], found["accuracy"], found["per_class"], strict=True
    ):
        flat = np.concatenate([array.ravel() for array in model.state().values()]).astype(np.float16)
        np.testing.assert_array_equal(np.frombuffer(base64.b64decode(text), "<f2"), flat)
        result = cnn.evaluate(model, of.data)
        assert (accuracy, per_class) == (round(result.accuracy, 6), [round(float(v), 6) for v in result.per_class])
    only = study(of.model, of.data[::2], snapshots=of.snapshots)  # all of one class
    assert all(per[1] is None and per[0] is not None for per in made(only, monkeypatch)["per_class"])
