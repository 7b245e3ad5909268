"""Each number and image of an atlas belongs to the image, class, channel and method that it is shown with.

Here none of them can be taken for another without a wrong number: the gallery is a part of the data, the channels that
are shown a part of the layer's, the explained classes differ from image to image, and the data have their classes in
another order than the network. The page has no program, and so stores the maps that it would compute with one
(which test_engine and test_browser_live compare).
"""

import numpy as np
import pytest

import minicnn as cnn
import viz
from tests.viz.page.sheets import images_in
from viz.page import stages, why
from viz.page import subject as subject_module

ORDER = [2, 0, 1]  # of the network's classes in the data
GALLERY, MISTAKES, CHOSEN, CHANNELS, EXPLAINED = 34, 2, 6, 3, 2
EXPLANATIONS = {
    "occlusion": lambda *given: viz.occlusion(*given, window=3, stride=1),
    "saliency": viz.saliency,
    "gradinput": viz.gradient_times_input,
    "integrated": lambda *given: viz.integrated_gradients(*given, steps=32),
    "smooth": lambda *given: viz.smooth_grad(*given, samples=16),
    "gradcam": viz.grad_cam,
    "guided": viz.guided_backprop,
    "guidedcam": viz.guided_grad_cam,
    "deconvnet": viz.deconvnet,
}


@pytest.fixture(scope="module")
def shown(trained, test_set, kept, quick, tmp_path_factory, data_of):
    """The data as they are given, the labels in the network's order, the scores, and the page's data."""
    model, _ = trained
    labels = np.argsort(ORDER)[test_set.labels]
    data = cnn.data.Dataset(test_set.images, labels, [test_set.classes[k] for k in ORDER])
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GALLERY", "MISTAKES", "CHOSEN"):
            patch.setattr(subject_module, name, globals()[name])
        patch.setattr(stages, "CHANNELS", CHANNELS)
        patch.setattr(why, "CLASSES", EXPLAINED)
        patch.setattr(subject_module, "_program", lambda model, data: (None, "It is left out."))
        path = tmp_path_factory.mktemp("part") / "atlas.html"
        page = data_of(viz.atlas(model, data, path, snapshots=kept, progress=False))
    scores = model(model.transform(test_set.images))
    return test_set, cnn.ops.softmax(scores.astype(np.float64))[0], page


@pytest.fixture(scope="module")
def gallery(shown):
    """Which image of the data stands at each place of the gallery: no two are alike."""
    data, _, page = shown
    pixels = {image.tobytes(): i for i, image in enumerate(data.images[:, 0])}
    return np.array([pixels[cell.tobytes()] for cell in images_in(page["sheets"]["gallery"])])


@pytest.fixture(scope="module")
def chosen(shown, gallery):
    return gallery[[image["place"] for image in shown[2]["images"]]]


def maps_of(model, images, path):
    watch = cnn.Watch(path)
    model.forward(model.transform(images), cnn.Pass(watch=watch))
    return watch.activations[path]


def rises_with(levels, values) -> bool:
    """Whether a larger value never has a lower level, and the levels are not all one."""
    order = np.argsort(values, axis=None, kind="stable")
    return bool((np.diff(levels.ravel()[order].astype(int)) >= 0).all() and np.ptp(levels) > 0)


def test_the_gallery_is_a_part_of_the_data(gallery, chosen):
    assert GALLERY <= len(gallery) < 60 and len(set(gallery)) == len(gallery)
    assert len(chosen) == CHOSEN and not np.array_equal(chosen, gallery[:CHOSEN])


def test_every_place_has_its_own_label_answer_and_sureness(shown, gallery):
    data, probabilities, page = shown
    assert page["gallery"]["labels"] == data.labels[gallery].tolist()
    assert page["gallery"]["predictions"] == probabilities[gallery].argmax(axis=1).tolist()
    np.testing.assert_allclose(page["gallery"]["sureness"], probabilities[gallery].max(axis=1), atol=6e-4)


def test_every_chosen_image_has_its_own_probabilities(shown, chosen):
    data, probabilities, page = shown
    assert len({row.tobytes() for row in probabilities[chosen]}) == CHOSEN
    for index, image in zip(chosen, page["images"], strict=True):
        assert image["label"] == data.labels[index] and image["name"] == data.classes[data.labels[index]]
        classes, chances = zip(*image["guesses"], strict=True)
        assert image["predicted"] == classes[0] and sorted(classes) == [0, 1, 2]
        np.testing.assert_allclose(chances, probabilities[index, list(classes)], atol=1e-5)
        assert list(chances) == sorted(chances, reverse=True)


def test_shares_are_of_all_images_or_of_a_random_sample_and_not_of_the_gallery_with_its_mistakes(shown, gallery):
    data, probabilities, page = shown
    right = probabilities.argmax(axis=1) == data.labels
    assert right[gallery].mean() != right.mean()
    film, space = page["sections"]["film"], page["sections"]["space"]
    assert film["tested"] == len(data)
    assert film["accuracy"][-1] == pytest.approx(page["sections"]["training"]["accuracy"], abs=1e-6)
    assert film["accuracy"][-1] == pytest.approx(right.mean(), abs=1e-6)
    sample = np.sort(np.random.default_rng(0).permutation(len(data))[:GALLERY])
    assert gallery[film["space"]["places"]].tolist() == sample.tolist()
    assert film["space"]["right"][-1] == right[sample].astype(int).tolist()
    nearest = viz.nearest_neighbors(data.images[sample].astype(np.float32), k=space["k"])[0]
    assert space["agreement"]["pixels"] == viz.label_agreement(nearest, data.labels[sample])


