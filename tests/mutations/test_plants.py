"""Mistakes that once passed all tests (`plants.toml`): each is planted in the source, and a test must fail."""

import pytest

from tests.mutations.planting import PLANTS, failing
from tests.planting import ROOT

HERE = [(kind, plant) for kind, plant in PLANTS if "needs" not in plant]  # the others: tests/peers/test_plants.py


@pytest.mark.parametrize(("kind", "plant"), HERE, ids=[plant["what"] for _, plant in HERE])
def test_the_mistake_is_caught(kind, plant, tmp_path, request) -> None:
    names = failing(plant, tmp_path)
    request.node.user_properties.append(("mistake", (kind, plant["what"], names)))
    assert names


def test_every_plant_fits_its_file() -> None:
    for _, plant in PLANTS:
        assert (ROOT / plant["path"]).read_text(encoding="utf-8").count(plant["was"]) == 1, plant["what"]
