"""The parts that do not need MPI: the tree, the buckets, and shares that meet."""

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn.distributed import sums
from minicnn.layers.running import Total


def sent(x):
    future = Future()
    future.set_result(x)
    return future


@given(st.permutations(range(8)), st.integers(0, 2**32))
def test_a_sum_is_the_same_tree_in_whatever_order_the_shares_come(order, seed):
    arrays = np.random.default_rng(seed).standard_cauchy((8, 5)).astype(np.float32)
    buckets = sums.Buckets({"w": arrays[0]}, 8, sent)
    for place in order:
        buckets.add(place, "w", arrays[place])
    a = arrays
    tree = ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]))
    assert buckets.sums()["w"].tobytes() == tree.tobytes()


class Between:
    """What a sum needs of a communicator, between threads; it counts the numbers that are sent."""

    def __init__(self, rank, boxes):
        self.rank, self.boxes, self.sent = rank, boxes, 0

    def Get_rank(self):
        return self.rank

    def Get_size(self):
        return len(self.boxes)

    def Isend(self, x, to):
        self.sent += x.size
        self.boxes[to][self.rank].put(x.copy())
        return SimpleNamespace(Test=lambda: True)

    def Irecv(self, x, source):
        box = self.boxes[self.rank][source]

        def test():
            if not box.empty():
                x[...] = box.get()
                return True
            return False

        return SimpleNamespace(Test=test)


@pytest.mark.parametrize("processes", [1, 2, 4, 8])
def test_processes_add_as_the_tree_and_send_no_more_than_a_ring(processes):
    arrays = np.random.default_rng(0).standard_cauchy((processes, 16)).astype(np.float32)
    tree = list(arrays)
    while len(tree) > 1:
        tree = [a + b for a, b in zip(tree[::2], tree[1::2], strict=True)]
    boxes = [[SimpleQueue() for _ in arrays] for _ in arrays]
    comms = [Between(rank, boxes) for rank in range(processes)]
    with ThreadPoolExecutor(processes) as pool:
        found = list(pool.map(sums.add_over_processes, comms, arrays))
    assert {x.tobytes() for x in found} == {tree[0].tobytes()}
    assert [comm.sent for comm in comms] == [2 * (16 - 16 // processes)] * processes


def test_buckets_are_sent_in_one_order_and_a_large_array_alone(monkeypatch):
    monkeypatch.setattr(sums, "BUCKET", 32)
    likes = {name: np.zeros(size, np.float32) for name, size in (("a", 3), ("b", 3), ("large", 99), ("c", 1))}
    likes["d"] = np.zeros(1)  # of another dtype
    for order in itertools.permutations(likes):
        sizes = []
        buckets = sums.Buckets(likes, 1, lambda x, sizes=sizes: sizes.append(x.size) or sent(x))
        for name in order:
            buckets.add(0, name, likes[name] + len(name))
        assert sizes == [6, 99, 1, 1]
        assert {name: array[0] for name, array in buckets.sums().items()} == {n: len(n) for n in likes}


def test_gradients_are_announced_while_the_backward_pass_goes_on():
    inside = cnn.Residual(conv=cnn.Conv2d(3, 3, 3, padding=1), norm=cnn.BatchNorm2d(3))
    model = cnn.Sequential(
        conv=cnn.Conv2d(3, 3, 3), relu=cnn.ReLU(), block=inside, flatten=cnn.Flatten(), fc=cnn.Dense(48, 2)
    )
    model.initialize(0).astype(np.float64)
    told, order = {}, []

    def announce(name, gradient):
        told[name] = gradient
        order.append(name)

    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    y, pullback = model.forward(x, cnn.Pass(train=True, announce=announce))
    _, grads = pullback(np.ones_like(y), "parameters")
    assert told.keys() == grads.keys() and len(order) == len(told)
    assert all(told[name] is gradient for name, gradient in grads.items())
    layers = [name.rpartition(".")[0] for name in order[::2]]
    assert layers == ["fc", "block.norm", "block.conv", "conv"]


def test_a_sum_begins_before_the_backward_pass_is_through(monkeypatch):
    monkeypatch.setattr(sums, "BUCKET", 1)
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 3), relu=cnn.ReLU(), flatten=cnn.Flatten(), fc=cnn.Dense(8, 2))
    model.initialize(0).astype(np.float64)
    likes, events = dict(reversed(model.parameters().items())), []
    buckets = sums.Buckets(likes, 1, lambda x: events.append("sent") or sent(x))

    def announce(name, gradient):
        events.append(name)
        buckets.add(0, name, gradient)

    y, pullback = model.forward(np.ones((1, 1, 4, 4)), cnn.Pass(announce=announce))
    pullback(np.ones_like(y), "parameters")
    assert events.count("sent") == 4
    assert events.index("sent") < events.index("conv.weight")


