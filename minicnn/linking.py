"""Large compiled functions exist once: other machine code calls them and does not contain a copy of them.

Numba copies the code of a function into the code of each caller. Around a parallel loop it puts three more functions,
and optimizes and translates each of them with everything that it contains: a kernel with a register tile was compiled
four times over. LLVM does not inline a large function, so little is lost if it has machine code of its own, which
callers find by a symbol, as they find a function of C.

A symbol has an address in one process only. So the disk cache keeps, with each function's machine code, which symbols
that code calls (`needs`). They get their addresses before it is loaded (`provide`).
"""

from __future__ import annotations

import copy
import hashlib
import sys
from importlib import import_module
from typing import Any, NamedTuple

from llvmlite import binding
from numba import types

LARGE = 400  # instructions of LLVM, which inlines functions of about 50


class Need(NamedTuple):
    """A function that has a symbol, for some types of arguments."""

    symbol: str
    module: str
    name: str
    kinds: tuple[types.Type, ...]


_linked: dict[str, Need] = {}  # those with an address, by symbol


def link(function: Any) -> Any:
    """Let other compiled functions call this one by a symbol where it is large; the same function is returned."""
    resolve = function.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        found = resolve(args, kws)
        _separate(function, tuple(found[2]))
        return found

    function.get_call_template = get_call_template
    return function


def _separate(function: Any, kinds: tuple[types.Type, ...]) -> None:
    """Give a symbol to the machine code for these types, and let callers use it."""
    module, name, unique = function.py_func.__module__, function.py_func.__name__, function.py_func.__qualname__
    symbol = f"{module}.{unique}.{hashlib.sha256(repr(kinds).encode()).hexdigest()[:16]}"
    compiled = function.overloads.get(kinds)  # none yet if the function is calling itself
    if symbol in _linked or compiled is None or not _is_large(compiled):
        return
    if getattr(sys.modules.get(module), name, None) != function:
        return  # another process would not find it
    description = copy.copy(compiled.fndesc)
    binding.add_symbol(symbol, compiled.library.get_pointer_to_function(description.llvm_func_name))
    description.mangled_name = symbol
    context: Any = function.targetctx
    context.remove_user_function(compiled.entry_point)
    context.insert_user_function(compiled.entry_point, description, [])  # no library for callers to copy from
    _linked[symbol] = Need(symbol, module, name, kinds)


def _is_large(compiled: Any) -> bool:
    code = compiled.library._get_module_for_linking().get_function(compiled.fndesc.llvm_func_name)
    return sum(1 for block in code.blocks for _ in block.instructions) >= LARGE


def needs(library: Any) -> list[Need]:
    """The functions that a library's machine code calls by their symbols."""
    names = (function.name for function in library._get_module_for_linking().functions if function.is_declaration)
    return [_linked[name] for name in names if name in _linked]


def provide(needed: list[Need]) -> bool:
    """Compile or load functions; whether the symbols that another process gave them now have addresses."""
    for need in needed:
        function: Any = getattr(import_module(need.module), need.name, None)
        if need.symbol not in _linked and hasattr(function, "get_call_template"):
            function.get_call_template(need.kinds, {})
    return all(need.symbol in _linked for need in needed)
