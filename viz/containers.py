"""scikit-learn's `set_output`: an estimator's output as a table with named columns."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, Self

import numpy as np

KINDS = ("default", "pandas")


def plain(estimator: Any) -> Any:
    """The estimator, set to return arrays whatever scikit-learn's setting: for internal use."""
    return estimator.set_output(transform="default")


class NamedColumns:
    """Converts the results of a subclass's `transform` and `fit_transform` to a pandas DataFrame if that was set."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("transform", "fit_transform"):
            if name in vars(cls):
                setattr(cls, name, _contained(vars(cls)[name]))

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` and `fit_transform` return.

        Args:
            transform: "default" for an array, "pandas" for a DataFrame with the rows' index; None changes nothing.

        Raises:
            ValueError: the kind is unknown.
        """
        if transform is not None:
            if transform not in KINDS:
                raise ValueError(f"set_output: transform must be one of {', '.join(KINDS)}, got {transform!r}")
            self._sklearn_output_config = {"transform": transform}  # under this name sklearn.clone keeps it
        return self

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns: "pca0", "pca1", … (`input_features` is scikit-learn's, and not used)."""
        self._require_fitted()
        columns = self.embedding_.shape[1] if hasattr(self, "embedding_") else len(self.components_)
        return np.array([f"{type(self).__name__.lower()}{i}" for i in range(columns)], object)

    embedding_: np.ndarray
    components_: np.ndarray

    def _require_fitted(self) -> None:
        raise NotImplementedError


def _contained(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def contained(self: Any, X: Any, *arguments: Any, **options: Any) -> Any:
        found = method(self, X, *arguments, **options)
        return _as_table(self, X, found) if _kind_of(self) == "pandas" and isinstance(found, np.ndarray) else found

    return contained


def _kind_of(estimator: Any) -> str:
    """This estimator's setting, or else scikit-learn's, if it is installed."""
    chosen = getattr(estimator, "_sklearn_output_config", None)
    if chosen is not None:
        return str(chosen["transform"])
    sklearn = sys.modules.get("sklearn")
    return "default" if sklearn is None else str(sklearn.get_config().get("transform_output", "default"))


def _as_table(estimator: Any, X: Any, found: np.ndarray) -> Any:
    import pandas

    index = X.index if isinstance(X, pandas.DataFrame) else None
    return pandas.DataFrame(found, index=index, columns=estimator.get_feature_names_out())
