import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn.group import Group
from viz.activations import morans_i, stream, streaming, treves_rolls
from viz.activations.statistics import listed

RNG = np.random.default_rng(0)


@pytest.fixture
def images():
    return cnn.data.Dataset(RNG.integers(0, 256, (23, 1, 8, 8), np.uint8), np.zeros(23, int), ["all"])


@pytest.fixture
def model():
    layers = {"conv": cnn.Conv2d(1, 5, 3), "relu": cnn.ReLU(), "flatten": cnn.Flatten(), "fc": cnn.Dense(180, 4)}
    model = cnn.Sequential(layers).initialize(0)
    model.transform = cnn.data.Transform()
    model["conv"].bias[1] = -100  # planted: dead after ReLU,
    model["conv"].bias[3] = 100  # and always on
    return model


@pytest.mark.parametrize("batch_size", [1, 7, 23, None])
def test_the_moments_are_those_of_all_values_at_once(model, images, batch_size):
    found = viz.activation_statistics(model, images, ["conv", "fc"], batch_size=batch_size)
    x = images.images.astype(np.float32) / 255
    for path, axes in (("conv", (0, 2, 3)), ("fc", (0,))):
        y = model.forward(x, cnn.Pass(until=path))[0].astype(np.float64)
        s = found[path]
        for value, expected in (
            (s.mean, y.mean(axis=axes)),
            (s.std, y.std(axis=axes)),
            (s.min, y.min(axis=axes)),
            (s.max, y.max(axis=axes)),
            (s.active, (y > 0).mean(axis=axes)),
        ):
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)


def test_a_batch_holds_as_many_images_as_there_are_numbers_for(model, images, monkeypatch):
    for numbers, largest in ((5 * 64, 5), (6 * 64 - 1, 5), (1, 1), (2**19, 23)):
        monkeypatch.setattr(streaming, "MOST_NUMBERS", numbers)
        sizes = [part.stop - part.start for part, _ in stream(model, images, ["conv"])]
        assert max(sizes) == largest and sum(sizes) == 23 and set(sizes[:-1]) <= {largest}
    many = np.repeat(images.images, 12, axis=0)
    assert [part for part, _ in stream(model, many, ["conv"])] == [slice(0, 256), slice(256, 276)]


def test_dead_and_always_on_channels_are_found(model, images):
    found = viz.activation_statistics(model, images, ["relu"])["relu"]
    assert np.flatnonzero(found.dead).tolist() == [1]
    assert np.flatnonzero(found.always_on).tolist() == [3]
    assert found.active_images[[1, 3]].tolist() == [0, 1]


def test_they_are_told_in_a_line(model, images):
    found = viz.activation_statistics(model, images, ["relu"])["relu"]
    assert repr(found) == "ActivationStatistics(layer='relu', images=23, channels=5, dead=[1], always_on=[3])"
    wide = cnn.Sequential(conv=cnn.Conv2d(1, 40, 3), relu=cnn.ReLU()).initialize(0)
    wide.transform = cnn.data.Transform()
    wide["conv"].bias[...] = -100
    found = viz.activation_statistics(wide, images, ["relu"])["relu"]
    assert "dead=[0, 1, 2, 3, 4, 5, 6, 7, … 40 in all]" in repr(found)


def test_all_outer_layers_if_none_is_named(model, images):
    found = viz.activation_statistics(model, images)
    assert list(found) == ["conv", "relu", "flatten", "fc"]
    one = viz.activation_statistics(model, images, ["relu"])
    assert [repr(of).partition("(")[2] for of in (found, one)] == ["4 layers, 23 images)", "1 layer, 23 images)"]


def test_of_two_pixels_one_may_carry_all_or_half_and_one_alone_tells_nothing():
    maps = np.array([[3.0, 0], [2, 2], [3, 1]])[:, None]
    assert treves_rolls(maps) == pytest.approx([1, 0, 2 * (1 - 4 / 5)])
    assert np.isnan(treves_rolls(maps[..., :1])).all()


