"""All operators that can be read and all layers that can be written, by family."""

from __future__ import annotations

from . import activation, arithmetic, containers, convolution, pooling, resampling, shapes
from .constants import FOLDS
from .emitting import Emitter
from .nodes import Reader

_FAMILIES = (convolution, pooling, activation, arithmetic, shapes, resampling)

READERS: dict[str, Reader] = {op: reader for family in _FAMILIES for op, reader in family.READERS.items()}
WRITERS: dict[type, Emitter] = {
    kind: writer for family in (*_FAMILIES, containers) for kind, writer in family.WRITERS.items()
}
SUPPORTED = sorted({*READERS, *FOLDS})
