"""Optimisers: first steps worked out by hand, resumption, purity, memory orders, threads, and what they refuse."""

import json
import math

import numpy as np
import pytest

from minicnn import optim, threads
from minicnn.kernels.update import PARALLEL_SIZE
from minicnn.optim import SGD, Adam, AdamW, clip_norm

OPTIMIZERS = {
    "sgd": lambda: SGD(0.1),
    "sgd, weight decay": lambda: SGD(0.1, weight_decay=0.01),
    "momentum": lambda: SGD(0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: Adam(0.01, weight_decay=0.1),
    "adamw": lambda: AdamW(0.01),
}
every_optimizer = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())


def random_arrays(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "scale": ()}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def run(optimizer, parameters, steps):
    for step in steps:
        optimizer.step(parameters, random_arrays(1000 + step, parameters["scale"].dtype))
    return parameters


def identical(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and a[k].tobytes() == b[k].tobytes() for k in a)


def steps_by_hand(optimizer, w, gradients):
    parameters = {"w": np.array([w])}
    path = []
    for g in gradients:
        optimizer.step(parameters, {"w": np.array([g])})
        path.append(parameters["w"].item())
    return path


# ---- the equations, worked out by hand ----


def test_sgd_steps_down_the_gradient():
    assert steps_by_hand(SGD(0.5), 1.0, [2.0, -1.0]) == [0.0, 0.5]


def test_weight_decay_adds_to_the_gradient():
    # d = 2 + 0.25 · 4 = 3
    assert steps_by_hand(SGD(0.5, weight_decay=0.25), 4.0, [2.0]) == [2.5]


def test_momentum_keeps_part_of_the_velocity():
    # velocity: 2, then 0.5 · 2 + 4 = 5
    assert steps_by_hand(SGD(0.5, momentum=0.5), 1.0, [2.0, 4.0]) == [0.0, -2.5]


def test_nesterov_looks_ahead_along_the_new_velocity():
    # first: 2 + 0.5 · 2 = 3; then velocity 5, and 4 + 0.5 · 5 = 6.5
    assert steps_by_hand(SGD(0.5, momentum=0.5, nesterov=True), 1.0, [2.0, 4.0]) == [-0.5, -3.75]


@pytest.mark.parametrize("g", [1e-3, 5.0, -2e4])
def test_adams_first_step_has_the_size_of_the_learning_rate_whatever_the_gradient(g):
    (w,) = steps_by_hand(Adam(0.1), 1.0, [g])
    assert w == pytest.approx(1.0 - 0.1 * math.copysign(1, g), abs=1e-5)


def test_adams_second_step():
    # betas (1/2, 3/4), gradients 4 and 2. m: 2, 2; v: 4, 4; corrections at t = 2: m̂ = 2 / (3/4), v̂ = 4 / (7/16)
    first, second = steps_by_hand(Adam(0.1, betas=(0.5, 0.75)), 1.0, [4.0, 2.0])
    assert first == pytest.approx(0.9, abs=1e-9)
    assert second == pytest.approx(first - 0.1 * (8 / 3) / math.sqrt(64 / 7), abs=1e-9)


def test_adams_second_moment_is_exact_though_beta2_is_near_one():
    optimizer = Adam()
    steps_by_hand(optimizer, 1.0, [1.3, -0.7])
    v = 0.999 * (1 - 0.999) * 1.3**2 + (1 - 0.999) * 0.7**2
    assert optimizer.state()["v.w"] == pytest.approx(v, rel=1e-15)


def test_adam_puts_the_weight_decay_into_the_gradient_and_adamw_takes_it_from_the_weight():
    # Without a gradient, Adam's first step is by lr towards zero, and AdamW's by lr · weight_decay · w.
    assert steps_by_hand(Adam(0.1, weight_decay=0.5), 2.0, [0.0]) == pytest.approx([1.9])
    assert steps_by_hand(AdamW(0.1, weight_decay=0.5), 2.0, [0.0]) == pytest.approx([1.9])
    assert steps_by_hand(Adam(0.1, weight_decay=0.5), 8.0, [0.0]) == pytest.approx([7.9])
    assert steps_by_hand(AdamW(0.1, weight_decay=0.5), 8.0, [0.0]) == pytest.approx([7.6])


