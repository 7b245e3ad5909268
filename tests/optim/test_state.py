"""State and options: a resumed run continues bit for bit, and another optimizer's state is refused."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from minicnn import optim
from minicnn.optim import SGD, Adam

optimizers = runpy.run_path(str(Path(__file__).with_name("optimizers.py")))
every_optimizer, identical, random_arrays, run = (
    optimizers[name] for name in ("every_optimizer", "identical", "random_arrays", "run")
)


@every_optimizer
def test_a_resumed_run_is_bit_identical(make):
    through = run(make(), random_arrays(0, np.float32), range(10))

    optimizer, parameters = make(), random_arrays(0, np.float32)
    run(optimizer, parameters, range(6))
    saved, copied = optimizer.state(), optimizer.state()
    run(optimizer, random_arrays(0, np.float32), [6])
    resumed = optim.build(**json.loads(json.dumps(optimizer.options())))
    resumed.load_state(saved)
    assert identical(run(resumed, parameters, range(6, 10)), through)
    assert identical(saved, copied), "neither optimizer may write to the state that was saved"


def test_state_names_every_moment_and_loads_exactly():
    optimizer = Adam()
    run(optimizer, random_arrays(0), range(3))
    optimizer.lr = 0.25
    state = optimizer.state()
    assert set(state) == {"lr", "step"} | {f"{m}.{name}" for m in "mv" for name in random_arrays(0)}
    assert (state["step"], state["lr"]) == (3, 0.25)
    other = Adam()
    other.load_state(state)
    assert identical(other.state(), state)
    assert (other.lr, other.initial_lr) == (0.25, 0.001)


@every_optimizer
def test_state_before_the_first_step_loads_too(make):
    optimizer = make()
    optimizer.load_state(make().state())
    assert identical(run(optimizer, random_arrays(0), range(2)), run(make(), random_arrays(0), range(2)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("step"), 'SGD: the state has no number "step"'),
        (lambda s: s.update({"lr": np.ones(2)}), 'SGD: the state has no number "lr"'),
        (lambda s: s.update({"m.w": np.ones(2)}), 'SGD: the state holds "m.w"'),
    ],
)
def test_a_foreign_state_is_refused_and_changes_nothing(change, message):
    optimizer = SGD(0.1, momentum=0.9)
    run(optimizer, random_arrays(0), range(2))
    before, state = optimizer.state(), optimizer.state()
    change(state)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state(state)
    assert identical(optimizer.state(), before)


def test_a_state_that_lacks_a_moment_is_refused():
    optimizer = Adam()
    run(optimizer, random_arrays(0), range(1))
    state = optimizer.state()
    del state["v.conv.bias"]
    with pytest.raises(ValueError, match="Adam: the state is incomplete: m and v"):
        optimizer.load_state(state)


@every_optimizer
def test_options_rebuild_the_optimizer_whatever_its_present_learning_rate(make):
    optimizer = make()
    optimizer.lr = 1e-9
    rebuilt = optim.build(**optimizer.options())
    assert type(rebuilt) is type(optimizer)
    assert rebuilt.options() == make().options()
    assert rebuilt.lr == make().lr


def test_build_refuses_unknown_names_and_options():
    with pytest.raises(ValueError, match='no optimizer "adamax"; choose from sgd, adam, adamw'):
        optim.build("adamax")
    with pytest.raises(ValueError, match="betas"):
        optim.build("sgd", lr=0.1, betas=(0.9, 0.99))
    with pytest.raises(ValueError, match="lr"):
        optim.build("sgd")
