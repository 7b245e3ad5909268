"""Sums in a fixed order: 8 shares are added as ((0+1)+(2+3)) + ((4+5)+(6+7)), whichever process computed each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ..ops.contract import Array

BUCKET = 1 << 20  # bytes: smaller arrays travel together, a larger one alone
PAUSE = 5e-5  # seconds between two polls of a message: MPI itself would spin, on a core that computes

waiting: set[int] = set()  # when the current waits began, in nanoseconds


def wait(*requests: Any) -> None:
    """Sleep until messages have arrived."""
    waiting.add(since := time.monotonic_ns())
    try:
        while not all(request.Test() for request in requests):
            time.sleep(PAUSE)
    finally:
        waiting.discard(since)


def add_over_processes(comm: Any, x: Array) -> Array:
    """Add up x (flat, contiguous) over all 2ᵏ processes, in place, in the order of the tree above.

    In round i a process exchanges half of its remaining span with that whose rank differs in bit i. Then the sums
    return along the same path. 2k messages, 2·(1 − 2⁻ᵏ) of the array: as few bytes as a ring sends, in fewer messages.

    Source: Thakur, Rabenseifner & Gropp (2005), Optimization of collective communication operations in MPICH, 4.
    """
    rank, rounds, span = comm.Get_rank(), [], slice(0, x.size)
    for bit in range((comm.Get_size() - 1).bit_length()):
        partner, middle = rank ^ 1 << bit, (span.start + span.stop) // 2
        halves = slice(span.start, middle), slice(middle, span.stop)
        kept, given = halves if rank < partner else halves[::-1]
        received = np.empty_like(x[kept])
        wait(comm.Irecv(received, partner), comm.Isend(x[given], partner))
        x[kept] += received  # a + b = b + a, bit for bit, so the order of the partners does not matter
        rounds.append((partner, kept, given))
        span = kept
    for partner, kept, given in reversed(rounds):
        wait(comm.Irecv(x[given], partner), comm.Isend(x[kept], partner))
    return x


def add_in_any_order(comm: Any, x: Array) -> Array:
    """The same sum, in the order that MPI chooses."""
    wait(comm.Iallreduce(x.copy(), x))
    return x


class Buckets:
    """Sums named arrays over all shares, and sends complete ones while others are still being computed.

    Args:
        likes: arrays with the shapes and dtypes of those to be added, in the same order.
        leaves: how many shares this process has, a power of two.
        send: sums a flat array over the processes, asynchronously.
    """

    def __init__(self, likes: dict[str, Array], leaves: int, send: Callable[[Array], Future[Array]]) -> None:
        self.likes, self.leaves, self.send = likes, leaves, send
        self.lock = threading.Lock()
        self.added: set[tuple[int, str]] = set()
        self.waiting: dict[tuple[str, int, int], Array] = {}  # by (name, height in the tree, place): no sibling yet
        self.done: dict[str, Array] = {}
        self.sent: list[tuple[list[str], Future[Array]]] = []
        self.plan: list[list[str]] = [[]]
        for name, like in likes.items():
            bucket = [likes[other] for other in self.plan[-1]]
            if bucket and (bucket[0].dtype != like.dtype or sum(b.nbytes for b in bucket) + like.nbytes > BUCKET):
                self.plan.append([])
            self.plan[-1].append(name)

    def add(self, place: int, name: str, array: Array) -> None:
        """Add one share's array. A bucket is sent when it and those before it are complete: in one order everywhere."""
        with self.lock:
            self.added.add((place, name))
            height = 0
            while 1 << height < self.leaves:
                other = self.waiting.pop((name, height, place ^ 1), None)
                if other is None:
                    self.waiting[name, height, place] = array
                    return
                array, height, place = other + array, height + 1, place // 2
            self.done[name] = array
            while len(self.sent) < len(self.plan) and all(n in self.done for n in self.plan[len(self.sent)]):
                names = self.plan[len(self.sent)]
                flat = np.concatenate([self.done.pop(n).reshape(-1) for n in names])
                self.sent.append((names, self.send(flat)))

    def complete(self, place: int, arrays: dict[str, Array]) -> None:
        """Add those of a share's arrays that were not added yet: zeros if missing, as in a share without images."""
        for name, like in self.likes.items():
            if (place, name) not in self.added:
                self.add(place, name, arrays[name] if name in arrays else np.zeros_like(like))

    def sums(self) -> dict[str, Array]:
        """The sums over all processes, by name."""
        sums: dict[str, Array] = {}
        for names, future in self.sent:
            ends = np.cumsum([self.likes[name].size for name in names])
            parts = np.split(future.result(), ends[:-1])
            sums |= {name: part.reshape(self.likes[name].shape) for name, part in zip(names, parts, strict=True)}
        return sums


class Meeting:
    """Shares of one batch run in parallel threads, and meet to sum an array over all shares, for batch norm."""

    def __init__(self, leaves: int, add: Callable[[Array], Array]) -> None:
        self.add, self.given = add, [np.zeros(0)] * leaves
        self.barrier = threading.Barrier(leaves, self._sum)

    def total(self, place: int, array: Array) -> Array:
        self.given[place] = array
        self.barrier.wait()
        return self.result

    def hold(self, learn: Callable[[int], None]) -> None:
        """Learn from all shares at once; if one fails, no other waits for it."""

        def attend(place: int) -> None:
            try:
                learn(place)
            except BaseException:
                self.barrier.abort()
                raise

        with ThreadPoolExecutor(len(self.given)) as threads:
            errors = [future.exception() for future in [threads.submit(attend, p) for p in range(len(self.given))]]
        if failed := [error for error in errors if error is not None]:
            raise next((e for e in failed if not isinstance(e, threading.BrokenBarrierError)), failed[0])

    def _sum(self) -> None:
        arrays = self.given
        while len(arrays) > 1:
            arrays = [a + b for a, b in zip(arrays[::2], arrays[1::2], strict=True)]
        self.result = self.add(arrays[0].copy())
