"""What a layer is: arrays, and a forward that returns its output and its pullback.

    y, pullback = layer.forward(x, pass_)
    dx, grads = pullback(dy)                     # grads: {"weight": …, "bias": …}, the keys of layer.parameters()
    dx, _ = pullback(dy, wants="input")          # or "parameters": the other half is not computed

Any object with `parameters` and `buffers` (each a dict of arrays, or a method that returns one) and such a `forward`
can be composed, trained, saved and gradient-checked like ours; deriving from `Layer` adds the conveniences below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from .. import init
from ..display import Shown, Table
from ..ops.contract import FLOATS, Array
from .options import written_options
from .pullback import LayerPullback, run_layer
from .running import Pass
from .tree import arrays_of, cast, children_of, walk

WRAPPERS = ("module.", "model.", "_orig_mod.")
LAST_DENSE = 1 / 64  # times the values that the scheme draws


class Layer(Shown):
    """The base of all layers and containers.

    A layer's constructor stores each option under its own name, and its arrays under the names it declares here.

    A layer made of other layers stores them as `self.body`: one layer, usually a `Sequential`. It runs its body unless
    it defines its own forward, and its paths are those of the body: they contain no "body.".

        class Bottleneck(Layer):
            def __init__(self, channels, reduction=4):
                self.channels, self.reduction = channels, reduction
                inner = channels // reduction
                self.body = Sequential(down=Conv2d(channels, inner, 1), relu=ReLU(), up=Conv2d(inner, channels, 1))

    Attributes:
        body: what the layer is made of, or None.
        transform: how images become this model's input (`data.Transform`), if known.
        classes: the names of its outputs, if known.
    """

    parameter_names: ClassVar[tuple[str, ...]] = ()  # arrays that are trained
    buffer_names: ClassVar[tuple[str, ...]] = ()  # arrays that belong to the state, but are not trained
    body: Any = None
    transform: Any = None
    classes: tuple[str, ...] | None = None
    frozen: bool = False  # see `minicnn.freeze`

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        """The output for x, and the pullback dy → (dx, gradients by parameter name)."""
        if self.body is None:
            raise TypeError(f"{type(self).__name__} has no forward: a layer defines forward(x, pass_), or self.body")
        return run_layer(self.body, x, pass_)

    def __call__(self, x: Array) -> Array:
        """The output for x, without a pullback."""
        return run_layer(self, x, Pass())[0]

    def __getitem__(self, key: Any) -> Any:
        """The layer at a path or position in the body."""
        if self.body is None:
            raise TypeError(f"{type(self).__name__}: there are no layers inside")
        return self.body[key]

    @property
    def children(self) -> dict[str, Any]:
        """The layers inside this one, by name."""
        return children_of(self.body)

    def parameters(self) -> dict[str, Array]:
        """The trainable arrays themselves (not copies), by path: {"conv1.weight": …}; none if frozen."""
        return self._arrays("parameters", () if self.frozen else self.parameter_names)

    def buffers(self) -> dict[str, Array]:
        """The arrays that are saved but not trained, such as running statistics, by path; all of a frozen model's."""
        return self._arrays("buffers", self.parameter_names * self.frozen + self.buffer_names)

    def trained_names(self) -> tuple[str, ...]:
        """The names of the arrays for which this layer's own pullback returns gradients."""
        return tuple(name for name in self.parameter_names if getattr(self, name) is not None)

    def _arrays(self, kind: str, names: tuple[str, ...]) -> dict[str, Array]:
        own = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.body is not None:
            return own | arrays_of(self.body, kind)
        for child, layer in self.children.items():
            own |= {f"{child}.{name}": array for name, array in arrays_of(layer, kind).items()}
        return own

    def state(self) -> dict[str, Array]:
        """Parameters and buffers: everything that must be saved."""
        return self.parameters() | self.buffers()

    def load_state(self, source: Any, strict: bool = True) -> None:
        """Copy arrays into this model, in its own precision.

        PyTorch's `num_batches_tracked` counters are ignored, and so are the prefixes of wrappers: `module.`
        (DataParallel), `model.` (Lightning), `_orig_mod.` (torch.compile).

        Args:
            source: arrays by path, as `state()` names them: a dict of arrays, a PyTorch `state_dict`, or the path or
                URL of a safetensors file (see `weights.read_weights`).
            strict: raise an error for missing or unexpected names; otherwise load what matches.

        Raises:
            ValueError: there is no such file, names or shapes do not match, or the model is frozen. Nothing is changed
                then.
        """
        from ..weights import read_weights

        self._refuse_if_frozen("load_state")
        state = self.state()
        given = {n: a for n, a in read_weights(source).items() if n.rpartition(".")[2] != "num_batches_tracked"}
        given = _unwrapped(given, state)
        faults = [
            f"{name} is {given[name].shape}, expected {array.shape}"
            for name, array in state.items()
            if name in given and given[name].shape != array.shape
        ]
        if strict:
            faults += [f"{name} is missing" for name in state if name not in given]
            faults += [f"{name} is left over" for name in given if name not in state]
        if faults:
            more = f"; and {len(faults) - 8} more" if len(faults) > 8 else ""
            raise ValueError(f"load_state: {'; '.join(faults[:8])}{more}")
        for name, array in state.items():
            if name in given:
                array[...] = given[name]

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        """Initialize the arrays of this layer, not those of its children; `rng(name)` is the generator for one
        array."""

    def initialize(self, seed: int = 0, scheme: str = "he_normal") -> Self:
        """Initialize every parameter: weights by `scheme`, biases 0, batch normalization as the identity.

        The values of an array depend only on the seed and its path: adding a layer does not change the others. The
        weights of a final dense layer are divided by 64. Then all scores are about 0, the K classes are equally likely,
        and the first loss is ln K; with large scores the untrained model would be confidently wrong.

        Args:
            seed: the same seed gives the same values.
            scheme: a function of `minicnn.init`: "he_normal", "he_uniform", "glorot_normal" or "glorot_uniform".

        Returns:
            the model itself.

        Raises:
            ValueError: the scheme is unknown, the model is frozen, or a layer keeps other layers where they are not
                found.
        """
        self._refuse_if_frozen("initialize")
        if scheme not in init.SCHEMES:
            raise ValueError(f"initialize: expected scheme to be one of {', '.join(init.SCHEMES)}, got {scheme!r}")
        check_composed(self)
        for path, layer in walk(self):
            if isinstance(layer, Layer):
                prefix = f"{path}." if path else ""
                layer.reset(lambda name, prefix=prefix: init.generator(seed, prefix + name), init.SCHEMES[scheme])  # type: ignore[misc]
        if (weight := _last_dense(self)) is not None:
            weight *= LAST_DENSE
        return self

    def astype(self, dtype: Any) -> Self:
        """Convert all arrays to float32 or float64, in place, and return the model.

        Raises:
            ValueError: the dtype is another one, or the model is frozen.
        """
        self._refuse_if_frozen("astype")
        if np.dtype(dtype).type not in FLOATS:
            raise ValueError(f"astype: expected float32 or float64, got {np.dtype(dtype)}")
        cast(self, dtype)
        return self

    def _refuse_if_frozen(self, what: str) -> None:
        if self.frozen:
            raise ValueError(f"{what}: expected a model that may change, but this one is frozen; change the original")

    def _headline(self) -> str:
        try:
            first, named = written_options(self)
        except ValueError:  # an option is not stored under its name: an error in `save`, but not in a repr
            return "…"
        return ", ".join(first + named)

    def _table(self) -> Table | None:
        """Each layer with its options, indented by depth, and its number of parameters (if frozen, of all numbers)."""
        rows, kind = [], "buffers" if self.frozen else "parameters"
        for path, layer in walk(self):
            if path:
                depth, arrays = path.count("."), arrays_of(layer, kind).values()
                name = "\u2003" * depth + path.rpartition(".")[2]
                shown = type(layer).__name__ if children_of(layer) else repr(layer)
                rows.append((name, shown, f"{sum(array.size for array in arrays):,}" if len(arrays) else ""))
        return Table(("layer", "type", "numbers" if self.frozen else "parameters"), rows, left=2) if rows else None


