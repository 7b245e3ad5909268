"""One, two and four processes learn the same, bit for bit."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minicnn as cnn

sys.path.insert(0, str(Path(__file__).with_name("jobs")))
from task import network, stripes


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory):
    """What jobs/fit.py saved and printed in 1, 2, 3 and 4 processes."""
    folder, printed = tmp_path_factory.mktemp("trained"), {}
    for processes in (1, 2, 3, 4):
        status, printed[processes], errors = run(processes, "fit", folder)
        assert status == 0, errors
    return folder, printed


def arrays(folder, name, processes):
    return cnn.load(folder / f"{name}-{processes}.safetensors").state()


@pytest.mark.parametrize("name", ["shares", "shares-plain", "sync", "sync-plain"])
@pytest.mark.parametrize("processes", [2, 4])
def test_the_weights_do_not_depend_on_the_number_of_processes(trained, name, processes):
    one, many = (arrays(trained[0], name, n) for n in (1, processes))
    assert {key: a.tobytes() for key, a in one.items()} == {key: a.tobytes() for key, a in many.items()}


def test_nor_do_the_losses_and_they_are_told_once(trained):
    lines = [[line for line in trained[1][n].splitlines() if not line.startswith("any")] for n in (1, 2, 4)]
    assert len(lines[0]) == 4
    assert lines[0] == lines[1] == lines[2]


@pytest.mark.parametrize(
    ("name", "batch", "norm"), [("shares-plain", 29, False), ("sync-plain", 26, True), ("any-order-plain", 29, False)]
)
def test_shares_learn_what_the_whole_batch_would(trained, name, batch, norm):
    whole = network(drop=0, norm=norm)
    cnn.fit(whole, stripes(), epochs=2, batch_size=batch)
    for processes in (1, 2, 3, 4) if name.startswith("any") else (1, 4):
        shared = arrays(trained[0], name, processes)
        for key, array in whole.state().items():
            np.testing.assert_allclose(shared[key], array, rtol=1e-3, atol=2e-5, err_msg=key)


def test_the_command_line_trains_in_many_processes_and_tells_it_once(run, tmp_path):
    options = ("garments", "--epochs", 1, "--batch-size", 4096, "--distributed", "--sync-batch-norm", "--out")
    results = {}
    for processes in (1, 2):
        status, out, errors = run(processes, "minicnn", "train", *options, tmp_path / str(processes))
        assert status == 0, errors  # which may say once that kernels are compiled
        assert len(errors.splitlines()) <= 1
        assert out.count("epoch 1/1: ") == 1
        assert len((tmp_path / str(processes) / "log.jsonl").read_text().splitlines()) == 2
        results[processes] = cnn.load(tmp_path / str(processes) / "model.safetensors").state()
    assert all(a.tobytes() == results[2][name].tobytes() for name, a in results[1].items())


@pytest.mark.parametrize("processes", [2, 4])
def test_sums_over_processes_are_the_tree(run, processes):
    status, out, errors = run(processes, "sums")
    assert (status, out.count("as the tree")) == (0, processes), errors


@pytest.mark.parametrize("processes", [2, 4])
def test_passes_over_a_data_set_are_shared_and_give_the_same(run, processes):
    status, out, errors = run(processes, "passes")
    assert (status, out.count("the same")) == (0, processes), errors


def test_synchronized_shares_must_not_be_empty(run, tmp_path):
    options = ("garments", "--batch-size", 4, "--distributed", "--sync-batch-norm", "--out", tmp_path)
    status, _, errors = run(2, "minicnn", "train", *options)
    assert status == 2
    assert errors.count("no share may be empty, but the last batch has 4 images for 8 shares") == 1


def test_three_processes_are_refused_unless_any_order_will_do(run, tmp_path):
    status, _, errors = run(3, "minicnn", "train", "garments", "--distributed", "--out", tmp_path)
    assert status == 2
    assert "expected 1, 2, 4, 8, … processes" in errors and "got 3 processes and 8 shares" in errors
