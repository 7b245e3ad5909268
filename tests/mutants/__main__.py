"""How many random mistakes do the tests catch?

    python -m tests.mutants --count 300

changes one operator, comparison, constant or index of the project's source at a time, runs the tests that run the
changed line (`touched.py`), and says what share the default command catches, and what share everything that CI runs.
Which tests run a line is measured first, once, in about ten minutes; `--measure` measures anew.

What has been tried stands in `.mutants/results.jsonl` and is not tried again while its file stays the same, so that
the command can be stopped at any moment; `--minutes` stops it. `equivalent.toml` lists mutants that no test can
catch, each with the reason: they do not count.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from .draw import Mutant, draw
from .touched import measure, read
from .trial import Copy

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutants"


def equivalent(mutant: Mutant, reviewed: list[dict[str, Any]]) -> bool:
    return any(
        (mutant.path, mutant.source_line, mutant.was, mutant.now) == (e["path"], e["line"], e["was"], e["now"])
        for e in reviewed
    )


def key(mutant: Mutant) -> str:
    return f"{mutant.digest}:{mutant.begin}:{mutant.end}:{mutant.now}"


def results() -> dict[str, dict[str, Any]]:
    file = FOLDER / "results.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return {result["key"]: result for result in found}


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m tests.mutants", description="the share of random mistakes that are caught"
    )
    parser.add_argument("folders", nargs="*", default=["minicnn", "viz"], help="what to change (minicnn viz)")
    parser.add_argument("--leave-out", nargs="*", default=[], help="paths that begin with one of these are not changed")
    parser.add_argument("--count", type=int, default=300, help="mutants that are not equivalent (300)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no new one after these")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which they are drawn (0)")
    parser.add_argument(
        "--again", action="store_true", help="try those anew that survived, as tests were written since"
    )
    parser.add_argument("--measure", action="store_true", help="measure anew which tests run which lines")
    parser.add_argument("--report", action="store_true", help="try none, only report")
    options = parser.parse_args()
    reviewed = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text()).get("mutant", [])
    drawn = draw(ROOT, options.folders, options.seed, lambda path: path.startswith(tuple(options.leave_out)))
    drawn = [mutant for mutant in drawn if not equivalent(mutant, reviewed)][: options.count]
    if not options.report:
        try_out(drawn, options.again, options.measure, end=time.monotonic() + 60 * options.minutes)
    report(drawn)


def try_out(drawn: list[Mutant], again: bool, anew: bool, end: float) -> None:
    known = {name: result for name, result in results().items() if result["caught"] or not again}
    copy = Copy(FOLDER, ROOT)
    copy.renew()
    if anew or not (FOLDER / "slow.coverage").exists():
        measure(copy.run, FOLDER)
    touched = read(FOLDER, ROOT)
    for i, mutant in enumerate(drawn):
        if key(mutant) in known:
            continue
        if time.monotonic() > end:
            break
        result = copy.try_out(mutant, touched)
        with open(FOLDER / "results.jsonl", "a") as file:
            file.write(json.dumps({"key": key(mutant), "name": mutant.name, "kind": mutant.kind, **result}) + "\n")
        print(f"{i + 1}/{len(drawn)} {result['caught'] or 'SURVIVED':8} {mutant.name}", flush=True)


def report(drawn: list[Mutant]) -> None:
    known = results()
    tried = [(mutant, known[key(mutant)]) for mutant in drawn if key(mutant) in known]
    if not tried:
        raise SystemExit("no mutant has been tried")
    caught = Counter(result["caught"] for _, result in tried)
    print(f"\nsurvivors of {len(tried)} mutants ({len(drawn) - len(tried)} more are drawn, not tried yet):")
    for mutant, result in sorted(tried, key=lambda pair: (pair[0].path, pair[0].line)):
        if not result["caught"]:
            print(f"  {mutant.name}\n      {mutant.source_line}")
    print("\nonly CI catches:")
    for mutant, result in tried:
        if result["caught"] == "ci":
            print(f"  {mutant.name}\n      {result['by']}")
    default = caught["default"] / len(tried)
    print(f"\ncaught by the default command: {default:.1%}; by CI: {default + caught['ci'] / len(tried):.1%}")
    for kind in sorted({mutant.kind for mutant, _ in tried}):
        of_kind = [bool(result["caught"]) for mutant, result in tried if mutant.kind == kind]
        print(f"  {kind:12} {sum(of_kind)} of {len(of_kind)}")


if __name__ == "__main__":
    main()
