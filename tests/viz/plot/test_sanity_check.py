import numpy as np
import pytest

import viz
from viz import plot


def check(*values, layers=("fc", "conv")):
    similarity = np.array([[value] * 3 for value in values])
    return viz.SanityCheck(layers, similarity, similarity / 2, similarity / 4, similarity / 8)


def test_a_line_for_each_method_begins_at_the_trained_network(figure, render):
    assert plot.sanity_check({"saliency": check(0.5, -0.1), "guided_backprop": check(0.9, 0.8)}, figure) is figure
    signed, ranks, structures = figure.axes
    assert signed.get_lines()[0].get_ydata().tolist() == [1, 0.125, -0.025]
    assert [line.get_ydata().tolist() for line in ranks.get_lines()[:2]] == [[1, 0.5, -0.1], [1, 0.9, 0.8]]
    assert [line.get_ydata().tolist() for line in structures.get_lines()[:2]] == [[1, 0.25, -0.05], [1, 0.45, 0.4]]
    assert [label.get_text() for label in ranks.get_xticklabels()] == ["trained", "fc", "conv"]
    assert [text.get_text() for text in structures.get_legend().get_texts()] == ["saliency", "guided backprop"]
    render(figure)


def test_checks_of_different_layers_do_not_share_an_axis():
    with pytest.raises(ValueError, match="sanity_check: expected checks of one row of layers, got 2"):
        plot.sanity_check({"a": check(0, 0), "b": check(0, 0, layers=("fc", "conv1"))})


@pytest.mark.parametrize(("layers", "step"), [(13, 1), (14, 2), (27, 2), (28, 3)])
def test_of_more_than_fourteen_places_some_are_named_beginning_with_the_trained(layers, step):
    names = [f"layer{i}" for i in range(layers)]
    figure = plot.sanity_check(check(*[0.5] * layers, layers=tuple(names)))
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["trained", *names][::step]


def test_the_axis_reaches_a_fifth_below_zero_or_below_the_lowest_value(figure):
    plot.sanity_check(check(0.5, -0.8), figure)  # signed a quarter of it, the structures half
    lows = [ax.get_ylim()[0] for ax in figure.axes]
    assert lows == pytest.approx([-0.25, -0.85, -0.45])
    assert {ax.get_ylim()[1] for ax in figure.axes} == {1.05}
