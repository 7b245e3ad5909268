"""The sanity check distinguishes a method that uses the weights from one that uses only the image."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.evaluation.sanity_check import quartiles
from viz.evaluation.similarity import hog, spearman, ssim

RNG = np.random.default_rng(0)
MODEL = cnn.zoo.build("seed", seed=1)
X = RNG.standard_normal((4, 1, 28, 28)).astype(np.float32)


def edges(model, x, target):
    """An "explanation" that never looks at the model."""
    return np.abs(np.diff(x, axis=3, append=0))


@pytest.mark.parametrize("mode", ["cascading", "independent"])
def test_a_method_that_ignores_the_model_fails(mode):
    check = viz.sanity_check(edges, MODEL, X, mode=mode)
    assert all((values > 0.999).all() for values in (check.spearman, check.ssim, check.signed, check.hog))
    assert check.passed is False and check.verdict == "fails: 1.00 (1.00 to 1.00), 4 of 4 images"


def test_the_gradient_passes_and_layers_go_from_the_output_down():
    check = viz.sanity_check(viz.gradient_times_input, MODEL, X, seed=5)
    assert check.layers == ("fc2", "fc1", "conv2", "conv1")
    assert check.passed and check.spearman.shape == check.ssim.shape == check.signed.shape == check.hog.shape == (4, 4)
    assert not check.absolute and check.likeness is check.signed
    assert "conv1" in str(check)


def test_signs_are_compared_beside_absolute_values():
    turned = iter([1, -1, -1, -1, -1])

    def method(model, x, target):
        return next(turned) * (x + 3)

    check = viz.sanity_check(method, MODEL, X, 0)
    assert (check.signed < -0.99).all() and (check.ssim > 0.99).all() and check.passed is True


def test_absolute_maps_are_compared_by_the_largest_of_their_channels_and_signed_ones_by_the_sum():
    first, second = RNG.standard_normal((2, 1, 3, 5, 5))
    answers = iter([first, *[second] * 4])
    check = viz.sanity_check(lambda model, x, target: next(answers), MODEL, X[:1], 0)
    largest = [np.abs(maps[0]).max(axis=0) for maps in (first, second)]
    assert check.spearman[0, 0] == pytest.approx(spearman(*largest))
    assert check.ssim[0, 0] == pytest.approx(ssim(*largest))
    assert check.signed[0, 0] == pytest.approx(spearman(first[0].sum(axis=0), second[0].sum(axis=0)))


def test_cascading_keeps_layers_random_independent_restores_them():
    cascading = viz.sanity_check(viz.saliency, MODEL, X)
    independent = viz.sanity_check(viz.saliency, MODEL, X, mode="independent")
    np.testing.assert_array_equal(cascading.spearman[0], independent.spearman[0])
    assert not np.array_equal(cascading.spearman[1], independent.spearman[1])


def test_the_model_is_not_changed():
    before = {name: array.copy() for name, array in MODEL.parameters().items()}
    viz.sanity_check(viz.saliency, MODEL, X)
    assert all(np.array_equal(before[name], array) for name, array in MODEL.parameters().items())


def test_spearman_by_hand():
    assert spearman(np.array([1, 2, 3]), np.array([10, 20, 90])) == pytest.approx(1)
    assert spearman(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1)
    assert spearman(np.ones(3), np.array([3, 2, 1])) == 0


def test_ssim_is_one_for_equal_maps_and_falls_with_noise():
    image = RNG.random((20, 20))
    values = [ssim(image, image + level * RNG.standard_normal((20, 20))) for level in (0, 0.2, 2)]
    assert values[0] == pytest.approx(1) and values[0] > values[1] > values[2]
    assert np.isfinite(ssim(np.zeros((9, 9)), image[:9, :9]))


def test_ssim_is_the_mean_of_equation_13_under_a_gaussian_window():
    a, b = RNG.random((2, 12, 11))
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(weights, weights) / weights.sum() ** 2
    total = 0.0
    unit = [(m - m.min()) / np.ptp(m) for m in (a, b)]
    x, y = (np.lib.stride_tricks.sliding_window_view(np.pad(m, 5, mode="symmetric"), (11, 11)) for m in unit)
    for i in np.ndindex(a.shape):
        mean_x, mean_y = (window * x[i]).sum(), (window * y[i]).sum()
        var_x, var_y = (window * (x[i] - mean_x) ** 2).sum(), (window * (y[i] - mean_y) ** 2).sum()
        covariance = (window * (x[i] - mean_x) * (y[i] - mean_y)).sum()
        likeness = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
        total += likeness / ((mean_x**2 + mean_y**2 + 1e-4) * (var_x + var_y + 9e-4))
    assert ssim(a, b) == pytest.approx(total / a.size, rel=1e-6)


def answers(maps):
    """A method that returns the next of these at each call."""
    given = iter(maps)
    return lambda model, x, target: next(given)


def test_maps_that_are_empty_are_left_out_and_counted():
    original = RNG.random((4, 6, 6))
    original[0] = 0
    broken = original.copy()
    broken[1] = 3
    check = viz.sanity_check(answers([original, original, broken, original, 0 * original]), MODEL, X, 0)
    assert check.compared.tolist() == [3, 2, 3, 0]
    assert np.isnan(check.likeness[1]).tolist() == [True, True, False, False]
    np.testing.assert_allclose(check.medians, [1, 1, 1, np.nan])
    assert check.passed is None and check.verdict == "no verdict: 1.00 (1.00 to 1.00), 2 of 4 images"
    assert "nan" in str(check)


def test_all_empty_is_no_verdict_and_no_warning():
    check = viz.sanity_check(answers([RNG.random((4, 6, 6)), *[np.zeros((4, 6, 6))] * 4]), MODEL, X, 0)
    assert check.passed is None and check.verdict.startswith("no verdict: nan")


@pytest.mark.parametrize(
    "likeness, passed",
    [
        ([0.1, 0.2, 0.3, 0.9, 0.2], True),
        ([0.9, 0.8, 0.7, 0.1, 0.8], False),
        ([0.1, 0.4, 0.6, 0.9, 0.2], None),
        ([0.1, 0.2, 0.3], None),
        ([0.1, 0.2, 0.3, np.nan], None),
        ([0.5] * 5, None),
    ],
)
def test_there_is_no_verdict_where_the_quartiles_cross_the_line(likeness, passed):
    values = np.array([[1.0] * len(likeness), likeness, [0.0] * len(likeness)])
    other = np.full_like(values, 0.5)
    assert viz.SanityCheck(("a", "b", "c"), other, other, values, other).passed is passed
    assert viz.SanityCheck(("a", "b", "c"), other, values, other, other, absolute=True).passed is passed


def test_maps_without_signs_are_judged_by_their_structure():
    check = viz.sanity_check(viz.saliency, MODEL, X)
    assert check.absolute and check.likeness is check.ssim
    signed = viz.sanity_check(viz.smooth_grad, MODEL, X, samples=2)
    assert not signed.absolute and signed.likeness is signed.signed


def test_quartiles_pass_over_what_is_not_there():
    found = quartiles(np.array([[1.0, np.nan, 3.0, 2.0, 5.0], [np.nan] * 5]))
    np.testing.assert_array_equal(found, [[1.75, np.nan], [2.5, np.nan], [3.5, np.nan]])


@pytest.mark.parametrize(("shape", "side"), [((19, 17), 2), ((33, 35), 4)])
def test_hog_is_the_correlation_of_histograms_of_nine_directions(shape, side):
    """Of eight cells along the shorter side; the last rows and columns fill none."""
    maps = RNG.random((2, *shape))
    maps[:, :4] *= 0.03  # cells almost without edges, whose histograms stay short
    found = []
    for unit in ((m - m.min()) / np.ptp(m) for m in maps):
        down, right = np.gradient(unit)
        histograms = np.zeros((shape[0] // side, shape[1] // side, 9))
        for i, j in np.ndindex(shape[0] // side * side, shape[1] // side * side):
            angle = np.degrees(np.arctan2(down[i, j], right[i, j])) % 180
            histograms[i // side, j // side, int(angle // 20)] += np.hypot(down[i, j], right[i, j])
        found.append(histograms / np.sqrt((histograms**2).sum(axis=2, keepdims=True) + 0.01**2))
    assert hog(*maps) == pytest.approx(np.corrcoef(*(each.ravel() for each in found))[0, 1], rel=1e-9)


def test_hog_sees_the_direction_of_edges_and_not_their_strength():
    waves = np.sin(np.arange(32) / 2)
    across, down = np.tile(waves, (32, 1)), np.tile(waves[:, None], (1, 32))
    assert hog(across, 3 * across + 1) == pytest.approx(1)
    assert hog(across, across.max() - across) == pytest.approx(1)  # light on dark, or dark on light
    assert hog(across, down) < 0
    slope = np.add.outer(np.arange(32.0), np.arange(32.0))
    assert hog(across, slope) < 0.1 and hog(slope, slope.T) == pytest.approx(1)
    assert np.isfinite(hog(across[:3, :3], down[:3, :3]))


def test_what_is_printed_are_the_medians_of_each_layer_and_measure():
    spread = np.array([-0.3, -0.2, 0.0, 0.1, 0.3])
    rank, structure, signed, edges = (
        np.stack([first + spread, second + spread])
        for first, second in ((0.11, 0.22), (0.33, 0.44), (0.15, 0.66), (0.77, 0.88))
    )
    structure[1, 2:] = np.nan
    check = viz.SanityCheck(("fc", "conv"), rank, structure, signed, edges)
    rows = [("fc", "0.11", "0.33", "0.15", "0.77", "5"), ("conv", "0.22", "0.19", "0.66", "0.88", "5")]
    assert [tuple(line.split()) for line in str(check).splitlines()[1:3]] == rows == list(check._table().rows)
    assert check.verdict == "passes: 0.15 (-0.05 to 0.25), 5 of 5 images" == str(check).splitlines()[3]
    assert repr(check) == f"SanityCheck({check.verdict}, 2 layers)"
    np.testing.assert_allclose(check.medians, [0.15, 0.66])
    by_structure = viz.SanityCheck(("fc", "conv"), rank, structure, signed, edges, absolute=True)
    assert by_structure.compared.tolist() == [5, 2] and by_structure._table().rows[1][-1] == "2"
    assert by_structure.verdict == "passes: 0.33 (0.13 to 0.43), 5 of 5 images"
