"""Gradient ascent on an image: objective × parameterization × transformation × optimizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

import minicnn as cnn
from minicnn.deprecation import renamed_fields
from minicnn.display import Shown, drawing, tqdm

from ..bounds import pixel_bounds
from .evaluate import value_and_gradient
from .objective import Array, Objective
from .transformation import Transform

OPTIMIZERS = ("adam", "lbfgs")


@renamed_fields(pictures="images")
@dataclass(frozen=True, repr=False)
class Synthesis(Shown):
    """The result of an ascent.

    Attributes:
        images: (N, C, H, W) as the model sees them.
        values: the objective at each step, of the transformed image.
        bounds: black and white as the model sees them, if known.
    """

    images: Array
    values: tuple[float, ...]
    bounds: tuple[Array | float, Array | float] | None = None

    def shown(self) -> Array:
        """The images in 0…1: from black to white, or, if these are not known, from the smallest to the largest
        value."""
        low, high = (self.images.min(), self.images.max()) if self.bounds is None else self.bounds
        return np.clip((self.images - low) / np.maximum(np.asarray(high) - low, 1e-12), 0, 1)

    def _headline(self) -> str:
        shape = "×".join(map(str, self.images.shape))
        path = f", objective {self.values[0]:.4g} → {self.values[-1]:.4g}" if self.values else ""
        return f"images {shape} after {len(self.values)} steps{path}"

    def plot(self) -> Any:
        """The images (`viz.plot.synthesis`); None if their channels cannot be displayed."""
        return drawing().synthesis(self) if self.images.shape[1] in (1, 3) else None


def ascend(
    model: Any,
    objective: Objective,
    parameterization: Any,
    *,
    steps: int = 256,
    lr: float = 0.05,
    optimizer: str = "adam",
    transform: Transform | None = None,
    seed: int = 0,
    initial: Array | None = None,
    progress: bool = False,
    callback: Callable[[int, Array], Any] | None = None,
) -> Synthesis:
    """Search for an image with a large objective.

    Args:
        model: any network.
        objective: what to maximize.
        parameterization: `Pixels` or `Fourier`: what is optimized instead of pixels.
        steps: how many steps; for "lbfgs" the most iterations.
        lr: Adam's learning rate, in units of the parameters.
        optimizer: "adam", or "lbfgs" (SciPy's L-BFGS, for deterministic objectives: no transform).
        transform: random changes applied at each step, which the objective must survive.
        seed: of the initial image and of the transformations: the same seed gives the same image, bit for bit.
        initial: initial parameters, instead of noise.
        progress: whether to show a bar with the objective's value.
        callback: called with (step, images) after each step, to show the progress of a long run; a true return value
            stops it.

    Raises:
        ValueError: an option is out of range, or the objective names a layer that does not exist.
    """
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"ascend: expected optimizer to be one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    if steps < 1:
        raise ValueError(f"ascend: expected at least 1 step, got {steps}")
    if optimizer == "lbfgs" and transform is not None:
        raise ValueError('ascend: "lbfgs" needs an objective that stays the same; use "adam" with a transform')
    rng = np.random.default_rng(seed)
    p = parameterization.initial(rng) if initial is None else np.array(initial, np.float32)
    values: list[float] = []

    def evaluate(p: Array) -> tuple[float, Array, Array]:
        x, to_parameters = parameterization.image(p)
        seen, untransform = transform(x, rng) if transform is not None else (x, lambda dy: dy)
        value, dseen = value_and_gradient(model, seen, objective, wake=optimizer == "adam")
        return value, to_parameters(untransform(dseen)), x

    with tqdm(total=steps, desc=objective.name, unit="step", disable=not progress) as bar:

        def note(value: float, x: Array) -> bool:
            values.append(value)
            bar.update()
            bar.set_postfix(value=f"{value:.4g}")
            return bool(callback and callback(len(values), x))

        if optimizer == "adam":
            adam = cnn.Adam(lr)
            for _ in range(steps):
                value, dp, x = evaluate(p)
                if note(value, x):
                    break
                adam.step({"p": p}, {"p": -dp})
        else:
            p = _lbfgs(evaluate, p, steps, note)
    bounds = None if getattr(model, "transform", None) is None else pixel_bounds(model)
    return Synthesis(parameterization.image(p)[0], tuple(values), bounds)


def _lbfgs(
    evaluate: Callable[[Array], tuple[float, Array, Array]], p: Array, steps: int, note: Callable[[float, Array], bool]
) -> Array:
    """SciPy minimizes −objective, in float64; it gets the value relative to the first, which may be huge."""
    shape, dtype = p.shape, p.dtype
    size = max(abs(evaluate(p)[0]), 1e-12)

    def down(flat: Array) -> tuple[float, Array]:
        value, dp, _ = evaluate(flat.reshape(shape).astype(dtype))
        return -value / size, (-dp / size).ravel().astype(np.float64)

    def each(intermediate_result: Any) -> None:
        x = intermediate_result.x.reshape(shape).astype(dtype)
        if note(-intermediate_result.fun * size, x):
            raise StopIteration

    found = minimize(
        down, p.ravel().astype(np.float64), jac=True, method="L-BFGS-B", callback=each, options={"maxiter": steps}
    )
    return np.asarray(found.x.reshape(shape).astype(dtype))
