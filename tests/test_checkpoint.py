"""A model in one file: written completely or not at all, rebuilt from the file alone, refused in one line if broken."""

import errno
import json
import os
import resource
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import minicnn as cnn
from minicnn.data import Transform

X = np.random.default_rng(0).standard_normal((3, 1, 8, 8)).astype(np.float32)


def network():
    branches = cnn.Concat(a=cnn.Conv2d(4, 2, 1), b=cnn.Conv2d(4, 3, (3, 1), padding=(1, 0), bias=False))
    body = cnn.Residual(conv=cnn.Conv2d(5, 5, 3, padding=1), norm=cnn.BatchNorm2d(5), shortcut=cnn.Conv2d(5, 5, 1))
    return cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3), relu=cnn.ReLU(), pool=cnn.MaxPool2d(2), branches=branches, body=body,
        drop=cnn.Dropout(0.25), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(5, 3),
    ).initialize(4)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(path):
    cnn.save(network(), path)
    return path


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """The bytes of a saved model."""
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    cnn.save(network(), path)
    return path.read_bytes()


def header(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def write(path, entries, data):
    """A safetensors file written by hand."""
    text = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def rewrite(path, **changes):
    """Change what the metadata says about the model."""
    entries, data = header(path)
    about = json.loads(entries["__metadata__"]["minicnn"]) | changes
    entries["__metadata__"]["minicnn"] = json.dumps(about)
    write(path, entries, data)


class TestRoundTrip:
    def test_the_model_is_rebuilt_from_the_file_alone(self, path):
        model = network()
        model.transform, model.classes = Transform((0.4,), (0.3,), size=8, crop=8), ("ant", "bee", "cow")
        cnn.save(model, path)
        again = cnn.load(path)
        assert repr(again) == repr(model)
        assert (again.transform, again.classes) == (model.transform, model.classes)
        assert again.state().keys() == model.state().keys()
        assert all(np.array_equal(array, again.state()[name]) for name, array in model.state().items())
        assert np.array_equal(again(X), model(X))

    def test_what_the_model_does_not_know_stays_unknown(self, saved):
        assert (cnn.load(saved).transform, cnn.load(saved).classes) == (None, None)

    def test_it_is_an_ordinary_safetensors_file_with_the_arrays_under_their_own_names(self, saved):
        arrays = load_file(saved)
        assert arrays.keys() == network().state().keys()
        assert np.array_equal(arrays["body.norm.running_var"], np.ones(5))

    def test_the_same_model_gives_the_same_bytes(self, saved, tmp_path):
        cnn.save(network(), tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == saved.read_bytes()

    def test_double_precision_stays(self, path):
        model = network().astype(np.float64)
        model["fc"].bias[0] = 1 / 3
        cnn.save(model, path)
        assert cnn.load(path)["fc"].bias[0] == 1 / 3

    def test_half_precision_becomes_single(self, saved):
        entries, _ = header(saved)
        state = network().state()
        data, start = b"", 0
        for i, (name, array) in enumerate(state.items()):
            half = array.astype(np.float16) if i % 2 else (array.view(np.uint32) >> 16).astype(np.uint16)
            data += half.tobytes()
            entries[name] = {
                "dtype": "F16" if i % 2 else "BF16",
                "shape": array.shape,
                "data_offsets": [start, len(data)],
            }
            start = len(data)
        write(saved, entries, data)
        for name, array in cnn.load(saved).state().items():
            assert array.dtype == np.float32
            np.testing.assert_allclose(array, state[name], rtol=1 / 128, atol=1e-7)

    def test_arrays_in_any_memory_order_are_saved_right(self, path):
        model = network()
        model["conv"].weight = np.asfortranarray(model["conv"].weight)
        cnn.save(model, path)
        assert np.array_equal(cnn.load(path)["conv"].weight, model["conv"].weight)

    def test_a_users_layer_is_restored_when_its_type_is_given(self, path):
        cnn.save(cnn.Sequential(double=Times(3), flatten=cnn.Flatten()), path)
        assert cnn.load(path, layers=[Times])["double"].factor == 3
        with pytest.raises(cnn.CheckpointError, match=r"unknown layer type 'Times'.*load\(path, layers=\[Times\]\)"):
            cnn.load(path)

    def test_the_optimizer_is_kept_beside_the_model(self, path):
        model, optimizer = network(), cnn.Adam()
        optimizer.step(model.parameters(), {name: array + 1 for name, array in model.parameters().items()})
        cnn.save(model, path, optimizer=optimizer, training={"note": 1})
        contents = cnn.checkpoint.read(path)
        assert contents.training == {"note": 1}
        assert contents.optimizer.keys() == optimizer.state().keys()
        assert all(np.array_equal(array, contents.optimizer[name]) for name, array in optimizer.state().items())

    def test_to_load_a_model_the_optimizers_arrays_are_not_read(self, path):
        """So it does not matter what they are."""
        optimizer = SimpleNamespace(state=lambda: {"steps": np.zeros(2, np.uint8)})
        cnn.save(network(), path, optimizer=optimizer)
        assert repr(cnn.load(path)) == repr(network())
        with pytest.raises(cnn.CheckpointError, match=r"optimizer\.steps is of type U8"):
            cnn.checkpoint.read(path)

    def test_a_layer_named_optimizer_is_refused(self, path):
        model = cnn.Sequential(optimizer=cnn.Dense(2, 2))
        with pytest.raises(ValueError, match='give the layer "optimizer" another name'):
            cnn.save(model, path)


class Times(cnn.Layer):
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x, pass_):
        return x * self.factor, lambda dy, wants="both": (dy * self.factor, {})


class TestWriting:
    def test_missing_folders_are_made(self, tmp_path):
        cnn.save(network(), tmp_path / "run" / "1" / "model.safetensors")
        assert (tmp_path / "run" / "1" / "model.safetensors").exists()

    def test_nothing_else_is_left_in_the_folder(self, saved):
        cnn.save(network(), saved)
        assert list(saved.parent.iterdir()) == [saved]

    def test_what_a_killed_process_left_is_cleared_away(self, saved):
        (saved.parent / f".{saved.name}.123.tmp").write_text("half a file")
        (saved.parent / ".other.safetensors.123.tmp").write_text("not ours")
        cnn.save(network(), saved)
        assert sorted(p.name for p in saved.parent.iterdir()) == [".other.safetensors.123.tmp", saved.name]

    def test_a_full_disk_leaves_the_old_file_whole(self, saved):
        before = saved.read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # no file may grow
        try:
            with pytest.raises(cnn.CheckpointError, match=r"save: cannot write .*model.safetensors \(File too large\)"):
                cnn.save(network().initialize(5), saved)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert saved.read_bytes() == before
        assert list(saved.parent.iterdir()) == [saved]

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_a_failure_at_any_stage_leaves_the_old_file_whole(self, saved, monkeypatch, call):
        def fail(*args):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        before = saved.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(
                cnn.CheckpointError, match=r"No space left on device.*what was there before is untouched"
            ):
                cnn.save(network().initialize(5), saved)
        assert saved.read_bytes() == before
        assert list(saved.parent.iterdir()) == [saved]

    def test_the_error_is_the_first_one_even_if_the_temporary_file_is_gone(self, path, monkeypatch):
        def replace(temporary, path):
            os.unlink(temporary)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "replace", replace)
        with pytest.raises(cnn.CheckpointError, match=r"cannot write .* \(Input/output error\)"):
            cnn.save(network(), path)

    def test_where_a_run_may_write_is_known_before_it_begins_and_nothing_is_left_there(self, tmp_path):
        for _ in range(2):  # the second time the folders are there
            cnn.checkpoint.check_writable(tmp_path / "run" / "1" / "model.safetensors")
            assert [path.name for path in tmp_path.rglob("*")] == ["run", "1"]
        (tmp_path / "file").touch()
        with pytest.raises(cnn.CheckpointError, match=r"cannot be written \((File exists|Not a directory)\)"):
            cnn.checkpoint.check_writable(tmp_path / "file" / "model.safetensors")

    def test_what_json_has_no_number_for_is_not_written(self, path):
        with pytest.raises(ValueError, match="not JSON compliant"):
            cnn.save(network(), path, training={"loss": float("nan")})
        assert not path.exists()

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to read-only folders")
    def test_a_read_only_folder_is_refused(self, saved):
        before = saved.read_bytes()
        saved.parent.chmod(0o500)
        try:
            with pytest.raises(cnn.CheckpointError, match="Permission denied"):
                cnn.save(network(), saved)
        finally:
            saved.parent.chmod(0o700)
        assert saved.read_bytes() == before

    def test_a_folder_that_is_a_file_is_refused(self, saved):
        with pytest.raises(cnn.CheckpointError, match="save: cannot write"):
            cnn.save(network(), saved / "model.safetensors")

    def test_the_bytes_are_on_the_disk_before_they_take_the_old_ones_place(self, saved, monkeypatch):
        order = []
        for call in ("fsync", "replace"):
            original = getattr(os, call)
            monkeypatch.setattr(os, call, lambda *a, c=call, f=original: (order.append(c), f(*a)))
        cnn.save(network(), saved)
        assert order == ["fsync", "replace", "fsync"]  # the last one is the folder's


