"""If a process dies, the job ends within seconds and with one line; nothing is lost."""

import hashlib
import os
import random
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import minicnn as cnn
from minicnn.faults import differences

EPOCHS = 3
KILLS, FEW_KILLS = 50, 10  # with --thorough and without; each takes as long as a job
SOON = 10  # seconds from a death to the end of the job, on a busy machine; silence is noticed after 30
HANGS = 60  # seconds after which a job counts as hanging


def lines(errors):
    return [line for line in errors.splitlines() if line.startswith("minicnn: ")]


@pytest.mark.parametrize("rank", [0, 3])
def test_a_killed_process_ends_the_job_with_one_line_at_once(run, rank):
    status, out, errors = run(4, "fault", "killed", rank)
    ended = time.time()
    assert status != 0
    [line] = lines(errors)
    assert re.fullmatch(rf"minicnn: process {rank} of 4 on \S+ died; the job ends", line)
    assert ended - float(re.search(r"ends at (\S+)", out)[1]) < SOON


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_it_is_one_line_on_every_node(run, rank):
    # Both nodes are this machine, where the launcher would end the other processes at once: on a busy processor the
    # watcher of the other node could notice those first.
    _, _, errors = run(4, "fault", "killed", rank, "nodes", launcher=["-disable-auto-cleanup"])
    assert lines(errors) == [f"minicnn: process {rank} of 4 on node{rank % 2} died; the job ends"] * 2


def test_a_process_that_stands_still_is_missed(run):
    status, _, errors = run(2, "fault", "stopped", 1)
    assert status != 0
    [line] = lines(errors)
    assert "process 1 of 2" in line and "has not been heard of for 4 s" in line


def test_nobody_waits_for_a_process_that_has_raised(run):
    status, _, errors = run(2, "fault", "raises", 1)
    assert status != 0
    [line] = lines(errors)
    assert "process 1 of 2" in line and "has left (MemoryError: no room), and others wait for it" in line


@pytest.mark.parametrize("how", ["ends", "raises", "raises in MPI"])
def test_nobody_waits_for_a_process_that_never_joins(run, how):
    status, _, errors = run(2, "absent", how, seconds=60)
    assert status != 0
    assert lines(errors) == ["minicnn: after 4 s not all processes of the job have joined; the job ends"]


def test_an_error_that_all_have_is_each_ones_own_and_can_be_caught(run):
    status, out, errors = run(2, "fault", "all raise", 0)
    assert (status, out.count("went on"), lines(errors)) == (0, 2, [])


START = ["the version of minicnn", "minicnn/ops/conv2d.py", "data", "weights", "seed", "checkpoint"]
DIFFERENCES = [*(f"{what} in fit" for what in START), "data in evaluate", "data in features", "points in neighbors"]


@pytest.fixture(scope="module")
def refusals(run, tmp_path_factory):
    """The output of a job of two processes that differed in one thing after another."""
    path = tmp_path_factory.mktemp("differ") / "run.safetensors"
    cnn.save(cnn.Sequential(cnn.Flatten(), cnn.Dense(4, 2)), path)
    status, out, errors = run(2, "differ", path, *DIFFERENCES)
    assert status == 0, errors  # neither process waited for the other
    return out


@pytest.mark.parametrize("case", DIFFERENCES)
def test_what_differs_between_processes_is_refused_by_name(refusals, case):
    what = re.escape(case.partition(" in ")[0])
    told = rf"refused {case}: \S+ {what} must be the same everywhere, but process 0 on node0 has .*, and process 1 on"
    assert len(re.findall(told, refusals)) == 2, refusals  # on both processes


def test_every_file_and_the_program_itself_are_compared(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
    found = differences.versions()
    assert {"minicnn/__init__.py", "viz/tsne/neighbors.py"} <= found.keys()
    assert {"the version of numpy", "the width of vectors"} <= found.keys()
    assert found["the program test_faults.py"] == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """The weights of an uninterrupted run, as bytes by name."""
    return finish(run, 1, tmp_path_factory.mktemp("whole") / "run.safetensors")


def finish(run, processes, path, epochs=EPOCHS):
    status, _, errors = run(processes, "resumable", path, epochs)
    assert status == 0, errors
    return weights(path)


def weights(path):
    return {name: array.tobytes() for name, array in cnn.load(path).state().items()}


def test_a_run_goes_on_with_another_number_of_processes(run, whole, tmp_path):
    path = tmp_path / "run.safetensors"
    finish(run, 4, path, epochs=1)
    finish(run, 1, path, epochs=2)
    assert finish(run, 2, path) == whole


def test_ctrl_c_in_one_process_ends_all_after_the_same_step(run, whole, tmp_path):
    path = tmp_path / "run.safetensors"
    status, _, errors = run(4, "resumable", path, EPOCHS, 7)
    assert (status, lines(errors)) == (0, [])
    assert errors.count("interrupted in epoch 2 of 3, after 3 of 5 batches; fit(…, resume=True) goes on") == 1
    assert finish(run, 2, path) == whole


def test_killed_at_random_again_and_again_a_run_loses_nothing(run, start, whole, tmp_path, request):
    """In jobs of 1, 2 and 4 processes, one or all are killed; every run that finishes has exactly the same weights."""
    dice, path = random.Random(0), tmp_path / "run.safetensors"
    most = KILLS if request.config.getoption("--thorough") else FEW_KILLS
    since = time.time()
    assert finish(run, 4, path) == whole
    seconds = time.time() - since
    kills = inside = 0  # all; those after the first checkpoint
    while kills < most:
        with start(dice.choice([1, 2, 4]), "resumable", path, EPOCHS) as job:
            if kills % 2:  # in the middle of its work
                wait_for_change(path, job)
            else:  # at any time
                time.sleep(dice.uniform(0.1, 1) * seconds)
            victims = workers(job.pid)
            dice.shuffle(victims)
            for victim in victims[: dice.choice([1, 1, 1, 4])]:
                with suppress(ProcessLookupError):  # it may have ended just now
                    os.kill(victim, signal.SIGKILL)
            _, errors = job.communicate(timeout=HANGS)
        assert len(lines(errors)) <= 1, errors
        if job.returncode == 0:
            assert weights(path) == whole
            path.unlink()
        else:
            kills += 1
            inside += path.exists()
    assert inside >= most / 5
    assert finish(run, 2, path) == whole


def wait_for_change(path, job):
    """Wait until the job has written its checkpoint or has ended."""
    before = stamp(path)
    while stamp(path) == before and job.poll() is None:
        time.sleep(0.001)


def stamp(path):
    with suppress(FileNotFoundError):
        return path.stat().st_mtime_ns


def workers(parent):
    """The process ids of the descendants of a process that run the job."""
    found = []
    for child in children(parent):
        with suppress(OSError):
            ours = b"resumable.py" in Path(f"/proc/{child}/cmdline").read_bytes()
            found += [child] if ours else workers(child)
    return found


def children(pid):
    try:
        return [int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()]
    except OSError:
        return []