@pytest.mark.parametrize("make", [lambda lr: SGD(lr), lambda lr: SGD(lr, momentum=0.9), Adam, AdamW])
def test_the_learning_rate_may_be_set_between_steps(make):
    optimizer, parameters = make(0.5), random_arrays(0)
    optimizer.lr = 0
    assert identical(run(optimizer, parameters, [0]), random_arrays(0))
    optimizer.lr = 0.5
    assert not identical(run(optimizer, parameters, [1]), random_arrays(0))
    assert optimizer.initial_lr == 0.5


# ---- in place, pure, the same whatever the memory order, the cut and the threads ----


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_change_in_place_and_gradients_not_at_all(make, dtype):
    parameters, grads = random_arrays(0, dtype), random_arrays(1, dtype)
    arrays = dict(parameters)
    make().step(parameters, grads)
    assert identical(grads, random_arrays(1, dtype))
    for name, before in random_arrays(0, dtype).items():
        assert parameters[name] is arrays[name]
        assert parameters[name].dtype == dtype
        assert (parameters[name] != before).all()


@every_optimizer
def test_float32_follows_float64(make):
    single = run(make(), random_arrays(0, np.float32), range(20))
    double = run(make(), random_arrays(0), range(20))
    for name in double:
        np.testing.assert_allclose(single[name], double[name], rtol=1e-5, atol=1e-5)


