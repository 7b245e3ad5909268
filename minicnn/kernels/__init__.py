"""The engine's loops, compiled. What they are given and give back is big, and comes again in every step."""

from ..allocator import keep_freed_memory

keep_freed_memory()
