"""Where data files are stored, and how they are downloaded."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from minicnn.data.errors import DataError


def data_folders(name: str, root: str | Path | None) -> list[Path]:
    """The folders searched for a data set's files: the folder `name` in the root, then the root itself.

    The root is `root`, or the environment variable MINICNN_DATA, or the platform's cache folder. Downloads go to
    the first folder.

    Raises:
        DataError: the given root is not a folder.
    """
    named = root or os.environ.get("MINICNN_DATA")
    if named:
        folder = Path(named).expanduser()
        if not folder.is_dir():
            origin = "" if root else " (from MINICNN_DATA)"
            raise DataError(f"{folder}: expected a data folder{origin}, but there is none; create it or name another")
    else:
        import pooch

        folder = Path(pooch.os_cache("minicnn"))
    return [folder / name, folder]


def find(names: Iterable[str], folders: Iterable[Path]) -> Path | None:
    """The first file with one of these names, in the order of the folders."""
    names = list(names)
    return next((folder / name for folder in folders for name in names if (folder / name).is_file()), None)


def check_md5(path: Path, expected: str) -> None:
    """Verify a file's checksum.

    Raises:
        DataError: it is wrong.
    """
    with path.open("rb") as file:
        got = hashlib.file_digest(file, "md5").hexdigest()
    if got != expected:
        raise wrong_md5(path, expected, got)


def wrong_md5(path: Path, expected: str, got: str, form: str = "as it is") -> DataError:
    """The error for a file with the wrong checksum."""
    return DataError(
        f"{path}: expected md5 {expected} ({form}), got {got}; delete or move the file, and it will be downloaded again"
    )


def download(url: str, checksum: str | None, folder: Path, name: str | None = None) -> Path:
    """Download a file into a folder, with a progress bar on a terminal; it appears there only when complete and
    verified.

    Args:
        url: its address.
        checksum: "md5:…" or "sha256:…"; None skips the check.
        folder: the destination.
        name: the file's name there, if not the last part of the URL.

    Raises:
        DataError: there is no network, the folder cannot be written, or the checksum is wrong.
    """
    import pooch

    path = folder / (name or url.rpartition("/")[2])
    fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=1 << 16)
    try:
        pooch.retrieve(url, checksum, path.name, folder, downloader=fetch)
    except OSError as error:  # of both requests and the disk
        if (response := getattr(error, "response", None)) is not None:
            response.close()  # pooch leaves it open
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"{path.name}: expected it in {folder}, and could not download it there from {url} ({reason}); "
            "connect to the network, or put the file there yourself, or name its folder by MINICNN_DATA"
        ) from error
    except ValueError as error:
        raise DataError(f"{url}: {error}") from error
    return path
