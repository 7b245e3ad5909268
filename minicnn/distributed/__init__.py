"""Training on many processes, on one machine or many, by MPI: `cnn.fit(..., group=cnn.distributed.mpi())`.

`processes` divides the work, `sums` adds up the gradients in a fixed order. `minicnn.group` has the interface and the
group of one process; `minicnn.faults` ends a job when one of its processes dies.
"""

from ..group import Group
from .processes import Processes, mpi

__all__ = ["Group", "Processes", "mpi"]
