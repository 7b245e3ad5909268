"""Exercises of the book: `python -m minicnn.exercises 3.2`.

One file for each chapter. In it stand a check and, below it, a solution whose signature and docstring are the task.
"""

from . import blocks, images, learning, looking, speed, why  # noqa: F401  (each enters its exercises into ENTERED)
from .exercise import ENTERED, Exercise, Wrong

EXERCISES = {e.number: e for e in sorted(ENTERED, key=lambda e: tuple(map(int, e.number.split("."))))}

__all__ = ["EXERCISES", "Exercise", "Wrong"]