@every_optimizer
def test_memory_order_does_not_matter(make):
    def every_other(x):
        return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x

    def channels_last(x):
        return np.asfortranarray(x)

    expected = run(make(), random_arrays(0), range(3))
    for reorder in (every_other, channels_last):
        parameters, optimizer = {k: reorder(v) for k, v in random_arrays(0).items()}, make()
        for step in range(3):
            optimizer.step(parameters, {k: reorder(v) for k, v in random_arrays(1000 + step).items()})
        assert identical(parameters, expected)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def large(request):
    """A parameter and a gradient that are large enough for the threads, and end within a block."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((2, PARALLEL_SIZE + 12345)).astype(request.param)


@every_optimizer
def test_a_large_parameter_is_updated_as_its_parts_would_be(make, large):
    w, g = large
    whole, parts, optimizer, optimizer_of_parts = w.copy(), w.copy(), make(), make()
    for _ in range(2):
        optimizer.step({"w": whole}, {"w": g})
        optimizer_of_parts.step({"a": parts[:777], "b": parts[777:77777], "c": parts[77777:]},
                                {"a": g[:777], "b": g[777:77777], "c": g[77777:]})  # fmt: skip
    assert whole.tobytes() == parts.tobytes()


@every_optimizer
def test_the_number_of_threads_does_not_matter(make, large):
    def updated(number_of_threads):
        before = threads.get_num_threads()
        threads.set_num_threads(number_of_threads)
        try:
            w, optimizer = large[0].copy(), make()
            for _ in range(2):
                grads, norm = clip_norm({"w": large[1]}, 1.0)
                optimizer.step({"w": w}, grads)
            return w.tobytes(), norm
        finally:
            threads.set_num_threads(before)

    assert updated(1) == updated(threads.get_num_threads())


# ---- state and options ----


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
    assert identical(saved, copied), "neither optimiser may write to the state that was saved"


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
    with pytest.raises(ValueError, match='no optimiser "adamax"; choose from sgd, adam, adamw'):
        optim.build("adamax")
    with pytest.raises(ValueError, match="betas"):
        optim.build("sgd", lr=0.1, betas=(0.9, 0.99))
    with pytest.raises(ValueError, match="lr"):
        optim.build("sgd")


# ---- what is refused ----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.0), "SGD: lr must be positive and finite, got 0.0"),
        (lambda: SGD(math.nan), "SGD: lr must be positive and finite, got nan"),
        (lambda: Adam(-1e-3), "Adam: lr must be positive"),
        (lambda: SGD(0.1, weight_decay=-1), "SGD: weight_decay must be zero or positive, and finite, got -1"),
        (lambda: SGD(0.1, momentum=1.0), r"SGD: momentum must be in \[0, 1\), got 1.0"),
        (lambda: SGD(0.1, momentum=-0.1), r"SGD: momentum must be in \[0, 1\), got -0.1"),
        (lambda: SGD(0.1, nesterov=True), "SGD: nesterov=True .* momentum is 0"),
        (lambda: Adam(betas=(0.9, 1.0)), r"Adam: betas must be two numbers in \[0, 1\), got \(0.9, 1.0\)"),
        (lambda: AdamW(betas=(0.9,)), "AdamW: betas must be two numbers"),
        (lambda: Adam(eps=0.0), "Adam: eps must be positive and finite, got 0.0"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, g: g.pop("scale"), "SGD: no gradient for scale"),
        (lambda p, g: g.update(extra=g["scale"]), "SGD: a gradient for extra, but no such parameter"),
        (
            lambda p, g: g.update({"conv.bias": np.zeros(5)}),
            r"SGD: conv.bias is float64 of shape \(4,\), but its gradient is float64 of shape \(5,\)",
        ),
        (lambda p, g: g.update({"conv.bias": np.zeros(4, np.float32)}), "but its gradient is float32"),
        (lambda p, g: p.update(scale=np.array(1)), "SGD: scale is int64, but a parameter is float32 or float64"),
        (lambda p, g: p["conv.bias"].setflags(write=False), "SGD: conv.bias is read-only"),
    ],
)
def test_gradients_that_do_not_fit_are_refused_and_update_nothing(change, message):
    optimizer, parameters, grads = SGD(0.1, momentum=0.9), random_arrays(0), random_arrays(1)
    change(parameters, grads)
    before = {name: w.copy() for name, w in parameters.items()}
    with pytest.raises(ValueError, match=message):
        optimizer.step(parameters, grads)
    assert identical(parameters, before)
    assert optimizer.steps == 0


def test_another_models_parameters_are_refused():
    optimizer = SGD(0.1, momentum=0.9)
    run(optimizer, random_arrays(0), range(1))
    with pytest.raises(ValueError, match="no velocity for other; a new set of parameters takes a new optimiser"):
        optimizer.step({"other": np.zeros(3)}, {"other": np.zeros(3)})
    parameters, grads = random_arrays(0) | {"scale": np.zeros(3)}, random_arrays(1) | {"scale": np.zeros(3)}
    with pytest.raises(ValueError, match=r"scale is float64 of shape \(3,\), but its velocity is .* shape \(\)"):
        optimizer.step(parameters, grads)


# ---- clipping ----


def test_clip_norm_scales_all_gradients_by_one_factor():
    grads = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    clipped, norm = clip_norm(grads, max_norm=1.0)
    assert norm == 5.0
    np.testing.assert_allclose(clipped["a"], [0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], [[0.8]], rtol=1e-6)
    assert (grads["a"][0], grads["b"][0, 0]) == (3.0, 4.0)


def test_clip_norm_leaves_small_gradients_as_they_are():
    grads = random_arrays(0, np.float32)
    clipped, _ = clip_norm(grads, max_norm=1e3)
    assert identical(clipped, grads)


def test_clip_norm_keeps_the_dtype_and_does_not_overflow():
    clipped, norm = clip_norm({"a": np.full(4, 1e30, np.float32)}, max_norm=2.0)
    assert norm == pytest.approx(2e30, rel=1e-6)
    assert clipped["a"].dtype == np.float32
    np.testing.assert_allclose(clipped["a"], np.ones(4), rtol=1e-6)


def test_clip_norm_of_a_large_gradient(large):
    _, norm = clip_norm({"g": large[1]}, max_norm=1.0)
    assert norm == pytest.approx(np.linalg.norm(large[1].astype(np.float64)), rel=1e-12)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clip_norm_reports_a_norm_that_is_not_finite(bad):
    clipped, norm = clip_norm({"a": np.array([1.0, bad])}, max_norm=1.0)
    assert not math.isfinite(norm)
    assert not np.isfinite(clipped["a"]).all()


@pytest.mark.parametrize("max_norm", [0.0, -1.0, math.nan])
def test_clip_norm_refuses_a_bound_that_is_not_positive(max_norm):
    with pytest.raises(ValueError, match="clip_norm: max_norm must be positive"):
        clip_norm({}, max_norm)
