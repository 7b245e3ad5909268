"""Optimizers: SGD (with momentum, Nesterov's too), Adam and AdamW, in PyTorch's arithmetic; and gradient clipping.

An optimizer takes two dicts, name → array, and updates the parameters in place:

    y, pullback = model.forward(x, Pass(train=True, rng=rng))
    _, grads = pullback(dy)
    optimizer.step(model.parameters(), grads)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .kernels import update

Arrays = Mapping[str, np.ndarray]


class Optimizer(ABC):
    """The base of the optimizers: the checks, the step count, and the moments of each parameter.

    Attributes:
        lr: The learning rate of the next step; a schedule, or you, may set it at any time.
        initial_lr: The learning rate given to the constructor, which a schedule's factor multiplies.
        steps: The number of steps taken.
    """

    name: ClassVar[str]

    def __init__(self, lr: float, weight_decay: float, moments: tuple[str, ...]) -> None:
        if not 0 < lr < math.inf:
            raise self._error(f"lr must be positive and finite, got {lr}")
        if not 0 <= weight_decay < math.inf:
            raise self._error(f"weight_decay must be zero or positive, and finite, got {weight_decay}")
        self.lr = self.initial_lr = float(lr)
        self.weight_decay = float(weight_decay)
        self.steps = 0
        self._moments: dict[str, dict[str, np.ndarray]] = {moment: {} for moment in moments}

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The options from which `build(**options)` makes an equal, fresh optimizer; JSON can hold them."""

    def __repr__(self) -> str:
        options = {k: tuple(v) if isinstance(v, list) else v for k, v in self.options().items() if k != "name"}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in options.items())})"

    @abstractmethod
    def _update(self, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        """Update a parameter `w` and its moments in place by the gradient `g`: flat, contiguous arrays."""

    def step(self, parameters: Arrays, grads: Arrays) -> None:
        """Update every parameter in place by its gradient. The gradients are not changed.

        Args:
            parameters: Float32 or float64 arrays of any shape and memory order, under the same names at every step.
            grads: For each parameter its gradient, of the same shape and dtype.

        Raises:
            ValueError: Names, shapes or dtypes do not match, or a parameter is read-only; nothing is updated.
        """
        self._check(parameters, grads)
        if self.steps == 0:
            for arrays in self._moments.values():
                arrays.update((name, np.zeros(w.shape, w.dtype)) for name, w in parameters.items())
        self.steps += 1
        for name, w in parameters.items():
            flat = np.ascontiguousarray(w).reshape(-1)
            g = np.ascontiguousarray(grads[name]).reshape(-1)
            self._update(flat, g, *[arrays[name].reshape(-1) for arrays in self._moments.values()])
            if not w.flags.c_contiguous:  # then `flat` is a copy
                w[...] = flat.reshape(w.shape)

    def state(self) -> dict[str, np.ndarray]:
        """A copy of everything that changes: "lr", "step", and each moment, such as "velocity.conv1.weight"."""
        state = {"lr": np.array(self.lr, np.float64), "step": np.array(self.steps, np.int64)}
        for moment, arrays in self._moments.items():
            state |= {f"{moment}.{name}": array.copy() for name, array in arrays.items()}
        return state

    def load_state(self, state: Arrays) -> None:
        """Restore what `state()` returned: the steps that follow are bit for bit the same as without the interruption.

        Raises:
            ValueError: It is not the state of this kind of optimizer; nothing is changed.
        """
        for scalar in ("lr", "step"):
            if scalar not in state or np.ndim(state[scalar]) != 0:
                raise self._error(f'the state has no number "{scalar}"; give what state() returned')
        moments: dict[str, dict[str, np.ndarray]] = {moment: {} for moment in self._moments}
        for key in state.keys() - {"lr", "step"}:
            moment, _, name = key.partition(".")
            if moment not in moments:
                raise self._error(f'the state holds "{key}", which this optimizer does not keep')
            moments[moment][name] = np.array(state[key], order="C")
        if len({frozenset(arrays) for arrays in moments.values()}) > 1:
            raise self._error(f"the state is incomplete: {' and '.join(moments)} are not of the same parameters")
        self.lr, self.steps, self._moments = float(state["lr"]), int(state["step"]), moments

    def _check(self, parameters: Arrays, grads: Arrays) -> None:
        if grads.keys() != parameters.keys():
            raise self._error(_mismatch("gradient", grads, parameters))
        for name, w in parameters.items():
            if w.dtype != np.float32 and w.dtype != np.float64:
                raise self._error(f"{name} is {w.dtype}, but a parameter is float32 or float64")
            if not w.flags.writeable:
                raise self._error(f"{name} is read-only; give a copy of it")
            self._check_like("gradient", name, grads[name], w)
        if self.steps > 0:
            for moment, arrays in self._moments.items():
                if arrays.keys() != parameters.keys():
                    message = _mismatch(moment, arrays, parameters)
                    raise self._error(f"{message}; a new set of parameters takes a new optimizer")
                for name, w in parameters.items():
                    self._check_like(moment, name, arrays[name], w)

    def _check_like(self, what: str, name: str, array: np.ndarray, w: np.ndarray) -> None:
        if array.shape != w.shape or array.dtype != w.dtype:
            raise self._error(
                f"{name} is {w.dtype} of shape {w.shape}, but its {what} is {array.dtype} of shape {array.shape}"
            )

    def _error(self, message: str) -> ValueError:
        return ValueError(f"{type(self).__name__}: {message}")


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked (Sutskever et al. 2013), in torch.optim.SGD's form:

        d = g + weight_decay * w
        velocity = momentum * velocity + d
        w -= lr * velocity                      (plain; without momentum this is w -= lr * d)
        w -= lr * (d + momentum * velocity)     (Nesterov: the step looks ahead along the new velocity)

    The paper scales the step where it enters the velocity; here it scales the velocity, so that a change of `lr`
    affects all of it immediately.

    Raises:
        ValueError: An option is out of range, or `nesterov` is asked for without momentum.
    """

    name = "sgd"

    def __init__(self, lr: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0) -> None:
        super().__init__(lr, weight_decay, moments=("velocity",) if momentum else ())
        if not 0 <= momentum < 1:
            raise self._error(f"momentum must be in [0, 1), got {momentum}")
        if nesterov and not momentum:
            raise self._error("nesterov=True looks ahead along the momentum, but momentum is 0; give one, such as 0.9")
        self.momentum = float(momentum)
        self.nesterov = bool(nesterov)

    def options(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "lr": self.initial_lr,
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "weight_decay": self.weight_decay,
        }

    def _update(self, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        lr = float(self.lr)
        if self.momentum:
            update.momentum(w, g, *moments, lr, self.momentum, self.weight_decay, self.nesterov)
        else:
            update.sgd(w, g, lr, self.weight_decay)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), whose weight decay is an L2 penalty's gradient, as in torch.optim.Adam:

        d = g + weight_decay * w
        m = beta1 * m + (1 - beta1) * d         (mean of the gradient)
        v = beta2 * v + (1 - beta2) * d²        (mean of its square)
        w -= lr * m̂ / (√v̂ + eps)               with m̂ = m / (1 - beta1^t), v̂ = v / (1 - beta2^t) at step t = 1, 2, …

    The corrections m̂ and v̂ undo the pull toward zero, where m and v start.

    Raises:
        ValueError: An option is out of range.
    """

    name = "adam"

    def __init__(
        self,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr, weight_decay, moments=("m", "v"))
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise self._error(f"betas must be two numbers in [0, 1), got {betas}")
        if not 0 < eps < math.inf:
            raise self._error(f"eps must be positive and finite, got {eps}")
        self.betas = (float(betas[0]), float(betas[1]))
        self.eps = float(eps)

    def options(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "lr": self.initial_lr,
            "betas": list(self.betas),
            "eps": self.eps,
            "weight_decay": self.weight_decay,
        }

    def _update(self, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        self._adam(w, g, *moments, weight_decay=self.weight_decay, shrink=1.0)

    def _adam(self, w: np.ndarray, g: np.ndarray, *moments: np.ndarray, weight_decay: float, shrink: float) -> None:
        """First w *= shrink, then the update above, where √v̂ is computed as √v · 1/√(1 - beta2^t)."""
        beta1, beta2 = self.betas
        step_size = float(self.lr) / (1 - beta1**self.steps)
        rates = 1 - beta1, beta2, 1 - beta2
        inverse_root = 1 / math.sqrt(1 - beta2**self.steps)
        update.adam(w, g, *moments, step_size, *rates, self.eps, inverse_root, weight_decay, shrink)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), as torch.optim.AdamW:

        w *= 1 - lr * weight_decay
        w -= lr * m̂ / (√v̂ + eps)               with m̂ and v̂ of the plain gradient, d = g, as in `Adam`

    Here every weight decays at the same rate; in Adam a large gradient's √v̂ divides the decay away too.

    Raises:
        ValueError: An option is out of range.
    """

    name = "adamw"

    def __init__(
        self,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(lr, betas, eps, weight_decay)

    def _update(self, w: np.ndarray, g: np.ndarray, *moments: np.ndarray) -> None:
        self._adam(w, g, *moments, weight_decay=0.0, shrink=1 - float(self.lr) * self.weight_decay)


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.name: kind for kind in (SGD, Adam, AdamW)}


def build(name: str, **options: Any) -> Optimizer:
    """The optimizer called `name` ("sgd", "adam", "adamw"); `build(**optimizer.options())` makes an equal one.

    Raises:
        ValueError: There is no such optimizer, or it does not take such options.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f'optim.build: there is no optimizer "{name}"; choose from {", ".join(OPTIMIZERS)}')
    try:
        return OPTIMIZERS[name](**options)
    except TypeError as error:  # an unknown option, or one that is missing
        raise ValueError(f"optim.build: {error}") from None