class TestBrokenFiles:
    def test_a_missing_file(self, path):
        with pytest.raises(cnn.CheckpointError, match=r"model.safetensors: there is no such file"):
            cnn.load(path)

    def test_a_folder(self, tmp_path):
        with pytest.raises(cnn.CheckpointError, match=str(tmp_path)):
            cnn.load(tmp_path)

    def test_weights_of_somebody_else(self, path):
        save_file({"a": np.zeros(3)}, path, {"format": "pt"})
        with pytest.raises(cnn.CheckpointError, match="build the model, and give the arrays to its load_state"):
            cnn.load(path)

    def test_a_later_version_of_the_format(self, saved):
        rewrite(saved, version=2)
        with pytest.raises(cnn.CheckpointError, match="expected version 1 of the format, got 2"):
            cnn.load(saved)

    def test_arrays_of_another_architecture(self, saved):
        with safe_open(saved, framework="np") as file:
            metadata = file.metadata()
        save_file(network()["conv":"pool"].state() | {"fc.weight": np.zeros((4, 5), np.float32)}, saved, metadata)
        with pytest.raises(cnn.CheckpointError, match=r"fc.weight is \(4, 5\), expected \(3, 5\); .* is missing"):
            cnn.load(saved)

    @given(st.data())
    def test_a_file_that_is_cut_short(self, contents, tmp_path_factory, data):
        path = tmp_path_factory.getbasetemp() / "cut.safetensors"
        path.write_bytes(contents[: data.draw(st.integers(0, len(contents) - 1))])
        with pytest.raises(cnn.CheckpointError, match="cut short or broken") as raised:
            cnn.load(path)
        assert "\n" not in str(raised.value)

    @given(st.binary(max_size=200))
    def test_garbage(self, tmp_path_factory, garbage):
        path = tmp_path_factory.getbasetemp() / "garbage.safetensors"
        path.write_bytes(garbage)
        with pytest.raises(cnn.CheckpointError, match="cut short or broken"):
            cnn.load(path)

    @given(st.data())
    def test_any_damaged_byte_is_refused_in_one_line_or_does_no_harm(self, contents, tmp_path_factory, data):
        path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
        raw = bytearray(contents)
        for _ in range(data.draw(st.integers(1, 3))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(raw)
        try:
            cnn.load(path)
        except cnn.CheckpointError as error:
            assert "\n" not in str(error) and len(str(error)) < 500


LARGE = {
    "a bound": cnn.Clip(0, 2000),
    "a last channel": cnn.Slice(1024, 2048),
    "a vector's length": cnn.Reshape((2048,)),
    "a map's height": cnn.Upsample(size=(1080, 1920)),
    "a map's width": cnn.AdaptiveAvgPool2d((1, 1025)),
    "a norm of few channels": cnn.BatchNorm2d(1024),
    "a padding": cnn.Pad((1500, 0, 0, 0)),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_number_that_is_large_without_taking_memory_comes_back(name, tmp_path):
    """A layer that keeps no arrays is as small with a large option as with a small one."""
    model = cnn.Sequential(only=LARGE[name])
    cnn.save(model, tmp_path / "model.safetensors")
    assert repr(cnn.load(tmp_path / "model.safetensors")) == repr(model)
