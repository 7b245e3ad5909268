"""Training on many processes, on one machine or many, by MPI: `cnn.fit(..., group=cnn.distributed.mpi())`.

`processes` shares the work, `sums` adds up the gradients in one order. `minicnn.group` has the interface, and the group
of one process; what ends a job when one of its processes dies is in `minicnn.faults`.
"""

from ..group import Group
from .processes import Processes, mpi

__all__ = ["Group", "Processes", "mpi"]