def clip_norm(grads: Arrays, max_norm: float) -> tuple[dict[str, np.ndarray], float]:
    """Scale all gradients by one factor, so that their joint norm is at most `max_norm` (Pascanu et al. 2013):

        norm = √(Σ g²), over every element of every gradient
        g * min(1, max_norm / (norm + 1e-6))

    as in torch.nn.utils.clip_grad_norm_, except that the given gradients are not changed. Gradients whose norm is
    infinite or NaN are returned unscaled: no factor would repair them.

    Returns:
        The clipped gradients, and the norm before clipping.

    Raises:
        ValueError: `max_norm` is not positive.
    """
    if not max_norm > 0:
        raise ValueError(f"clip_norm: max_norm must be positive, got {max_norm}")
    norm = math.sqrt(sum(update.sum_of_squares(np.ascontiguousarray(g).reshape(-1)) for g in grads.values()))
    scale = max_norm / (norm + 1e-6)
    if scale >= 1 or not math.isfinite(norm):
        return dict(grads), norm
    return {name: g * scale for name, g in grads.items()}, norm


def _mismatch(what: str, arrays: Arrays, parameters: Arrays) -> str:
    missing, extra = sorted(parameters.keys() - arrays.keys()), sorted(arrays.keys() - parameters.keys())
    if missing:
        return f"no {what} for {', '.join(missing)}"
    return f"a {what} for {', '.join(extra)}, but no such parameter"
