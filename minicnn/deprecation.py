"""Names that have changed: for one version the old ones still work, with a `DeprecationWarning` that gives the new."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)

GONE = "0.2"  # the version that has the new names only


def warn(old: str, new: str, stacklevel: int = 3) -> None:
    warnings.warn(f"{old} is now {new}; version {GONE} drops the old name", DeprecationWarning, stacklevel)


def renamed(**names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function that takes keyword arguments by their old names too: `@renamed(picture="image")`.

    Raises:
        TypeError: a call gives an argument by both names.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: P.args, **options: P.kwargs) -> T:
            for old in names.keys() & options.keys():
                new = names[old]
                if new in options:
                    raise TypeError(f"{function.__name__}: got both {new} and {old}, its old name; give {new}")
                warn(f"{function.__name__}: the argument {old}", new)
                options[new] = options.pop(old)
            return function(*args, **options)

        return call

    return decorate


def renamed_fields(**names: str) -> Callable[[C], C]:
    """A class whose attributes, and the arguments that set them, have their old names too."""

    def decorate(owner: C) -> C:
        arguments = {old: new for old, new in names.items() if new in inspect.signature(owner).parameters}
        if arguments:
            owner.__init__ = renamed(**arguments)(owner.__init__)  # type: ignore[misc]
        for old, new in names.items():
            setattr(owner, old, _attribute(owner, old, new))
        return owner

    return decorate


def _attribute(owner: type, old: str, new: str) -> property:
    def get(self: Any) -> Any:
        warn(f"{owner.__name__}.{old}", new)
        return getattr(self, new)

    return property(get, doc=f"The old name of `{new}`.")


def renamed_value(argument: str, value: T, **names: T) -> T:
    """The value of an argument, by its new name: `renamed_value("Transform: channels", "grey", grey="gray")`."""
    if isinstance(value, str) and value in names:
        warn(f"{argument} {value!r}", repr(names[value]), stacklevel=4)
        return names[value]
    return value


def renamed_names(module: str, otherwise: Callable[[str], Any] | None = None, /, **names: str) -> Callable[[str], Any]:
    """A module's `__getattr__` that knows the old names: `__getattr__ = renamed_names(__name__, read="load")`.

    Args:
        module: its name.
        otherwise: the `__getattr__` that is asked for all other names.
        names: new names by the old ones.

    Raises:
        AttributeError: the module has never had such a name.
    """

    def get(name: str) -> Any:
        if name not in names and otherwise is not None:
            return otherwise(name)
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name}", names[name])
        return getattr(sys.modules[module], names[name])

    return get