def spot(size=16):
    y, x = np.mgrid[:size, :size]
    return np.exp(-((y - 5) ** 2 + (x - 9) ** 2) / (2 * 1.5**2))


def test_bright_spots_are_told_from_noise():
    noise = np.abs(RNG.standard_normal((200, 16, 16)))
    sparse_noise = (RNG.random((200, 16, 16)) < 0.02).astype(float)
    assert treves_rolls(spot()) > 0.8 > 0.5 > treves_rolls(noise).max()
    assert morans_i(spot()) > 0.7
    assert abs(morans_i(noise).mean()) < 0.02 and abs(np.nanmean(morans_i(sparse_noise))) < 0.02


def test_the_measures_at_their_ends():
    single = np.zeros((4, 5))
    single[1, 2] = 3
    assert treves_rolls(single) == pytest.approx(1)
    assert treves_rolls(np.full((4, 5), 0.3)) == pytest.approx(0)
    assert morans_i(np.indices((6, 6)).sum(axis=0) % 2) == pytest.approx(-1)
    assert morans_i(np.array([[1.0, 3.0]])) == morans_i(np.array([[1.0], [3.0]])) == -1  # a single pair
    assert np.isnan(treves_rolls(np.zeros((4, 5)))) and np.isnan(morans_i(np.full((4, 5), 0.1)))
    assert np.isnan(treves_rolls(np.ones((1, 1)))) and np.isnan(morans_i(np.ones((1, 1))))


def test_the_measures_by_hand():
    # r = 1, 1, 0, 0: mean ½, mean of squares ½, so (1 − ½) / (1 − ¼)
    assert treves_rolls(np.array([[1, 1], [0, -7]])) == pytest.approx(2 / 3)
    # z = ¾ and three times −¼: the four pairs have mean −1/16, the squares 3/16
    assert morans_i(np.array([[1, 0], [0, 0]])) == pytest.approx(-1 / 3)
    # z = −1, 0, 1: the two pairs across have products 0
    assert morans_i(np.array([[1, 2, 3]])) == pytest.approx(0)


def test_a_channel_with_spots_has_both_numbers_high():
    shown = np.round(255 * spot()).astype(np.uint8)
    images = cnn.data.Dataset(np.stack([np.roll(shown, i, axis=1) for i in range(5)])[:, None], [0] * 5, ["all"])
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 1))
    model.transform = cnn.data.Transform()
    model["conv"].weight[...] = 1
    found = viz.activation_statistics(model, images)["conv"]
    assert found.concentration[0] > 0.8 and found.clustering[0] > 0.7


def test_a_bar_is_shown_on_demand(model, images, capsys):
    viz.activation_statistics(model, images, ["relu"], progress=True)
    shown = capsys.readouterr().err
    assert "activation statistics" in shown and "/23.0 " in shown
    group = Group()
    group.rank, group.size = 1, 2
    for part, _ in stream(model, images, ["relu"], batch_size=5, progress=True, group=group):
        assert part.start >= 10
    assert not capsys.readouterr().err  # the first process shows it
    viz.activation_statistics(model, images, ["relu"])
    assert not capsys.readouterr().err


def test_nothing_after_the_layers_is_run(images):
    class Never(cnn.Layer):
        def forward(self, x, pass_):
            raise AssertionError("it was run")

    model = cnn.Sequential(a=cnn.Sequential(cnn.Conv2d(1, 2, 3)), b=Never()).initialize(0)
    model.transform = cnn.data.Transform()
    assert [rows for rows, _ in stream(model, images, ["a.0"], batch_size=20)] == [slice(0, 20), slice(20, 23)]


def test_bad_input_is_refused(model, images):
    with pytest.raises(ValueError, match="there is no layer 'conv9'"):
        viz.activation_statistics(model, images, ["conv9"])
    with pytest.raises(ValueError, match="at least one layer"):
        viz.activation_statistics(model, images, [])


