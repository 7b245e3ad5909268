"""The model at moments of its training."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.training import read_snapshots


def test_the_model_is_kept_before_training_after_the_first_batches_and_after_each_epoch(stripes, network, tmp_path):
    model = network()
    before = {name: array.copy() for name, array in model.state().items()}
    cnn.fit(model, stripes(24), epochs=2, batch_size=4, callbacks=[cnn.Snapshots(tmp_path / "kept", first=5)])
    kept = read_snapshots(tmp_path / "kept")
    assert [str(moment) for moment in kept] == [
        "before training",
        "after 1 batch",
        "after 2 batches",
        "after 4 batches",
        "after epoch 1",
        "after epoch 2",
    ]
    for moment, expected in ((kept[0], before), (kept[-1], model.state())):
        for name, array in moment.model.state().items():
            np.testing.assert_array_equal(array, expected[name])
    assert any((kept[1].model.state()[name] != array).any() for name, array in before.items())
    assert kept[0].model.classes == model.classes and kept[0].model.transform is not None


def test_a_resumed_run_keeps_what_was_there_and_a_new_one_does_not(stripes, network, tmp_path):
    snapshots, options = cnn.Snapshots(tmp_path / "kept", first=0), {"checkpoint": tmp_path / "run.safetensors"}
    cnn.fit(network(), stripes(), epochs=2, callbacks=[snapshots], **options)
    cnn.fit(network(), stripes(), epochs=3, callbacks=[snapshots], resume=True, **options)
    assert [moment.epoch for moment in read_snapshots(tmp_path / "kept")] == [0, 1, 2, 3]
    cnn.fit(network(), stripes(), epochs=1, callbacks=[snapshots])
    assert [moment.epoch for moment in read_snapshots(tmp_path / "kept")] == [0, 1]


def test_other_files_are_left_alone_and_no_folder_has_no_snapshots(stripes, network, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    cnn.fit(network(), stripes(), epochs=1, callbacks=[cnn.Snapshots(tmp_path, first=0)])
    assert (tmp_path / "notes.txt").exists() and len(read_snapshots(tmp_path)) == 2
    assert read_snapshots(tmp_path / "none") == []


def test_a_negative_number_of_batches_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        cnn.Snapshots(tmp_path, first=-1)


def test_unless_told_otherwise_the_last_one_within_an_epoch_is_after_128_batches(tmp_path):
    pixels = cnn.data.Dataset(np.zeros((257, 1, 1, 1), np.uint8), np.arange(257) % 2, ("a", "b"))
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(1, 2)).initialize()
    cnn.fit(model, pixels, epochs=1, batch_size=1, callbacks=[cnn.Snapshots(tmp_path)], progress=False)
    kept = [moment.batch for moment in read_snapshots(tmp_path)]
    assert kept == [0, 1, 2, 4, 8, 16, 32, 64, 128, 0]
