"""`images` reaches what small, moderate arrays do not: the fourth image, second blocks, saturated branches."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from minicnn import GradientError, gradcheck
from minicnn.testing import images, tie_free

MANY = settings(
    max_examples=100, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def hard_swish(x):
    """Hard swish with the formula of its middle everywhere."""
    return x * (x + 3) / 6, lambda dy: ((2 * x + 3) / 6 * dy,)


def true_hard_swish(x):
    middle = np.abs(x.real) <= 3
    slope = np.where(middle, (2 * x + 3) / 6, x > 3)
    return np.where(middle, x * (x + 3) / 6, np.where(x.real > 3, x, 0)), lambda dy: (slope * dy,)


def without_ends(x):
    return true_hard_swish(x)[0], hard_swish(x)[1]


def wrong_from(axis: int, n: int):
    """An op whose pullback omits what lies at index n or beyond on an axis."""

    def op(x):
        def pullback(dy):
            dx = 2 * x * dy
            np.moveaxis(dx, axis, 0)[n:] = 0
            return (dx,)

        return x**2, pullback

    return op


MISTAKES = {
    "the fourth image": wrong_from(0, 3),
    "the second block of 16 channels": wrong_from(1, 16),
    "the second block of 16 rows": wrong_from(2, 16),
    "the second block of 32 columns": wrong_from(3, 32),
    "a hard swish without its ends": without_ends,
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_hundred_examples_meet(mistake: str) -> None:
    @settings(MANY, phases=[Phase.generate])
    @given(x=images())
    def gradient(x):
        gradcheck(MISTAKES[mistake], x)

    with pytest.raises(GradientError):
        gradient()


def test_the_right_op_passes_at_every_reach() -> None:
    @MANY
    @given(x=images())
    def gradient(x):
        gradcheck(true_hard_swish, x)

    gradient()


@pytest.mark.parametrize(
    ("condition", "smallest"),
    [
        (lambda x: True, (1, 1, 1, 1)),
        (lambda x: len(x) > 3, (4, 1, 1, 1)),
        (lambda x: x.shape[3] > 16, (1, 1, 1, 17)),
    ],
)
def test_a_failing_example_shrinks_to_a_small_one(condition, smallest) -> None:
    found = find(images(), condition, settings=settings(MANY, phases=[Phase.generate, Phase.shrink], max_examples=2000))
    assert found.shape == smallest and np.abs(found).max() <= 3


@pytest.mark.parametrize("reach", [2, 8, 50])
def test_reach(reach: float) -> None:
    x = tie_free(1000, reach=reach)
    assert 0.99 * reach < np.abs(x).max() <= reach and np.abs(x).min() > 0


@given(data=st.data())
def test_the_reach_can_be_chosen(data: st.DataObject) -> None:
    assert np.abs(data.draw(images(reach=1))).max() <= 1.5
