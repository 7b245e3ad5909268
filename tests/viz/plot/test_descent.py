"""The window of a path down a loss: the path with a margin, and the lowest point of the loss if that is near."""

import numpy as np
import pytest

from viz import plot

PATH = np.array([[0.0, 0.0], [1.0, 2.0]])  # from here the margin is 12 %: 0.12 and 0.24


def window(loss):
    ax = plot.descent(loss, {"plain": PATH})
    return np.array([ax.get_xlim(), ax.get_ylim()])


def bowl(a, b):
    """A loss whose lowest point is (a, b)."""
    return lambda first, second: (first - a) ** 2 + (second - b) ** 2


def test_a_path_around_the_minimum_has_its_margin_on_every_side() -> None:
    np.testing.assert_allclose(window(bowl(0.5, 1.0)), [[-0.12, 1.12], [-0.24, 2.24]], atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.8, 1.0, [[-0.12, 1.92], [-0.24, 2.24]]),
        (-1.0, 1.0, [[-1.12, 1.12], [-0.24, 2.24]]),
        (0.5, 3.5, [[-0.12, 1.12], [-0.24, 3.74]]),
        (0.5, -2.0, [[-0.12, 1.12], [-2.24, 2.24]]),
        (3.0, 1.0, [[-0.12, 3.12], [-0.24, 2.24]]),
    ],
)
def test_a_minimum_outside_is_shown_with_a_margin_of_its_own(a, b, expected) -> None:
    np.testing.assert_allclose(window(bowl(a, b)), expected, atol=0.05)


@pytest.mark.parametrize(
    "loss", [bowl(9.0, 1.0), lambda a, b: a + 0 * b, lambda a, b: -a + 0 * b, lambda a, b: b + 0 * a]
)
def test_a_minimum_far_away_or_at_the_edge_does_not_change_the_window(loss) -> None:
    np.testing.assert_allclose(window(loss), [[-0.12, 1.12], [-0.24, 2.24]], atol=1e-6)


def test_the_loss_need_not_be_finite_far_from_the_path() -> None:
    found = window(lambda a, b: np.where(a > 1.5, np.inf, (a - 1.8) ** 2 + b**2))
    np.testing.assert_allclose(found, [[-0.12, 1.12], [-0.24, 2.24]], atol=1e-6)
