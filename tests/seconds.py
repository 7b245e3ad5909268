"""`pytest --seconds`: what the tests cost in processor time, by folder, and how much of it is compiling.

Processor time, because the time on the wall tells as much about what else the machine does. A child process counts when
it ends. Compiling is counted where a test first calls a kernel with new types: reading machine code from the cache is
not compiling, and a test that comes later pays nothing.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pytest
from numba.core import event

DEPTH = 2  # tests/viz/page counts to tests/viz
DEAREST = 30


def processor_seconds() -> float:
    """Of this process so far, and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Compiling(event.Listener):
    """Adds up the outermost compilations: a kernel compiles the functions that it calls."""

    def __init__(self) -> None:
        self.depth, self.begun, self.seconds, self.variants = 0, 0.0, 0.0, 0

    def on_start(self, event: Any) -> None:
        if self.depth == 0:
            self.begun = processor_seconds()
        self.depth += 1

    def on_end(self, event: Any) -> None:
        self.depth -= 1
        self.variants += 1
        if self.depth == 0:
            self.seconds += processor_seconds() - self.begun


class Seconds:
    """Measures each test where it runs; adds up where the reports come together."""

    def __init__(self) -> None:
        self.compiling = Compiling()
        event.register("numba:compile", self.compiling)
        self.folders: dict[str, list[float]] = {}
        self.tests: list[tuple[float, float, str]] = []  # seconds without compiling, seconds of compiling, name

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begun = (processor_seconds(), self.compiling.seconds, self.compiling.variants)
        item.user_properties.append(("before", begun))
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        report = yield
        if call.when == "teardown":
            before = dict(item.user_properties)["before"]
            now = (processor_seconds(), self.compiling.seconds, self.compiling.variants)
            report.user_properties = [("cost", tuple(b - a for a, b in zip(before, now, strict=True)))]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            seconds, compiling, _ = cost = dict(report.user_properties)["cost"]
            self.tests.append((seconds - compiling, compiling, report.nodeid))
            folder = "/".join(PurePath(report.nodeid.split("::")[0]).parent.parts[:DEPTH])
            total = self.folders.setdefault(folder, [0, 0.0, 0.0, 0])
            for i, amount in enumerate((1, *cost)):
                total[i] += amount

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seconds", action="store_true", help="print processor time by folder, and that of compiling")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--seconds"):
        config.pluginmanager.register(Seconds())
