"""How compiled functions are cached and run: on several Python threads, in forked children, without a cache."""

import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba import prange
from numba.core.compiler_lock import global_compiler_lock
from threadpoolctl import threadpool_limits

from minicnn import threads


@threads.jit
def twice(value):
    return 2 * value


@threads.parallel
def double(x, y):
    for i in prange(x.size):
        y[i] = twice(x[i])


x = np.arange(100.0)


def doubled() -> np.ndarray:
    y = np.empty_like(x)
    double(x, y)
    return y


def test_several_python_threads_may_call_kernels_at_once() -> None:
    found: list[np.ndarray] = []
    workers = [threading.Thread(target=lambda: found.extend(doubled() for _ in range(50))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 200 and all(np.array_equal(y, 2 * x) for y in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_runs_kernels_without_threads() -> None:
    doubled()  # OpenMP's threads are running, and will be missing in the child
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns about forking while other threads run
        child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(doubled(), 2 * x) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def exit_status(child: int, seconds: float = 60) -> int | None:
    """A child's exit status; None if it had to be killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@threads.jit
def thrice(value):
    return 3 * value


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("lock", [threads._lock, global_compiler_lock], ids=["running", "compiling"])
def test_a_fork_waits_until_no_thread_runs_or_compiles_a_kernel(lock) -> None:
    held, stop = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            stop.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    threading.Timer(0.5, stop.set).start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(doubled(), 2 * x) and thrice(1.0 if lock is threads._lock else 1) == 3 else 1)
    waited, status = stop.is_set(), exit_status(child)
    thread.join()
    assert waited and status == 0
    with threads._lock, global_compiler_lock:
        pass  # the parent has released them


WORKQUEUE = """
import os, sys, threading, warnings
import numba, numpy as np
numba.config.THREADING_LAYER = "workqueue"
warnings.simplefilter("ignore", DeprecationWarning)
from minicnn import ops
x = np.random.default_rng(0).standard_normal((4, 3, 16, 16)).astype(np.float32)
y = ops.avg_pool2d(x, 3)[0]
assert numba.threading_layer() == "workqueue"
ended = False
def work():
    while not ended:
        ops.avg_pool2d(x, 3)
worker = threading.Thread(target=work)
worker.start()
statuses = []
for _ in range(10):
    child = os.fork()
    if child == 0:
        same = np.array_equal(ops.avg_pool2d(x, 3)[0], y)
        # It has started no thread that it could wait for.
        alone = sys.platform != "linux" or len(os.listdir("/proc/self/task")) == 1
        os._exit(0 if same and alone else 1)
    statuses.append(os.waitpid(child, 0)[1])
ended = True
worker.join()
print(statuses)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_children_of_a_busy_process_on_workqueue_all_come_to_an_end() -> None:
    done = subprocess.run([sys.executable, "-c", WORKQUEUE], capture_output=True, text=True, timeout=300)
    assert (done.stdout.strip(), done.stderr) == (str([0] * 10), "")


def test_the_serial_twin_is_cached_under_a_name_of_its_own() -> None:
    threaded, serial = double.threaded.py_func.__qualname__, double.serial.py_func.__qualname__
    assert threaded.startswith("double_") and serial.startswith("double_serial_")


@pytest.mark.parametrize("used", ["blocks", "vector"])  # compiled functions; intrinsics and constants
def test_the_name_tells_what_is_compiled_into_the_code(used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from minicnn.kernels import direct

    changed = importlib.import_module(f"minicnn.kernels.{used}").__file__
    before = threads._fingerprint(direct.__dict__)
    true = threads._digest
    monkeypatch.setattr(threads, "_digest", lambda file: "changed" if file == changed else true(file))
    assert threads._fingerprint(direct.__dict__) != before


@threads.parallel
def add_all(xs, y):
    for i in prange(y.size):
        for x in xs:
            y[i] += x[i]


class Scaled(NamedTuple):
    x: np.ndarray
    factor: int


@threads.parallel
def add_scaled(scaled, y):
    for i in prange(y.size):
        y[i] += scaled.factor * scaled.x[i]


def test_read_only_arrays_need_no_machine_code_of_their_own() -> None:
    locked = np.arange(20.0)[::2]
    locked.flags.writeable = False
    compiled = []
    for x in (locked.copy(), np.arange(20.0)[::2], locked):
        y, total = np.empty(10), np.zeros(10)
        double(x, y)
        add_all((x, x), total)
        add_scaled(Scaled(x, 3), total)
        assert np.array_equal(y, 2 * x) and np.array_equal(total, 5 * x)
        compiled.append([len(kernel.threaded.signatures) for kernel in (double, add_all, add_scaled)])
    assert compiled[0] < compiled[1] == compiled[2]
    assert not locked.flags.writeable


def test_only_read_only_arrays_are_replaced() -> None:
    locked, free = np.arange(3.0), np.arange(3.0)
    locked.flags.writeable = False
    for args in ((free, 1), ((free, free), free)):
        assert threads._unlocked(args) is args  # and no time is spent on them
    for args in ((locked,), (1, locked), (free, (locked, 1))):
        for x, unlocked in zip(args, threads._unlocked(args), strict=True):
            first, same = (x[0], unlocked[0]) if isinstance(x, tuple) else (x, unlocked)
            assert first is same if first is not locked else same.flags.writeable and np.shares_memory(first, same)


def test_where_nothing_can_be_cached_it_warns_and_compiles() -> None:
    namespace: dict = {}
    exec("def plus_one(value):\n    return value + 1", namespace)  # code without a file
    with pytest.warns(UserWarning, match="no place to cache compiled code"):
        compiled = threads.jit(namespace["plus_one"])
    assert compiled(1) == 2


@pytest.fixture
def two_blas_threads() -> Iterator[None]:
    with threadpool_limits(2, user_api="blas"):
        yield


def test_blas_has_its_threads_back_afterwards(two_blas_threads: None) -> None:
    libraries = threads._blas_libraries()
    before = [library.get_num_threads() for library in libraries]
    assert before == [2] * len(libraries)
    with threads.single_threaded_blas():
        assert [library.get_num_threads() for library in libraries] == [1] * len(libraries)
    assert [library.get_num_threads() for library in libraries] == before


def parallel_kernels() -> list:
    import minicnn
    import viz

    found = [m for p in (minicnn, viz) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
    modules = [importlib.import_module(m.name) for m in found if "kernels" in m.name or m.name.startswith("viz.")]
    return [kernel for module in modules for kernel in vars(module).values() if hasattr(kernel, "threaded")]


def names_in(kernel) -> set[str]:
    return set(kernel.threaded.py_func.__code__.co_names)


def test_every_kernel_that_calls_blas_holds_it() -> None:
    calls = [kernel for kernel in parallel_kernels() if "dot" in names_in(kernel)]
    assert {kernel.__name__ for kernel in calls} == {"forward", "_by_products"}
    assert all(kernel.blas for kernel in calls)


def test_no_parallel_kernel_sums_a_whole_array() -> None:
    """Numba would divide such a sum among the threads, so that another number of threads gives other bits."""
    summing = {"sum", "mean", "prod", "var", "std"}
    assert not [kernel.__name__ for kernel in parallel_kernels() if summing & names_in(kernel)]


def test_every_python_thread_holds_blas(two_blas_threads: None) -> None:
    def inside() -> list[int]:
        with threads.single_threaded_blas():
            return [library.get_num_threads() for library in threads._blas_libraries()]

    inside()
    with ThreadPoolExecutor(1) as pool:
        assert set(pool.submit(inside).result()) == {1}


def called(library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which functions of a BLAS library are called to hold it, and to give it its threads back."""
    monkeypatch.setattr(threads, "_blas_libraries", lambda: [library])
    monkeypatch.setattr(threads, "_blas_switches", threads._blas_switches.__wrapped__)
    library.calls.clear()
    with threads.single_threaded_blas():
        library.calls.append("inside")
    return library.calls


@pytest.mark.parametrize(
    ("kind", "layer", "has", "own"),
    [
        ("openblas", "pthreads", ("get", "set"), True),
        ("openblas", "pthreads", ("get",), False),
        ("openblas", "pthreads", ("set",), False),
        ("openblas", "openmp", ("get", "set"), False),
        ("mkl", "pthreads", ("get", "set"), False),
    ],
)
def test_openblas_is_held_by_its_own_functions_and_any_other_by_threadpoolctl(
    kind, layer, has, own, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def ask(name: str, threads: int) -> Callable[[], int]:
        return lambda: calls.append(name) or threads

    def set_(name: str) -> Callable[[int], None]:
        return lambda threads: calls.append(f"{name} {threads}")

    all_ = {"get": ask("asked itself", 5), "set": set_("set itself")}
    dynlib = SimpleNamespace(**{f"scipy_openblas_{name}_num_threads64_": all_[name] for name in has})
    by_others = {"get_num_threads": ask("asked", 5), "set_num_threads": set_("set")}
    library = SimpleNamespace(internal_api=kind, threading_layer=layer, dynlib=dynlib, calls=calls, **by_others)
    itself = " itself" if own else ""
    assert called(library, monkeypatch) == [f"asked{itself}", f"set{itself} 1", "inside", f"set{itself} 5"]


def test_a_library_that_has_one_thread_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    alone = {"get_num_threads": lambda: 1, "set_num_threads": lambda threads: calls.append("set")}
    library = SimpleNamespace(internal_api="mkl", threading_layer="intel", dynlib=None, calls=calls, **alone)
    assert called(library, monkeypatch) == ["inside"]


@pytest.mark.parametrize("count", [0, 10_000, 1.5, "2", numba.config.NUMBA_NUM_THREADS + 1])
def test_an_impossible_number_of_threads_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="set_num_threads: expected 1 to"):
        threads.set_num_threads(count)


def test_kernels_run_on_as_many_threads_as_are_set_up_to_all() -> None:
    most = numba.config.NUMBA_NUM_THREADS
    try:
        for count in (most, 1, np.int64(most)):
            threads.set_num_threads(count)
            doubled()
            assert numba.get_num_threads() == threads.get_num_threads() == count
    finally:
        threads.set_num_threads(1)


@threads.parallel(small=8)
def double_little(x, y):
    for i in prange(x.size):
        y[i] = 2 * x[i]


def compiled() -> list[int]:
    return [len(kernel.signatures) for kernel in (double_little.serial, double_little.threaded)]


@pytest.mark.parametrize(("sizes", "is_small"), [((7, 7), True), ((8, 7), False), ((7, 8), False)])
def test_a_short_loop_runs_on_the_calling_thread(sizes: tuple[int, int], is_small: bool) -> None:
    """It is short if all its arrays are."""
    found: list[object] = []
    x, y = (np.ones(size) for size in sizes)
    with threads.rehearsal(lambda kernel, types: found.append(kernel)):
        double_little(x, y)
    assert found == [double_little.serial if is_small else double_little.threaded]


def test_a_short_loop_has_no_parallel_machine_code() -> None:
    x, y = np.arange(7, dtype=np.float32), np.empty(7, np.float32)
    before = compiled()
    double_little(x, y)
    assert np.array_equal(y, 2 * x) and compiled()[1] == before[1]
    x, y = np.arange(9, dtype=np.float32), np.empty(9, np.float32)
    double_little(x, y)
    assert np.array_equal(y, 2 * x) and compiled() == [1, 1]


@threads.parallel(elementwise=True, blas=True)
def ordered(x, y):
    for i in prange(x.size):
        y[i] = 2 * x[i]


def test_a_loop_is_compiled_as_it_was_asked_for_and_else_for_threads_with_sums_in_any_order() -> None:
    for kernel, asked in ((double, False), (ordered, True)):
        assert kernel.threaded.targetoptions["parallel"] is True
        assert not kernel.serial.targetoptions.get("parallel", False)
        for twin in (kernel.threaded, kernel.serial):
            assert ("reassoc" not in twin.targetoptions["fastmath"]) is asked
        assert kernel.blas is asked
    found: list[object] = []
    with threads.rehearsal(lambda kernel, types: found.append(kernel)):
        double(np.empty(0), np.empty(0))  # no loop is too short, if nothing is said
    assert found == [double.threaded]


def test_a_function_that_borrows_its_arrays_counts_no_references_and_any_other_does() -> None:
    def first(x):
        return x[0]

    assert threads.borrowing(first).targetoptions["_nrt"] is False
    assert threads.jit(first).targetoptions.get("_nrt", True) is True


def test_a_rehearsal_finds_the_loops_of_winograd_without_those_of_images_that_are_too_rough_for_it() -> None:
    """No loop runs that could tell, and few images are."""
    from minicnn import ops

    found: list[str] = []
    with threads.rehearsal(lambda kernel, types: found.append(kernel.py_func.__module__.rpartition(".")[2])):
        ops.conv2d(np.ones((1, 4, 6, 6), np.float32), np.ones((4, 4, 3, 3), np.float32), algorithm="winograd4")
    assert set(found) == {"winograd"}
