"""Passes over a tall matrix in blocks of rows, shared among threads.

A block's working arrays stay in the cache, so a pass reads the data from memory once and never copies the whole of it.
Blocks are cut by the shape alone and their results are summed in order: the bits of a result are the same for any
number of threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from minicnn.threads import get_num_threads, single_threaded_blas

BLOCK_BYTES = 1 << 20  # of data in a block: half of a common second-level cache
MOST_TASKS = 32


class RowBlocks:
    """The rows of a matrix, cut into tasks and each task into blocks. Made by `row_blocks(X)`."""

    def __init__(self, rows: int, block: int, pool: ThreadPoolExecutor, threads: int) -> None:
        tasks = math.ceil(rows / block)
        self._tasks = min(
            MOST_TASKS, tasks if tasks < 8 else 8 * math.ceil(tasks / 8)
        )  # even shares for 2, 4, 8 threads
        self._rows, self._block = rows, block
        self._pool, self._threads = pool, threads

    def for_each(self, work: Callable[[slice], None]) -> None:
        """Call `work(rows)` for every block; each call writes to its own rows of some array."""

        def run(task: int) -> None:
            for rows in self._blocks(task):
                work(rows)

        for _ in self._in_order(run):
            pass

    def sum(self, work: Callable[[slice], np.ndarray]) -> np.ndarray:
        """Σ work(rows) over the blocks: in the results' own precision within a task, in float64 across tasks."""

        def run(task: int) -> np.ndarray:
            blocks = self._blocks(task)
            total = work(next(blocks))
            for rows in blocks:
                total += work(rows)
            return total

        results = self._in_order(run)
        total = next(results).astype(np.float64)
        for result in results:
            total += result
        return total

    def _blocks(self, task: int) -> Iterator[slice]:
        start, stop = task * self._rows // self._tasks, (task + 1) * self._rows // self._tasks
        for low in range(start, stop, self._block):
            yield slice(low, min(low + self._block, stop))

    def _in_order(self, run: Callable[[int], np.ndarray | None]) -> Iterator[np.ndarray]:
        """The tasks' results in order; no more of them wait at once than there are threads."""
        waiting: deque[Future] = deque()
        for task in range(self._tasks):
            waiting.append(self._pool.submit(run, task))
            if len(waiting) > self._threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def row_blocks(X: np.ndarray, least: int = 64, width: int | None = None) -> Iterator[RowBlocks]:
    """`with row_blocks(X) as blocks:` shares the rows of `X` among threads, with BLAS limited to one thread in each.

    The work on a block must not call `row_blocks` or a parallel kernel: it would wait for itself.

    Args:
        X: the matrix (rows, columns) whose shape and element size cut the blocks.
        least: the minimum rows of a block, for work that pays only with that many.
        width: columns of the working array, if not those of `X`.
    """
    rows, columns = X.shape
    block = min(rows, max(least, BLOCK_BYTES // ((width or columns) * X.itemsize)))
    threads = get_num_threads()
    with single_threaded_blas(), ThreadPoolExecutor(threads) as pool:
        yield RowBlocks(rows, block, pool, threads)


def unit_scale(magnitude: float) -> float:
    """The power of 4 to divide data of this magnitude by, so that sums of its squares neither overflow nor vanish.

    It is 1 for data of ordinary size. Division by it, or by its square root, changes no digit.
    """
    if magnitude == 0 or 2.0**-20 <= magnitude <= 2.0**20:
        return 1.0
    return 4.0 ** max(-500, (math.frexp(magnitude)[1] - 1) // 2)  # at most the magnitude, so that its type holds it


def map_rows(X: np.ndarray, columns: int, work: Callable[[slice], np.ndarray]) -> np.ndarray:
    """The array (rows of X, columns), in X's dtype, whose every block of rows is `work(rows)`."""
    result = np.empty((len(X), columns), X.dtype)

    def of_block(rows: slice) -> None:
        result[rows] = work(rows)

    with row_blocks(X) as blocks:
        blocks.for_each(of_block)
    return result


def squared_error(blocks: RowBlocks, X: np.ndarray, W: np.ndarray, H: np.ndarray) -> float:
    """‖X − W H‖², summed from the differences themselves."""

    def of_block(rows: slice) -> np.ndarray:
        difference = X[rows] - W[rows] @ H
        return np.array([np.vdot(difference, difference)], np.float64)

    return float(blocks.sum(of_block)[0])