def check_composed(model: Any) -> None:
    """Raise an error if a layer keeps other layers where they are not found: they would be neither trained nor saved.

    Raises:
        ValueError: there is such a layer.
    """
    for path, layer in walk(model):
        known = [getattr(layer, "body", None), *children_of(layer).values()]
        for name, value in vars(layer).items() if isinstance(layer, Layer) else ():
            if isinstance(value, Layer) and not any(value is one for one in known):
                where = path or type(layer).__name__
                raise ValueError(
                    f"{where}: it keeps a layer as self.{name}, so its weights are not found; put its layers into one "
                    "self.body, such as a Sequential, Residual or Graph, or let `children` name them"
                )


def _unwrapped(given: dict[str, Array], state: dict[str, Array]) -> dict[str, Array]:
    """The arrays without a wrapper's prefix, if all of them have it and none of the model's own names does."""
    for prefix in WRAPPERS:
        if given and all(n.startswith(prefix) for n in given) and not any(n.startswith(prefix) for n in state):
            return _unwrapped({n.removeprefix(prefix): array for n, array in given.items()}, state)
    return given


def _last_dense(model: Layer) -> Array | None:
    """The weight of the last layer with parameters, if that is a dense layer inside the model."""
    last = [layer for _, layer in walk(model) if not children_of(layer) and arrays_of(layer, "parameters")][-1:]
    if last and isinstance(last[0], Layer) and last[0] is not model:
        weight = last[0].parameters().get("weight")
        return weight if weight is not None and weight.ndim == 2 else None
    return None
