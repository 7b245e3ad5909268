"""What processes compare before they train or evaluate together, seen by one that takes itself for two."""

import json
from zlib import crc32

import numpy as np
import pytest

import minicnn as cnn
from minicnn.group import Group


class Two(Group):
    """Two processes, the other of which does the same as this one: each does all of the work."""

    size = 2

    def __init__(self):
        self.facts = []

    def part(self, count):
        return range(count)

    def agree(self, facts):
        self.facts.append(facts)


class Told(Two):
    """Two processes, the other of which says something."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def texts(self, text):
        return [text, self.text]


class One(Group):
    """A process that has nobody to compare anything with."""

    def agree(self, facts):
        raise AssertionError


def data_of(dataset):
    """Its size, and a checksum of what it holds."""
    checksum = crc32(dataset.images.tobytes() + dataset.labels.tobytes())
    return f"{len(dataset)} images of 1×8×8, checksum {checksum:08x}"


def test_before_training_data_settings_and_weights_are_compared(stripes, network):
    train, valid, group = stripes(), stripes(20, seed=1), Two()
    options = {"epochs": 2, "batch_size": 16, "seed": 3, "clip_norm": 2, "optimizer": cnn.SGD(0.1)}
    cnn.fit(network(), train, valid, **options, group=group, progress=False)
    first, *later = group.facts
    assert (first["data"], first["validation data"]) == (data_of(train), data_of(valid))
    assert first["classes"] == ["row 0", "row 2", "row 4"] and first["model"]["type"] == "Sequential"
    assert (first["seed"], first["batch_size"], first["clip_norm"], first["number of epochs"]) == (3, 16, 2.0, 2)
    assert first["optimizer"] == cnn.SGD(0.1).options() and first["checkpoint"] is None
    assert [facts["data"] for facts in later] == [data_of(valid)] * 3  # before training, and after each epoch
    assert len({facts["weights"] for facts in group.facts}) == 3  # the first evaluation is of the first weights


def test_without_validation_there_is_none_to_compare_and_settings_count(stripes, network):
    groups = [Two() for _ in range(3)]
    for group, model, seed in zip(groups, (network(), network(), network(seed=1)), (0, 1, 0), strict=True):
        cnn.fit(model, stripes(20), epochs=1, seed=seed, group=group, progress=False)
    first, of_another_seed, of_other_weights = (group.facts[0] for group in groups)
    assert first["validation data"] is None and first["clip_norm"] is None
    assert {name for name in first if first[name] != of_another_seed[name]} == {"seed"}
    assert {name for name in first if first[name] != of_other_weights[name]} == {"weights"}


@pytest.mark.parametrize("resume", [False, True])
def test_the_checkpoint_from_which_a_run_goes_on_is_compared(resume, stripes, network, tmp_path):
    path, group = tmp_path / "run.safetensors", Two()
    cnn.fit(network(), stripes(20), epochs=1, checkpoint=path, progress=False)
    contents = path.read_bytes()
    cnn.fit(network(), stripes(20), epochs=2, checkpoint=path, resume=resume, group=group, progress=False)
    assert group.facts[0]["checkpoint"] == (f"checksum {crc32(contents):08x}" if resume else None)


def test_a_process_alone_compares_nothing(stripes, network):
    model = network()
    cnn.fit(model, stripes(20), epochs=1, group=One(), progress=False)
    cnn.evaluate(model, stripes(20), group=One())


@pytest.mark.parametrize(("said", "epochs"), [("stop", 1), ("", 2)])
def test_a_run_stops_if_a_callback_of_another_process_says_so(said, epochs, stripes, network):
    assert len(cnn.fit(network(), stripes(20), epochs=2, group=Told(said), progress=False).epochs) == epochs


@pytest.mark.parametrize(
    ("theirs", "layer", "words"),
    [
        (("drop", "drop overflowed"), "drop", "drop overflowed"),
        ((None, "nothing found"), None, "every layer's output is finite"),
    ],
)
def test_where_a_run_diverged_is_told_by_the_process_that_has_found_it(theirs, layer, words, stripes, network):
    def infinite(scores, labels):
        return np.float32(np.inf), lambda dloss: (scores,)

    with pytest.raises(cnn.TrainingDiverged, match=f"the loss in evaluation is inf: {words}") as raised:
        cnn.fit(network(), stripes(20), epochs=1, loss=infinite, group=Told(json.dumps(theirs)), progress=False)
    assert raised.value.layer == layer
