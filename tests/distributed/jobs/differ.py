"""One process differs from the others in what it is told to: differ.py WHAT WHERE CHECKPOINT."""

import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI
from task import network, stripes

import minicnn as cnn
import viz
from minicnn.faults import differences
from viz.tsne.neighbors import nearest_neighbors

what, where, checkpoint = sys.argv[1], sys.argv[2], Path(sys.argv[3])
odd = MPI.COMM_WORLD.rank == 1
MPI.Get_processor_name = lambda: f"node{MPI.COMM_WORLD.rank}"
if odd and what in ("the version of minicnn", "minicnn/ops/conv2d.py"):
    from minicnn.distributed import processes

    processes.versions = lambda: differences.versions() | {what: "0.0"}
passes = {
    "evaluate": lambda group, data, model: cnn.evaluate(model, data, group=group),
    "features": lambda group, data, model: viz.extract_features(model, data, "relu", group=group),
    "neighbors": lambda group, data, _: nearest_neighbors(data.images.reshape(len(data), -1), 3, group=group),
}
try:
    group = cnn.distributed.mpi()
    data, model, seed = stripes(), network(), 0
    model.transform = cnn.data.Transform.fit(data.images)
    if odd and (what == "data" or where in passes):
        data = cnn.data.Dataset(255 - data.images, data.labels, data.classes)
    if odd and what == "weights":
        model["fc"].bias += np.float32(1)
    if odd and what == "seed":
        seed = 1
    if odd and what == "checkpoint":
        checkpoint = checkpoint.with_name("another.safetensors")
    if where in passes:
        passes[where](group, data, model)
    cnn.fit(model, data, epochs=1, seed=seed, group=group, checkpoint=checkpoint, resume=True)
except ValueError as error:
    print(f"refused: {error}", flush=True)
