import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minicnn.data import DataError, read_idx, read_idx_folder, write_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0)), st.sampled_from(["", ".gz"]))
def test_what_is_written_is_read(tmp_path_factory, array, suffix):
    path = tmp_path_factory.getbasetemp() / f"written{suffix}"
    write_idx(path, array)
    again = read_idx(path, array.ndim)
    assert np.array_equal(again, array) and again.flags.writeable


def test_images_begin_with_2051_and_labels_with_2049(tmp_path):
    write_idx(tmp_path / "images", IMAGES)
    write_idx(tmp_path / "labels", IMAGES[:, 0, 0])
    assert (tmp_path / "images").read_bytes()[:16] == struct.pack(">4I", 2051, 5, 4, 3)
    assert (tmp_path / "labels").read_bytes() == struct.pack(">2I", 2049, 5) + IMAGES[:, 0, 0].tobytes()


def test_gzip_is_known_by_content_not_by_name(tmp_path):
    write_idx(tmp_path / "a.gz", IMAGES)
    assert np.array_equal(read_idx((tmp_path / "a.gz").rename(tmp_path / "a"), 3), IMAGES)


def test_the_same_array_is_written_as_the_same_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, IMAGES)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4)  # where gzip would note the time: none


def test_only_bytes_are_written(tmp_path):
    with pytest.raises(ValueError, match="expected an array of uint8, got float64"):
        write_idx(tmp_path / "a", np.zeros(3))


VALID = struct.pack(">4I", 2051, 5, 4, 3) + IMAGES.tobytes()
LABELS = struct.pack(">2I", 2049, 5) + bytes(5)
HUGE = struct.pack(">4I", 2051, *[2**32 - 1] * 3)


@pytest.mark.parametrize(
    "content, message",
    [
        (VALID[:-7], r"expected 60 bytes of data for shape \(5, 4, 3\), got (only|at most) 53"),
        (VALID + b"more", r"expected 60 bytes of data for shape \(5, 4, 3\), got more"),
        (VALID[:4], "header is cut short"),
        (VALID[:10], "header is cut short"),
        (VALID[:15], "header is cut short"),
        (b"", r"magic number 2051 \(images\), got 0"),
        (b"\0", r"magic number 2051 \(images\), got 0"),
        (LABELS, r"magic number 2051 \(images\), got 2049 \(labels\)"),
        (b"\x89PNG" + VALID, "magic number 2051"),
        (HUGE + bytes(50), r"expected 79228162458924105385300197375 bytes .* got at most"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_broken_file_is_named_with_what_was_expected_and_what_came(tmp_path, content, message, zipped):
    (tmp_path / "images").write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match=f"images: .*{message}") as caught:
        read_idx(tmp_path / "images", 3)
    assert "\n" not in str(caught.value)


@given(st.integers(2, 100))
def test_gzip_cut_short_anywhere_is_named(tmp_path_factory, length):
    path = tmp_path_factory.getbasetemp() / "cut.gz"
    whole = gzip.compress(VALID)
    path.write_bytes(whole[: min(length, len(whole) - 1)])
    with pytest.raises(DataError, match=r"cut\.gz: "):
        read_idx(path, 3)


def test_damaged_gzip_is_named(tmp_path):
    whole = bytearray(gzip.compress(VALID))
    whole[30] ^= 0xFF
    (tmp_path / "bad.gz").write_bytes(whole)
    with pytest.raises(DataError, match=r"bad\.gz: expected an IDX file, but it cannot be read \(.*download it again"):
        read_idx(tmp_path / "bad.gz", 3)


def test_a_small_zipped_file_cannot_claim_endless_memory(tmp_path, monkeypatch):
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(HUGE + bytes(10_000_000)))
    read = gzip.GzipFile.read

    def sparing(file, size=-1):
        assert 0 <= size < 100
        return read(file, size)

    monkeypatch.setattr(gzip.GzipFile, "read", sparing)
    with pytest.raises(DataError, match="expected 79228162458924105385300197375 bytes"):
        read_idx(tmp_path / "bomb.gz", 3)


def test_what_zips_best_is_read(tmp_path):
    """Zeros, of which deflate makes one byte of a thousand; a header may claim 1,032 for each byte of the file."""
    blank = np.zeros((1000, 28, 28), np.uint8)
    write_idx(tmp_path / "a.gz", blank)
    assert (tmp_path / "a.gz").stat().st_size < 1000 and np.array_equal(read_idx(tmp_path / "a.gz", 3), blank)
    for more, words in ((0, "got only 1$"), (1, "got at most {most}$"), (-1, "got only 1$")):
        head = struct.pack(">2I", 2049, 0)
        size = len(gzip.compress(head + b"0", compresslevel=0))
        head = struct.pack(">2I", 2049, size * 1032 + more)
        (tmp_path / "a").write_bytes(gzip.compress(head + b"0", compresslevel=0))
        with pytest.raises(DataError, match=words.format(most=size * 1032).replace("$", ";")):
            read_idx(tmp_path / "a", 1)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="nothing-here: no such file"):
        read_idx(tmp_path / "nothing-here", 3)


def write_four(folder, train=6, test=4, suffix=""):
    rng = np.random.default_rng(0)
    for stem, n in (("train", train), ("t10k", test)):
        write_idx(folder / f"{stem}-images-idx3-ubyte{suffix}", rng.integers(0, 256, (n, 4, 3), dtype=np.uint8))
        write_idx(folder / f"{stem}-labels-idx1-ubyte{suffix}", np.arange(n, dtype=np.uint8))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_four_files_are_a_training_and_a_test_set(tmp_path, suffix):
    write_four(tmp_path, suffix=suffix)
    train, test = read_idx_folder(tmp_path)
    assert train.images.shape == (6, 1, 4, 3) and test.images.shape == (4, 1, 4, 3)
    assert test.labels.tolist() == [0, 1, 2, 3]
    assert train.classes == test.classes == ("0", "1", "2", "3", "4", "5")


@pytest.mark.parametrize(("train", "test"), [(3, 5), (5, 3), (0, 1), (1, 0)])
def test_the_classes_are_those_of_both_parts(tmp_path, train, test):
    write_four(tmp_path, train, test)
    assert [part.classes for part in read_idx_folder(tmp_path)] == [tuple("01234"[: max(train, test)])] * 2


@pytest.mark.parametrize(("part", "images"), [("train", 6), ("t10k", 4)])
def test_as_many_labels_as_images(tmp_path, part, images):
    write_four(tmp_path)
    write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.zeros(5, np.uint8))
    message = f"{part}-images-idx3-ubyte holds {images} images, but {part}-labels-idx1-ubyte 5 labels"
    with pytest.raises(DataError, match=message):
        read_idx_folder(tmp_path)


def test_a_missing_one_of_the_four_is_named(tmp_path):
    write_four(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"expected the file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        read_idx_folder(tmp_path)
