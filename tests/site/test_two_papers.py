"""Figures on dark paper (`docs/_ext/two_papers.py`): ink turns light, images stay, and the figure is as it was."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

pytest.importorskip("IPython", reason="IPython is not installed: pip install .[docs]")


@pytest.fixture(scope="module")
def papers() -> Any:
    file = Path(__file__).parents[2] / "docs" / "_ext" / "two_papers.py"
    spec = importlib.util.spec_from_file_location("two_papers", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def figure_of_a_plot_and_an_image() -> Figure:
    figure = Figure(figsize=(4, 2))
    curve, image = figure.subplots(1, 2)
    curve.plot([0, 1], [0, 1], color="#332288", label="a curve")
    curve.bar([0], [0.5], color="black")
    curve.legend()
    curve.set_title("a title")
    image.imshow(np.full((2, 2), 0.9), cmap="gray", vmin=0, vmax=1)
    image.text(0.5, 0.5, "on it", ha="center", color="black")
    return figure


def test_the_paper_is_dark_and_what_is_on_it_can_be_seen(papers: Any) -> None:
    figure = figure_of_a_plot_and_an_image()
    pixels(figure)
    with papers.dark_paper(figure):
        curve, image = figure.axes
        dark = pixels(figure)
        assert papers.luminance(curve.lines[0].get_color()) >= papers.LEAST
        assert papers.luminance(curve.title.get_color()) > 0.5
        assert image.texts[0].get_color() == "black"  # it lies on an image, which is as bright as it was
    assert np.allclose(dark[0, 0], np.array([0x14, 0x18, 0x1E]))
    assert (dark == [230, 230, 230]).all(axis=2).sum() > 1000


def test_afterward_the_figure_is_as_it_was(papers: Any) -> None:
    figure = figure_of_a_plot_and_an_image()
    before = pixels(figure)
    with papers.dark_paper(figure):
        assert not np.array_equal(pixels(figure), before)
    assert np.array_equal(pixels(figure), before)
