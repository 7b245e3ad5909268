"""The trial sees what goes wrong; and a small part of it, on which nothing does."""

import os
import random
import warnings
from dataclasses import replace

import pytest

from tests.damage import harm
from tests.damage.formats import formats
from tests.damage.trial import attempt, damaged, judge

SMALL = 10  # files of each format


@pytest.fixture(scope="module")
def known():
    from minicnn.data import cifar

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cifar, "RECORDS", cifar.RECORDS)  # which `formats` changes
        yield formats()


def test_good_files_are_read_as_what_they_are(known) -> None:
    for format in known:
        outcome = judge(0, format, format.files)
        assert outcome.verdict == "loaded", f"{format.name}: {outcome.said}"


@pytest.mark.slow
def test_damaged_files_are_refused_or_read_rightly(known) -> None:
    wrong = [o for number in range(SMALL * len(known)) if not (o := attempt(number, 1, known)).fine]
    assert not wrong, wrong


def test_the_files_depend_on_seed_and_number_alone(known) -> None:
    first, again, other = (damaged(7, seed, known)[1] for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("hurt", harm.RANDOM)
def test_all_damage_changes_a_file(hurt) -> None:
    contents = bytes(range(256)) * 3 + b'{"a": 12, "b": [3, 4.5]}'
    changed = sum(hurt(bytearray(contents), random.Random(seed)) != contents for seed in range(20))
    assert changed >= 15


def verdict(known, read, wrong=lambda result, folder: ""):
    format = replace(known[0], read=read, wrong=wrong)
    return judge(0, format, format.files).verdict


def test_what_goes_wrong_has_a_name(known) -> None:
    def raising(error):
        def read(folder):
            raise error(folder)

        return read

    refusal = known[0].errors[0]
    assert verdict(known, lambda folder: 1) == "loaded"
    assert verdict(known, raising(lambda folder: refusal(f"{folder}: no"))) == "refused"
    assert verdict(known, raising(lambda folder: refusal("no name"))) == "message"
    assert verdict(known, raising(lambda folder: refusal(f"{folder}:\nno"))) == "message"
    assert verdict(known, raising(lambda folder: KeyError(folder))) == "traceback"
    assert verdict(known, raising(lambda folder: MemoryError())) == "memory"
    assert verdict(known, lambda folder: 1, lambda result, folder: "another number") == "wrong"
    assert verdict(known, lambda folder: warnings.warn("x", stacklevel=1)) == "warning"


@pytest.mark.slow
@pytest.mark.skipif("PYTEST_XDIST_WORKER" in os.environ, reason="the peak of a worker may be from an earlier test")
def test_too_much_memory_has_a_name_too(known) -> None:
    assert verdict(known, lambda folder: bytearray(b"x") * (5 << 28)) == "memory"
