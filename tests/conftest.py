"""Which tests run, and on how many examples. tests/README.md says where a test belongs and what it may cost.

`pytest` alone is for everyday use: no tests marked `slow`, few examples of each property, and Hypothesis's
database, so that an example that failed is tried again. With `CI` set everything runs, on more examples, the same in
every run; `--thorough` draws a hundred times as many.
"""

from __future__ import annotations

import gc
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
EXAMPLES = {"": (7, 25)}
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
    """One for each core, or for each named file if there are fewer; if that is one, the main process runs the tests."""
    paths = named(config)
    files = len(paths) if all(path.suffix == ".py" for path in paths) else MOST_WORKERS
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores, files, MOST_WORKERS)
    return workers if workers > 1 else 0


class ByFile(LoadFileScheduling):
    """One file at a time. But one worker takes the folders that compile the most, so that nothing is compiled twice."""

    def _split_scope(self, nodeid: str) -> str:
        return "together" if nodeid.split("/")[1] in TOGETHER else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Pytest's own schedule if files or folders are named: otherwise the other workers might have nothing to do."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return ByFile(config, log) if everything and config.option.dist == "loadfile" else None


def all_requested(config: pytest.Config) -> bool:
    return bool(config.option.markexpr or config.getoption("--thorough") or os.environ.get("CI"))


def named(config: pytest.Config) -> set[Path]:
    return {Path(str(argument).split("::")[0]).resolve() for argument in config.args}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A slow folder is not even imported, unless it or a part of it is named or everything is requested."""
    if collection_path.parent != TESTS or collection_path.name not in SLOW or all_requested(config):
        return None
    return None if any(path.is_relative_to(collection_path) for path in named(config)) else True


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported stays to the end, and looking for garbage in it took a fifth of the time of collecting."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """The properties of a module take the settings in force when it is imported."""
    if isinstance(collector, pytest.Module):
        name = "a folder's"
        settings.register_profile(
            name, profile(collector.path, collector.config.getoption("--thorough"), bool(os.environ.get("CI")))
        )
        settings.load_profile(name)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip slow tests unless they are requested: by -m, --thorough, CI, or the name of their file or slow folder."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in SLOW:
            item.add_marker("slow")
    if all_requested(config):
        return
    paths = named(config)
    folders = {TESTS / folder for folder in ASKED_FOR} & paths
    left_out = {
        item
        for item in items
        if item.get_closest_marker("slow") and item.path not in paths and not folders & set(item.path.parents)
    }
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small arrays gain nothing from a second thread, ours or BLAS's, and lose a lot if its core is busy.

    Results do not depend on the number of threads, as tests/ops/test_threads.py shows.
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
