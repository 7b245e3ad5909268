"""Malicious files: each is refused in one line, and costs neither time nor memory."""

import json
import struct
import tracemalloc

import pytest

import minicnn as cnn

GOOD = {"minicnn": '{"version": 1, "architecture": {"type": "ReLU"}}'}


def file(entries, data=b"abcd", length=None):
    """A safetensors file written by hand."""
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def array(**wrong):
    """A file with one array, whose entry is wrong."""
    return file({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | wrong})


def metadata(text):
    """A file with this metadata."""
    return file({"__metadata__": {"minicnn": text}}, data=b"")


def model(**about):
    """A file whose metadata describes the model like this."""
    return metadata(json.dumps({"version": 1, "architecture": {"type": "ReLU"}} | about))


def layer(kind, **options):
    """A file whose model is one layer."""
    return model(architecture={"type": kind, "options": options})


def inside(depth):
    """A file whose model is a ReLU inside of `depth` containers."""
    text = '{"type":"Sequential","children":{"a":' * depth + '{"type":"ReLU"}' + "}}" * depth
    return metadata(f'{{"version":1,"architecture":{text}}}')


HOSTILE = {
    "a header longer than the file": file({}, length=2**20),
    "a header longer than memory": file({}, length=2**62),
    "a shape beyond all memory": array(shape=[2**40, 2**40]),
    "offsets beyond the file": array(data_offsets=[0, 2**50]),
    "an unknown type of number": array(dtype="Q9"),
    "a type of number that NumPy lacks": file(
        {"__metadata__": GOOD, "w": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}
    ),
    "metadata that is not JSON": metadata("{"),
    "metadata that is not an object": metadata("3"),
    "metadata that is nested beyond the stack": metadata("[" * 100_000),
    "metadata with NaN": metadata('{"version": 1, "classes": NaN}'),
    "metadata with a number of a million digits": metadata('{"version": ' + "1" * 10**6 + "}"),
    "no architecture": metadata('{"version": 1}'),
    "layers nested beyond the stack": inside(400),
    "an unknown layer": layer("os.system", command="true"),
    "a layer with the wrong options": layer("Dense", size=3),
    "a layer with options of the wrong kind": layer("Dense", in_features=[], out_features={}),
    "a size that is a string": layer("LocalResponseNorm", size="5"),
    "a bound that is a list": layer("Clip", low=[0, 0]),
    "a padding below 0": layer("MaxPool2d", kernel_size=2, padding=-1),
    "a layer longer than memory": layer("BatchNorm2d", num_features=10**10),
    "a layer larger than memory": layer("Dense", in_features=10**6, out_features=10**6),
    "a kernel larger than memory": layer("Conv2d", in_channels=1, out_channels=1, kernel_size=[10**9, 10**9]),
    "children that are not layers": model(architecture={"type": "Sequential", "children": {"a": 3}}),
    "arrays that are not there": layer("Dense", in_features=2, out_features=2),
    "something else as the transform": model(transform={"mean": 1}),
    "classes that are not names": model(classes=[1, 2]),
    "training that is not an object": model(training=[]),
}


@pytest.mark.parametrize("contents", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused(tmp_path, contents):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        with pytest.raises(cnn.CheckpointError, match=str(path)) as raised:
            cnn.load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500
    assert peak < 20e6 + 5 * len(contents)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (1024, "running_var is missing"),
        (1025, "num_features is 1025, but the file holds 0 numbers for it"),
    ],
)
def test_a_length_above_1024_is_compared_with_what_the_file_holds_before_a_layer_is_built(features, message, tmp_path):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(layer("BatchNorm2d", num_features=features))
    with pytest.raises(cnn.CheckpointError, match=message):
        cnn.load(path)


def test_what_they_are_made_from_is_a_good_file(tmp_path):
    path = tmp_path / "good.safetensors"
    for contents in (model(), inside(3), layer("Dropout", p=0.5)):
        path.write_bytes(contents)
        cnn.load(path)
