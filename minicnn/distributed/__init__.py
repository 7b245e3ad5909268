"""Training on many processes, on one machine or many, by MPI: `cnn.fit(..., group=cnn.distributed.mpi())`.

`processes` shares the work, `sums` adds the shares' gradients in one order. What a group is to those that are given
one tells `minicnn.group`; what ends a job when a process of it dies is in `minicnn.faults`.
"""

from ..group import Group
from .processes import Processes, mpi

__all__ = ["Group", "Processes", "mpi"]
