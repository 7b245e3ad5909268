"""The processes started by MPI: each computes its shares of every batch, and all sum their gradients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from ..faults.differences import refuse, versions
from ..faults.guard import Guard, in_time
from ..group import Group
from ..layers.running import Pass, Total
from ..layers.tree import arrays_of
from ..ops.contract import Array
from .sums import Buckets, Meeting, add_in_any_order, add_over_processes, wait, waiting


@in_time()
def mpi(shares: int = 8, *, any_order: bool = False, sync_batch_norm: bool = False) -> Processes:
    """The group of all processes started by `mpiexec`; each of them calls this once.

    Args:
        shares: how many parts a batch is divided into, a power of two. A process computes one or more of them, and they
            are added in a fixed order: so 1, 2, 4, … processes give the same weights, bit for bit.
        any_order: instead divide a batch into one share per process, for any number of processes, and let MPI choose
            the order of the sums: faster if a process would have several shares, but the bits depend on their number.
        sync_batch_norm: compute batch norm's statistics over the whole batch; otherwise each share has its own.

    Raises:
        ImportError: mpi4py or MPI is not installed.
        ValueError: the number of processes or shares is not allowed, or files or versions differ between processes.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # mpi4py is missing, or finds no MPI
        raise ImportError(
            f'distributed needs MPI ({error}): pip install ".[distributed]" in a checkout of minicnn'
        ) from error
    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        raise ValueError("distributed: this MPI was built without MPI_THREAD_MULTIPLE; install another")
    size = MPI.COMM_WORLD.Get_size()
    if not any_order and (shares.bit_count() != 1 or size.bit_count() != 1 or size > shares):
        raise ValueError(
            "distributed: expected 1, 2, 4, 8, … processes, and at least as many shares, also a power of two, "
            f"got {size} processes and {shares} shares; start another number of processes, or choose any_order"
        )
    shares, node = size if any_order else shares, MPI.Get_processor_name()
    return Processes(MPI.COMM_WORLD, shares, any_order, sync_batch_norm, node)


class Processes(Group):
    """See `mpi`; the interface is that of `Group`."""

    def __init__(self, comm: Any, shares: int, any_order: bool, sync_batch_norm: bool, node: str) -> None:
        self.rank, self.size, self.shares, self.sync = comm.Get_rank(), comm.Get_size(), shares, sync_batch_norm
        self.settings = {"shares": "any order" if any_order else shares, "sync_batch_norm": sync_batch_norm}
        self.node, self.mine = node, self.part(shares)
        self.comm, now, soon = (comm.Dup() for _ in range(3))  # so that messages of different threads do not mix
        add, sender = add_in_any_order if any_order else add_over_processes, ThreadPoolExecutor(1)
        self.add_now = partial(add, now)
        self.add_soon = lambda x: sender.submit(add, soon, x)  # on a thread that does nothing else
        self.guard = Guard(self.texts, self.rank, self.size, node, waiting)
        self.agree({**versions(), "shares": self.settings})

    def texts(self, text: str) -> list[str]:
        given = np.frombuffer(text.encode(), np.uint8)
        sizes = np.zeros(self.size, np.int64)
        wait(self.comm.Iallgather(np.array([given.size]), sizes))
        found = np.empty(sizes.sum(), np.uint8)
        wait(self.comm.Iallgatherv(given, [found, sizes]))
        return [part.tobytes().decode() for part in np.split(found, np.cumsum(sizes)[:-1])]

    def gather(self, rows: Array) -> Array:
        kinds = [json.loads(text) for text in self.texts(json.dumps([rows.dtype.str, rows.shape]))]
        kind, shape = next((found for found in kinds if found[1][0]), kinds[0])
        found = np.empty((sum(shape[0] for _, shape in kinds), *shape[1:]), kind)
        sizes = np.array([shape[0] for _, shape in kinds]) * found[:1].nbytes
        given = np.ascontiguousarray(rows).reshape(-1).view(np.uint8)
        wait(self.comm.Iallgatherv(given, [found.reshape(-1).view(np.uint8), sizes]))
        return found

    def agree(self, facts: dict[str, Any]) -> None:
        refuse([json.loads(told) for told in self.texts(json.dumps([self.node, facts]))])

    def batches(self, loader: Any, epoch: int, start: int) -> Iterator[Any]:
        last = len(loader.dataset) % loader.batch_size or loader.batch_size
        if self.sync and last < self.shares:
            raise ValueError(
                f"fit: with sync_batch_norm no share may be empty, but the last batch has {last} images for "
                f"{self.shares} shares; choose another batch_size, or fewer shares"
            )
        return loader.shares(epoch, start, self.mine, self.shares)

    def images(self, batch: Any) -> Array:
        return np.concatenate([x for x, _ in batch[1]])

    def gradients(
        self, model: Any, batch: Any, lesson: Callable[..., Any], rng: Callable[..., Any]
    ) -> tuple[float, int, int, dict[str, Array]]:
        images, mine = batch
        parameters, buffers = arrays_of(model, "parameters"), {} if self.sync else arrays_of(model, "buffers")
        likes = dict(reversed(parameters.items())) | {f"buffer {n}": b for n, b in buffers.items()} | {"": np.zeros(3)}
        sums, first = Buckets(likes, len(mine), self.add_soon), {name: b.copy() for name, b in buffers.items()}
        meeting = Meeting(len(mine), self.add_now) if self.sync else None

        def learn(place: int) -> None:
            x, labels = mine[place]
            weight, found = len(labels) / images, {"": np.array([0, 0, self.interrupted], float)}
            if weight:
                total = None if meeting is None else Total(partial(meeting.total, place), place == 0)
                announce = partial(sums.add, place)
                pass_ = Pass(train=True, rng=rng(share=self.mine[place]), announce=announce, total=total)
                loss, right, gradients = lesson(x, labels, pass_)
                found[""][:2] = loss * weight, right
                found |= {f"buffer {name}": b * weight for name, b in buffers.items()} | gradients(weight)
            sums.complete(place, found)
            for name, b in buffers.items():
                b[...] = first[name]

        if meeting is None:
            for place in range(len(mine)):
                learn(place)
        else:
            meeting.hold(learn)
        found = sums.sums()
        for name, b in buffers.items():
            b[...] = found[f"buffer {name}"]
        loss, right, interruptions = found[""]
        self.interrupted = interruptions > 0
        return float(loss), int(right), images, {name: found[name] for name in parameters}

    def __enter__(self) -> Group:
        self.guard.stay()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None:
            self.guard.leave(": ".join(filter(None, [kind.__name__, " ".join(str(error).split())])))
