"""How many random mistakes do the tests catch?

    python -m tests.mutants --count 300

changes one operator, comparison, constant or index of the project's source at a time, runs the tests that belong to
that file (`where.py`) as the default command does, and then, on what has survived, as CI does; and says what share
each of them catches. `--run default` leaves CI's part for later.

What has been tried stands in `.mutants/results.jsonl` and is not tried again while its file stays the same, so that
the command can be stopped at any moment; `--minutes` stops it. `equivalent.toml` lists mutants that no test can
catch, each with the reason: they do not count.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from tests.planting import ROOT

from .draw import Mutant, draw
from .trial import RUNS, Trial

FOLDER = ROOT / ".mutants"
LIKELY = 3  # files of tests that are tried before the others


def equivalent(mutant: Mutant, reviewed: list[dict[str, Any]]) -> bool:
    """Whether it is in the list.

    An entry without a place is of every place on its line; one of the kind of change alone is of all such changes
    there, also of those that a test catches.
    """
    names = ("was", "now", "place", "kind")
    return any(
        (mutant.path, mutant.source_line) == (e["path"], e["line"])
        and all(getattr(mutant, name) == e[name] for name in names if name in e)
        for e in reviewed
    )


def key(mutant: Mutant) -> str:
    return f"{mutant.digest}:{mutant.begin}:{mutant.end}:{mutant.now}"


def lines() -> list[dict[str, str]]:
    """All that was tried so far."""
    file = FOLDER / "results.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def likely(path: str) -> list[str]:
    """The tests that have caught the most mutants in the folder of a file."""
    room = str(Path(path).parent)
    found = [
        re.match(r"\S+ (tests/[^: ]+)", line["said"])
        for line in lines()
        if str(Path(line["name"].split(":")[0]).parent) == room
    ]
    return [test for test, _ in Counter(match[1] for match in found if match).most_common(LIKELY)]


def results() -> dict[str, dict[str, str]]:
    """What each run said of each mutant, by the mutant's key and the run's name; the last word counts."""
    found = dict[str, dict[str, str]]()
    for result in lines():
        if remains(result["said"]):
            found.setdefault(result["key"], {})[result["run"]] = result["said"]
    return found


def remains(said: str) -> bool:
    """Whether the test that caught a mutant is still there under its name; if not, the mutant is tried again."""
    match = re.match(r"\S+ (tests/[^: ]+)(?:::(\w+::)?(\w+))?", said)
    if not match:
        return True
    file = ROOT / match[1]
    return file.exists() and (match[3] is None or f"def {match[3]}(" in file.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m tests.mutants", description="the share of random mistakes that are caught"
    )
    parser.add_argument("folders", nargs="*", default=["minicnn", "viz"], help="what to change (minicnn viz)")
    parser.add_argument("--leave-out", nargs="*", default=[], help="paths that begin with one of these are not changed")
    parser.add_argument("--count", type=int, default=300, help="mutants that are not equivalent (300)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no new one after these")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which they are drawn (0)")
    parser.add_argument("--again", action="store_true", help="try the survivors again, for example after writing tests")
    parser.add_argument("--run", choices=RUNS, action="append", help="try them with this run alone (default, ci)")
    parser.add_argument(
        "--part", type=_part, default=(1, 1), metavar="I/N", help="of them the I-th of N: N processes at the same time"
    )
    parser.add_argument("--report", action="store_true", help="try none, only report")
    options = parser.parse_args()
    reviewed = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text()).get("mutant", [])
    drawn = draw(ROOT, options.folders, options.seed, lambda path: path.startswith(tuple(options.leave_out)))
    drawn = [mutant for mutant in drawn if not equivalent(mutant, reviewed)][: options.count]
    part, of = options.part
    drawn = drawn[part - 1 :: of]
    if not options.report:
        for run in options.run or RUNS:
            try_out(drawn, run, options.again, end=time.monotonic() + 60 * options.minutes)
    report(drawn)


def _part(text: str) -> tuple[int, int]:
    part, of = map(int, text.split("/"))
    if not 1 <= part <= of:
        raise ValueError
    return part, of


def try_out(drawn: list[Mutant], run: str, again: bool, end: float) -> None:
    """Let a run judge what has not been caught so far."""
    known, trial, caught = results(), Trial(FOLDER), list[str]()
    for i, mutant in enumerate(drawn):
        said = known.get(key(mutant), {})
        if any(said.values()) or (run in said and not again):
            caught.append(said.get(run, ""))
            continue
        if time.monotonic() > end:
            break
        found = trial.caught(mutant, run, likely(mutant.path))
        caught.append(found)
        with open(FOLDER / "results.jsonl", "a") as file:
            file.write(json.dumps({"key": key(mutant), "name": mutant.name, "run": run, "said": found}) + "\n")
        print(f"{i + 1}/{len(drawn)} {run} {'caught' if found else 'PASSED'} {mutant.name}", flush=True)
    trial.check(caught, run)


def report(drawn: list[Mutant]) -> None:
    known = results()
    tried = [(mutant, known[key(mutant)]) for mutant in drawn if key(mutant) in known]
    if not tried:
        raise SystemExit("no mutant has been tried")
    print(f"\nsurvivors of {len(tried)} mutants ({len(drawn) - len(tried)} more are drawn, not tried yet):")
    for mutant, said in sorted(tried, key=lambda pair: (pair[0].path, pair[0].line)):
        if not any(said.values()):
            print(f"  {mutant.name}\n      {mutant.source_line}")
    print("\nonly CI catches:")
    for mutant, said in tried:
        if said.get("ci"):
            print(f"  {mutant.name}\n      {said['ci']}")
    default, ci = (sum(bool(said.get(run)) for _, said in tried) for run in RUNS)
    untried = sum(not said.get("default") and "ci" not in said for _, said in tried)
    print(f"\ncaught by the default command: {default} of {len(tried)}, {default / len(tried):.1%}")
    print(f"by CI: {default + ci}, {(default + ci) / len(tried):.1%}; not tried with it: {untried}")
    kinds = Counter(mutant.kind for mutant, _ in tried)
    caught = Counter(mutant.kind for mutant, said in tried if any(said.values()))
    for kind in sorted(kinds):
        print(f"  {kind:12} {caught[kind]} of {kinds[kind]}")


if __name__ == "__main__":
    main()
