"""Which layers `minicnn style` takes where none are named."""

from types import SimpleNamespace

import pytest

import minicnn as cnn
import viz
from minicnn.cli import style


@pytest.fixture
def painted(run, monkeypatch):
    """Run the command on a network of `relus` ReLUs; returns the layers that it last painted with."""

    def command(relus, *options):
        layers = {f"relu{i}": cnn.ReLU() for i in range(relus)}
        found = []

        def style_transfer(model, content, painting, **options):
            found.append((options["content_layers"], options["style_layers"]))
            return SimpleNamespace(images=None)

        monkeypatch.setattr(style, "load_network", lambda options: cnn.Sequential(**layers))
        monkeypatch.setattr(style, "read", lambda model, image, size: None)
        monkeypatch.setattr(style, "write", lambda model, x, path: None)
        monkeypatch.setattr(viz, "style_transfer", style_transfer)
        status, _, errors = run("style", "content.png", "style.png", "--model", "some", *options)
        assert (status, errors) == (0, "")
        return found[-1]

    return command


def test_content_is_beyond_the_middle_and_style_is_spread_evenly_up_to_there(painted):
    content, styles = painted(21)
    assert content == ["relu12"]
    assert styles == [f"relu{i}" for i in (0, 3, 6, 9, 12)]


def test_a_network_of_few_layers_gives_each_once(painted):
    content, styles = painted(3)
    assert (content, styles) == (["relu1"], ["relu0", "relu1"])


def test_layers_that_are_named_are_taken(painted):
    assert painted(5, "--content-layers", "relu4", "--style-layers", "relu1,relu0") == (["relu4"], ["relu1", "relu0"])
