"""A job in which the second process does not join the group: absent.py HOW."""

import os
import sys

import minicnn as cnn
from minicnn.faults import guard

guard.START = 4
if "1" in (os.environ.get("PMI_RANK"), os.environ.get("OMPI_COMM_WORLD_RANK")):
    if sys.argv[1] == "ends":
        sys.exit()
    if sys.argv[1] == "raises in MPI":
        from mpi4py import MPI  # noqa: F401
    raise FileNotFoundError("on this node only")

cnn.distributed.mpi()
