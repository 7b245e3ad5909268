"""Ctrl-C ends a run after the current step, with the history so far; a second one ends it at once."""

import os
import signal
import threading

import numpy as np
import pytest

import minicnn as cnn
from minicnn.training.interruption import Interruption

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")


@pytest.fixture(autouse=True)
def heed():
    """A suite run in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    os.kill(os.getpid(), signal.SIGINT)


class PressingAt:
    """A loss with Ctrl-C during its nth call: in the middle of a step, or in an evaluation."""

    def __init__(self, call):
        self.call, self.calls = call, 0

    def __call__(self, scores, labels):
        self.calls += 1
        if self.calls == self.call:
            press()
        return cnn.ops.cross_entropy(scores, labels)

    def __repr__(self):
        return "PressingAt"


def state(model):
    return {name: array.copy() for name, array in model.state().items()}


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a | b)


def test_the_step_under_way_is_done_and_the_history_comes_back(stripes, network, capfd):
    model, seen = network(), []
    history = cnn.fit(model, stripes(), epochs=3, batch_size=10, loss=PressingAt(1 + 6 + 3), callbacks=[seen.append])
    assert history.interrupted and len(history.epochs) == len(seen) == 1 and repr(history).endswith("; interrupted)")
    assert capfd.readouterr().err.endswith("interrupted in epoch 2 of 3, after 3 of 6 batches\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    steps = []
    other = network()

    def stop(run):
        steps.append(state(run.model))

    cnn.fit(other, stripes(), epochs=1, batch_size=10, callbacks=[stop])
    assert not same(state(model), steps[0])  # three steps further


@pytest.mark.parametrize("call", [1, 2, 5, 8, 9, 12], ids=lambda call: f"call {call}")
def test_what_was_interrupted_resumes_to_the_same_bits(call, stripes, network, tmp_path):
    """1: before training; 2…7 steps of the first epoch; 8: its validation; 9…14 steps of the second."""
    options = {"epochs": 2, "batch_size": 10, "seed": 3, "optimizer": cnn.SGD(0.1, momentum=0.9)}
    whole, model = network(), network()
    expected = cnn.fit(whole, stripes(), stripes(20, seed=1), **options, loss=PressingAt(0))
    path = tmp_path / "run.safetensors"
    options["optimizer"] = cnn.SGD(0.1, momentum=0.9)
    broken = cnn.fit(model, stripes(), stripes(20, seed=1), **options, loss=PressingAt(call), checkpoint=path)
    assert broken.interrupted and len(broken.epochs) == (call > 8)
    options["optimizer"], again = cnn.SGD(0.1, momentum=0.9), network()
    history = cnn.fit(
        again, stripes(), stripes(20, seed=1), **options, loss=PressingAt(0), checkpoint=path, resume=True
    )
    assert same(state(whole), state(again)) and not history.interrupted
    assert [e.valid_loss for e in history.epochs] == [e.valid_loss for e in expected.epochs]
    assert history.steps == expected.steps and history.before == expected.before


def test_a_callback_sees_every_epoch_whatever_is_pressed(stripes, network):
    seen = []

    def callback(run):
        press()
        seen.append(run.epoch)

    history = cnn.fit(network(), stripes(), epochs=3, callbacks=[callback, lambda run: seen.append("second")])
    assert seen == [1, "second"] and history.interrupted


def test_a_second_one_ends_a_run_in_the_middle_of_a_step_which_is_not_saved(stripes, network, tmp_path):
    class Twice(PressingAt):
        def __call__(self, scores, labels):
            if self.calls == 1:  # the first is the evaluation before training
                press()
            return super().__call__(scores, labels)

    with pytest.raises(KeyboardInterrupt):
        cnn.fit(network(), stripes(), epochs=1, loss=Twice(2), checkpoint=tmp_path / "run.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_second_one_does_not_wait():
    done = []
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption, interruption.held:
        press()
        done.append(1)
        press()
        done.append(2)
    assert done == [1]
    with Interruption() as interruption, pytest.raises(KeyboardInterrupt):
        with interruption.held:
            press()
            done.append(3)
        done.append(4)
    assert done == [1, 3]


def test_an_error_is_not_hidden_by_the_interruption():
    with pytest.raises(ZeroDivisionError), Interruption() as interruption, interruption.held:
        press()
        _ = 1 / 0


def test_other_threads_and_other_handlers_are_left_alone(stripes, network):
    def mine(number, frame):
        raise AssertionError

    signal.signal(signal.SIGINT, mine)
    cnn.fit(network(), stripes(), epochs=1, callbacks=[lambda run: signal.getsignal(signal.SIGINT) is not mine])
    assert signal.getsignal(signal.SIGINT) is mine
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = []
    thread = threading.Thread(target=lambda: found.append(cnn.fit(network(), stripes(), epochs=1)))
    thread.start()
    thread.join()
    assert len(found[0].epochs) == 1