def test_every_cell_of_the_confusion_matrix_opens_the_images_that_it_counts(shown, gallery):
    data, probabilities, page = shown
    for cell, places in page["sections"]["training"]["cells"].items():
        true, found = map(int, cell.split("-"))
        assert (data.labels[gallery[places]] == true).all()
        assert (probabilities[gallery[places]].argmax(axis=1) == found).all()
    matrix = [[cell["count"] for cell in row] for row in page["sections"]["training"]["matrix"]]
    pairs = list(zip(data.labels, probabilities.argmax(axis=1), strict=True))
    assert matrix == [[pairs.count((i, j)) for j in range(3)] for i in range(3)]
    for mistake in page["sections"]["training"]["commonest"]:
        assert mistake["count"] == matrix[mistake["true"]][mistake["found"]]
        assert mistake["of"] == sum(matrix[mistake["true"]])


@pytest.mark.parametrize("path", ["relu1", "relu2"])
def test_every_map_of_the_journey_is_of_its_image_and_channel(shown, trained, chosen, path):
    model, page = trained[0], shown[2]
    layer = next(entry for entry in page["sections"]["journey"]["layers"] if entry["path"] == path)
    assert len(layer["channels"]) == CHANNELS < layer["of"]
    maps = maps_of(model, shown[0].images[chosen], path)[:, layer["channels"]]
    levels = images_in(page["sheets"][layer["sprite"]]).reshape(maps.shape)
    assert all(rises_with(*pair) for pair in zip(levels, maps, strict=True))


@pytest.mark.parametrize("place", [0, 1])
def test_what_is_said_of_a_channel_is_its_own(shown, trained, place):
    data, _, page = shown
    layer = page["sections"]["layers"]["layers"][place]
    assert len(layer["channels"]) == CHANNELS < layer["of"]
    maps = maps_of(trained[0], data.images, layer["measured"])[:, layer["channels"]]
    strongest = maps.max(axis=(2, 3))
    np.testing.assert_allclose(layer["strongest"], strongest.max(axis=0), atol=6e-4)
    np.testing.assert_allclose(layer["active"], (maps > 0).mean(axis=(0, 2, 3)), atol=6e-5)
    np.testing.assert_allclose(layer["active_images"], (strongest > 0).mean(axis=0), atol=6e-5)
    assert layer["hits"] == np.minimum((strongest > 0).sum(axis=0), layer["top"]).tolist()
    patches = images_in(page["sheets"][layer["patches"]])
    patches = patches.reshape(CHANNELS, layer["top"], *patches.shape[1:])
    for channel in range(CHANNELS):
        for rank, index in enumerate(np.argsort(-strongest[:, channel], kind="stable")[: layer["hits"][channel]]):
            patch = patches[channel, rank]
            windows = np.lib.stride_tricks.sliding_window_view(data.images[index, 0], patch.shape)
            assert (windows == patch).all(axis=(2, 3)).any()


def test_every_explanation_is_that_of_its_image_class_and_method(shown, trained, chosen):
    data, probabilities, page = shown
    section, x = page["sections"]["why"], trained[0].transform(data.images[chosen])
    explained = np.array(section["explained"])
    assert (explained == np.sort(np.argsort(-probabilities[chosen])[:, :EXPLAINED])).all()
    assert len({tuple(classes) for classes in explained.tolist()}) > 1
    assert [method["sprite"] for method in section["methods"]] == [f"why-{name}" for name in EXPLANATIONS]
    for entry, (name, method) in zip(section["methods"], EXPLANATIONS.items(), strict=True):
        maps = np.stack([method(trained[0], x, explained[:, k]) for k in range(EXPLAINED)], axis=1)
        maps = maps.sum(axis=2) if maps.ndim == 5 else maps
        levels = images_in(page["sheets"][entry["sprite"]]).reshape(maps.shape)
        lively = np.argwhere(np.ptp(maps, axis=(2, 3)))
        assert len(set(lively[:, 0])) > CHOSEN / 2
        # Each map has a scale of its own. How strong it is among the image's classes is told by its strength.
        assert all(rises_with(levels[i, k], maps[i, k]) for i, k in lively), name
        largest = np.abs(maps).max(axis=(2, 3))
        strongest = largest.max(axis=1, keepdims=True)
        np.testing.assert_allclose(entry["strength"], largest / np.where(strongest, strongest, 1), atol=1e-3)


def distances(points):
    points = np.asarray(points, np.float64)
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def test_every_point_of_the_maps_is_its_image(shown, trained, gallery):
    section, data = shown[2]["sections"]["space"], shown[0].subset(gallery)
    features = viz.extract_features(trained[0], data, "relu3", progress=False).astype(np.float64)
    u, s, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    found = {name: distances(points).ravel() for name, points in section["maps"].items()}
    expected = distances(u[:, :2] * s[:2]).ravel()
    assert np.corrcoef(found["pca"], expected)[0, 1] > 0.999
    assert np.corrcoef(found["tsne"], distances(features).ravel())[0, 1] > 0.5
    assert np.corrcoef(found["grid"], found["tsne"])[0, 1] > 0.5
    pixels = data.images.reshape(len(data), -1).astype(np.float64)
    for name, rows in (("features", features), ("pixels", pixels)):
        for place, near in enumerate(section["near"][name]):
            others = np.sort(np.delete(distances(rows)[place], place))[: len(near)]
            assert place not in near
            np.testing.assert_allclose(distances(rows)[place, near], others, rtol=1e-3, atol=1e-3)


def test_every_attack_starts_from_its_image(shown, chosen):
    data, _, page = shown
    levels = page["sections"]["fooled"]["levels"]
    attacked = images_in(page["sheets"]["attacked"]).reshape(CHOSEN, len(levels), *data.images.shape[2:])
    assert levels[0] == 0 and np.array_equal(attacked[:, 0], data.images[chosen, 0])
