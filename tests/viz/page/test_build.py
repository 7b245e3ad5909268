"""What the page says of a subject besides its sections."""

from types import SimpleNamespace

import numpy as np
import pytest

from viz.page.build import _background, _exact, _likeliest, _titles


def test_the_likeliest_ten_classes_are_named_and_of_equals_the_first() -> None:
    chances = np.array([1, 9, 2, 9, 3, 8, 4, 7, 5, 6, 0, 0, 0]) / 54
    assert [k for k, _ in _likeliest(chances)] == [1, 3, 5, 7, 9, 8, 6, 4, 2, 0]
    assert [chance for _, chance in _likeliest(chances)] == [round(n / 54, 6) for n in (9, 9, 8, 7, 6, 5, 4, 3, 2, 1)]
    assert _likeliest(chances[:3]) == [[1, 0.166667], [2, 0.037037], [0, 0.018519]]


def test_an_empty_pad_has_the_median_of_the_corners_in_each_channel() -> None:
    """Each corner decides it in one image, and what is not a corner or not in the gallery would change it."""
    images = np.full((5, 2, 6, 7), 255, np.uint8)
    for n, (y, x) in enumerate([(0, 0), (0, -1), (-1, 0), (-1, -1)]):
        images[n, 0, [0, 0, -1, -1], [0, -1, 0, -1]] = 0 if n % 2 else 40
        images[n, 0, y, x] = 20
        images[n, 1, y, x] = 0
    subject = SimpleNamespace(data=SimpleNamespace(images=images), gallery=np.arange(4))
    corners = images[:4][:, :, [0, 0, 5, 5], [0, 6, 0, 6]]
    assert _background(subject) == [20, 255] == np.median(corners, axis=(0, 2)).tolist()


@pytest.mark.parametrize("size", [(48, 3), (3, 48), (49, 3), (3, 49)])
def test_the_gallery_is_exact_where_its_images_are_not_made_smaller(size) -> None:
    subject = SimpleNamespace(data=SimpleNamespace(images=np.zeros((1, 9, *size))))
    assert _exact(subject) == (max(size) == 48)


@pytest.mark.parametrize(
    ("models", "title", "titles"),
    [
        ([0.5], None, ["float"]),
        ([0.5, 1], None, ["the first", "the second"]),
        ([0.5], "mine", ["mine"]),
        ([0.5, 1], ["a", "b"], ["a", "b"]),
    ],
)
def test_each_network_has_a_title(models, title, titles) -> None:
    assert _titles(models, title) == titles
    with pytest.raises(ValueError, match=f"a title for each of {len(models)} networks"):
        _titles(models, ["a", "b", "c"])
