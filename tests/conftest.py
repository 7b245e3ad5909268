"""What is run, and how much of it: tests/README.md says which test belongs where, and what it may cost.

`pytest` is for everyday: without what is marked `slow`, with few examples of each property, and with Hypothesis's
database, so that what has failed once is tried again. With `CI` set everything runs, on more examples, the same in
every run; `--thorough` draws a hundred times as many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent
SLOW = ("mutations", "peers", "site")  # folders in which everything is
ASKED_FOR = (*SLOW, "distributed")  # by naming them
MOST_WORKERS = 8  # each compiles or reads its own machine code, and takes half a gigabyte
TOGETHER = ("exercises", "kernels", "layers", "ops", "zoo")  # folders that compile the most, and the same kernels

# Examples of each property, by folder: everyday, and with CI set.
EXAMPLES = {"": (10, 25)}
THOROUGH = 100  # times those of CI


def profile(path: Path, thorough: bool, ci: bool) -> settings:
    """Hypothesis's settings for the tests in a file."""
    folder = path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""
    few, many = EXAMPLES.get(folder, EXAMPLES[""])
    return settings(
        max_examples=THOROUGH * many if thorough else many if ci else few,
        derandomize=ci and not thorough,
        deadline=None,  # the first example of a test may compile kernels
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run slow tests too, on 100 times the examples of CI")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One for each core, or file if files are named; none beside the main process where that makes one."""
    named = [Path(str(argument).split("::")[0]) for argument in config.args]
    files = len(set(named)) if all(path.suffix == ".py" for path in named) else MOST_WORKERS
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores, files, MOST_WORKERS)
    return workers if workers > 1 else 0


class ByFile(LoadFileScheduling):
    """A file at a time; but one worker takes all that compiles the most, lest two compile the same at the same time."""

    def _split_scope(self, nodeid: str) -> str:
        return "together" if nodeid.split("/")[1] in TOGETHER else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Pytest's own where files or folders are named: there may be nothing else for the other workers."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return ByFile(config, log) if everything and config.option.dist == "loadfile" else None


def pytest_collectstart(collector: pytest.Collector) -> None:
    """A module's properties take the settings that hold when it is imported."""
    if isinstance(collector, pytest.Module):
        name = "a folder's"
        settings.register_profile(
            name, profile(collector.path, collector.config.getoption("--thorough"), bool(os.environ.get("CI")))
        )
        settings.load_profile(name)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow, unless it was asked for: by -m, --thorough, CI, its file's name or its slow folder's."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in SLOW:
            item.add_marker("slow")
    if config.option.markexpr or config.getoption("--thorough") or os.environ.get("CI"):
        return
    named = {Path(str(argument).split("::")[0]).resolve() for argument in config.args}
    folders = {TESTS / folder for folder in ASKED_FOR} & named
    left_out = {
        item
        for item in items
        if item.get_closest_marker("slow") and item.path not in named and not folders & set(item.path.parents)
    }
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small arrays gain nothing from a second thread, of ours or of BLAS, and lose much where its core is busy.

    Results do not depend on the number of threads: tests/ops/test_threads.py says so.
    """
    from threadpoolctl import threadpool_limits

    import minicnn

    minicnn.set_num_threads(1)
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture
def on_two_threads() -> Callable[[Callable[[], Any]], Any]:
    """Calls a function while kernels run on two threads."""
    import numba

    import minicnn

    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("a machine with one core has one number of threads")

    def call(function: Callable[[], Any]) -> Any:
        minicnn.set_num_threads(2)
        try:
            return function()
        finally:
            minicnn.set_num_threads(1)

    return call
