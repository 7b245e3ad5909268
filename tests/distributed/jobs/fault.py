"""Processes that work together until one of them fails: fault.py HOW RANK."""

import os
import signal
import sys
import threading
import time

from mpi4py import MPI

import minicnn as cnn
from minicnn.faults import guard

how, rank = sys.argv[1], int(sys.argv[2])
if "nodes" in sys.argv:
    MPI.Get_processor_name = lambda: f"node{MPI.COMM_WORLD.rank % 2}"
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # by which MPICH's launcher tells of a death where it ends nobody
if how == "stopped":
    guard.PATIENCE = 4
group = cnn.distributed.mpi()
mine = group.rank == rank


def end():
    time.sleep(0.5)
    os.write(1, f"ends at {time.time()}\n".encode())
    os.kill(os.getpid(), {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}[how])


if mine and how in ("killed", "stopped"):
    threading.Thread(target=end, daemon=True).start()
try:
    with group:
        for i in range(10**9):
            group.texts("still here")
            if mine and how == "raises" and i == 50:
                raise MemoryError("no room")
            if how == "all raise" and i == 50:
                raise ValueError("everywhere")
            time.sleep(0.01)
except ValueError:
    time.sleep(1)
    with group:  # work continues after an error that all have caught
        group.texts("still here")
    print("went on", flush=True)
