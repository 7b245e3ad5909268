"""Does any damaged file bring a traceback, take forever, or load as something else than its bytes say?

    python -m tests.damage                  20,000 files, in processes with limits; ends with status 1 if one went wrong
    python -m tests.damage --only 4711      one of them again, and what it says

Every format that the project reads is written, damaged (bits, blocks, numbers; or a single field, with all checksums
put right) and read. Right is a refusal in one line by an error of the project's own, or what the bytes say: compared
with readers written for this trial, and with onnxruntime. A reader may take 10 s of processor time and 1 GiB.

The files depend on the seed alone. Those that went wrong are kept in `.damage/`, with what was said.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections import Counter, defaultdict
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from .formats import formats
from .trial import Outcome, attempt, keep, work

FOLDER = Path(__file__).parents[2] / ".damage"
PATIENCE = 120.0  # seconds on the wall after which a process hangs: it may have to wait for others


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.damage", description="damaged files: refused, or read rightly?")
    parser.add_argument("--files", type=int, default=20_000, help="how many (20000)")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with (0)")
    parser.add_argument("--seed", type=int, default=0, help="of all damage (0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (one for each core)")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="try this one here, and keep it")
    options = parser.parse_args()
    known = formats()
    if options.only is not None:
        outcome = attempt(options.only, options.seed, known)
        place = keep(outcome, options.seed, FOLDER, known)
        raise SystemExit(f"{outcome.format}: {outcome.verdict}\n{outcome.said}\nkept in {place}")
    outcomes = []
    begun = time.monotonic()
    for outcome in try_all(range(options.first, options.first + options.files), options.seed, options.workers):
        outcomes.append(outcome)
        if not outcome.fine:
            place = keep(outcome, options.seed, FOLDER, known)
            print(
                f"{outcome.number} {outcome.format}: {outcome.verdict}: {outcome.said.strip()[-300:]}  ({place})",
                flush=True,
            )
    report(outcomes, time.monotonic() - begun)
    raise SystemExit(any(not outcome.fine for outcome in outcomes))


def try_all(numbers: range, seed: int, workers: int) -> Any:
    """An outcome for each number, as they come; a process that hangs or dies is replaced."""
    waiting = iter(numbers)
    running: dict[Any, tuple[Any, int, float]] = {}  # by connection: process, number, when it began

    def begin(connection: Any = None, process: Any = None) -> None:
        number = next(waiting, None)
        if number is None:
            if connection is not None:
                connection.send(None)
            return
        if connection is None:
            connection, process = _worker(seed)
        connection.send(number)
        running[connection] = (process, number, time.monotonic())

    known = formats()
    for _ in range(workers):
        begin()
    while running:
        for connection in wait(list(running), timeout=1):
            process, number, _ = running.pop(connection)
            try:
                yield connection.recv()
                begin(connection, process)
            except EOFError:
                process.join()
                yield Outcome(number, known[number % len(known)].name, "crash", f"it ended with {process.exitcode}")
                begin()
        now = time.monotonic()
        for connection, (process, number, begun) in list(running.items()):
            if now - begun > PATIENCE:
                del running[connection]
                process.kill()
                yield Outcome(number, known[number % len(known)].name, "slow", f"over {PATIENCE:.0f} s, and killed")
                begin()


def _worker(seed: int) -> tuple[Any, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, seed), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def report(outcomes: list[Outcome], seconds: float) -> None:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        table[outcome.format][outcome.verdict] += 1
        table["all"][outcome.verdict] += 1
    bad = sorted({o.verdict for o in outcomes if not o.fine})
    columns = ["refused", "loaded", *bad]
    print(f"\n{'':22}{'files':>8}" + "".join(f"{column:>10}" for column in columns))
    for name in [*(name for name in table if name != "all"), "all"]:
        counts = table[name]
        print(f"{name:22}{counts.total():8}" + "".join(f"{counts[column]:10}" for column in columns))
    print(f"\n{len(outcomes)} damaged files in {seconds:.0f} s: {sum(not o.fine for o in outcomes)} went wrong")


if __name__ == "__main__":
    main()
