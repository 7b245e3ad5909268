import numpy as np
import pytest

from viz import plot


def test_bars_are_sorted_with_the_best_on_top(ax, render):
    assert plot.per_class([0.5, 1.0, 0.25], ["cat", "dog", "$eel"], ax, overall=0.6) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$eel", "cat", "dog"]
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.5, 1.0]
    assert [text.get_text() for text in ax.texts] == ["25.0%", "50.0%", "100.0%"]
    assert "60.00%" in ax.get_title(loc="left")
    render(ax)


def test_a_class_without_images_says_so(render):
    ax = plot.per_class([np.nan, 0.0], ["none", "all wrong"])
    assert [text.get_text() for text in ax.texts] == ["no images", "0.0%"]
    render(ax)


def test_another_length_is_refused():
    with pytest.raises(ValueError, match=r"per_class: expected 2 numbers for 2 classes, got shape \(3,\)"):
        plot.per_class([1, 1, 1], ["a", "b"])
