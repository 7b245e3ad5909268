"""Each network's layers, with all of their options, are those of `layers.json`.

The file was written from the networks. That they are torchvision's is what `tests/peers/test_zoo.py` shows of those
that torchvision has; this says which layer it is that has changed.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from minicnn import zoo
from minicnn.layers import walk

KNOWN = Path(__file__).parent / "layers.json"  # rewritten by `python -m tests.zoo.test_layers`


def layers(name: str) -> dict[str, int]:
    """How many of each layer it has, as the calls that make them."""
    found = Counter(repr(layer) for _, layer in walk(zoo.build(name, seed=None)) if not layer.children)
    return dict(sorted(found.items()))


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.names())
def test_a_network_has_the_layers_that_it_always_had(name: str) -> None:
    assert layers(name) == json.loads(KNOWN.read_text())[name]


if __name__ == "__main__":
    KNOWN.write_text(json.dumps({name: layers(name) for name in zoo.names()}, indent=1) + "\n")
