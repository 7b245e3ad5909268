"""Renamed public names: for one version the old ones still work, with a warning that gives the new name."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
import viz
from minicnn.deprecation import renamed, renamed_fields, renamed_names, renamed_value
from minicnn.training.history import EpochRecord
from viz import plot
from viz.synthesis import Synthesis, objective, transformation

GRAY = np.arange(64, dtype=np.uint8).reshape(8, 8)
FLOATS = GRAY / 64


@renamed(old="new")
def twice(new: int) -> int:
    return 2 * new


def test_an_argument_has_its_old_name_too():
    with pytest.warns(DeprecationWarning, match=r"twice: the argument old is now new; version 0\.2 drops the old name"):
        assert twice(old=3) == 6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert twice(new=3) == twice(3) == 6


def test_an_argument_has_one_value():
    with pytest.raises(TypeError, match="twice: got both new and old, its old name; give new"):
        twice(new=1, old=2)


def test_the_warning_points_at_the_call():
    with pytest.warns(DeprecationWarning) as found:
        twice(old=3)
    assert found[0].filename == __file__


def test_a_field_has_its_old_name_too():
    @renamed_fields(old="new")
    @dataclass(frozen=True)
    class Pair:
        new: int
        other: int = 0

    with pytest.warns(DeprecationWarning, match="the argument old is now new"):
        pair = Pair(old=1)
    with pytest.warns(DeprecationWarning, match=r"Pair\.old is now new"):
        assert pair.old == 1
    assert pair == Pair(1)


def test_a_module_knows_its_old_names_and_no_others():
    get = renamed_names(__name__, thrice="twice")
    with pytest.warns(DeprecationWarning, match="thrice is now twice"):
        assert get("thrice") is twice
    with pytest.raises(AttributeError, match="has no attribute 'tripled'"):
        get("tripled")
    assert renamed_names(__name__, str.upper, thrice="twice")("tripled") == "TRIPLED"


def test_a_value_has_its_old_name_too():
    with pytest.warns(DeprecationWarning, match="f: channels 'grey' is now 'gray'"):
        assert renamed_value("f: channels", "grey", grey="gray") == "gray"
    assert renamed_value("f: channels", "RGB", grey="gray") == "RGB"


def record() -> EpochRecord:
    return EpochRecord(1, 1.0, 0.5, 0.9, 0.6, lr=0.1, seconds=1.0, images_per_second=60.0)


def statistics() -> viz.ActivationStatistics:
    return viz.ActivationStatistics("conv", 5, *[np.zeros(2)] * 5, np.ones(2), *[np.zeros(2)] * 3)


SHAPE = (1, 1, 8, 8)
FOURIER = viz.Fourier(SHAPE, 0, 1)
X = np.full(SHAPE, 0.25, np.float32)

# the old name, the new one, and both ways of saying the same
CALLS = {
    "Transform(channels)": ("'gray'", lambda: cnn.data.Transform(channels="grey"), lambda: cnn.data.Transform()),
    "Transform.picture": (
        "image",
        lambda: cnn.data.Transform().picture(GRAY),
        lambda: cnn.data.Transform().image(GRAY),
    ),
    "read_picture": ("read_image", lambda: cnn.data.read_picture(GRAY), lambda: cnn.data.read_image(GRAY)),
    "EpochRecord": ("images_per_second", lambda: record().pictures_per_second, lambda: 60.0),
    "ActivationStatistics": ("images", lambda: statistics().pictures, lambda: 5),
    "ActivationStatistics.active_pictures": ("active_images", lambda: statistics().active_pictures, lambda: np.ones(2)),
    "Fourier(colours)": ("colors", lambda: viz.Fourier(SHAPE, 0, 1, colours=np.eye(1)).colors, lambda: np.eye(1)),
    "Fourier.colours": ("colors", lambda: FOURIER.colours, lambda: FOURIER.colors),
    "Fourier.picture": (
        "image",
        lambda: FOURIER.picture(FOURIER.parameters(X))[0],
        lambda: FOURIER.image(FOURIER.parameters(X))[0],
    ),
    "Pixels(centre)": ("center", lambda: viz.Pixels(SHAPE, centre=0.5), lambda: viz.Pixels(SHAPE, center=0.5)),
    "Pixels.centre": ("center", lambda: viz.Pixels(SHAPE, 0.5).centre, lambda: 0.5),
    "Pixels.picture": ("image", lambda: viz.Pixels(SHAPE).picture(X)[0], lambda: X),
    "Synthesis": ("images", lambda: Synthesis(X, ()).pictures, lambda: X),
    "colour_statistics": (
        "color_statistics",
        lambda: viz.colour_statistics(GRAY[None, None]),
        lambda: viz.color_statistics(GRAY[None, None]),
    ),
    "squared_norm": (
        "center",
        lambda: objective.squared_norm(centre=0.5).evaluate({"input": X})[0],
        lambda: objective.squared_norm(center=0.5).evaluate({"input": X})[0],
    ),
    "Around": ("color", lambda: transformation.Around(colour=0.5, transform=None).color, lambda: 0.5),
    "attacks": (
        "images",
        lambda: type(plot.attacks(pictures=FLOATS[None], changed=FLOATS[None], before=["a"], after=["b"])),
        lambda: type(plot.attacks(FLOATS[None], FLOATS[None], ["a"], ["b"])),
    ),
    "detectors": (
        "image",
        lambda: type(plot.detectors(np.ones((1, 3, 3)), picture=FLOATS)),
        lambda: type(plot.detectors(np.ones((1, 3, 3)), FLOATS)),
    ),
    "mosaic": ("images", lambda: type(plot.mosaic(pictures=FLOATS[None])), lambda: type(plot.mosaic(FLOATS[None]))),
    "attributions": (
        "image",
        lambda: type(plot.attributions(picture=FLOATS, maps={"a": FLOATS})),
        lambda: type(plot.attributions(FLOATS, {"a": FLOATS})),
    ),
    "feature_maps": (
        "image",
        lambda: type(plot.feature_maps({"a": FLOATS[None]}, picture=FLOATS)),
        lambda: type(plot.feature_maps({"a": FLOATS[None]}, FLOATS)),
    ),
}


@pytest.mark.parametrize("old", CALLS)
def test_every_old_name_does_what_the_new_one_does(old):
    new, call, expected = CALLS[old]
    with pytest.warns(DeprecationWarning, match=f"is now {new}; version"):
        found = call()
    if isinstance(found, np.ndarray):
        np.testing.assert_array_equal(found, expected())
    else:
        assert found == expected()


@pytest.fixture(scope="module")
def model():
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), flatten=cnn.Flatten(), fc=cnn.Dense(72, 2)).initialize(0)
    model.transform = cnn.data.Transform()
    return model


def test_the_old_arguments_of_what_needs_a_model(model):
    with pytest.warns(DeprecationWarning, match="predict: the argument picture is now image"):
        assert cnn.predict(model, picture=GRAY) == cnn.predict(model, GRAY)
    x, layers = X, {"content_layers": ["conv"], "style_layers": ["conv"], "steps": 1}
    with pytest.warns(DeprecationWarning, match="is now"):
        old = viz.style_transfer(model, picture=x, painting=x, start="picture", colours=np.eye(1), **layers)
    new = viz.style_transfer(model, x, x, start="image", colors=np.eye(1), **layers)
    np.testing.assert_array_equal(old.images, new.images)
    with pytest.warns(DeprecationWarning, match="feature_visualization: the argument colours is now colors"):
        viz.feature_visualization(model, objective.logit(0), size=8, steps=1, transform=None, colours=np.eye(1))


def test_a_folder_of_grey_images(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(GRAY).save(tmp_path / "a" / "1.png")
    with pytest.warns(DeprecationWarning, match="read_folder: channels 'grey' is now 'gray'"):
        old = cnn.data.read_folder(tmp_path, channels="grey")
    np.testing.assert_array_equal(old.images, cnn.data.read_folder(tmp_path, channels="gray").images)


def test_files_that_version_0_1_wrote_are_read_without_a_warning():
    stored = {**cnn.data.Transform().to_dict(), "channels": "grey"}
    assert cnn.data.Transform.from_dict(stored) == cnn.data.Transform()
    history = cnn.History(epochs=[record()]).to_dict()
    history["epochs"][0]["pictures_per_second"] = history["epochs"][0].pop("images_per_second")
    assert cnn.History.from_dict(history).epochs == [record()]
