"""Networks by name.

    model = build("lenet5", classes=26)

Each builder stands on one screen in this package; this file only lists them, and imports none before it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.layers import Layer


@dataclass(frozen=True)
class Network:
    """What is known of a network before it is built.

    Attributes:
        builder: "module:function" inside this package.
        input_shape: (channels, height, width) of the pictures it was made for.
        classes: how many it was made for.
        about: it in one line.
    """

    builder: str
    input_shape: tuple[int, int, int]
    classes: int
    about: str


NETWORKS: dict[str, Network] = {
    "seed": Network("small:seed", (1, 28, 28), 10, "2 convolutions, 2 dense layers: learns MNIST in a minute"),
    "lenet5": Network("small:lenet5", (1, 28, 28), 10, "LeCun et al. 1998, with ReLU and max pooling"),
    "tiny_vgg": Network("small:tiny_vgg", (3, 64, 64), 10, "4 convolutions of 10 channels: CNN Explainer's network"),
    "cifar-vgg": Network("small:cifar_vgg", (3, 32, 32), 10, "6 convolutions of 64 to 256 channels"),
}


def names() -> list[str]:
    """All names that `build` knows."""
    return list(NETWORKS)


def network(name: str) -> Network:
    """What is known of a network.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in NETWORKS:
        close = difflib.get_close_matches(name, NETWORKS, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(NETWORKS)}"
        raise ValueError(f"zoo: there is no network {name!r}; {hint}")
    return NETWORKS[name]


def build(
    name: str,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    input_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    **options: Any,
) -> Layer:
    """A network, with He's first values.

    Args:
        name: one of `names()`.
        classes: how many outputs; what the network was made for, if not given.
        in_channels: how many channels its pictures have; what it was made for, if not given.
        input_size: their height and width (one number for both). Only networks that flatten their maps before a dense
            layer depend on it; the others take any size, and pass over it.
        seed: of the first values.
        options: the builder's own, such as `batch_norm=True` for "cifar-vgg".

    Raises:
        ValueError: the name or an option is unknown, or a size does not fit the network.
    """
    known = network(name)
    module, _, function = known.builder.partition(":")
    builder = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    arguments = {
        "classes": known.classes if classes is None else classes,
        "in_channels": known.input_shape[0] if in_channels is None else in_channels,
        **options,
    }
    if "input_size" in inspect.signature(builder).parameters:
        arguments["input_size"] = known.input_shape[1:] if input_size is None else input_size
    try:
        inspect.signature(builder).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"zoo: {name!r}: {error}") from error
    model: Layer = builder(**arguments)
    return model.initialize(seed)
