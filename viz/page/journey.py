"""The journey of an image: what every layer makes of it, up to the probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.display import shape_text

from .sprites import Sprites, divisor, shrunk
from .subject import Missing, Subject

TITLE = "The journey of an image"
SHORT = "Journey"
QUESTION = "What do the layers make of one image, one after the other?"
SIDE = 56  # pixels of a map
MOST = 1024  # numbers of a vector
LONG = 300  # maps; with more, the layers are collapsed


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    stages = [stage for stage in subject.stages if len(stage.shape) == 3]
    if not stages:
        raise Missing("No layer of this network gives maps.")
    watch = cnn.Watch(*(stage.path for stage in stages))
    subject.model.forward(subject.x, cnn.Pass(watch=watch))
    layers = []
    for place, stage in enumerate(stages):
        maps = watch.activations[stage.path]
        _, channels, height, width = maps.shape
        signed = bool((maps < 0).any())
        if subject.program is None:  # else the page computes them
            largest = np.abs(maps).max(axis=(1, 2, 3), keepdims=True)  # each image's maps have their own scale
            maps = maps / divisor(largest)
            small = shrunk(maps[:, stage.channels].reshape(-1, height, width), SIDE)
            sprites.add_maps(f"maps-{place}", small, signed=signed)
        layers.append(
            {
                "path": stage.path,
                "source": stage.source,
                "kind": stage.kind,
                "shape": shape_text(stage.shape),
                "channels": [int(channel) for channel in stage.channels],
                "of": channels,
                "places": [height, width],
                "sprite": f"maps-{place}",
                "signed": signed,
                "field": _field(stage),
            }
        )
    return {"layers": layers + _vectors(subject), "long": sum(len(layer["channels"]) for layer in layers) > LONG}


def _vectors(subject: Subject) -> list[dict[str, Any]]:
    """Layers whose output is a vector, such as dense ones; the page computes their values itself."""
    if subject.program is None:
        return []
    return [
        {
            "path": stage.path,
            "source": "",
            "kind": stage.kind,
            "shape": shape_text(stage.shape),
            "channels": list(range(min(stage.shape[0], MOST))),
            "of": stage.shape[0],
            "signed": True,
            "field": None,
            "vector": True,
        }
        for stage in subject.stages
        if len(stage.shape) == 1 and stage.kind not in ("Flatten", "Dropout")
    ]


def _field(stage: Any) -> dict[str, list[int]] | None:
    f = stage.field
    return None if f is None else {"size": list(f.size), "stride": list(f.stride), "offset": list(f.offset)}