@pytest.mark.parametrize("size", [1, 2, 4])
def test_processes_gather_the_sums_of_their_images_and_none_where_they_have_none(model, size):
    class Gathered(Exception):
        pass

    class One(Group):
        def __init__(self, rank):
            self.rank, self.size = rank, size

        def gather(self, rows):
            raise Gathered(rows)

    def rows(group):
        with pytest.raises(Gathered) as found:
            viz.activation_statistics(model, three, ["relu"], batch_size=2, group=group)
        return found.value.args[0]

    three = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), dtype=np.uint8)
    parts = [rows(One(rank)) for rank in range(size)]
    counts = [part[:, 0, 0].sum() if len(part) else 0 for part in parts]
    assert sum(counts) == 3 and (0 in counts) == (size == 4)
    assert [len(part) for part in parts] == [-(-int(count) // 2) for count in counts]


@pytest.mark.parametrize(("on", "always"), [(99, True), (98, False)])
def test_a_channel_is_always_on_from_99_percent(on, always):
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 1))
    model.transform = cnn.data.Transform()
    model["conv"].weight[...] = 1
    pixels = np.repeat([[200], [0]], [on, 100 - on], axis=0).astype(np.uint8).reshape(1, 1, 10, 10)
    found = viz.activation_statistics(model, pixels)["conv"]
    assert found.always_on.tolist() == [always] and found.active[0] == on / 100


def test_eight_channels_are_listed_and_of_nine_the_first_eight():
    assert listed(np.ones(8, bool)) == "[0, 1, 2, 3, 4, 5, 6, 7]"
    assert listed(np.ones(9, bool)) == "[0, 1, 2, 3, 4, 5, 6, 7, … 9 in all]"


def test_each_measure_is_over_the_images_in_which_it_is_defined():
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 1))
    model.transform = cnn.data.Transform()
    model["conv"].weight[...] = 1
    pixels = np.zeros((3, 1, 1, 3), np.uint8)
    pixels[0, 0, 0] = 51, 102, 0  # the second map is all 0, the third constant
    pixels[2] = 255
    found = viz.activation_statistics(model, pixels, batch_size=2)["conv"]
    assert found.active_images[0] == pytest.approx(2 / 3) and found.active[0] == pytest.approx(5 / 9)
    first = (1 - (0.6 / 3) ** 2 / (0.2 / 3)) / (1 - 1 / 3)
    assert found.concentration[0] == pytest.approx(first / 2)  # the third map's is 0
    assert found.clustering[0] == pytest.approx(0 - (0.2 * 0.2) / 2 / (0.08 / 3))
    assert found.sparsity[0] == pytest.approx((1 - (3.6 / 9) ** 2 / (3.2 / 9)) / (1 - 1 / 9))


def test_tables_have_a_row_for_each_channel_or_layer(model, images):
    found = viz.activation_statistics(model, images, ["relu", "fc"])
    assert found._table().rows[0][:4] == ("relu", "5", "1", "1")
    row = found["relu"]._table().rows[1]
    assert row[:6] == ("1", "0", "0", "0", "0", "0") and row[6:] == ("–", "–", "–")


@pytest.mark.parametrize("spread", [1e-8, 1e-3])
def test_a_map_that_only_rounding_makes_uneven_is_constant(spread):
    """A variance of less than 1e-12 of the mean square."""
    assert np.isnan(morans_i(1 + spread * np.array([[1.0, -1.0], [-1.0, 1.0]]))) == (spread < 1e-6)


def test_three_photographs_are_a_batch():
    model = cnn.Sequential(pool=cnn.MaxPool2d(8))
    model.transform = cnn.data.Transform((0.5,) * 3, (0.25,) * 3, channels="RGB")
    parts = [part for part, _ in stream(model, np.zeros((4, 3, 224, 224), np.uint8), ["pool"])]
    assert parts == [slice(0, 3), slice(3, 4)]
