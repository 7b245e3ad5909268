"""One damaged file tried: read in a process of its own, measured, and compared with its bytes."""

from __future__ import annotations

import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from . import harm
from .format import Format
from .formats import formats

SECONDS = 10.0  # of processor time
MEMORY = 1 << 30  # bytes beyond what the process held before
HARD_LIMIT = 4 << 30  # what the process gets at all
LONGEST = 1000  # characters of a message


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        number, format: which.
        verdict: "refused" or "loaded", which are right; else what went wrong: "traceback", "message", "warning",
            "wrong", "slow", "memory", "crash".
        said: the message of the error, or what was wrong.
    """

    number: int
    format: str
    verdict: str
    said: str

    @property
    def fine(self) -> bool:
        return self.verdict in ("refused", "loaded")


def damaged(number: int, seed: int, known: list[Format]) -> tuple[Format, dict[str, bytes]]:
    """The format, and the files, of which one is damaged: functions of the seed and the number."""
    format = known[number % len(known)]
    rng = random.Random(f"{seed} {number}")
    victim = rng.choice(tuple(format.files))
    hurt = format.inside if format.inside is not None and rng.random() < 0.5 else harm.at_random
    return format, format.files | {victim: hurt(format.files[victim], rng)}


def attempt(number: int, seed: int, known: list[Format]) -> Outcome:
    """Damage a file, and judge what comes of it."""
    return judge(number, *damaged(number, seed, known))


def judge(number: int, format: Format, files: dict[str, bytes]) -> Outcome:
    """Read files, and say what came of it."""
    with tempfile.TemporaryDirectory(prefix="damage") as name:
        folder = Path(name)
        for file, contents in files.items():
            (folder / file).write_bytes(contents)
        held = _reset_peak()
        begun = time.process_time()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            verdict, said, result = _read(format, folder)
        seconds, taken = time.process_time() - begun, _peak() - held
        if seconds > SECONDS:
            verdict, said = "slow", f"{seconds:.1f} s; {said}"
        elif taken > MEMORY:
            verdict, said = "memory", f"{taken >> 20} MiB; {said}"
        elif warned:
            verdict, said = "warning", f"{warned[0].category.__name__}: {warned[0].message}; {said}"
        elif verdict == "loaded":
            try:
                with warnings.catch_warnings():  # of what the reader passed over rightly
                    warnings.simplefilter("ignore")
                    said = format.wrong(result, folder)
            except Exception as error:
                said = f"what was loaded cannot be read again: {error!r}"
            verdict = "wrong" if said else "loaded"
    return Outcome(number, format.name, verdict, said)


def _read(format: Format, folder: Path) -> tuple[str, str, Any]:
    try:
        return "loaded", "", format.read(folder)
    except format.errors as error:
        said, cause = str(error), error
        while cause.__cause__ or cause.__context__:
            cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
        if isinstance(cause, MemoryError):
            return "memory", said, None
        clear = 0 < len(said) <= LONGEST and said.isprintable() and (str(folder) in said or format.runs)
        return "refused" if clear else "message", said, None
    except MemoryError:
        return "memory", traceback.format_exc(limit=-3), None
    except Exception:
        return "traceback", traceback.format_exc(limit=-3), None


def work(connection: Connection, seed: int) -> None:
    """Try the numbers that come, until none comes."""
    resource.setrlimit(resource.RLIMIT_DATA, (HARD_LIMIT, HARD_LIMIT))
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  warnings are counted, not shown
    known = formats()
    while (number := connection.recv()) is not None:
        connection.send(attempt(number, seed, known))


def keep(outcome: Outcome, seed: int, folder: Path, known: list[Format]) -> Path:
    """Store the files that something went wrong with."""
    place = folder / f"{outcome.number}-{outcome.verdict}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for file, contents in damaged(outcome.number, seed, known)[1].items():
        (place / file).write_bytes(contents)
    (place / "said.txt").write_text(f"{outcome.format}\n{outcome.said}\n")
    return place


def _status(field: str) -> int:
    """Bytes, as Linux says them of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise ValueError(field)


def _reset_peak() -> int:
    """What is held now; from here on the peak is measured again, if the system supports that (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _status("VmRSS")
    except OSError:
        return _peak()


def _peak() -> int:
    try:
        return _status("VmHWM")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
