"""One rule for the class that a name means, in the command line and in attributions."""

import pytest

from minicnn.classes import find_class

CLASSES = ("night", "bright day", "day", "10", "1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day", 2),  # the whole name, although another contains it
        ("DAY", 2),
        ("bright", 1),
        ("ni", 0),
        ("1", 4),  # a name before a number
        ("2", 2),
    ],
)
def test_a_class_is_found_by_name_by_number_and_by_a_part_that_no_other_has(text, expected):
    assert find_class(text, CLASSES) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ight", r"target: 'ight' may mean 2 classes: 0 \(night\), 1 \(bright day\); give the number"),
        ("dusk", "target: there is no class 'dusk'; give its number, from 0 to 4, or its name"),
        ("dax", r"target: there is no class 'dax'; did you mean day\? Or give its number, from 0 to 4, or its name"),
        ("7", "there is no class '7'"),
        ("5", "there is no class '5'; give its number, from 0 to 4"),
    ],
)
def test_no_class_and_several_are_errors(text, message):
    with pytest.raises(ValueError, match=message):
        find_class(text, CLASSES, "target: ")


def test_two_classes_of_one_name_are_told_apart_by_their_numbers():
    with pytest.raises(ValueError, match="may mean 2 classes"):
        find_class("crane", ("crane", "crane"))
    assert find_class("1", ("crane", "crane")) == 1


@pytest.mark.parametrize("count", [2, 4, 5, 9])
def test_of_many_candidates_four_are_named(count: int) -> None:
    names = [f"cat {k}" for k in range(count)]
    with pytest.raises(ValueError, match=f"may mean {count} classes") as error:
        find_class("cat", names)
    assert str(error.value).count("(cat") == min(count, 4)
    assert ("…" in str(error.value)) == (count > 4)
