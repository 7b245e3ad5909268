"""A run that saves after each step, and goes on where it stands: resumable.py CHECKPOINT."""

import sys

from task import network, stripes

import minicnn as cnn
from minicnn.training.resumption import Keeper

Keeper.due = property(lambda keeper: keeper.writes)
group = cnn.distributed.mpi()
options = {"augment": cnn.data.RandomCrop(1), "checkpoint": sys.argv[1], "resume": True}
cnn.fit(network(), stripes(), epochs=int(sys.argv[2]), batch_size=12, group=group, **options)
