"""A place on disk for machine code that several processes may write to at once.

Numba numbers its data files and keeps an index of them. Two processes that compile the same function at the same time,
for different types, both read the index, and both take the next number: one's index then names the other's code, and a
later process silently runs the code for integers on floats. Here the name of a file is a digest of everything its code
depends on: no index is needed, and all processes that write a file write the same content.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

from . import linking


class _Files(IndexDataCacheFile):
    """Numba's files (written to a temporary name, then renamed), named by their keys."""

    def _name(self, key: Any) -> str:
        digest = hashlib.sha256(repr((self._version, self._source_stamp, key)).encode()).hexdigest()
        return self._data_name_pattern.format(number=int(digest[:16], 16))

    def save(self, key: Any, data: Any) -> None:
        self._save_data(self._name(key), data)

    def load(self, key: Any) -> Any:
        """The code that was saved for these types by exactly this source, or None."""
        try:
            return self._load_data(self._name(key))
        except OSError:
            return None

    def holds(self, key: Any) -> bool:
        return Path(self._data_path(self._name(key))).exists()


class _Linked(CompileResultCacheImpl):
    """What is stored of a function: its machine code, and which functions that calls (see `linking`)."""

    def reduce(self, compiled: Any) -> Any:
        return linking.needs(compiled.library), super().reduce(compiled)

    def rebuild(self, context: Any, stored: Any) -> Any:
        """The function; None, so that it is compiled, if what it calls cannot be found."""
        needed, code = stored
        return super().rebuild(context, code) if linking.provide(needed) else None


class CodeCache(FunctionCache):
    """Numba's cache of a function's machine code, stored in these files.

    Raises:
        RuntimeError: there is no folder to write to.
    """

    _impl_class = _Linked
    _cache_file: Any

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        files = self._cache_file
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, files._source_stamp)

    def holds(self, kinds: tuple[Any, ...], context: Any) -> bool:
        """Whether code for these types of arguments is on disk."""
        return bool(self._cache_file.holds(self._index_key(kinds, context.codegen())))
