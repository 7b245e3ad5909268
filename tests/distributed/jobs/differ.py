"""One process differs from the others in what it is told to: differ.py WHAT CHECKPOINT."""

import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI
from task import network, stripes

import minicnn as cnn
from minicnn.faults import differences

what, checkpoint = sys.argv[1], Path(sys.argv[2])
odd = MPI.COMM_WORLD.rank == 1
MPI.Get_processor_name = lambda: f"node{MPI.COMM_WORLD.rank}"
if odd and what in ("the version of minicnn", "minicnn/ops/conv2d.py"):
    from minicnn.distributed import processes

    processes.versions = lambda: differences.versions() | {what: "0.0"}
try:
    group = cnn.distributed.mpi()
    data, model, seed = stripes(), network(), 0
    if odd and what == "data":
        data = cnn.data.Dataset(255 - data.images, data.labels, data.classes)
    if odd and what == "first values":
        model["fc"].bias += np.float32(1)
    if odd and what == "seed":
        seed = 1
    if odd and what == "checkpoint":
        checkpoint = checkpoint.with_name("another.safetensors")
    cnn.fit(model, data, epochs=1, seed=seed, group=group, checkpoint=checkpoint, resume=True)
except ValueError as error:
    print(f"refused: {error}", flush=True)
