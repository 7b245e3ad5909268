"""Training on many processes, on one machine or many, by MPI: `cnn.fit(..., group=cnn.distributed.mpi())`.

group       what processes share: a group of one, which does nothing, and the interface of all
processes   the group of MPI's processes
sums        sums whose order depends on the shares of a batch alone, sent while the backward pass goes on
guard, watcher   a process that dies ends the job, with one line on every node
"""

from .group import Group
from .processes import Processes, mpi

__all__ = ["Group", "Processes", "mpi"]
