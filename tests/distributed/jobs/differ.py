"""One process differs from the others in one thing after another: differ.py CHECKPOINT."""

import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI
from task import network, stripes

import minicnn as cnn
import viz
from minicnn.distributed import processes
from minicnn.faults import differences
from viz.tsne.neighbors import nearest_neighbors

odd = MPI.COMM_WORLD.rank == 1
MPI.Get_processor_name = lambda: f"node{MPI.COMM_WORLD.rank}"
PASSES = {
    "evaluate": lambda group, data, model: cnn.evaluate(model, data, group=group),
    "features": lambda group, data, model: viz.extract_features(model, data, "relu", group=group),
    "neighbors": lambda group, data, _: nearest_neighbors(data.images.reshape(len(data), -1), 3, group=group),
}


def work(what, where, checkpoint):
    """Run `where` in all processes, with another `what` in the second one."""
    processes.versions = lambda: differences.versions() | ({what: "0.0"} if odd and "minicnn" in what else {})
    group = cnn.distributed.mpi()
    data, model, seed = stripes(), network(), 0
    model.transform = cnn.data.Transform.fit(data.images)
    if odd and (what == "data" or where in PASSES):
        data = cnn.data.Dataset(255 - data.images, data.labels, data.classes)
    if odd and what == "weights":
        model["fc"].bias += np.float32(1)
    if odd and what == "seed":
        seed = 1
    if odd and what == "checkpoint":
        checkpoint = checkpoint.with_name("another.safetensors")
    if where in PASSES:
        PASSES[where](group, data, model)
    cnn.fit(model, data, epochs=1, seed=seed, group=group, checkpoint=checkpoint, resume=what == "checkpoint")


checkpoint, *cases = sys.argv[1:]
for case in cases:
    try:
        work(*case.split(" in "), Path(checkpoint))
    except ValueError as error:
        print(f"refused {case}: {error}\n", end="", flush=True)  # in one piece: two processes print
