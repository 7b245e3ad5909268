import numpy as np
import pytest

from viz import plot

IMAGES = np.full((2, 4, 4), 0.5)
CHANGED = IMAGES + np.array([0.1, -0.2])[:, None, None]


def test_image_change_and_outcome_stand_in_a_row_with_the_verdicts(figure, render):
    assert plot.attacks(IMAGES, CHANGED, ["$cat", "dog"], ["dog", "dog"], figure) is figure
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_images()]
    assert titles[:3] == ["$cat", "change: at most 25.5 of 255 levels", "dog"]
    assert titles[3:] == ["dog", "change: at most 51 of 255 levels", "dog"]
    assert [label.get_text() for label in figure.axes[-1].get_yticklabels()] == ["−0.2", "0", "+0.2"]  # the scale
    change = [ax for ax in figure.axes if ax.get_images()][4].get_images()[0]
    np.testing.assert_allclose(change.get_array(), -0.2)
    assert change.norm.vmin == -change.norm.vmax == pytest.approx(-0.2)
    render(figure)


def test_of_colors_the_mean_change_is_drawn(render):
    images = np.full((1, 4, 4, 3), 0.5)
    figure = plot.attacks(images, images + np.array([0.3, 0, 0]), ["a"], ["b"])
    np.testing.assert_allclose(figure.axes[1].get_images()[0].get_array(), 0.1)
    render(figure)


def test_an_attack_that_changes_nothing_is_drawn(render):
    render(plot.attacks(IMAGES, IMAGES, ["a", "b"], ["a", "b"]))


def test_accuracy_against_epsilon(ax, render):
    drawn = plot.accuracy_under_attack([0, 0.1], {"fgsm": [1, 0.5], "pgd": [1, 0.2]}, ax, title="attacked")
    assert drawn is ax
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[1, 0.5], [1, 0.2]]
    assert "from black to white" in ax.get_xlabel() and ax.get_ylabel() == "accuracy"
    render(ax)


@pytest.mark.parametrize(
    ("changed", "before", "message"),
    [(IMAGES[:1], ["a", "b"], "as many images before as after"), (CHANGED, ["a"], "2 images, but 1 verdicts")],
)
def test_what_does_not_fit_is_refused(changed, before, message):
    with pytest.raises(ValueError, match=f"attacks: .*{message}"):
        plot.attacks(IMAGES, changed, before, ["a", "b"])


@pytest.mark.parametrize(("points", "marked"), [(20, True), (21, False)])
def test_up_to_twenty_points_are_marked(ax, points, marked):
    plot.accuracy_under_attack(range(points), {"fgsm": [0.5] * points}, ax)
    assert (ax.get_lines()[0].get_marker() not in ("", "None")) == marked


def test_every_line_has_a_look_of_its_own(ax):
    plot.accuracy_under_attack([0, 1], {f"method {i}": [1, 0] for i in range(25)}, ax)
    looks = [(line.get_color(), line.get_marker(), line.get_linestyle()) for line in ax.get_lines()]
    assert len(set(looks[:24])) == 24 and looks[24] == looks[0]
    assert [look[:2] for look in looks[:8]] == [look[:2] for look in looks[8:16]]
    assert [look[2] for look in looks[::8]] == ["-", "--", ":", "-"]
