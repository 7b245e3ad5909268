"""Every network of the zoo against the same network in PyTorch, with the same random weights."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import minicnn as cnn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
PEERS = {
    name: network
    for file in ("torch_networks.py", "torch_mobile.py")
    for name, network in runpy.run_path(str(Path(__file__).with_name(file)))["NETWORKS"].items()
}

CLASSES = 5
SIZES = {"alexnet": 63, "inception_v1": 48, "googlenet": 48, "squeezenet1_0": 35, "squeezenet1_1": 35}
SMALL = ("seed", "lenet5", "mnist-cnn", "tiny_vgg", "cifar-vgg", "cifar-vgg-bn", "resnet20")


def size_of(name: str) -> int:
    """The smallest size that the network accepts, if it accepts small images."""
    return cnn.zoo.network(name).input_shape[1] if name in SMALL else SIZES.get(name, 32)


def twins(name: str, dtype: str):
    """Our network and PyTorch's, with the same weights, none of which is left at 0 or 1."""
    model = cnn.zoo.build(name, classes=CLASSES, seed=None)
    with torch.device("meta"):  # without initial values, which take longer than everything else
        peer = PEERS[name](CLASSES, cnn.zoo.network(name).input_shape[0]).eval()
    if name.startswith("vgg") and name != "vgg16":  # all have the same head of half a gigabyte: once is enough
        model, peer = model["features"], peer.features
    model.astype(dtype)
    rng = np.random.default_rng(0)
    for path, array in model.state().items():
        fan_in = max(1, array[0].size)
        spread = np.sqrt(3 * (2 if array.ndim > 1 else 1 / 30) / fan_in)
        rng.random(out=array, dtype=dtype)
        array *= 2 * spread
        array += (1 if array.ndim == 1 and path.endswith(("weight", "var")) else 0) - spread
    arrays = {path: torch.from_numpy(array) for path, array in model.state().items()}
    peer.load_state_dict(arrays, strict=False, assign=True)
    assert {n for n in peer.state_dict() if "num_batches" not in n} == set(model.state())
    return model, peer


def differences(model, peer, x: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """How far our output, the input's gradient and each parameter's are from PyTorch's, relative to their norms."""
    y, pullback = model.forward(x)
    dy = rng.standard_normal(y.shape).astype(x.dtype)
    dx, grads = pullback(dy)
    x_peer = torch.from_numpy(x).requires_grad_()
    parameters = dict(peer.named_parameters())
    y_peer = peer(x_peer)
    found = torch.autograd.grad(y_peer, [x_peer, *parameters.values()], torch.from_numpy(dy))
    ours = {"output": y, "input": dx} | {path: grads[path] for path in parameters}
    theirs = [array.detach().numpy() for array in (y_peer, *found)]
    assert [array.shape for array in ours.values()] == [array.shape for array in theirs]
    return {
        what: float(np.linalg.norm(a - b) / np.linalg.norm(b))
        for (what, a), b in zip(ours.items(), theirs, strict=True)
    }


def assert_same_forward_and_gradients(name: str, dtype: str, tolerance: float) -> None:
    """For at least one of several images.

    Gradients jump where rounding flips the sign of a ReLU's input, and each image has hundreds of thousands of such
    signs. If one flips, the gradients differ a little, never much, and the outputs do not differ at all.
    """
    model, peer = twins(name, dtype)
    rng = np.random.default_rng(1)
    shape = (1, cnn.zoo.network(name).input_shape[0], *(size_of(name),) * 2)
    found = []
    for _ in range(10):
        found.append(differences(model, peer, rng.standard_normal(shape).astype(dtype), rng))
        assert found[-1]["output"] <= tolerance
        assert max(found[-1].values()) <= 0.1
        if max(found[-1].values()) <= tolerance:
            return
    worst = [max(each.items(), key=lambda item: item[1]) for each in found]
    raise AssertionError(f"{name}: the gradients of no image agree to {tolerance}: {worst}")


@pytest.mark.parametrize("name", cnn.zoo.names())
def test_forward_and_all_gradients_are_pytorchs(name: str) -> None:
    assert_same_forward_and_gradients(name, "float32", 1e-4)


@pytest.mark.parametrize("name", [*SMALL, "squeezenet1_1"])
def test_in_float64_they_are_pytorchs_to_nine_digits(name: str) -> None:
    assert_same_forward_and_gradients(name, "float64", 1e-9)


def test_a_pytorch_state_dict_loads_without_renaming() -> None:
    peer = PEERS["resnet20"](CLASSES, 3).eval()
    model = cnn.zoo.build("resnet20", classes=CLASSES, weights=peer.state_dict())  # num_batches_tracked and all
    x = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    assert np.allclose(model(x), peer(torch.from_numpy(x)).detach().numpy(), atol=1e-5)


def test_a_state_dict_in_half_precision_loads_as_float32() -> None:
    peer = PEERS["lenet5"](10, 1)
    for half in (torch.float16, torch.bfloat16):
        model = cnn.zoo.build("lenet5", weights=peer.to(half).state_dict())
        assert model["conv1"].weight.dtype == np.float32
        assert np.array_equal(model["conv1"].weight, peer.conv1.weight.detach().float().numpy())
