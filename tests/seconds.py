"""`pytest --seconds`: the processor time of the tests by folder, and how much of it is compiling.

Processor time, because elapsed time says as much about what else the machine does. A child process counts when
it ends. Compiling counts for the test that first calls a kernel with new types: reading machine code from the cache is
not compiling, and a later test pays nothing.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pytest
from numba.core import event

DEPTH = 2  # tests/viz/page counts as tests/viz
DEAREST = 30


def processor_seconds() -> float:
    """Processor seconds of this process so far, and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Compiling(event.Listener):
    """Records what is compiled, with its seconds, which exclude those of the functions that a kernel calls."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.compiled: list[tuple[str, float]] = []

    def on_start(self, event: Any) -> None:
        self.begun.append(processor_seconds())

    def on_end(self, event: Any) -> None:
        now = processor_seconds()
        seconds = now - self.begun.pop()
        self.begun = [begun + seconds for begun in self.begun]  # the caller is not charged for it
        function = event.data["dispatcher"].py_func
        self.compiled.append((f"{function.__module__}.{function.__name__}", seconds))


class Seconds:
    """Measures each test in the process that runs it, and adds up in the process that collects the reports."""

    def __init__(self) -> None:
        self.compiling = Compiling()
        event.register("numba:compile", self.compiling)
        self.folders: dict[str, list[float]] = {}
        self.kernels: dict[str, list[float]] = {}
        self.tests: list[tuple[float, float, str]] = []  # seconds without compiling, seconds of compiling, name

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        item.user_properties.append(("before", processor_seconds()))
        self.compiling.compiled.clear()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        report = yield
        if call.when == "teardown":
            seconds = processor_seconds() - dict(item.user_properties)["before"]
            report.user_properties = [("seconds", seconds), ("compiled", list(self.compiling.compiled))]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            found = dict(report.user_properties)
            seconds, compiled = found["seconds"], found["compiled"]
            compiling = sum(each for _, each in compiled)
            self.tests.append((seconds - compiling, compiling, report.nodeid))
            folder = "/".join(PurePath(report.nodeid.split("::")[0]).parent.parts[:DEPTH])
            _add(self.folders, folder, 1, seconds, compiling, len(compiled))
            for kernel, each in compiled:
                _add(self.kernels, kernel, 1, each)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("processor time by folder")
        terminalreporter.write_line(f"{'':24}{'tests':>7}{'seconds':>9}{'compiling':>11}{'variants':>10}")
        rows = sorted(self.folders.items(), key=lambda row: -row[1][1])
        rows.append(("all", [sum(column) for column in zip(*self.folders.values(), strict=True)]))
        for folder, (tests, seconds, compiling, variants) in rows:
            terminalreporter.write_line(f"{folder:24}{tests:7}{seconds:9.1f}{compiling:11.1f}{variants:10}")
        terminalreporter.write_line(f"\nthe {DEAREST} dearest tests, without and with compiling:")
        for seconds, compiling, name in sorted(self.tests, reverse=True)[:DEAREST]:
            terminalreporter.write_line(f"{seconds:6.1f}{seconds + compiling:8.1f}  {name}")
        if self.kernels:
            terminalreporter.write_line("\nvariants that were compiled, and seconds:")
        for kernel, (variants, seconds) in sorted(self.kernels.items(), key=lambda row: -row[1][1])[:DEAREST]:
            terminalreporter.write_line(f"{variants:6}{seconds:8.1f}  {kernel}")


def _add(table: dict[str, list[float]], key: str, *amounts: float) -> None:
    table[key] = [a + b for a, b in zip(table.get(key, [0] * len(amounts)), amounts, strict=True)]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seconds", action="store_true", help="print processor time by folder, and that of compiling")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--seconds"):
        config.pluginmanager.register(Seconds())
