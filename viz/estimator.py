"""The base of `viz`'s estimators: scikit-learn's interface, without importing scikit-learn.

An estimator's constructor only stores its parameters, `fit` returns the estimator, and learned attributes end in an
underscore. With `get_params`, `set_params`, `set_output` and `__sklearn_tags__`, scikit-learn can clone these classes,
chain them in pipelines and search their parameters like its own.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse

from .blocks import row_blocks
from .containers import NamedColumns


class ConvergenceWarning(UserWarning):
    """An iteration stopped at its limit before it had converged."""


class NotFittedError(ValueError, AttributeError):
    """A method that needs a fitted estimator was called before `fit`."""


class Estimator(NamedColumns):
    """Parameters by name, a readable `repr`, validated input, and the tags that scikit-learn asks for."""

    _nonnegative_input: ClassVar[bool] = False
    n_features_in_: int
    components_: np.ndarray

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's parameters by name. (`deep` is scikit-learn's; nothing here is nested.)"""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Store new parameter values; they are validated by `fit`."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__}: no parameter {name!r}; there are {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        given = {n: v for n, v in self.get_params().items() if repr(v) != repr(defaults[n])}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=InputTags(positive_only=self._nonnegative_input),
        )

    def _training_matrix(self, X: Any) -> np.ndarray:
        """`X` as `fit` takes it; its number of features is remembered."""
        X = self._matrix(X)
        self.n_features_in_ = X.shape[1]
        return X

    def _new_matrix(self, X: Any) -> np.ndarray:
        """`X` as a fitted estimator takes it: with as many features as it was fitted to."""
        self._require_fitted()
        X = self._matrix(X)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features "
                "as input: pass the columns it was fitted to"
            )
        return X

    def _coordinates(self, Y: Any) -> np.ndarray:
        """`Y` as `inverse_transform` takes it: with as many columns as there are components."""
        self._require_fitted()
        name, components = type(self).__name__, len(self.components_)
        Y = as_matrix(Y, name)
        if Y.shape[1] != components:
            raise ValueError(f"{name}: Y has {Y.shape[1]} columns, expected one per component, {components}")
        return Y

    def _matrix(self, X: Any) -> np.ndarray:
        name = type(self).__name__
        X = as_matrix(X, name)
        if self._nonnegative_input and X.min() < 0:
            row, column = np.unravel_index(int(X.argmin()), X.shape)
            raise ValueError(
                f"Negative values in data passed to {name}: {X.min():g} at [{row}, {column}], expected none below 0; "
                "shift the data, or use SemiNMF, which takes any sign"
            )
        return X

    def _require_fitted(self) -> None:
        if not hasattr(self, "n_features_in_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call fit before this method")


def as_matrix(X: Any, name: str, check_finite: bool = True) -> np.ndarray:
    """`X` as a finite real matrix: float32 stays float32, everything else becomes float64; copied only if necessary.

    Args:
        X: an array-like of shape (samples, features), with at least one of each.
        name: the caller, for the messages.
        check_finite: False if the caller checks for NaN and infinity itself, in a pass that it makes anyway.

    Raises:
        TypeError: `X` is sparse, or holds objects that are not numbers.
        ValueError: `X` has another number of dimensions, is empty, complex, or (if checked) holds NaN or infinity.
    """
    if scipy.sparse.issparse(X):
        raise TypeError(f"{name}: sparse input is not supported; pass X.toarray()")
    X = np.asarray(X)
    if np.iscomplexobj(X):
        raise ValueError(f"{name}: Complex data not supported; pass X.real, X.imag or abs(X)")
    if X.dtype != np.float32:
        X = X.astype(np.float64, copy=False)
    if X.ndim != 2:
        raise ValueError(
            f"{name}: expected a 2-D array (samples, features), got {X.ndim}-D of shape {X.shape}. Reshape your data: "
            "X.reshape(len(X), -1), or X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one sample"
        )
    for count, what in zip(X.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(f"{name}: got 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required.")
    if check_finite:
        require_finite(X, name)
    return X


def require_finite(X: np.ndarray, name: str) -> None:
    """Raise ValueError if `X` holds NaN or infinity, naming which and where."""

    def total(rows: slice) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return X[rows].sum(keepdims=True)

    with np.errstate(invalid="ignore"), row_blocks(X) as blocks:
        if np.isfinite(blocks.sum(total)):  # a sum that overflows is examined below
            return
    bad = ~np.isfinite(X)
    if bad.any():
        place = np.unravel_index(int(bad.argmax()), X.shape)
        what = "NaN" if np.isnan(X[place]) else "infinity"
        raise ValueError(
            f"{name}: X contains {what} at [{', '.join(map(str, place))}] and {bad.sum() - 1} more values that are not "
            "finite; remove those rows or fill them in"
        )


def as_generator(random_state: Any, name: str) -> np.random.Generator:
    """A NumPy generator from `random_state`: None (fresh entropy), a seed, a Generator, or a legacy RandomState."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**32, 4, dtype=np.uint64))
    if random_state is None or (isinstance(random_state, (int, np.integer)) and random_state >= 0):
        return np.random.default_rng(random_state)
    raise ValueError(f"{name}: random_state must be None, an int from 0 or a NumPy generator, got {random_state!r}")


def as_count(value: Any, parameter: str, name: str, least: int = 1) -> int:
    """`value` as an int of at least `least`, or a ValueError that names the parameter."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: {parameter} must be an int from {least}, got {value!r}")
    return int(value)


def as_number(value: Any, parameter: str, name: str, least: float = 0.0, most: float = np.inf) -> float:
    """`value` as a float in [least, most], or a ValueError that names the parameter."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        raise ValueError(f"{name}: {parameter} must be a number in [{least:g}, {most:g}], got {value!r}")
    return float(value)


def as_choice(value: Any, choices: tuple[str, ...], parameter: str, name: str) -> str:
    """`value` if it is one of `choices`, or a ValueError that names the parameter."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: {parameter} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value
