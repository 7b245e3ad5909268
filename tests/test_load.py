"""`python -m benchmarks load`: what it measures, and the process that keeps a core busy."""

import os
import time

import pytest

from benchmarks import load
from benchmarks.timing import Times


def times(*milliseconds: float) -> Times:
    return Times(tuple(value / 1000 for value in milliseconds))


QUIET = {"minicnn": times(10, 20, 90), "onnxruntime": times(24, 24, 24)}


def test_a_slowdown_is_the_median_beside_work_over_the_quiet_one() -> None:
    busy = {"minicnn": times(1, 30, 31), "onnxruntime": times(84, 84, 84)}
    assert load.slowdowns(QUIET, busy) == {"minicnn": pytest.approx(1.5), "onnxruntime": pytest.approx(3.5)}


def test_the_table_says_who_is_slowed_down_more() -> None:
    busy = {"minicnn": times(60, 60, 60), "onnxruntime": times(36, 36, 36)}
    *rows, _, verdict = load.table(QUIET, busy).splitlines()
    assert rows[2:] == [
        "| minicnn | 20.0 ± 200% | 60.0 ± 0% | **3.00** |",
        "| onnxruntime | 24.0 ± 0% | 36.0 ± 0% | **1.50** |",
    ]
    assert verdict == "minicnn is slowed down more than onnxruntime."
    assert load.table(QUIET, QUIET).endswith("minicnn is slowed down no more than onnxruntime.")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are not pinned here")
def test_one_core_is_busy_and_free_again_after() -> None:
    with load.busy_core() as process:
        assert os.sched_getaffinity(process.pid) == {min(os.sched_getaffinity(0))}
        ticks, until = 0, time.monotonic() + 60
        while ticks < 2 and time.monotonic() < until:
            time.sleep(0.05)
            with open(f"/proc/{process.pid}/stat") as stat:
                ticks = int(stat.read().rpartition(")")[2].split()[11])  # in user mode
    assert ticks >= 2
    assert process.returncode is not None