def shared_norm(layer, parts, dys):
    """Outputs and gradients of a batch norm layer whose input is divided into shares that meet."""
    meeting, found = sums.Meeting(len(parts), lambda x: x), [None] * len(parts)

    def learn(place):
        total = Total(partial(meeting.total, place), place == 0)
        y, pullback = layer.forward(parts[place], cnn.Pass(train=True, total=total))
        found[place] = (y, *pullback(dys[place]))

    meeting.hold(learn)
    return found


def test_batch_norm_of_shares_that_meet_is_that_of_the_batch():
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal((8, 3, 4, 5)) + 10 for _ in range(2))
    alone, together = (cnn.BatchNorm2d(3).astype(np.float64) for _ in range(2))
    for layer in (alone, together):
        layer.weight[...] = [1, 2, 3]
    y, pullback = alone.forward(x, cnn.Pass(train=True))
    dx, grads = pullback(dy)
    cuts = [1, 3, 7]  # unequal shares
    found = shared_norm(together, np.split(x, cuts), np.split(dy, cuts))
    np.testing.assert_allclose(np.concatenate([part[0] for part in found]), y, rtol=1e-10)
    np.testing.assert_allclose(np.concatenate([part[1] for part in found]), dx, atol=1e-10)
    for name, gradient in grads.items():
        np.testing.assert_allclose(sum(part[2][name] for part in found), gradient, rtol=1e-10)
    for name, buffer in alone.buffers().items():
        np.testing.assert_allclose(together.buffers()[name], buffer, rtol=1e-10)


def test_a_share_that_fails_lets_no_other_wait():
    parts = [np.ones((2, 3, 4, 4), np.float32)] * 3 + [np.ones((2, 5, 4, 4), np.float32)]
    with pytest.raises(ValueError, match="5 channels"):
        shared_norm(cnn.BatchNorm2d(3), parts, parts)


def test_without_mpi_the_error_tells_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r'pip install "\.\[distributed\]"'):
        cnn.distributed.mpi()


class Request:
    """A message that has arrived when it has been asked for some times."""

    def __init__(self, times, asked):
        self.left, self.asked = times, asked

    def Test(self):
        self.left -= 1
        self.asked.append(sorted(sums.waiting))
        return self.left < 0


def test_a_process_sleeps_until_all_messages_have_come_and_it_is_known_since_when(monkeypatch):
    slept, asked, now = [], [], iter([11, 12])
    monkeypatch.setattr(sums, "time", SimpleNamespace(monotonic_ns=lambda: next(now), sleep=slept.append))
    sums.waiting.add(7)  # another thread's
    try:
        requests = Request(2, asked), Request(3, asked)
        sums.wait(*requests)
        assert set(slept) == {5e-5} and all(request.left < 0 for request in requests)
        assert asked == [[7, 11]] * len(asked) and sums.waiting == {7}
        with pytest.raises(ZeroDivisionError):
            sums.wait(SimpleNamespace(Test=lambda: 1 / 0))
        assert sums.waiting == {7}
    finally:
        sums.waiting.clear()


def test_small_arrays_travel_together_until_they_are_a_megabyte():
    half = np.zeros(1 << 16)  # 512 KiB of float64
    likes = {"a": half, "b": half, "c": half[:1], "d": half}
    sizes = []
    buckets = sums.Buckets(likes, 1, lambda x: sizes.append(x.nbytes) or sent(x))
    for name, like in likes.items():
        buckets.add(0, name, like)
    assert sizes == [1 << 20, (1 << 19) + 8]
