"""Planted mistakes whose tests need another package, see tests/mutations/test_plants.py."""

import pytest

from tests.mutations.planting import PLANTS, failing

pytest.importorskip("onnx")
HERE = [plant for _, plant in PLANTS if "needs" in plant]


@pytest.mark.parametrize("plant", HERE, ids=[plant["what"] for plant in HERE])
def test_the_mistake_is_caught(plant, tmp_path) -> None:
    assert plant["needs"] == "onnx"
    assert failing(plant, tmp_path)
