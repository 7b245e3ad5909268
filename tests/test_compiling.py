"""How far compilation is: shown while loops compile, never otherwise, and counted without running them."""

import io
import re
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from numba import njit, prange
from numba.core import event

import minicnn as cnn
from minicnn import compiling, threads

SOURCE = """
def add(x, y):
    for i in prange(x.size):
        y[i] = x[i] + {number}
"""


def fresh(number: int):
    """A loop that has never been compiled: its source is in no file, so that nothing is kept."""
    namespace: dict = {"prange": prange}
    exec(SOURCE.format(number=number), namespace)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return threads.parallel(namespace["add"])


def work_of(*loops):
    """Work that calls these loops, and what they write."""
    x, y = np.zeros(4), np.zeros(4)

    def work() -> None:
        for loop in loops:
            loop(x, y)

    return work, y


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "PATIENCE", 0.0)


def test_a_line_says_how_many_loops_of_how_many_are_compiled(at_once, capsys) -> None:
    work, y = work_of(fresh(1), fresh(2))
    with compiling.shown(work):
        work()
    assert re.fullmatch(rf"{compiling.WHAT}: [01] of 2 loops done; {compiling.WHY} …\n", capsys.readouterr().err)
    assert (y == 2).all()


@pytest.mark.slow
def test_a_bar_counts_them_on_a_terminal(at_once, monkeypatch) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    work, _ = work_of(fresh(1), fresh(2))
    with compiling.shown(work):
        work()
    counts = re.findall(r"(\d) of (\d)", screen.getvalue())
    assert counts[-1] == ("2", "2") and {total for _, total in counts} == {"2"}
    frames = screen.getvalue().split("\r")
    assert max(map(len, frames)) == 80 and not frames[-1].strip()  # at last the bar is gone


def test_a_second_may_pass_before_anything_is_shown(monkeypatch) -> None:
    waits = []

    class Timer(threading.Timer):
        def start(self) -> None:
            waits.append((self.interval, self.daemon))
            super().start()

    monkeypatch.setattr(compiling.threading, "Timer", Timer)
    compiled = event.trigger_event("numba:compile", data={"dispatcher": njit(lambda: None), "args": ()})
    with compiling.shown(), compiled:
        pass
    assert waits == [(1.0, True)]  # and a program that ends does not wait for it


@pytest.mark.slow
def test_what_is_compiled_already_is_not_counted(at_once, capsys) -> None:
    loops = fresh(1), fresh(2), fresh(3)
    work_of(loops[0])[0]()
    work, _ = work_of(*loops)
    with compiling.shown(work):
        work()
    assert " of 2 loops done" in capsys.readouterr().err


def test_without_compilation_nothing_is_shown_or_rehearsed(at_once, capsys) -> None:
    work, _ = work_of(fresh(1))
    work()
    rehearsed = []
    with compiling.shown(lambda: rehearsed.append(1)):
        work()
        time.sleep(0.05)
    assert (rehearsed, capsys.readouterr().err) == ([], "")


@pytest.mark.parametrize("rehearsal", [None, lambda: 1 / 0], ids=["none", "failing"])
def test_where_the_number_of_loops_is_unknown_none_is_claimed(at_once, capsys, rehearsal) -> None:
    work, _ = work_of(fresh(1))
    with compiling.shown(rehearsal):
        work()
    assert capsys.readouterr().err == f"{compiling.WHAT}; {compiling.WHY} …\n"


def test_short_compilation_and_a_refusal_show_nothing(monkeypatch, capsys) -> None:
    monkeypatch.setattr(compiling, "PATIENCE", 600.0)
    work, _ = work_of(fresh(1))
    with compiling.shown(work):
        work()
    monkeypatch.setattr(compiling, "PATIENCE", 0.0)
    work, _ = work_of(fresh(2))
    with compiling.shown(work, progress=False):
        work()
    assert capsys.readouterr().err == ""


def test_a_rehearsal_stops_when_the_work_is_done(at_once) -> None:
    loop, begun, turns = fresh(1), threading.Event(), []
    x, y = np.zeros(4), np.zeros(4)

    def rehearsal() -> None:
        for turn in range(300):
            turns.append(turn)
            loop(x, y)
            begun.set()
            time.sleep(0.01)

    with compiling.shown(rehearsal):
        fresh(2)(x, y)
        assert begun.wait(10)
    assert len(turns) < 300


def test_a_rehearsal_notes_loops_and_their_types_and_runs_none() -> None:
    loop, noted = fresh(1), []
    y = np.zeros(4, np.float32)
    with threads.rehearsal(lambda *found: noted.append(found)):
        loop(np.zeros(4), y)
    assert not y.any() and not loop.threaded.signatures
    loop(np.zeros(4), y)
    assert noted == [(loop.threaded, loop.threaded.signatures[0])] and (y == 1).all()


def test_a_rehearsal_is_over_after_an_error() -> None:
    work, y = work_of(fresh(1))
    with pytest.raises(ValueError, match="no more"), threads.rehearsal(lambda *_: None):
        raise ValueError("no more")
    work()
    assert (y == 1).all()


@threads.parallel
def kept(x, y):
    for i in prange(x.size):
        y[i] = x[i]


@threads.parallel
def never(x, y):
    for i in prange(x.size):
        y[i] = -x[i]


def test_machine_code_on_disk_counts_as_compiled() -> None:
    kept(np.zeros(2), np.zeros(2))
    kinds = kept.threaded.signatures[0]
    assert compiling.is_compiled(kept.threaded, kinds)
    kept.threaded.overloads.clear()  # as in a new process
    assert compiling.is_compiled(kept.threaded, kinds)
    assert not compiling.is_compiled(never.threaded, kinds)


COLD = """
from numba.core import event
from minicnn import readiness, threads, zoo
class Recorder(event.Listener):
    depth, loops = 0, set()
    def on_start(self, found):
        if self.depth == 0:
            self.loops.add((found.data["dispatcher"], found.data["args"]))
        self.depth += 1
    def on_end(self, found):
        self.depth -= 1
recorder, noted = Recorder(), set()
event.register("numba:compile", recorder)
model = zoo.build("seed")
def work():
    readiness.take_step(model, (1, 28, 28), 8)
with threads.rehearsal(lambda *found: noted.add(found)):
    work()
serial = set(recorder.loops)  # loops that Python calls without threads are compiled, and run, by the rehearsal
assert noted and not serial & noted
work()
assert recorder.loops == serial | noted, recorder.loops ^ (serial | noted)
"""


@pytest.mark.slow
def test_a_rehearsal_of_a_network_finds_exactly_the_loops_that_it_compiles(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_warmup_shows_nothing_when_asked_not_to(at_once, capsys) -> None:
    assert cnn.warmup(cnn.Sequential(fc=cnn.Dense(3, 2), flat=cnn.Flatten()), (3,), progress=False) > 0
    assert capsys.readouterr().err == ""
