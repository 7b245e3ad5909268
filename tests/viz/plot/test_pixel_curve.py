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


def test_the_axis_says_what_is_done_to_the_pixels():
    shares, falling = np.array([0, 0.5, 1]), np.array([[1, 0.5, 0]])
    removed, inserted = (viz.PixelCurve(shares, falling, done) for done in ("removed", "inserted"))
    assert plot.pixel_curve(inserted).get_xlabel() == "share of the pixels inserted, the most important first"
    assert "removed" in plot.pixel_curve({"a": removed, "b": removed}).get_xlabel()
    assert "exchanged" in plot.pixel_curve({"a": removed, "b": inserted}).get_xlabel()


@pytest.mark.parametrize(("images", "said"), [(1, "1 image"), (2, "2 images")])
def test_a_curve_says_of_how_many_images_and_steps_it_is(images, said):
    curve = viz.PixelCurve(np.array([0, 0.25, 0.5, 1]), np.array([[1, 0.75, 0.5, 0]] * images))
    assert repr(curve) == f"PixelCurve({said}, 3 steps, mean area 0.500)"


def test_no_curve_is_refused():
    with pytest.raises(ValueError, match="pixel_curve: there is no curve"):
        plot.pixel_curve({})
