"""No character of a name is invisible on the page, moves others or ends a line."""

import unicodedata

import pytest
from markupsafe import Markup

from viz.page.names import in_page, visible


def test_every_character_that_does_not_show_is_replaced_and_no_other() -> None:
    """Controls, marks of direction and joiners: all of Unicode's that are written in no language's words."""
    kept = {0xAD, *range(0x0600, 0x0606), 0x061C, 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x180E}
    for code in [*range(0x3000), *range(0xD7A4, 0xD800), *range(0xF900, 0x10000)]:
        character = chr(code)
        shown = visible(character)
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and code < 0xFFF0 and code not in kept:
            assert shown != character and unicodedata.category(shown) == "So", hex(code)
        elif unicodedata.category(character) not in ("Cn", "Cf"):
            assert shown == character, hex(code)


def test_a_control_character_has_a_symbol_of_its_own() -> None:
    assert visible("a\x00b\x1f\x7f\t\n") == "a␀b␟␡␉␊"
    assert visible("\x80\x9f\u200b\u200f\u2028\u202e\u2060\u206f\ufeff") == "\ufffd" * 9
    assert visible("\xa0 \u200a\u2010\u2027\u202f\u205f\u2070é漢😀") == "\xa0 \u200a\u2010\u2027\u202f\u205f\u2070é漢😀"


@pytest.mark.parametrize("value", [1, 2.5, None, True])
def test_what_is_no_text_stays(value: object) -> None:
    assert visible(value) is value and in_page(value) is value


def test_text_is_made_visible_wherever_it_is_in_a_value() -> None:
    assert visible({"a\0": ["b\0", ("c\0", {"d": "e\0"})]}) == {"a␀": ["b␀", ["c␀", {"d": "e␀"}]]}


def test_a_template_prints_code_on_several_lines_and_leaves_markup_alone() -> None:
    assert in_page("a\n\tb\r\0") == "a\n\tb␍␀"
    markup = Markup("<b>\0</b>")
    assert in_page(markup) is markup
