import io
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.data import DataError, cifar, load, read_cifar10

RNG = np.random.default_rng(0)


def write_files(folder):
    """Six sparse files of the official size: record 7 of file k is of class k, with three marked pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(cifar.FILES):
        with (folder / name).open("wb") as file:
            file.truncate(cifar.RECORDS * cifar.RECORD)
            file.seek(7 * cifar.RECORD)
            file.write(bytes([k, 11]))  # label, and the top left pixel's red
            file.seek(7 * cifar.RECORD + 1 + 1024 + 33)
            file.write(bytes([22]))  # green, second row and column
            file.seek(8 * cifar.RECORD - 1)
            file.write(bytes([33]))  # blue, bottom right
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("cifar") / cifar.FOLDER)


def check(train, test):
    assert train.images.shape == (50_000, 3, 32, 32) and test.images.shape == (10_000, 3, 32, 32)
    assert train.classes == test.classes == cifar.CLASSES
    marked = np.flatnonzero(train.images.any((1, 2, 3)))
    assert marked.tolist() == [7, 10_007, 20_007, 30_007, 40_007]
    assert train.labels[marked].tolist() == [0, 1, 2, 3, 4] and test.labels[7] == 5
    image = test.images[7]
    assert (image[0, 0, 0], image[1, 1, 1], image[2, 31, 31]) == (11, 22, 33)
    assert np.count_nonzero(image) == 3


def test_records_are_a_label_and_three_planes(files):
    check(*read_cifar10(files))


def test_the_archive_is_read_without_unpacking(files, tmp_path):
    archive = tmp_path / cifar.ARCHIVE
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(files, cifar.FOLDER)
    check(*read_cifar10(archive))
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize("place", [".", cifar.FOLDER, "cifar10", f"cifar10/{cifar.FOLDER}"])
def test_load_finds_the_files_where_people_put_them(files, tmp_path, place):
    folder = tmp_path / place
    folder.parent.mkdir(parents=True, exist_ok=True)
    root = tmp_path
    if place == ".":
        root = files
    else:
        folder.symlink_to(files)
    train, test = load("cifar10", root)
    assert len(train) == 50_000 and len(test) == 10_000


def test_load_takes_the_folder_as_a_path(files):
    assert len(load(files)[1]) == 10_000


def test_a_truncated_file_is_named(tmp_path):
    write_files(tmp_path)
    with (tmp_path / "data_batch_3.bin").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match=r"data_batch_3\.bin: expected 30730000 bytes .*, got 1000; download it again"):
        read_cifar10(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    write_files(tmp_path)
    (tmp_path / "data_batch_5.bin").unlink()
    with pytest.raises(DataError, match=r"expected the file data_batch_5\.bin, but it is missing"):
        read_cifar10(tmp_path)


def test_load_does_not_download_over_unpacked_files(tmp_path):
    write_files(tmp_path / "cifar10")
    (tmp_path / "cifar10" / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"expected the file test_batch\.bin, but it is missing"):
        load("cifar10", tmp_path)


def test_a_label_above_nine_is_named_with_its_record(tmp_path):
    write_files(tmp_path)
    with (tmp_path / "test_batch.bin").open("r+b") as file:
        file.seek(123 * cifar.RECORD)
        file.write(bytes([10]))
    with pytest.raises(DataError, match=r"test_batch\.bin: expected labels below 10, got 10 in record 123"):
        read_cifar10(tmp_path)


def test_a_broken_archive_is_named(tmp_path):
    (tmp_path / cifar.ARCHIVE).write_bytes(b"\x1f\x8b garbage")
    with pytest.raises(DataError, match=rf"{cifar.ARCHIVE}: expected the archive .*, but it cannot be read"):
        read_cifar10(tmp_path / cifar.ARCHIVE)


@pytest.fixture(scope="module")
def small_archive():
    """An archive that is valid except for its size, zipped and unzipped: damage to it is found within a millisecond."""
    archives = {}
    for mode in ("w", "w:gz", "w:bz2", "w:xz"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=mode) as tar:
            for name in cifar.FILES:
                content = RNG.integers(0, 256, 700, dtype=np.uint8).tobytes()
                member = tarfile.TarInfo(f"{cifar.FOLDER}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        archives[mode] = file.getvalue()
    return archives


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@given(data=st.data())
def test_a_damaged_archive_is_refused_in_one_line(small_archive, tmp_path_factory, mode, data):
    content = bytearray(small_archive[mode])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1) | st.integers(0, 600), min_size=1, max_size=8)):
        content[min(place, len(content) - 1)] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    path = tmp_path_factory.getbasetemp() / f"damaged {mode[2:]}"
    path.write_bytes(content)
    with pytest.raises(DataError) as refusal:
        read_cifar10(path)
    assert str(refusal.value).startswith(str(path)) and len(str(refusal.value).splitlines()) == 1


def test_an_archive_with_another_checksum_is_refused_by_load(tmp_path):
    (tmp_path / cifar.ARCHIVE).write_bytes(b"garbage")
    with pytest.raises(DataError, match=rf"{cifar.ARCHIVE}: expected md5 {cifar.MD5}.*, got .*; delete or move"):
        load("cifar10", tmp_path)
