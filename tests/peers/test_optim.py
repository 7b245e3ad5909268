"""Optimizers, schedules and clipping against PyTorch's, over whole trajectories."""

import numpy as np
import pytest

from minicnn.optim import SGD, Adam, AdamW, clip_norm
from minicnn.schedules import Constant, Cosine, OneCycle, StepDecay, Warmup

torch = pytest.importorskip("torch")
lr_scheduler = torch.optim.lr_scheduler

STEPS = 50
LR = 0.05

OPTIMIZERS = {
    "sgd": (SGD, "SGD", {}),
    "sgd, weight decay": (SGD, "SGD", {"weight_decay": 0.1}),
    "momentum": (SGD, "SGD", {"momentum": 0.9}),
    "momentum, weight decay": (SGD, "SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    "nesterov": (SGD, "SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": (Adam, "Adam", {}),
    "adam, weight decay": (Adam, "Adam", {"weight_decay": 0.1}),
    "adam, betas and eps": (Adam, "Adam", {"betas": (0.3, 0.7), "eps": 1e-3}),
    "adamw": (AdamW, "AdamW", {}),
    "adamw, weight decay": (AdamW, "AdamW", {"weight_decay": 0.5}),
}
SCHEDULES = {
    "constant": (Constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": (StepDecay(7, 0.5), lambda o: lr_scheduler.StepLR(o, 7, 0.5)),
    "cosine": (Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
    "cosine, minimum": (Cosine(0.2), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=0.2 * LR)),
    "one-cycle": (OneCycle(), lambda o: lr_scheduler.OneCycleLR(o, LR, STEPS, cycle_momentum=False)),
    "one-cycle, options": (
        OneCycle(0.45, 10.0, 100.0),
        lambda o: lr_scheduler.OneCycleLR(
            o, LR, STEPS, pct_start=0.45, div_factor=10.0, final_div_factor=100.0, cycle_momentum=False
        ),
    ),
    "warm-up, cosine": (
        Warmup(10, Cosine(), start=0.1),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [lr_scheduler.LinearLR(o, 0.1, total_iters=10), lr_scheduler.CosineAnnealingLR(o, STEPS - 10)],
            milestones=[10],
        ),
    ),
}
every_optimizer = pytest.mark.parametrize(("ours", "theirs", "options"), OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
every_schedule = pytest.mark.parametrize(("schedule", "scheduler"), SCHEDULES.values(), ids=SCHEDULES.keys())


def start(dtype):
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in {"w": (5, 4, 3, 3), "b": (5,)}.items()}


def gradient(step, w):
    """A noisy pull toward zero. It depends on the weights, so a difference would persist."""
    return w + np.random.default_rng(step).standard_normal(w.shape).astype(w.dtype)


def trajectories(ours, theirs, options, schedule, scheduler, dtype):
    """Yield our parameters and learning rate after each step, with PyTorch's."""
    parameters, optimizer = start(dtype), ours(LR, **options)
    tensors = {name: torch.nn.Parameter(torch.tensor(w)) for name, w in start(dtype).items()}
    torch_optimizer = getattr(torch.optim, theirs)(tensors.values(), LR, **options)
    torch_schedule = scheduler(torch_optimizer)
    for step in range(STEPS):
        optimizer.lr = optimizer.initial_lr * schedule(step, STEPS)
        optimizer.step(parameters, {name: gradient(step, w) for name, w in parameters.items()})

        torch_lr = torch_optimizer.param_groups[0]["lr"]
        for tensor in tensors.values():
            tensor.grad = torch.tensor(gradient(step, tensor.detach().numpy()))
        torch_optimizer.step()
        torch_schedule.step()
        yield parameters, optimizer.lr, {name: t.detach().numpy() for name, t in tensors.items()}, torch_lr


# SequentialLR itself calls step() with an argument that PyTorch deprecates.
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")
@every_optimizer
@every_schedule
def test_float64_trajectories_are_pytorchs(ours, theirs, options, schedule, scheduler):
    for w, lr, torch_w, torch_lr in trajectories(ours, theirs, options, schedule, scheduler, np.float64):
        assert lr == pytest.approx(torch_lr, rel=1e-12)
        for name in w:
            np.testing.assert_allclose(w[name], torch_w[name], rtol=1e-12, atol=1e-14)


@every_optimizer
def test_float32_trajectories_stay_close_to_pytorchs(ours, theirs, options):
    for w, _, torch_w, _ in trajectories(ours, theirs, options, *SCHEDULES["constant"], np.float32):
        for name in w:
            np.testing.assert_allclose(w[name], torch_w[name], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clipping_is_pytorchs(max_norm):
    grads = start(np.float64)
    tensors = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads.values()]
    for tensor, g in zip(tensors, grads.values(), strict=True):
        tensor.grad = torch.tensor(g)
    torch_norm = torch.nn.utils.clip_grad_norm_(tensors, max_norm)
    clipped, norm = clip_norm(grads, max_norm)
    assert norm == pytest.approx(torch_norm.item(), rel=1e-12)
    for tensor, g in zip(tensors, clipped.values(), strict=True):
        np.testing.assert_allclose(g, tensor.grad.numpy(), rtol=1e-12)
