"""Diagrams look as before; `python -m tests.viz.diagrams.test_looks` rewrites the descriptions (see tests/viz/plot)."""

from pathlib import Path

import pytest

import minicnn as cnn
import viz
from tests.viz.plot.looks import described

FOLDER = Path(__file__).parent / "looks"


def branches() -> cnn.Sequential:
    return cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3, stride=2, padding=1),
        both=cnn.Concat(
            a=cnn.Conv2d(4, 2, 1),
            b=cnn.Sequential(c=cnn.Conv2d(4, 6, 1), r=cnn.ReLU(), d=cnn.Conv2d(6, 4, 3, padding=1)),
        ),
        block=cnn.Residual(c=cnn.Conv2d(6, 6, 3, padding=1), n=cnn.BatchNorm2d(6)),
        up=cnn.ConvTranspose2d(6, 2, 2, stride=2),
        gap=cnn.GlobalAvgPool2d(),
        fc=cnn.Dense(2, 3),
    )


NETWORKS = {
    "small": lambda: (cnn.zoo.build("seed"), None),
    "branches": lambda: (branches(), (1, 16, 12)),
    "long": lambda: (cnn.zoo.build("resnet20"), (3, 32, 32)),
}


def look(name: str) -> str:
    model, shape = NETWORKS[name]()
    return described(viz.diagram(model, shape).plot())


@pytest.mark.parametrize("name", NETWORKS)
def test_it_looks_as_it_did(name: str) -> None:
    assert look(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in NETWORKS:
        (FOLDER / f"{name}.txt").write_text(look(name), encoding="utf-8")
