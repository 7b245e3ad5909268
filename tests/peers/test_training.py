"""Fifty steps of training, in parallel with PyTorch: the same weights after every step, in float64."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import Pass, ops
from minicnn.schedules import Constant, Cosine, OneCycle, StepDecay, Warmup

torch = pytest.importorskip("torch")
nn = torch.nn
lr_scheduler = torch.optim.lr_scheduler

STEPS, LR = 50, 0.02
OPTIMIZERS = {
    "SGD": {},
    "SGD with momentum": {"momentum": 0.9},
    "SGD with Nesterov's momentum and weight decay": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {},
    "Adam with weight decay": {"weight_decay": 0.01},
    "AdamW": {"weight_decay": 0.1},
}
SCHEDULES = {
    "constant": (Constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": (StepDecay(20, 0.5), lambda o: lr_scheduler.StepLR(o, 20, 0.5)),
    "cosine": (Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
    "one-cycle": (OneCycle(), lambda o: lr_scheduler.OneCycleLR(o, LR, STEPS, cycle_momentum=False)),
    "warm-up": (Warmup(10, Constant(), start=0.1), lambda o: lr_scheduler.LinearLR(o, 0.1, total_iters=10)),
}


def our_network() -> cnn.Sequential:
    model = cnn.Sequential(
        conv1=cnn.Conv2d(1, 4, 3, bias=False),  # its gradient would be only rounding, which Adam makes large
        norm=cnn.BatchNorm2d(4),
        relu1=cnn.ReLU(),
        pool1=cnn.MaxPool2d(2),
        conv2=cnn.Conv2d(4, 6, 3, padding=1),
        relu2=cnn.ReLU(),
        pool2=cnn.AvgPool2d(2),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(24, 5),
    )
    return model.initialize(0).astype(np.float64)


def their_network(model: cnn.Sequential):
    """The same network, with the same arrays."""
    rows = {
        "conv1": nn.Conv2d(1, 4, 3, bias=False),
        "norm": nn.BatchNorm2d(4),
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(4, 6, 3, padding=1),
        "relu2": nn.ReLU(),
        "pool2": nn.AvgPool2d(2),
        "flatten": nn.Flatten(),
        "fc": nn.Linear(24, 5),
    }
    network = nn.Sequential()
    for name, module in rows.items():
        network.add_module(name, module)
    network = network.double()
    network.load_state_dict({name: torch.tensor(array) for name, array in model.state().items()}, strict=False)
    return network


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_trajectory_is_pytorchs(name: str, schedule: str) -> None:
    kind, options = name.split()[0], OPTIMIZERS[name]
    model = our_network()
    network = their_network(model)
    optimizer = getattr(cnn, kind)(LR, **options)
    their_optimizer = getattr(torch.optim, kind)(network.parameters(), LR, **options)
    ours, theirs = SCHEDULES[schedule]
    their_schedule = theirs(their_optimizer)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        x, labels = rng.standard_normal((6, 1, 10, 10)), rng.integers(0, 5, 6)

        optimizer.lr = optimizer.initial_lr * ours(step, STEPS)
        logits, pullback = model.forward(x, Pass(train=True))
        loss, loss_pullback = ops.cross_entropy(logits, labels, label_smoothing=0.1)
        optimizer.step(model.parameters(), pullback(*loss_pullback(1.0), wants="parameters")[1])

        their_optimizer.zero_grad()
        their_loss = nn.functional.cross_entropy(network(torch.tensor(x)), torch.tensor(labels), label_smoothing=0.1)
        their_loss.backward()
        their_optimizer.step()
        their_schedule.step()

        np.testing.assert_allclose(loss, their_loss.item(), rtol=1e-9, atol=1e-9, err_msg=f"step {step}")
    expected = network.state_dict()
    for path, array in model.state().items():
        np.testing.assert_allclose(array, expected[path].numpy(), rtol=1e-9, atol=1e-9, err_msg=path)
