"""Whatever the project reads: good files, how they are read, and what their bytes say to a reader written anew here."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import struct
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import minicnn as cnn
from minicnn.checkpoint import CheckpointError
from minicnn.cli.atlas import read_history
from minicnn.cli.classes import read_classes
from minicnn.data import DataError, cifar, idx, read_cifar10, read_idx, read_idx_folder, read_image
from minicnn.weights import WeightsError, read_weights

from . import harm

RNG_SEED = 0
RECORDS = 12  # of a CIFAR file here: the true ones are of 30 MB each


@dataclass(frozen=True)
class Format:
    """One way of reading files.

    Attributes:
        name: what the report calls it.
        files: good ones, by name, that are read together; one of them is damaged.
        read: reads the folder that they are in, or the one file; what it gives is for `wrong`.
        wrong: given what was read and the folder, what of it is not as the bytes say; "" if all is.
        inside: damage that knows the format.
        errors: what may be raised.
        runs: what was read is also run, and a map that does not fit is refused without the file's name.
    """

    name: str
    files: dict[str, bytes]
    read: Callable[[Path], Any]
    wrong: Callable[[Any, Path], str]
    inside: harm.Harm | None = None
    errors: tuple[type[Exception], ...] = (DataError,)
    runs: bool = False


def formats() -> list[Format]:
    """All of them; those of ONNX only where the onnx package is."""
    cifar.RECORDS = RECORDS
    return [*_idx(), *_cifar(), *_safetensors(), *_images(), *_text(), *_onnx()]


def _idx() -> Iterator[Format]:
    rng = np.random.default_rng(RNG_SEED)
    shapes = {name: (6, 5, 4) if "images" in name else (6,) for name in idx.FILES}
    arrays = {name: rng.integers(0, 10, shape).astype(np.uint8) for name, shape in shapes.items()}
    files = {name: idx.header(array.shape) + array.tobytes() for name, array in arrays.items()}
    zipped = {f"{name}.gz": gzip.compress(contents, mtime=0) for name, contents in files.items()}
    yield Format("IDX", _first(files), lambda f: read_idx(_only(f), 3), _wrong_idx)
    yield Format("IDX, gzipped", _first(zipped), lambda f: read_idx(_only(f), 3), _wrong_idx, harm.in_gzip)
    yield Format("IDX folder", files, read_idx_folder, _wrong_idx_folder)


def _first(files: dict[str, bytes]) -> dict[str, bytes]:
    return dict(list(files.items())[:1])


def _only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def _unzipped(contents: bytes) -> bytes:
    return gzip.decompress(contents) if contents[:2] == b"\x1f\x8b" else contents


def _wrong_idx(array: Any, folder: Path) -> str:
    contents = _unzipped(_only(folder).read_bytes())
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
    by_file: Any = (lambda f: read_cifar10(_only(f)), _wrong_cifar_archive)
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
    tar = _unzipped(_only(folder).read_bytes())
    for name, part in _parts_of_cifar(parts).items():
        named = (i for i in range(0, len(tar), 512) if tar[i : i + 100].split(b"\0")[0].endswith(name.encode()))
        if not any(tar[i + 512 : i + 512 + len(part)] == part for i in named):
            return f"{name} is not as it lies in the archive"
    return ""


def _model() -> Any:
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 12, 3, padding=1, bias=False),
        bn=cnn.BatchNorm2d(12),
        relu=cnn.ReLU(),
        pool=cnn.MaxPool2d(2),
        both=cnn.Concat(a=cnn.Conv2d(12, 2, 1), b=cnn.Residual(c=cnn.Conv2d(12, 12, 3, padding=1), d=cnn.LeakyReLU())),
        gap=cnn.AdaptiveAvgPool2d(1),
        flatten=cnn.Flatten(),
        drop=cnn.Dropout(0.25),
        fc=cnn.Dense(14, 3),
    ).initialize(RNG_SEED)
    model.transform, model.classes = cnn.data.Transform(mean=(0.25,), std=(0.5,)), ("a", "b", "c")
    return model


def _set() -> Any:
    rng = np.random.default_rng(RNG_SEED)
    return cnn.data.Dataset(rng.integers(0, 256, (6, 1, 8, 8)).astype(np.uint8), np.arange(6) % 3, ("a", "b", "c"))


def _train(path: Path) -> Any:
    """The model of a run that the file tells of, or else of a new one; and the file as it was before."""
    model, contents = _model(), path.read_bytes() if path.exists() else b""
    cnn.fit(
        model, _set(), epochs=1, batch_size=3, optimizer=cnn.Adam(0.01), checkpoint=path, resume=True, seed=0,
        progress=False,
    )  # fmt: skip
    return model, contents


def _safetensors() -> Iterator[Format]:
    import safetensors.numpy

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.safetensors"
        _train(path)
        run = path.read_bytes()
        cnn.save(_model(), path)
        plain = path.read_bytes()
    own = harm.in_safetensors
    refused = (CheckpointError, ValueError)  # a forward pass refuses a map that does not fit with a ValueError
    yield Format("checkpoint", {"model.safetensors": plain}, _load_and_run, _wrong_model, own, errors=refused,
                 runs=True)  # fmt: skip
    yield Format("interrupted run", {"run.safetensors": run}, lambda f: _train(_only(f)), _wrong_run, own,
                 errors=refused, runs=True)  # fmt: skip
    rng = np.random.default_rng(RNG_SEED)
    arrays = {
        "a": rng.standard_normal((2, 3)), "b": rng.standard_normal((4, 1, 2)).astype(np.float32),
        "c": rng.standard_normal(5).astype(np.float16), "d": np.arange(3), "e": np.array(2, np.float32),
    }  # fmt: skip
    weights = safetensors.numpy.save(arrays)
    errors = (WeightsError,)
    yield Format("weights", {"w.safetensors": weights}, lambda f: read_weights(_only(f)), _wrong_arrays, own,
                 errors=errors)  # fmt: skip


def _stored(contents: bytes) -> tuple[dict[str, Any], Any]:
    """The arrays of a safetensors file, and what we say of the model in it."""
    (length,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8 : 8 + length])
    about = json.loads(header.pop("__metadata__", {}).get("minicnn", "null"))
    types = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "BF16": "<u2"}
    arrays = {}
    for name, entry in header.items():
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(contents[first:last], types[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = array
    return arrays, about


def _wrong_arrays(arrays: Any, folder: Path) -> str:
    stored, _ = _stored(_only(folder).read_bytes())
    if set(arrays) != set(stored):
        return f"the names {sorted(arrays)} are not those of the file, {sorted(stored)}"
    return next((name for name, array in arrays.items() if not _same(array, stored[name])), "")


def _same(a: Any, b: Any) -> bool:
    with np.errstate(over="ignore"):
        return bool(a.shape == b.shape and np.array_equal(a, b.astype(a.dtype), equal_nan=a.dtype.kind == "f"))


def _load_and_run(folder: Path) -> Any:
    model = cnn.load(_only(folder))
    with np.errstate(all="ignore"):
        model(np.ones((1, 1, 8, 8), np.float32))
    return model


def _wrong_model(model: Any, folder: Path) -> str:
    _, about = _stored(_only(folder).read_bytes())
    if model.classes != (about["classes"] and tuple(about["classes"])):
        return f"the classes {model.classes} are not those of the file"
    if about["transform"] != (model.transform and json.loads(json.dumps(model.transform.to_dict()))):
        return f"the transform {model.transform} is not that of the file"
    from minicnn.layers.description import describe

    return _wrong_description(describe(model), about["architecture"]) or _wrong_arrays(model.state(), folder)


def _wrong_description(found: Any, stored: Any, path: str = "model") -> str:
    """Options that the file leaves out have their defaults; all others are the file's, where a pair may be a number."""
    for name, value in stored.get("options", {}).items():
        has = found["options"].get(name)
        a_pair = type(value) is int and has == [value, value]
        by_default = name == "stride" and value is None and has == found["options"].get("kernel_size")
        if not (type(has) is type(value) and has == value) and not a_pair and not by_default:
            return f"{name} of {path} is {has!r}, not {value!r}"
    if found["type"] != stored["type"]:
        return f"{path} is {found['type']}, not {stored['type']}"
    inside, expected = found.get("children", {}), stored.get("children", {})
    if list(inside) != list(expected):
        return f"{path} holds {list(inside)}, not {list(expected)}"
    return next(filter(None, (_wrong_description(inside[n], expected[n], f"{path}.{n}") for n in inside)), "")


