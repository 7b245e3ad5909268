import numpy as np
import pytest

import viz
from viz import plot


def test_a_line_for_each_method_with_its_area(ax, render):
    curve = viz.PixelCurve(np.array([0, 0.5, 1]), np.array([[1, 0.5, 0], [1, 0.5, 0]]))
    assert plot.pixel_curve({"saliency": curve, "by chance": curve}, ax, title="deletion") is ax
    assert [line.get_label() for line in ax.get_lines()] == ["saliency (area 0.50)", "by chance (area 0.50)"]
    assert ax.get_lines()[0].get_ydata().tolist() == [1, 0.5, 0]
    assert ax.get_title(loc="left") == "deletion"
    render(ax)


def test_no_curve_is_refused():
    with pytest.raises(ValueError, match="pixel_curve: there is no curve"):
        plot.pixel_curve({})
