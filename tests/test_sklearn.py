"""The classifier with scikit-learn's interface: what it computes. (`tests/peers/test_sklearn.py` has the interface.)"""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
from minicnn import Dense, Flatten, Layer, Sequential
from minicnn.sklearn import CNNClassifier


@pytest.fixture(scope="module")
def halves():
    """Images that are bright on the left or on the right, and which."""
    rng = np.random.default_rng(0)
    sides = rng.integers(0, 2, 50)
    images = rng.integers(0, 120, (50, 1, 8, 8), dtype=np.uint8)
    for image, side in zip(images, sides, strict=True):
        image[..., 4 * side : 4 * side + 4] += 100
    return images, np.array(["left", "right"])[sides]


@pytest.fixture(scope="module")
def fitted(halves):
    return CNNClassifier(epochs=4, batch_size=8, random_state=0).fit(*halves)


def test_it_learns_and_its_loss_tells(fitted, halves) -> None:
    assert fitted.score(*halves) > 0.9
    assert len(fitted.loss_curve_) == 4
    assert np.log(2) * 2 > fitted.loss_curve_[0] > fitted.loss_curve_[-1] > 0


def test_probabilities_are_of_each_image_whatever_the_batch(fitted, halves) -> None:
    images, _ = halves
    expected = fitted.predict_proba(images)
    assert expected.shape == (50, 2)
    np.testing.assert_allclose(expected.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(fitted.classes_[expected.argmax(axis=1)], fitted.predict(images))
    for i in (0, 7, 8, 49):
        np.testing.assert_allclose(fitted.predict_proba(images[i : i + 1])[0], expected[i], rtol=1e-4)


RNG = np.random.default_rng(1)
TABLE = RNG.standard_normal((23, 5)) * [1, 2, 3, 4, 0] + [0, 5, 0, -5, 7]  # the last feature is constant
KINDS = np.array([10, 20, 30])[np.arange(23) % 3]
OPTIONS = {"epochs": 2, "batch_size": 8, "random_state": 3}


def test_rows_of_a_table_are_images_where_their_shape_is_given(halves) -> None:
    images, sides = halves
    expected = CNNClassifier(**OPTIONS).fit(images, sides).predict_proba(images)
    classifier = CNNClassifier(**OPTIONS, image_shape=(1, 8, 8)).fit(images.reshape(50, 64), sides)
    np.testing.assert_array_equal(classifier.predict_proba(images.reshape(50, 64)), expected)
    np.testing.assert_array_equal(classifier.predict_proba(images), expected)
    assert (classifier.image_shape_, classifier.n_features_in_) == ((1, 8, 8), 64)


def test_a_list_of_rows_is_a_table() -> None:
    expected = CNNClassifier(**OPTIONS).fit(TABLE, KINDS).predict_proba(TABLE)
    found = CNNClassifier(**OPTIONS).fit(TABLE.tolist(), KINDS.tolist()).predict_proba(TABLE.tolist())
    np.testing.assert_array_equal(found, expected)


def test_features_are_standardized_each_and_channels_as_a_whole() -> None:
    table = CNNClassifier(**OPTIONS).fit(TABLE, KINDS)
    np.testing.assert_allclose(table.mean_, TABLE.mean(axis=0)[None, None])
    np.testing.assert_allclose(table.scale_, [[[*TABLE[:, :4].std(axis=0), 1]]])
    images = RNG.standard_normal((23, 2, 8, 9)) * [[[2]], [[3]]] + [[[1]], [[-4]]]
    maps = CNNClassifier(**OPTIONS).fit(images, KINDS)
    np.testing.assert_allclose(maps.mean_, images.mean(axis=(0, 2, 3))[:, None, None])
    np.testing.assert_allclose(maps.scale_, images.std(axis=(0, 2, 3))[:, None, None])
    assert maps.image_shape_ == (2, 8, 9)


def test_its_network_sees_standardized_data() -> None:
    classifier = CNNClassifier(**OPTIONS).fit(TABLE, KINDS)
    x = ((TABLE - TABLE.mean(axis=0)) / [*TABLE[:, :4].std(axis=0), 1])[:, None, None]
    powers = np.exp(classifier.model_(x))
    np.testing.assert_allclose(classifier.predict_proba(TABLE), powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("shape", "convolved", "features"),
    [((2, 7, 9), False, 126), ((2, 9, 7), False, 126), ((2, 8, 14), True, 192), ((2, 13, 8), True, 192)],
)
def test_its_own_network_is_of_convolutions_from_8_pixels_on(shape, convolved, features) -> None:
    images = RNG.standard_normal((4, *shape), dtype=np.float32)
    model = CNNClassifier(epochs=1).fit(images, [0, 1, 0, 1]).model_
    weights = [array.shape for name, array in model.parameters().items() if "weight" in name]
    assert weights == [(16, 2, 3, 3), (32, 16, 3, 3)] * convolved + [(64, features), (2, 64)]
    dropped = [layer.p for layer in model.children.values() if type(layer).__name__ == "Dropout"]
    assert dropped == [0.3] * convolved


def test_a_fit_of_some_epochs_is_as_many_partial_fits() -> None:
    whole = CNNClassifier(**OPTIONS).fit(TABLE, KINDS)
    parts = CNNClassifier(**OPTIONS).partial_fit(TABLE, KINDS, classes=[30, 20, 10]).partial_fit(TABLE, KINDS)
    parts.predict(TABLE)
    np.testing.assert_array_equal(parts.predict_proba(TABLE), whole.predict_proba(TABLE))
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.partial_fit(TABLE[:2], KINDS[:2], classes=[10, 20, 30]).classes_.tolist() == [10, 20, 30]


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples() -> None:
    """Also if the last batch is smaller than the others."""
    classifier = CNNClassifier(epochs=1, batch_size=8, learning_rate=1e-12, random_state=0).fit(TABLE, KINDS)
    likelihood = classifier.predict_proba(TABLE)[np.arange(23), KINDS // 10 - 1]
    np.testing.assert_allclose(classifier.loss_curve_, -np.log(likelihood).mean(), rtol=1e-6)


@pytest.mark.parametrize(("kind", "computed"), [("u1", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8")])
def test_it_computes_in_the_precision_of_the_data(kind, computed) -> None:
    images = RNG.integers(0, 256, (6, 3, 8, 8)).astype(kind)
    classifier = CNNClassifier(epochs=1).fit(images, [0, 1, 2] * 2)
    assert {array.dtype for array in classifier.model_.parameters().values()} == {np.dtype(computed)}
    assert bool(classifier.model_.classes) is (kind == "u1")
    if kind == "u1":
        assert classifier.model_.classes == ("0", "1", "2")
        np.testing.assert_allclose(classifier.model_.transform.mean, images.mean(axis=(0, 2, 3)) / 255, rtol=1e-6)


def test_sgd_has_momentum() -> None:
    found = CNNClassifier(**OPTIONS, optimizer="sgd", learning_rate=0.25).fit(TABLE, KINDS)
    assert (found._steps.momentum, found._steps.lr) == (0.9, 0.25)
    assert CNNClassifier(epochs=1, optimizer="adamw").fit(TABLE, KINDS)._steps.lr == 1e-3


def test_a_step_goes_down_the_gradient_of_the_mean_loss() -> None:
    """All data are one batch. At this rate the network hardly changes; its last bias, 0 at first, moves by
    rate * (how often a class occurs - how probable it is)."""

    def network(shape, classes):
        return Sequential(flatten=Flatten(), fc=Dense(int(np.prod(shape)), classes))

    kinds = KINDS[np.arange(23) // 2 % 23]
    options = {"epochs": 1, "batch_size": 23, "optimizer": "sgd", "learning_rate": 1e-7, "random_state": 1}
    found = CNNClassifier(network, **options).fit(TABLE, kinds)
    often = np.bincount(kinds // 10 - 1) / 23
    moved = found.model_["fc"].bias / 1e-7
    np.testing.assert_allclose(moved, often - found.predict_proba(TABLE).mean(axis=0), rtol=1e-4)


@pytest.mark.parametrize(("shape", "images"), [((1, 2, 3), True), ((1, 1, 6), False)])
def test_a_network_of_uint8_images_knows_its_transform_and_one_of_a_table_has_none(shape, images) -> None:
    fitted = CNNClassifier(epochs=1).fit(np.arange(24, dtype=np.uint8).reshape(4, *shape), [5, 6, 5, 6])
    model = fitted.model_
    assert fitted.mean_.shape == fitted.scale_.shape == ((1, 1, 1) if images else (1, 1, 6))
    assert getattr(model, "classes", None) == (("5", "6") if images else None)
    assert (getattr(model, "transform", None) is not None) is images


def test_a_seed_is_drawn_from_what_31_bits_hold_on_every_system() -> None:
    asked = []

    class Drawn(np.random.RandomState):
        def randint(self, high):
            asked.append(high)
            return 3

    found = CNNClassifier(**OPTIONS | {"random_state": Drawn()}).fit(TABLE, KINDS)
    again = CNNClassifier(**OPTIONS | {"random_state": Drawn()}).fit(TABLE, KINDS)
    assert asked == [2_147_483_647] * 2
    np.testing.assert_array_equal(found.predict_proba(TABLE), again.predict_proba(TABLE))


def test_the_network_is_told_whether_it_learns() -> None:
    told: list[bool] = []

    class Told(Layer):
        def forward(self, x, pass_):
            told.append(pass_.train)
            return x, lambda dy, wants="both": (dy, {})

    def network(shape, classes):
        return Sequential(told=Told(), flatten=Flatten(), fc=Dense(int(np.prod(shape)), classes))

    found = CNNClassifier(network, **OPTIONS).fit(TABLE, KINDS)
    assert told == [True] * 2 * 3  # 23 samples are 3 batches
    found.predict(TABLE)
    assert told[6:] == [False] * 3


def test_options_are_as_documented_unless_given() -> None:
    options = {"network": None, "image_shape": None, "optimizer": "adam", "learning_rate": 0.001, "random_state": None}
    assert CNNClassifier().get_params() == options | {"epochs": 20, "batch_size": 32}


REFUSED = {
    "no epoch": (lambda: CNNClassifier(epochs=0).fit(TABLE, KINDS), "epochs must be an int from 1, got 0"),
    "half an epoch": (lambda: CNNClassifier(epochs=0.5).fit(TABLE, KINDS), "epochs must be an int from 1, got 0.5"),
    "a batch of truth": (lambda: CNNClassifier(batch_size=True).fit(TABLE, KINDS), "batch_size must be an int from 1"),
    "one class": (lambda: CNNClassifier().fit(TABLE, [1] * 23), "at least two classes, got one class only"),
    "a shape of two numbers": (lambda: CNNClassifier(image_shape=(1, 5)).fit(TABLE, KINDS), "does not fit 5 features"),
    "a shape of others": (lambda: CNNClassifier(image_shape=(1, 2, 3)).fit(TABLE, KINDS), "does not fit 5 features"),
    "no classes": (lambda: CNNClassifier().partial_fit(TABLE, KINDS), "classes must be passed on the first call"),
    "a label of no class": (
        lambda: CNNClassifier().partial_fit(TABLE, KINDS, classes=[10, 20]),
        r"expected labels among \[10 20\], got 30",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused(what) -> None:
    call, words = REFUSED[what]
    with pytest.raises(ValueError, match=words):
        call()


def test_other_data_than_it_was_fitted_to_are_refused() -> None:
    table = CNNClassifier(epochs=1).fit(TABLE, KINDS)
    with pytest.raises(ValueError, match="X has 4 features, but CNNClassifier is expecting 5"):
        table.predict(TABLE[:, :4])
    with pytest.raises(ValueError, match="classes: expected those of the first call"):
        table.partial_fit(TABLE, KINDS, classes=[10, 20])
    images = CNNClassifier(epochs=1).fit(np.zeros((4, 1, 2, 3)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"expected images of \(1, 2, 3\), got \(1, 3, 2\)"):
        images.predict(np.zeros((4, 1, 3, 2)))
    with pytest.raises(ValueError, match=r"expected images of \(1, 2, 3\)"):
        images.predict(np.zeros((4, 6)))
