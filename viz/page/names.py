"""Names from the data as visible text: control and invisible characters are replaced by symbols."""

from __future__ import annotations

from typing import Any

_SYMBOLS = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}  # Unicode has a symbol for each of these
_UNSHOWN = [*range(0x80, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
SYMBOLS = _SYMBOLS | dict.fromkeys(_UNSHOWN, 0xFFFD)
IN_A_PAGE = {code: symbol for code, symbol in SYMBOLS.items() if chr(code) not in "\n\t"}  # code has several lines


def visible(value: Any) -> Any:
    """A JSON value with all its text made visible."""
    if isinstance(value, str):
        return value.translate(SYMBOLS)
    if isinstance(value, dict):
        return {visible(key): visible(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [visible(one) for one in value]
    return value


def in_page(value: Any) -> Any:
    """A value as a template prints it: text is made visible, markup is left alone."""
    return value.translate(IN_A_PAGE) if type(value) is str else value