def _wrong_run(result: Any, folder: Path) -> str:
    """A run that was over is as the file has it; another goes on, and ends elsewhere."""
    model, contents = result
    stored, about = _stored(contents)
    if about["training"]["position"]["epoch"] != 1:
        return ""
    state = model.state()
    return next((name for name in state if not _same(state[name], stored[name])), "")


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
        yield Format(name, {f"image.{suffix}": buffer.getvalue()}, lambda f: read_image(_only(f)), _wrong_image, inside)


def _wrong_image(pixels: Any, folder: Path) -> str:
    """Every pixel is what one sees of it on white, within rounding; of a gray image, in each of its channels."""
    with Image.open(_only(folder)) as image:
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
    yield Format("log of a run", {"log.jsonl": "\n".join(lines).encode()}, lambda f: read_history(_only(f)),
                 _wrong_history, harm.in_json_lines, errors=(ValueError,))  # fmt: skip
    yield Format("names of classes", {"classes.txt": "0 cat\n1 dog\n2 é\n".encode()}, lambda f: read_classes(_only(f)),
                 _wrong_classes, errors=(ValueError,))  # fmt: skip


def _wrong_history(history: Any, folder: Path) -> str:
    lines = [json.loads(line) for line in _only(folder).read_text(encoding="utf-8").splitlines()]
    found = history.to_dict()["epochs"]
    stored = lines[len(lines) - len(found) :]
    same = all(repr(f) == repr({k: s[k] for k in f}) for f, s in zip(found, stored, strict=True))
    return "" if same and len(lines) - len(found) in (0, 1) else "the epochs are not those of the file"


def _wrong_classes(names: Any, folder: Path) -> str:
    text = _only(folder).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    same = len(names) == len(lines) and all(line.endswith(name) for line, name in zip(lines, names, strict=True))
    return "" if same else "the names are not those of the file"


def _onnx() -> Iterator[Format]:
    try:
        from . import onnx_format
    except ImportError:
        return
    yield from onnx_format.formats()
