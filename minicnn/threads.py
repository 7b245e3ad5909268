"""How the engine's loops are compiled, and how many threads they run on: one policy, in one file.

`jit` compiles a serial function, `borrowing` one that makes no array, `inline` one that is copied into its callers,
`parallel` one whose `prange` loops are shared among threads. All but inlined ones cache their machine code on disk. A
parallel function that calls BLAS (`np.dot`) inside its loop says so: BLAS is then held to one thread meanwhile, because
every core is already ours.

Results never depend on the number of threads: a parallel loop writes disjoint outputs, and what is summed in one task
depends only on the shape of the work.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  Numba's np.dot calls SciPy's BLAS, which must be loaded to be limited
from numba.core.compiler_lock import global_compiler_lock
from numba.core.extending import _Intrinsic
from threadpoolctl import ThreadpoolController

from . import linking, tbb
from .code_cache import CodeCache
from .cores import available_cores

tbb.load()  # before Numba looks for it

# Reassociation lets sums vectorize. Never "nnan" or "ninf": they would let the compiler drop tests for NaN.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}

_config: Any = numba.config  # created at run time

# Numba's workqueue layer dies when two Python threads enter a parallel region at once.
_lock = threading.RLock()


class _Local(threading.local):
    """What differs among Python threads."""

    threads: int | None = None  # the count that is set in Numba
    note: Callable[[Any, tuple[Any, ...]], None] | None = None  # of a rehearsal


_local = _Local()
_forked = False  # threads do not survive fork: a child runs the serial twin of each kernel


# A fork copies locks in their current state, but not the threads that would release them. So it waits until no kernel
# runs or compiles; otherwise a child of a multithreaded process could wait forever for a thread that does not exist.


def _before_fork() -> None:
    _lock.acquire()
    global_compiler_lock.acquire()


def _after_fork() -> None:
    global_compiler_lock.release()
    _lock.release()


def _mark_forked() -> None:
    global _forked
    _forked = True
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_mark_forked)


_threads = available_cores()


def set_num_threads(threads: int) -> None:
    """Run the parallel kernels on `threads` threads from now on.

    Raises:
        ValueError: `threads` is not an int, is below 1, or exceeds the number Numba was started with.
    """
    global _threads
    most = _config.NUMBA_NUM_THREADS
    if not isinstance(threads, int | np.integer) or not 1 <= threads <= most:
        raise ValueError(f"set_num_threads: expected 1 to {most} (NUMBA_NUM_THREADS at start), got {threads!r}")
    _threads = int(threads)


def get_num_threads() -> int:
    """The number of threads that the parallel kernels run on."""
    return _threads


@functools.cache
def _blas_libraries() -> list[Any]:
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


@functools.cache
def _blas_switches() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """Functions that read and set the number of threads of each BLAS library."""
    return [_switch(library) for library in _blas_libraries()]


def _switch(library: Any) -> tuple[Callable[[], int], Callable[[int], object]]:
    """OpenBLAS's own functions, else threadpoolctl's.

    threadpoolctl looks OpenBLAS up in every call, which takes longer than a small kernel, and ignores changes from any
    Python thread but the first.
    """
    if library.internal_api == "openblas" and library.threading_layer == "pthreads":
        for prefix, suffix in itertools.product(("", "scipy_"), ("", "64_", "_64")):
            ask = getattr(library.dynlib, f"{prefix}openblas_get_num_threads{suffix}", None)
            set_ = getattr(library.dynlib, f"{prefix}openblas_set_num_threads{suffix}", None)
            if ask is not None and set_ is not None:
                return ask, set_
    return library.get_num_threads, library.set_num_threads


@contextlib.contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit BLAS to one thread inside the block: for work that runs on `get_num_threads()` threads of its own.

    Those threads must not call a parallel kernel: any other thread that enters here, or calls one, waits its turn.
    """
    with _lock:
        changed = [(set_, threads) for ask, set_ in _blas_switches() if (threads := ask()) != 1]
        try:
            for set_, _ in changed:
                set_(1)
            yield
        finally:
            for set_, threads in changed:
                set_(threads)


def _compile(function: Callable[..., Any], suffix: str = "", **options: Any) -> Callable[..., Any]:
    """`numba.njit` with a disk cache, or without one if there is no place for it.

    Numba's disk cache identifies a function by its name and its own file, but not by its options or by the functions of
    other files that are compiled into it. So the name is extended by both. Otherwise a serial function would load the
    machine code of its parallel twin, and a kernel would keep a helper that has since changed.
    """
    name = f"{function.__qualname__}{suffix}_{_fingerprint(function.__globals__)}"
    function = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    function.__qualname__ = name
    options = {"fastmath": FASTMATH, "error_model": "numpy", "nogil": True, **options}
    compiled = linking.link(numba.njit(**options)(function))
    try:
        compiled._cache = CodeCache(function)
    except RuntimeError as error:  # "cannot cache function …: no locator available"
        warnings.warn(
            f"no place to cache compiled code, compiling again in every process: {error}; "
            "set NUMBA_CACHE_DIR to a writable folder",
            stacklevel=3,
        )
    return compiled


