import io

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def figure():
    return Figure()


@pytest.fixture
def ax(figure):
    return figure.add_subplot()


@pytest.fixture
def render():
    """Draw a figure to PNG, as saving does: a warning of matplotlib's fails the test."""

    def png(drawn):
        buffer = io.BytesIO()
        drawn.figure.savefig(buffer, format="png", dpi=40)
        return buffer.getvalue()

    return png
