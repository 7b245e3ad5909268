"""The engine's loops, compiled. Their inputs and outputs are large and are allocated anew in every step."""

from ..allocator import keep_freed_memory

keep_freed_memory()
