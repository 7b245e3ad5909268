"""Parts of error messages."""

import pytest

from minicnn.message import nearest, one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n  lines\tand more "), "two lines and more"),
        (KeyError(), "KeyError"),
        (ValueError(" \n"), "ValueError"),
        (ValueError("a\x06\u200bé\ud800"), "a\\x06\\u200bé\\ud800"),
        (ValueError("x" * 300), "x" * 300),
        (ValueError("x" * 301), "x" * 300 + "…"),
    ],
)
def test_an_error_is_one_line_of_at_most_300_characters(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_an_error_may_be_shorter() -> None:
    assert [one_line(ValueError("12345"), most) for most in (4, 5)] == ["1234…", "12345"]


def test_the_nearest_names_are_at_most_three_the_most_alike_first() -> None:
    known = ["conv1", "conv2", "conv12", "conv13", "relu1"]
    assert nearest("conv1x", known) == "; did you mean conv1 or conv13 or conv12?"
    assert nearest("rellu", known) == "; did you mean relu1?"


def test_names_that_are_not_alike_are_listed_up_to_twelve() -> None:
    names = [f"layer{i}" for i in range(13)]
    assert nearest("zzz", names[:1]) == "; there are layer0"
    assert nearest("zzz", names) == "; there are " + ", ".join(names[:12])


@pytest.mark.parametrize(("name", "alike"), [("abcde", True), ("abxyz", True), ("axxyz", False)])
def test_two_letters_of_five_are_alike(name: str, alike: bool) -> None:
    assert ("did you mean abcde?" in nearest(name, ["abcde"])) is alike
