"""Exercises of the book, with checks that tell right from wrong.

`python -m minicnn.exercises` lists them. `python -m minicnn.exercises 3.2` prints a task and writes a file to begin
with, exercise_3_2.py; once that file is there, the same command checks it. Exit status: 0 right, 1 not yet, 2 misuse.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from minicnn.exercises import EXERCISES, Exercise, Wrong


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m minicnn.exercises", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("number", nargs="?", help="which exercise, such as 3.2; without it, list all")
    parser.add_argument("--solution", action="store_true", help="print a solution")
    parser.add_argument("--folder", type=Path, default=Path(), help="where your answers are (default: here)")
    options = parser.parse_args(arguments)
    if options.number is None:
        for exercise in EXERCISES.values():
            print(f"{exercise.number:>5}  {exercise.title}")
        return 0
    if options.number not in EXERCISES:
        parser.error(f"there is no exercise {options.number}; without a number, all are listed")
    exercise = EXERCISES[options.number]
    if options.solution:
        print(exercise.code)
        return 0
    file = options.folder / f"exercise_{exercise.number.replace('.', '_')}.py"
    return _check(exercise, file) if file.exists() else _begin(exercise, file)


def _begin(exercise: Exercise, file: Path) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(exercise.stub, "utf-8")
    print(f"{exercise.number}  {exercise.task}\n\nWrite your answer into {file}, and run this command again.")
    return 1


def _check(exercise: Exercise, file: Path) -> int:
    try:
        answer = runpy.run_path(str(file)).get(exercise.name)
        if not callable(answer):
            raise Wrong(f"expected a function {exercise.name} in {file}, found none")
        exercise.check(answer)
    except Wrong as wrong:
        print(f"{exercise.number}  not yet. {wrong}")
        return 1
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        where = f"{file}, line {line}" if line else "the check could not use what your function returned"
        print(f"{exercise.number}  not yet. {where}: {type(error).__name__}: {error}")
        return 1
    print(f"{exercise.number}  right.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
