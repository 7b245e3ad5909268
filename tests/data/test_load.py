"""Data sets by name: local files, downloaded files, and the error when there are neither."""

import gzip
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from minicnn.data import NAMES, DataError, garments, idx, load, mnist, write_idx

REAL = os.environ.get("MINICNN_DATA")
real_data = pytest.mark.skipif(not REAL, reason="MINICNN_DATA is not set: no real data to read")


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def away_from_this_machine(monkeypatch, tmp_path):
    """Hide the data folder, cache and proxy of the person who runs the tests."""
    monkeypatch.delenv("MINICNN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def digits(tmp_path):
    """A small data set on a server of our own: its source, and the folder that is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, n in zip(idx.FILES, (20, 20, 10, 10), strict=True):
        array = rng.integers(0, 256, (n, 6, 5), dtype=np.uint8) if "images" in name else rng.integers(0, 3, n, np.uint8)
        write_idx(folder / f"{name}.gz", array)
        write_idx(tmp_path / name, array)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield (
        mnist.IdxSource(
            "digits",
            f"http://127.0.0.1:{server.server_port}/",
            ("a", "b", "c"),
            tuple(md5(folder / f"{name}.gz") for name in idx.FILES),
            tuple(md5(tmp_path / name) for name in idx.FILES),
        ),
        folder,
    )
    server.shutdown()
    server.server_close()


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def unreachable(digits):
    source, folder = digits
    # Port 9, "discard", answers nobody.
    return mnist.IdxSource(source.name, "http://127.0.0.1:9/", source.classes, source.zipped_md5, source.md5), folder


def test_missing_files_are_downloaded_once(digits, tmp_path):
    source, served = digits
    root = tmp_path / "root"
    root.mkdir()
    train, test = mnist.load_mnist(source, root)
    assert train.images.shape == (20, 1, 6, 5) and len(test) == 10 and test.classes == ("a", "b", "c")
    assert sorted(path.name for path in (root / "digits").iterdir()) == sorted(f"{name}.gz" for name in idx.FILES)
    for path in served.iterdir():
        path.unlink()
    again, _ = mnist.load_mnist(source, root)
    assert np.array_equal(again.images, train.images)


def test_the_folder_is_the_argument_or_the_variable_or_the_cache(digits, tmp_path, monkeypatch):
    source, _ = digits
    (tmp_path / "named").mkdir()
    (tmp_path / "variable").mkdir()
    mnist.load_mnist(source)
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "variable"))
    mnist.load_mnist(source)
    mnist.load_mnist(source, tmp_path / "named")
    for folder in ("named", "variable", "cache/minicnn"):
        assert (tmp_path / folder / "digits" / f"{idx.FILES[0]}.gz").is_file(), folder


@pytest.mark.parametrize("place", ["root", "root/digits"])
@pytest.mark.parametrize("form", ["as downloaded", "unzipped", "zipped by another"])
def test_local_files_need_no_network_whatever_zipped_them(unreachable, tmp_path, place, form):
    source, served = unreachable
    (tmp_path / place).mkdir(parents=True)
    for name in idx.FILES:
        if form == "as downloaded":
            (served / f"{name}.gz").rename(tmp_path / place / f"{name}.gz")
        elif form == "unzipped":
            (tmp_path / name).rename(tmp_path / place / name)
        else:
            zipped = gzip.compress((tmp_path / name).read_bytes(), compresslevel=1, mtime=1)
            (tmp_path / place / f"{name}.gz").write_bytes(zipped)
    train, _ = mnist.load_mnist(source, tmp_path / "root")
    assert len(train) == 20


def test_a_local_file_of_another_data_set_is_named_with_both_checksums(unreachable, tmp_path):
    source, served = unreachable
    write_idx(served / f"{idx.FILES[1]}.gz", np.zeros(20, np.uint8))
    got = hashlib.md5(idx.header((20,)) + bytes(20)).hexdigest()
    with pytest.raises(
        DataError, match=rf"train-labels.*gz: expected md5 {source.md5[1]} .*got {got}; delete"
    ) as caught:
        mnist.load_mnist(source, served)
    assert "\n" not in str(caught.value)


def test_a_local_file_cut_short_is_named(unreachable, tmp_path):
    source, served = unreachable
    path = served / f"{idx.FILES[0]}.gz"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected an IDX file, but it cannot be read"):
        mnist.load_mnist(source, served)


def test_without_network_it_says_which_file_to_put_where(unreachable, tmp_path):
    (tmp_path / "root").mkdir()
    with pytest.raises(DataError) as caught:
        mnist.load_mnist(unreachable[0], tmp_path / "root")
    message = str(caught.value)
    assert "\n" not in message
    assert "train-images-idx3-ubyte.gz" in message and str(tmp_path / "root" / "digits") in message
    assert "ConnectionError" in message and "MINICNN_DATA" in message


def test_a_download_with_another_checksum_is_refused_and_not_kept(digits, tmp_path):
    source, served = digits
    (served / f"{idx.FILES[0]}.gz").write_bytes(b"an error page")
    (tmp_path / "root").mkdir()
    with pytest.raises(DataError, match=rf"train-images.*expected md5:{source.zipped_md5[0]}") as caught:
        mnist.load_mnist(source, tmp_path / "root")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "root").rglob("*.gz"))


def test_a_file_that_the_server_lacks_is_named(digits, tmp_path):
    source, served = digits
    (served / f"{idx.FILES[0]}.gz").unlink()
    (tmp_path / "root").mkdir()
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected it in .*\(HTTPError\)"):
        mnist.load_mnist(source, tmp_path / "root")


def test_a_folder_that_cannot_be_written_is_named(digits, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "digits").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=rf"expected it in {tmp_path}/root/digits, and could not download it there"):
        mnist.load_mnist(digits[0], tmp_path / "root")


def test_a_missing_data_folder_is_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="gone: expected a data folder, but there is none; create it"):
        load("mnist", tmp_path / "gone")
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "lost"))
    with pytest.raises(DataError, match=r"lost: expected a data folder \(from MINICNN_DATA\), but there is none"):
        load("cifar10")


@pytest.mark.parametrize(
    "name, guess",
    [("mnits", "'mnist'"), ("Fashion_MNIST", "'fashion-mnist'"), ("cifar", "'cifar10'"), ("MNIST", "'mnist'")],
)
def test_an_unknown_name_gets_the_nearest_one(name, guess):
    with pytest.raises(ValueError, match=rf"unknown data set '{name}'; did you mean {guess}\? known: garments, mnist"):
        load(name)


def test_a_name_like_no_other_gets_the_list():
    with pytest.raises(ValueError, match="unknown data set 'zzz'; known: " + ", ".join(NAMES)):
        load("zzz")


@pytest.mark.parametrize("path", ["./pets", "some/pets", Path("pets")])
def test_a_path_to_nothing_is_a_missing_folder(path):
    with pytest.raises(
        DataError, match="pets: expected a folder with a data set, but it does not exist; check the path"
    ):
        load(path)


def test_a_path_is_never_a_name(digits, tmp_path, monkeypatch):
    (tmp_path / "served").rename(tmp_path / "mnist")
    monkeypatch.chdir(tmp_path)
    assert len(load("./mnist")[0]) == len(load(Path("mnist"))[0]) == 20


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "class").mkdir()
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=rf"{tmp_path}: it cannot be read \(Permission denied\)"):
        load(tmp_path)


def test_a_folder_of_idx_files_is_a_data_set(digits):
    _, served = digits
    assert len(load(served)[0]) == 20
    assert len(load("served", served.parent)[0]) == 20


@pytest.mark.parametrize("name", ["mnist", "cifar10", "garments"])
def test_an_unknown_option_is_refused(name):
    with pytest.raises(ValueError, match=f"load '{name}': .*flavor"):
        load(name, flavor="vanilla")


def test_garments_are_drawn_with_the_options_given(monkeypatch):
    monkeypatch.setattr(garments, "load", lambda train=12000, seed=0: (train, seed))
    assert load("garments", train=30) == (30, 0)


def test_import_loads_no_heavy_library():
    heavy = {"numba", "scipy", "PIL", "matplotlib", "pooch", "requests", "tqdm", "torch"}
    code = f"import sys, minicnn.data; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@real_data
def test_mnist_itself():
    train, test = load("mnist", REAL)
    assert train.images.shape == (60_000, 1, 28, 28) and test.images.shape == (10_000, 1, 28, 28)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)


@real_data
def test_cifar10_itself():
    unpack = Path(REAL) / "cifar10" / "unpack.py"
    if not unpack.is_file():
        train, test = load("cifar10", REAL)
    else:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, unpack, folder], check=True)
            train, test = load("cifar10", folder)
    assert np.bincount(train.labels).tolist() == [5000] * 10 and np.bincount(test.labels).tolist() == [1000] * 10
    assert train.images.mean((0, 2, 3)) / 255 == pytest.approx([0.4914, 0.4822, 0.4465], abs=5e-4)
