"""Weights from other sources, and the files that are refused."""

import contextlib
import functools
import hashlib
import http.server
import json
import struct
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

import minicnn as cnn
from minicnn.weights import WeightsError, read_weights

ARRAYS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.float32([0.5, -0.5])}


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype: str = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize("kind", [str, Path])
def test_a_safetensors_file_gives_its_arrays_by_name(kind, tmp_path) -> None:
    save_file(ARRAYS, tmp_path / "w.safetensors")
    read = read_weights(kind(tmp_path / "w.safetensors"))
    assert read.keys() == ARRAYS.keys()
    assert all(np.array_equal(read[name], array) for name, array in ARRAYS.items())


def test_half_precision_becomes_float32(tmp_path) -> None:
    upper = np.float32([1.5, -2.0]).view(np.uint32) >> 16
    path = tmp_path / "w.safetensors"
    path.write_bytes(
        safetensors(
            {"f16": tensor("F16", [2], [0, 4]), "bf16": tensor("BF16", [2], [4, 8])},
            np.float16([0.1, 65504.0]).tobytes() + upper.astype("<u2").tobytes(),
        )
    )
    read = read_weights(path)
    assert read["f16"].dtype == read["bf16"].dtype == np.float32
    assert read["f16"].tolist() == np.float16([0.1, 65504.0]).astype(np.float32).tolist()
    assert read["bf16"].tolist() == [1.5, -2.0]


class Tensor:
    """What PyTorch's tensors are asked; NumPy has no array of this type."""

    def __init__(self, kind: str, array: np.ndarray | None, attached: bool = True) -> None:
        self.dtype, self.array, self.attached = kind, array, attached

    def detach(self) -> "Tensor":
        return Tensor(self.dtype, self.array, attached=False)

    def float(self) -> "Tensor":
        return Tensor("torch.float32", np.float32([1.5]), self.attached)

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        if self.attached or self.array is None:
            raise TypeError("no array")
        return self.array


@pytest.mark.parametrize(
    ("value", "kind", "number"),
    [
        (np.float16([0.5]), "f4", 0.5),
        (np.float32([0.5]), "f4", 0.5),
        (np.float64([1 / 3]), "f8", 1 / 3),
        (np.int64([3]), "i8", 3),
        (np.uint8([3]), "u1", 3),
        ([0.25], "f8", 0.25),
        (Tensor("torch.bfloat16", None), "f4", 1.5),
        (Tensor("torch.float16", np.float16([1.5])), "f4", 1.5),
        (Tensor("torch.float64", np.float64([1 / 3])), "f8", 1 / 3),
    ],
)
def test_of_a_dict_half_precision_becomes_float32_and_other_types_are_kept(value, kind, number) -> None:
    read = read_weights({"a": value})["a"]
    assert read.dtype == np.dtype(kind) and read.tolist() == [number]


def test_a_checkpoint_gives_the_models_arrays_without_the_optimizers(tmp_path) -> None:
    model, optimizer = cnn.zoo.build("seed"), cnn.SGD(0.1, momentum=0.9)
    optimizer.step(model.parameters(), model.parameters())
    cnn.save(model, tmp_path / "run.safetensors", optimizer=optimizer)
    assert read_weights(tmp_path / "run.safetensors").keys() == model.state().keys()


def test_a_model_loads_the_state_of_a_file_by_its_path(tmp_path) -> None:
    save_file(cnn.zoo.build("seed", seed=5).state(), tmp_path / "w.safetensors")
    model = cnn.zoo.build("seed")
    model.load_state(tmp_path / "w.safetensors")
    assert np.array_equal(model["fc1"].weight, cnn.zoo.build("seed", seed=5)["fc1"].weight)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module._orig_mod."])
def test_what_a_wrapper_puts_before_every_name_is_passed_over(prefix: str) -> None:
    model, other = (cnn.Sequential(a=cnn.Dense(3, 2), b=cnn.BatchNorm2d(2)).initialize(seed) for seed in (1, 2))
    other.load_state({prefix + name: array for name, array in model.state().items()})
    assert all(np.array_equal(other.state()[name], array) for name, array in model.state().items())


def test_a_prefix_of_some_names_alone_or_of_the_models_own_is_part_of_them() -> None:
    model = cnn.Sequential(model=cnn.Dense(2, 2), b=cnn.Dense(2, 2)).initialize(0)
    state = model.state()
    with pytest.raises(ValueError, match=r"b.weight is missing; b.bias is missing$"):
        model.load_state({name: array for name, array in state.items() if name.startswith("model.")})
    given = {f"module.{name}": array for name, array in state.items()} | {"loss": np.ones(1)}
    with pytest.raises(ValueError, match=r"model\.weight is missing"):
        model.load_state(given)


def test_a_dict_of_anything_but_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="expected numbers, but a is of type object"):
        read_weights({"a": [object()]})
    with pytest.raises(ValueError, match="expected numbers, but a is of type complex128"):
        read_weights({"a": 1j})
    with pytest.raises(ValueError, match="expected a path, a URL or a dict of arrays, got int"):
        read_weights(3)


