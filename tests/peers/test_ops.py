"""Every op against PyTorch, forward and backward, in float64, over the cases that the gradients are checked on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import ops
from minicnn.testing import CASES, pool2d_cases, tie_free

torch = pytest.importorskip("torch")
F = torch.nn.functional


@pytest.fixture(autouse=True, scope="module")
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pad(x, padding, value=0.0, mode="constant"):
    return F.pad(x, list(padding), mode=mode, value=value if mode == "constant" else None)


def affine(x, weight, bias=None):
    rest = [1] * (x.ndim - 2)
    return x * weight.view(1, -1, *rest) + (0 if bias is None else bias.view(1, -1, *rest))


def mul(*xs):
    y = xs[0]
    for x in xs[1:]:
        y = y * x
    return y


def slice_axis(x, axis=1, start=0, stop=None, step=1):
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, stop, step),)]


def interpolate2d(x, size, mode="nearest", align_corners=False):
    return F.interpolate(x, size, mode=mode, align_corners=align_corners if mode == "bilinear" else None)


def batch_norm2d(x, weight, bias, running_mean=None, running_var=None, training=False, momentum=0.1, eps=1e-5):
    return F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)


def softmax(function):
    return lambda x, axis=-1: function(x, dim=axis)


def conv2d_relu_max_pool2d(x, w, b=None, pool_size=1, pool_stride=None, **options):
    return F.max_pool2d(torch.relu(F.conv2d(x, w, b, **options)), pool_size, pool_stride)


def max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None):
    """PyTorch leaves open which of several values with the same switch stays: here it is the last."""
    y = torch.zeros(*x.shape[:2], output_size[0] * output_size[1], dtype=x.dtype)
    flat, values = indices.flatten(2).long(), x.flatten(2)
    owner = torch.full_like(y, -1).long().scatter_reduce(2, flat, torch.arange(flat.shape[2]).expand_as(flat), "amax")
    return torch.where(owner >= 0, values.gather(2, owner.clamp(min=0)), y).unflatten(2, tuple(output_size))


# Dropout draws differently. The other arguments suffice: the mask is a constant factor.
THEIRS = {
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "add": lambda *xs: sum(xs),
    "affine": affine,
    "avg_pool2d": F.avg_pool2d,
    "batch_norm2d": batch_norm2d,
    "clip": lambda x, low=None, high=None: x if low is None and high is None else torch.clamp(x, low, high),
    "concat": lambda *xs, axis=1: torch.cat(xs, dim=axis),
    "conv2d": F.conv2d,
    "conv2d_relu_max_pool2d": conv2d_relu_max_pool2d,
    "conv_transpose2d": F.conv_transpose2d,
    "cross_entropy": F.cross_entropy,
    "dense": F.linear,
    "elu": F.elu,
    "erf": torch.erf,
    "flatten": lambda x: torch.flatten(x, start_dim=1) if x.ndim > 1 else x[:, None],
    "gelu": F.gelu,
    "global_avg_pool2d": lambda x: x.mean(dim=(2, 3)),
    "global_max_pool2d": lambda x: x.flatten(2).max(dim=2).values,
    "hardsigmoid": lambda x, alpha=1 / 6, beta=0.5: torch.clamp(alpha * x + beta, 0, 1),
    "hardswish": F.hardswish,
    "interpolate2d": interpolate2d,
    "leaky_relu": F.leaky_relu,
    "local_response_norm": F.local_response_norm,
    "log_softmax": softmax(F.log_softmax),
    "max_pool2d": F.max_pool2d,
    "max_unpool2d": max_unpool2d,
    "mse": F.mse_loss,
    "mul": mul,
    "pad": pad,
    "permute": lambda x, axes: x.permute(axes),
    "prelu": F.prelu,
    "relu": torch.relu,
    "reshape": lambda x, shape: x.reshape(len(x), *shape),
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "slice_axis": slice_axis,
    "softmax": softmax(F.softmax),
    "tanh": torch.tanh,
}


# What PyTorch supports of our options: padding of at most half the kernel, the same on both sides.
PYTORCHS = {op: pool2d_cases(op, sided=False) for op in ("max_pool2d", "avg_pool2d")}


def as_tensor(value):
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def test_every_op_has_a_peer() -> None:
    assert set(ops.__all__) - set(THEIRS) == {"dropout", "dropout2d"}


@pytest.mark.parametrize("op", THEIRS)
@given(data=st.data())
def test_output_and_gradients_are_pytorchs(op: str, data: st.DataObject) -> None:
    case = data.draw(PYTORCHS.get(op, CASES[op]))
    arrays = case.arrays()
    y, pullback = getattr(ops, op)(
        *arrays, **{k: np.copy(v) if isinstance(v, np.ndarray) else v for k, v in case.options.items()}
    )
    dy = tie_free(np.shape(y), 7)

    tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    theirs = THEIRS[op](*tensors, **{name: as_tensor(value) for name, value in case.options.items()})
    theirs.backward(torch.tensor(dy))

    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-9, atol=1e-9)
    gradients = [t.grad.numpy() if t.grad is not None else np.zeros(t.shape) for t in tensors if t.requires_grad]
    for ours, expected in zip(pullback(dy), gradients, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


@given(PYTORCHS["max_pool2d"])
def test_switches_are_pytorchs_also_where_values_are_equal(case) -> None:
    (x,) = case.arrays()
    for image in (x, np.round(x)):
        (_, indices), _ = ops.max_pool2d(image, **case.options, return_indices=True)
        _, expected = F.max_pool2d(torch.tensor(image), **case.options, return_indices=True)
        np.testing.assert_array_equal(indices, expected.numpy())


@given(CASES["batch_norm2d"].filter(lambda case: case.options["training"] and "running_mean" in case.options))
def test_running_statistics_are_pytorchs(case) -> None:
    ours = {name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in case.options.items()}
    theirs = {name: as_tensor(value) for name, value in case.options.items()}
    arrays = case.arrays()
    for _ in range(3):
        ops.batch_norm2d(*arrays, **ours)
        batch_norm2d(*(torch.tensor(a) for a in arrays), **theirs)
    for name in ("running_mean", "running_var"):
        np.testing.assert_allclose(ours[name], theirs[name].numpy(), rtol=1e-9, atol=1e-9)
