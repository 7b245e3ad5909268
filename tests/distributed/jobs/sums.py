"""Sum arrays whose sum depends on the order, and compare with the written-out tree."""

import numpy as np
from mpi4py import MPI

from minicnn.distributed.sums import add_over_processes

comm = MPI.COMM_WORLD
for size in (0, 1, 3, 5, 1000):
    arrays = np.random.default_rng(size).standard_cauchy((comm.size, size)).astype(np.float32)
    mine = arrays[comm.rank].copy()
    add_over_processes(comm, mine)
    while len(arrays) > 1:
        arrays = arrays[::2] + arrays[1::2]
    assert mine.tobytes() == arrays[0].tobytes(), size
print("as the tree")
