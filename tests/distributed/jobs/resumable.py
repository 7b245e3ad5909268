"""A run that saves after each step, and resumes from there: resumable.py CHECKPOINT EPOCHS [STEP].

After the given step, Ctrl-C is pressed in the last process.
"""

import itertools
import signal
import sys

from task import network, stripes

import minicnn as cnn
from minicnn.training.resumption import Keeper

checkpoint, epochs, *pressed = sys.argv[1:]
group, steps = cnn.distributed.mpi(), itertools.count(1)


def due(keeper):
    if next(steps) in map(int, pressed) and group.rank == group.size - 1:
        signal.raise_signal(signal.SIGINT)
    return keeper.writes


Keeper.due = property(due)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts without it
options = {"augment": cnn.data.RandomCrop(1), "checkpoint": checkpoint, "resume": True}
cnn.fit(network(), stripes(), epochs=int(epochs), batch_size=12, group=group, **options)
