"""What a group of processes takes and refuses, in this process alone: nothing is sent."""

import sys
from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from minicnn.data import Dataset, Loader
from minicnn.distributed import processes
from minicnn.distributed.processes import Processes, mpi

POWERS = (1, 2, 4, 8, 16)


@pytest.fixture
def started(monkeypatch):
    """Whether `mpi` accepts a number of processes: as what they are started, or the error."""

    def started(size, shares=8, threads=3, **options):
        world = SimpleNamespace(Get_size=lambda: size)
        facts = {"Query_thread": lambda: threads, "THREAD_MULTIPLE": 3, "Get_processor_name": lambda: "here"}
        monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=SimpleNamespace(COMM_WORLD=world, **facts)))
        monkeypatch.setattr(processes, "Processes", lambda comm, *given: given)
        return mpi.__wrapped__(shares, **options)

    return started


@pytest.mark.parametrize("shares", POWERS)
def test_powers_of_two_are_accepted_and_no_more_processes_than_shares(started, shares: int) -> None:
    for size in range(1, 18):
        if size in POWERS and size <= shares:
            assert started(size, shares) == (shares, False, False, "here")
        else:
            with pytest.raises(ValueError, match=f"got {size} processes and {shares} shares"):
                started(size, shares)


@pytest.mark.parametrize("shares", [0, 3, 6, 12])
def test_shares_are_a_power_of_two(started, shares: int) -> None:
    with pytest.raises(ValueError, match=f"got 1 processes and {shares} shares"):
        started(1, shares)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_in_any_order_each_of_any_number_of_processes_has_one_share(started, size: int) -> None:
    assert started(size, any_order=True, sync_batch_norm=True) == (size, True, True, "here")


def test_an_mpi_that_several_threads_cannot_call_is_refused(started) -> None:
    with pytest.raises(ValueError, match="without MPI_THREAD_MULTIPLE"):
        started(1, threads=2)


@pytest.mark.parametrize(("images", "batch_size"), [(24, 8), (28, 8), (27, 8), (25, 8), (3, 8), (4, 8), (60, 16)])
def test_synchronized_shares_must_not_be_empty(images: int, batch_size: int) -> None:
    """Of as many shares as the last batch has images none is, and of one more one is."""
    loader = Loader(Dataset(np.zeros((images, 1, 2, 2), np.uint8), np.zeros(images, int), ["a"]), batch_size)
    last = [n for n, _ in loader.shares(0, 0, range(1), 1)][-1]

    def batches(shares, sync):
        group = SimpleNamespace(sync=sync, shares=shares, mine=range(shares))
        return [[len(labels) for _, labels in parts] for _, parts in Processes.batches(group, loader, 0, 0)]

    assert min(map(min, batches(last, sync=True))) == 1
    assert min(map(min, batches(last + 1, sync=False))) == 0
    with pytest.raises(ValueError, match=f"the last batch has {last} images for {last + 1} shares"):
        batches(last + 1, sync=True)


def test_losses_gradients_and_buffers_are_means_over_all_images_of_unequal_shares() -> None:
    """Of two shares, one of 3 images and one of 1, and one without any."""

    def sent(x: np.ndarray) -> Future:
        future: Future = Future()
        future.set_result(x)
        return future

    model = cnn.Sequential(norm=cnn.BatchNorm2d(1), flatten=cnn.Flatten(), fc=cnn.Dense(4, 2)).initialize(0)
    start = {name: buffer.copy() for name, buffer in model.buffers().items()}
    x = np.random.default_rng(0).standard_normal((4, 1, 2, 2)).astype(np.float32)
    labels = np.array([0, 1, 1, 0])
    parts = [(x[:3], labels[:3]), (x[3:], labels[3:]), (x[:0], labels[:0]), (x[:0], labels[:0])]
    seeds = []

    def lesson(x, labels, pass_):
        model.forward(x, pass_)
        of = {name: np.full_like(array, len(x)) for name, array in model.parameters().items()}
        return float(len(x)), int(labels.sum()), lambda weight: {n: (weight * g).astype(g.dtype) for n, g in of.items()}

    group = SimpleNamespace(sync=False, mine=range(4, 8), add_soon=sent, interrupted=False)

    def rng(share: int) -> np.random.Generator:
        seeds.append(share)
        return np.random.default_rng(share)

    loss, right, images, gradients = Processes.gradients(group, model, (4, parts), lesson, rng)
    assert (loss, right, images) == ((3 * 3 + 1 * 1) / 4, 2, 4) and seeds == [4, 5] and not group.interrupted
    assert all((gradient == 2.5).all() for gradient in gradients.values())
    assert gradients.keys() == model.parameters().keys()
    for name in start:
        alone = []
        for part in (x[:3], x[3:]):
            for other, buffer in model.buffers().items():
                buffer[...] = start[other]
            model.forward(part, cnn.Pass(train=True))
            alone.append(model.buffers()[name].copy())
        mean = (3 * alone[0] + alone[1]) / 4
        for other, buffer in model.buffers().items():
            buffer[...] = start[other]
        Processes.gradients(group, model, (4, parts), lesson, rng)
        np.testing.assert_allclose(model.buffers()[name], mean, rtol=1e-6)
    group.interrupted = True
    Processes.gradients(group, model, (4, parts), lesson, rng)
    assert group.interrupted


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 6, 10])
def test_parts_of_the_work_are_in_the_order_of_the_processes_and_as_equal_as_can_be(size: int, count: int) -> None:
    groups = [cnn.group.Group() for _ in range(size)]
    for rank, group in enumerate(groups):
        group.rank, group.size = rank, size
    parts = [group.part(count) for group in groups]
    assert [piece for part in parts for piece in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [group.main for group in groups] == [True] + [False] * (size - 1)


def test_a_group_says_which_process_it_is_and_how_work_is_divided() -> None:
    alone, one = cnn.group.Group(), cnn.group.Group()
    one.rank, one.size, one.settings = 2, 4, {"shares": 8, "sync_batch_norm": False}
    assert repr(alone) == "Group(process 0 of 1)" and not alone.interrupted
    assert repr(one) == "Group(process 2 of 4, shares=8, sync_batch_norm=False)"
    assert alone.texts("a") == ["a"] and alone.images(("x", "labels")) == "x"
