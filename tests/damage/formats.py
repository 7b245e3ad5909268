"""Whatever the project reads, format by format."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from minicnn.cli.atlas import read_history
from minicnn.cli.classes import read_classes
from minicnn.data import cifar, idx, read_cifar10, read_idx, read_idx_folder, read_image

from . import harm, model_format
from .format import RNG_SEED, Format, only

RECORDS = 12  # of a CIFAR file here: the true ones are of 30 MB each


def formats() -> list[Format]:
    """All of them; those of ONNX only where the onnx package is."""
    cifar.RECORDS = RECORDS
    return [*_idx(), *_cifar(), *model_format.formats(), *_images(), *_text(), *_onnx()]


def _idx() -> Iterator[Format]:
    rng = np.random.default_rng(RNG_SEED)
    shapes = {name: (6, 5, 4) if "images" in name else (6,) for name in idx.FILES}
    arrays = {name: rng.integers(0, 10, shape).astype(np.uint8) for name, shape in shapes.items()}
    files = {name: idx.header(array.shape) + array.tobytes() for name, array in arrays.items()}
    zipped = {f"{name}.gz": gzip.compress(contents, mtime=0) for name, contents in files.items()}
    yield Format("IDX", _first(files), lambda f: read_idx(only(f), 3), _wrong_idx)
    yield Format("IDX, gzipped", _first(zipped), lambda f: read_idx(only(f), 3), _wrong_idx, harm.in_gzip)
    yield Format("IDX folder", files, read_idx_folder, _wrong_idx_folder)


def _first(files: dict[str, bytes]) -> dict[str, bytes]:
    return dict(list(files.items())[:1])


def _unzipped(contents: bytes) -> bytes:
    return gzip.decompress(contents) if contents[:2] == b"\x1f\x8b" else contents


def _wrong_idx(array: Any, folder: Path) -> str:
    contents = _unzipped(only(folder).read_bytes())
    shape = tuple(int.from_bytes(contents[i : i + 4], "big") for i in (4, 8, 12))
    same = array.shape == shape and array.tobytes() == contents[16:] and contents[:4] == b"\0\0\x08\x03"
    return "" if same else f"array {array.shape} is not that of the file, {shape}"


def _wrong_idx_folder(parts: Any, folder: Path) -> str:
    for part, names in zip(parts, (idx.FILES[:2], idx.FILES[2:]), strict=True):
        images, labels = ((folder / name).read_bytes() for name in names)
        if part.images.tobytes() != images[16:] or part.labels.tolist() != list(labels[8:]):
            return f"{names[0]} or its labels are not those of the file"
        if part.labels.max(initial=-1) >= len(part.classes):
            return "a label has no class"
    return ""


def _cifar() -> Iterator[Format]:
    rng = np.random.default_rng(RNG_SEED)
    files = {}
    for name in cifar.FILES:
        records = rng.integers(0, 256, (RECORDS, cifar.RECORD)).astype(np.uint8)
        records[:, 0] %= 10
        files[name] = records.tobytes()
    yield Format("CIFAR folder", files, read_cifar10, _wrong_cifar_folder)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, contents in files.items():
            entry = tarfile.TarInfo(f"{cifar.FOLDER}/{name}")
            entry.size = len(contents)
            archive.addfile(entry, io.BytesIO(contents))
    tar = buffer.getvalue()
    by_file: Any = (lambda f: read_cifar10(only(f)), _wrong_cifar_archive)
    yield Format("CIFAR tar", {"cifar.tar": tar}, *by_file, harm.in_tar)
    yield Format("CIFAR tar, gzipped", {cifar.ARCHIVE: gzip.compress(tar, mtime=0)}, *by_file, harm.in_gzip)


def _parts_of_cifar(parts: Any) -> dict[str, bytes]:
    """What was read, as the files that it should come from."""
    images, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels"))
    records = np.concatenate([labels[:, None].astype(np.uint8), images.reshape(len(images), -1)], axis=1)
    return {name: records[i * RECORDS : (i + 1) * RECORDS].tobytes() for i, name in enumerate(cifar.FILES)}


def _wrong_cifar_folder(parts: Any, folder: Path) -> str:
    return next((n for n, part in _parts_of_cifar(parts).items() if part != (folder / n).read_bytes()), "")


def _wrong_cifar_archive(parts: Any, folder: Path) -> str:
    """Each file's records lie behind a header that bears its name."""
    tar = _unzipped(only(folder).read_bytes())
    for name, part in _parts_of_cifar(parts).items():
        named = (i for i in range(0, len(tar), 512) if tar[i : i + 100].split(b"\0")[0].endswith(name.encode()))
        if not any(tar[i + 512 : i + 512 + len(part)] == part for i in named):
            return f"{name} is not as it lies in the archive"
    return ""