HOSTILE = {
    "nothing": b"",
    "a cut length": b"\x00\x00\x00",
    "a header beyond the file": safetensors({}, length=1 << 40),
    "a header of no bytes": safetensors(b""),
    "a header that is not JSON": safetensors(b"import os"),
    "a header of brackets": safetensors(b"[" * 100_000),
    "a cut file": save(ARRAYS)[:-3],
    "data behind the last array": save(ARRAYS) + b"\0" * 8,
    "offsets beyond the file": safetensors({"a": tensor(offsets=[0, 1 << 50], shape=[1 << 48])}, b"\0" * 8),
    "offsets in the wrong order": safetensors({"a": tensor(offsets=[8, 0])}, b"\0" * 8),
    "negative offsets": safetensors({"a": tensor(offsets=[-8, 0])}, b"\0" * 8),
    "overlapping arrays": safetensors({"a": tensor(), "b": tensor(offsets=[4, 12])}, b"\0" * 12),
    "a shape larger than its data": safetensors({"a": tensor(shape=[1 << 31, 1 << 31])}, b"\0" * 8),
    "a shape that overflows": safetensors({"a": tensor(shape=[1 << 62, 4])}, b"\0" * 8),
    "a negative shape": safetensors({"a": tensor(shape=[-2])}, b"\0" * 8),
    "a shape that is not a list": safetensors({"a": tensor(shape="2")}, b"\0" * 8),
    "an unknown type": safetensors({"a": tensor("F7")}, b"\0" * 8),
    "a type without a place in a model": safetensors({"a": tensor("U8", [8])}, b"\0" * 8),
    "a pickle in a zip": b"PK\x03\x04" + b"\0" * 64,
    "a bare pickle": b"\x80\x02cos\nsystem\n(S'touch owned'\ntR.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_or_hostile_file_is_refused_in_one_line_and_little_memory(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w.safetensors"
    path.write_bytes(HOSTILE[name])
    tracemalloc.start()
    with pytest.raises(WeightsError, match=f"^{path}: ") as refusal:
        read_weights(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 22
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 500
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]


@given(data=st.data())
def test_no_change_of_a_few_bytes_gets_past_as_anything_but_arrays(data: st.DataObject, tmp_path_factory) -> None:
    contents = bytearray(save(ARRAYS))
    for _ in range(data.draw(st.integers(1, 4))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(contents[: data.draw(st.integers(0, len(contents)))])
    with contextlib.suppress(WeightsError):
        assert all(isinstance(array, np.ndarray) for array in read_weights(path).values())


def test_a_missing_file_and_a_folder_are_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(WeightsError, match="there is no such file"):
        read_weights(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match=f"^{tmp_path}: "):
        read_weights(tmp_path)
    monkeypatch.chdir(tmp_path)
    for count in range(1, 5):
        Path(f"{count}.safetensors").touch()
        with pytest.raises(WeightsError) as refusal:
            read_weights(Path())
        some = " or ".join(f"{k}.safetensors" for k in range(1, min(count, 3) + 1))
        assert str(refusal.value) == f".: expected a file, but this is a folder; give {some}"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A web server with a file of weights, its address, and the file's checksum."""
    (tmp_path / "web").mkdir()
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "cache"))
    save_file(ARRAYS, tmp_path / "web" / "w.safetensors")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "web")
    ) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        checksum = hashlib.sha256((tmp_path / "web" / "w.safetensors").read_bytes()).hexdigest()
        yield f"http://127.0.0.1:{server.server_port}/w.safetensors", checksum
        server.shutdown()
        thread.join()


def test_a_url_is_downloaded_once(served, tmp_path) -> None:
    url, checksum = served
    assert np.array_equal(read_weights(f"{url}#sha256={checksum}")["a.bias"], ARRAYS["a.bias"])
    (tmp_path / "web" / "w.safetensors").unlink()
    (kept,) = (tmp_path / "cache").rglob("*.safetensors")
    assert kept.name == f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-w.safetensors"
    assert kept.parent == tmp_path / "cache" / "models"
    assert np.array_equal(read_weights(f"{url}#sha256={checksum}")["a.bias"], ARRAYS["a.bias"])
    assert np.array_equal(read_weights(url)["a.bias"], ARRAYS["a.bias"])


def test_a_download_with_another_checksum_is_refused_and_not_kept(served, tmp_path) -> None:
    url, _ = served
    with pytest.raises(ValueError, match="hash"):
        read_weights(f"{url}#sha256={'0' * 64}")
    assert not list((tmp_path / "cache").rglob("*safetensors"))


def test_a_url_that_leads_nowhere_is_refused_in_one_line(served) -> None:
    url, _ = served
    with pytest.raises(ValueError, match="could not download it there") as refusal:
        read_weights(url + ".gone")
    assert "\n" not in str(refusal.value)


def test_a_file_of_torch_save_is_called_by_its_name(tmp_path) -> None:
    path = tmp_path / "resnet18.pth"
    path.write_bytes(HOSTILE["a pickle in a zip"])
    with pytest.raises(WeightsError, match=r"convert it by safetensors\.torch\.save_file"):
        read_weights(path)


def test_what_stands_behind_a_url_must_be_a_checksum() -> None:
    with pytest.raises(WeightsError, match="expected #sha256=… or #md5=… behind it, got #main"):
        read_weights("https://example.org/w.safetensors#main")
