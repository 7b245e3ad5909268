"""Learning-rate schedules: pure functions of the step, so a checkpoint need only save the number of the step.

A schedule gives the factor by which the optimizer's own learning rate is multiplied for a step:

    for step in range(total_steps):
        optimizer.lr = optimizer.initial_lr * schedule(step, total_steps)
        ...

A step is one batch. Any function of these two integers works as a schedule; the ones here can also be saved by name.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True)
class Schedule(ABC):
    """A factor for every step of a run."""

    name: ClassVar[str]

    def __call__(self, step: int, total_steps: int) -> float:
        """The factor for `step`, which counts from 0 to `total_steps - 1`.

        Raises:
            ValueError: The run has no such step.
        """
        if not 0 <= step < total_steps:
            raise ValueError(f"{type(self).__name__}: a run of {total_steps} steps has no step {step}")
        return self.factor(step, total_steps)

    @abstractmethod
    def factor(self, step: int, total_steps: int) -> float:
        """The factor, by the schedule's equation."""

    def options(self) -> dict[str, Any]:
        """The options from which `build(**options)` makes an equal schedule; JSON can hold them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"name": self.name} | {k: v.options() if isinstance(v, Schedule) else v for k, v in values.items()}

    def _require(self, condition: bool, message: str) -> None:
        if not condition:
            raise ValueError(f"{type(self).__name__}: {message}")


@dataclass(frozen=True)
class Constant(Schedule):
    """factor = 1."""

    name = "constant"

    def factor(self, step: int, total_steps: int) -> float:
        return 1.0


@dataclass(frozen=True)
class StepDecay(Schedule):
    """factor = gamma^⌊step / step_size⌋: times `gamma` after every `step_size` steps, as torch's StepLR."""

    step_size: int
    gamma: float = 0.1
    name = "step"

    def __post_init__(self) -> None:
        self._require(self.step_size >= 1, f"step_size must be at least 1, got {self.step_size}")
        self._require(self.gamma > 0, f"gamma must be positive, got {self.gamma}")

    def factor(self, step: int, total_steps: int) -> float:
        return self.gamma ** (step // self.step_size)


@dataclass(frozen=True)
class Cosine(Schedule):
    """factor = minimum + (1 - minimum) · (1 + cos(π step / total_steps)) / 2, as torch's CosineAnnealingLR.

    Half a cosine wave from 1 down to `minimum`, which the step after the last would reach (Loshchilov & Hutter 2017,
    equation 5, without restarts).
    """

    minimum: float = 0.0
    name = "cosine"

    def __post_init__(self) -> None:
        self._require(0 <= self.minimum <= 1, f"minimum must be in [0, 1], got {self.minimum}")

    def factor(self, step: int, total_steps: int) -> float:
        return _anneal(1.0, self.minimum, step / total_steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to 1 and down to almost nothing, each along half a cosine wave (Smith & Topin 2019), as torch's OneCycleLR.

        start = 1 / divide,  end = start / final_divide,  peak = warmup · total_steps - 1
        factor = anneal(start → 1, step / peak)                                         up to the peak
        factor = anneal(1 → end, (step - peak) / (total_steps - 1 - peak))              after it

    The optimizer's learning rate is the highest one. The peak may fall between two steps; then no step reaches exactly
    1.
    """

    warmup: float = 0.3
    divide: float = 25.0
    final_divide: float = 1e4
    name = "one-cycle"

    def __post_init__(self) -> None:
        self._require(0 <= self.warmup < 1, f"warmup is a fraction of the run in [0, 1), got {self.warmup}")
        self._require(self.divide >= 1, f"divide must be at least 1, got {self.divide}")
        self._require(self.final_divide >= 1, f"final_divide must be at least 1, got {self.final_divide}")

    def factor(self, step: int, total_steps: int) -> float:
        start = 1 / self.divide
        peak = self.warmup * total_steps - 1
        if step < peak:
            return _anneal(start, 1.0, step / peak)
        return _anneal(1.0, start / self.final_divide, (step - peak) / (total_steps - 1 - peak))


@dataclass(frozen=True)
class Warmup(Schedule):
    """From `start` up to 1 along a line in the first `steps` steps, then the schedule `after` (Goyal et al. 2017, 2.2).

        factor = start + (1 - start) · step / steps          while step < steps
        factor = after(step - steps, total_steps - steps)    from there on

    as torch's SequentialLR of LinearLR and another.
    """

    steps: int
    after: Schedule = Constant()
    start: float = 0.1
    name = "warmup"

    def __post_init__(self) -> None:
        self._require(self.steps >= 1, f"steps must be at least 1, got {self.steps}")
        self._require(0 <= self.start <= 1, f"start must be in [0, 1], got {self.start}")

    def factor(self, step: int, total_steps: int) -> float:
        if step < self.steps:
            return self.start + (1 - self.start) * step / self.steps
        return self.after(step - self.steps, total_steps - self.steps)


SCHEDULES: dict[str, type[Schedule]] = {kind.name: kind for kind in (Constant, StepDecay, Cosine, OneCycle, Warmup)}


def build(name: str, **options: Any) -> Schedule:
    """The schedule called `name`: "constant", "step", "cosine", "one-cycle" or "warmup".

    `build(**schedule.options())` makes an equal one; a schedule inside another may be given by its options.

    Raises:
        ValueError: There is no such schedule, or it does not take such options.
    """
    if name not in SCHEDULES:
        raise ValueError(f'schedules.build: there is no schedule "{name}"; choose from {", ".join(SCHEDULES)}')
    inner = {option: build(**value) if isinstance(value, dict) else value for option, value in options.items()}
    try:
        return SCHEDULES[name](**inner)
    except TypeError as error:  # an unknown option, or one that is missing
        raise ValueError(f"schedules.build: {error}") from None


def _anneal(start: float, end: float, progress: float) -> float:
    """Half a cosine wave from `start` to `end` as `progress` goes from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