def _fingerprint(namespace: dict[str, Any]) -> str:
    """A digest of the files that say how to compile, and of those whose functions a module uses, however indirectly."""
    files = {__file__, str(linking.__file__)}
    unseen = [namespace]
    while unseen:
        for value in list(unseen.pop().values()):
            source = getattr(value, "py_func", None) or (value._defn if isinstance(value, _Intrinsic) else None)
            used = source.__globals__ if source is not None else namespace
            if used is not namespace and used.get("__file__", __file__) not in files:
                files.add(used.get("__file__", __file__))
                unseen.append(used)
    digests = [_digest(file) for file in sorted(files)]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:8]


@functools.cache
def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a serial function; it may be called from Python and from parallel kernels."""
    return _compile(function)


def borrowing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a serial function that makes no array, and does not count references to those that it is given.

    The counts are atomic: threads that work on one array would wait for each other in every call.
    """
    return _compile(function, _nrt=False)


def inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a serial function that is copied into each kernel that calls it: for the few lines of an inner loop."""
    return numba.njit(fastmath=FASTMATH, error_model="numpy", nogil=True, forceinline=True)(function)


class _Unlocked:
    """The memory of a read-only array, from which `np.asarray` makes a writable one."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x  # holds the memory
        self.__array_interface__ = x.__array_interface__ | {"data": (x.ctypes.data, False)}


def _unlocked(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, with read-only arrays made writable, also those at the beginning of a tuple.

    To Numba a read-only array has another type, and each combination of types is another function, which takes seconds
    to compile. No kernel writes to its inputs.
    """
    for x in args:
        for array in x if isinstance(x, tuple) else (x,):
            if type(array) is not np.ndarray:
                break
            if not array.flags.writeable:
                return tuple(map(_writable, args))
    return args


def _writable(x: Any) -> Any:
    if type(x) is np.ndarray:
        return x if x.flags.writeable else np.asarray(_Unlocked(x))
    if not isinstance(x, tuple):
        return x
    return type(x)(*map(_writable, x)) if hasattr(x, "_fields") else tuple(map(_writable, x))


def parallel(
    function: Callable[..., Any] | None = None, *, blas: bool = False, elementwise: bool = False, small: int = 0
) -> Callable[..., Any]:
    """Compile a function whose `prange` loops run on `get_num_threads()` threads.

    With `blas`, which costs some microseconds per call, BLAS is limited to one thread inside it.

    If all array arguments (not those in tuples) have fewer than `small` elements, the loop runs on the calling thread:
    waking the others would take longer than they save.

    With `elementwise`, for a loop without sums, terms are computed in the order written. If the compiler were free to
    reassociate, it could order them differently in the vector form of a loop than in the scalar form, which it uses for
    the last elements of each thread and where arrays lie close together.

    The first call with a new combination of types compiles (or reads the cache). Safe to call from several Python
    threads, which then take turns, and after `fork`, where it runs serially (and has to compile that first).
    """
    if function is None:
        return functools.partial(parallel, blas=blas, elementwise=elementwise, small=small)
    options: dict[str, Any] = {"fastmath": {"contract"}} if elementwise else {}
    threaded: Any = _compile(function, parallel=True, **options)
    serial: Any = _compile(function, "_serial", **options)

    @functools.wraps(function)
    def run(*args: Any) -> Any:
        args = _unlocked(args)
        alone = _forked or (small and all(x.size < small for x in args if type(x) is np.ndarray))
        if _local.note is not None:
            kernel = serial if alone else threaded
            _local.note(kernel, tuple(map(kernel.typeof_pyval, args)))
            return 0.0  # for a sum; as the answer of Winograd's forward pass, that the input is not too rough
        with single_threaded_blas() if blas else _lock:
            if alone:
                return serial(*args)
            if _local.threads != _threads:  # Numba keeps the number for each Python thread
                numba.set_num_threads(_threads)
                _local.threads = _threads
            return threaded(*args)

    run.threaded, run.serial, run.blas = threaded, serial, blas  # type: ignore[attr-defined]
    return run


@contextlib.contextmanager
def rehearsal(note: Callable[[Any, tuple[Any, ...]], None]) -> Iterator[None]:
    """Run no parallel loop on this Python thread inside the block: `note` gets each, and the types of its arguments.

    Output is what happens to lie in memory, so that the block's results mean nothing, and NumPy warns of none.
    """
    _local.note = note
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _local.note = None