def _images() -> Iterator[Format]:
    rng = np.random.default_rng(RNG_SEED)
    shades = np.cumsum(rng.integers(0, 7, (24, 20, 4)), axis=0).astype(np.uint8)
    rgb, gray = Image.fromarray(shades[..., :3]), Image.fromarray(shades[..., 0])
    wide = Image.fromarray(shades[..., 0].astype(np.uint16) * 256)
    kept: list[tuple[str, Any, str, dict[str, Any]]] = [
        ("PNG, color", rgb, "png", {}),
        ("PNG, gray", gray, "png", {}),
        ("PNG, alpha", Image.fromarray(shades), "png", {}),
        ("PNG, palette", rgb.quantize(16), "png", {"transparency": 3}),
        ("PNG, 16 bits", wide, "png", {}),
        ("JPEG", rgb, "jpg", {}),
        ("GIF", rgb.quantize(16), "gif", {}),
        ("BMP", rgb, "bmp", {}),
        ("TIFF", rgb, "tif", {}),
        ("WebP", rgb, "webp", {}),
        ("PPM", rgb, "ppm", {}),
    ]
    for name, image, suffix, options in kept:
        buffer = io.BytesIO()
        image.save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), **options)
        inside = harm.in_png if suffix == "png" else None
        yield Format(name, {f"image.{suffix}": buffer.getvalue()}, lambda f: read_image(only(f)), _wrong_image, inside)


def _wrong_image(pixels: Any, folder: Path) -> str:
    """Every pixel is what one sees of it on white, within rounding; of a gray image, in each of its channels."""
    with Image.open(only(folder)) as image:
        with contextlib.suppress(Exception):  # the metadata of how it is to be turned may be what is damaged
            image = ImageOps.exif_transpose(image)
        clear = image.info.get("transparency") if image.mode.startswith("I") else None
        stored = np.asarray(image if image.mode.startswith("I") else image.convert("RGBA"))
    if not (pixels.dtype == np.uint8 and pixels.ndim == 3 and len(pixels) in (1, 3)):
        return f"{pixels.dtype} {pixels.shape} is not an image"
    if pixels.shape[1:] != stored.shape[:2]:
        return f"{pixels.shape} is not of {stored.shape[:2]} pixels"
    off = 0.0
    for first in range(0, len(stored), 1024):  # a damaged file may declare very many rows
        rows = stored[first : first + 1024].astype(float)
        if rows.ndim == 3:
            seen = 255 + (rows[..., :3] - 255) * rows[..., 3:] / 255
        else:
            seen = np.where(rows == clear, 255, rows / 257)[..., None]
        off = max(off, np.abs(pixels[:, first : first + 1024].transpose(1, 2, 0) - seen).max(initial=0))
    return "" if off <= 1 else f"pixels differ by {off:.0f} of 255 from what the file holds"


def _text() -> Iterator[Format]:
    epoch = {"lr": 0.1, "train_loss": 1.5, "train_accuracy": 0.5, "valid_loss": 1.25, "valid_accuracy": 0.75,
             "seconds": 2.0, "images_per_second": 100.0}  # fmt: skip
    lines = [json.dumps({"epoch": i, **epoch}) for i in (1, 2, 3)]
    yield Format("log of a run", {"log.jsonl": "\n".join(lines).encode()}, lambda f: read_history(only(f)),
                 _wrong_history, harm.in_json_lines, errors=(ValueError,))  # fmt: skip
    yield Format("names of classes", {"classes.txt": "0 cat\n1 dog\n2 é\n".encode()}, lambda f: read_classes(only(f)),
                 _wrong_classes, errors=(ValueError,))  # fmt: skip


def _wrong_history(history: Any, folder: Path) -> str:
    lines = [json.loads(line) for line in only(folder).read_text(encoding="utf-8").splitlines()]
    found = history.to_dict()["epochs"]
    stored = lines[len(lines) - len(found) :]
    same = all(repr(f) == repr({k: s[k] for k in f}) for f, s in zip(found, stored, strict=True))
    return "" if same and len(lines) - len(found) in (0, 1) else "the epochs are not those of the file"


def _wrong_classes(names: Any, folder: Path) -> str:
    text = only(folder).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    same = len(names) == len(lines) and all(line.endswith(name) for line, name in zip(lines, names, strict=True))
    return "" if same else "the names are not those of the file"


def _onnx() -> Iterator[Format]:
    try:
        from . import onnx_format
    except ImportError:
        return
    yield from onnx_format.formats()
