"""Random nested networks against PyTorch: outputs, all gradients and running statistics, in float64."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minicnn import Pass, layers
from minicnn.layers import walk
from minicnn.testing import Network, networks, tie_free

torch = pytest.importorskip("torch")
F = torch.nn.functional


@pytest.fixture(autouse=True, scope="module")
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def in_torch(layer, x, state, path="", train=False):
    """The output of one of our layers, computed by PyTorch; `state` has its arrays by path, as tensors."""

    def inside(name, x):
        return in_torch(layer.children[name], x, state, f"{path}{name}.", train)

    def own(name):
        return state.get(path + name)

    def in_a_row(names, x):
        for name in names:
            x = inside(name, x)
        return x

    match layer:
        case layers.Sequential():
            return in_a_row(layer.children, x)
        case layers.Concat():
            return torch.cat([inside(name, x) for name in layer.children], dim=1)
        case layers.Residual():
            body = in_a_row((name for name in layer.children if name != "shortcut"), x)
            return body + (inside("shortcut", x) if "shortcut" in layer.children else x)
        case layers.Graph():
            values = {"input": x}
            for name, sources in layer.sources.items():
                given = [values[source] for source in sources]
                values[name] = inside(name, given[0] if len(given) == 1 else given)
            return values[name]
        case layers.Join():
            return sum(x) if layer.operation == "add" else x[0] * x[1]
        case layers.Conv2d():
            geometry = (layer.stride, layer.padding, layer.dilation, layer.groups)
            return F.conv2d(x, own("weight"), own("bias"), *geometry)
        case layers.ConvTranspose2d():
            geometry = (layer.stride, layer.padding, layer.output_padding, layer.groups, layer.dilation)
            return F.conv_transpose2d(x, own("weight"), own("bias"), *geometry)
        case layers.Dense():
            return F.linear(x, own("weight"), own("bias"))
        case layers.BatchNorm2d():
            statistics = (own("running_mean"), own("running_var"))
            return F.batch_norm(x, *statistics, own("weight"), own("bias"), train, layer.momentum, layer.eps)
        case layers.MaxPool2d():
            window = (layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode)
            return F.max_pool2d(x, *window)
        case layers.AvgPool2d():
            window = (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode, layer.count_include_pad)
            return F.avg_pool2d(x, *window)
        case layers.AdaptiveAvgPool2d():
            return F.adaptive_avg_pool2d(x, layer.output_size)
        case layers.GlobalAvgPool2d():
            return x.mean(dim=(2, 3))
        case layers.GlobalMaxPool2d():
            return F.max_pool2d(x, x.shape[2:]).flatten(1)  # of equal values the first
        case layers.LocalResponseNorm():
            return F.local_response_norm(x, layer.size, layer.alpha, layer.beta, layer.k)
        case layers.Pad():
            value = layer.value if layer.mode == "constant" else None
            return F.pad(x, list(layer.padding), layer.mode, value)
        case layers.Affine():
            y = x * own("weight")[:, None, None]
            return y if own("bias") is None else y + own("bias")[:, None, None]
        case layers.Scale():
            return layer.factor * x + layer.shift
        case layers.PReLU():
            return F.prelu(x, own("weight"))
        case layers.Tanh():
            return torch.tanh(x)
        case layers.Erf():
            return torch.erf(x)
        case layers.ELU():
            return F.elu(x, layer.alpha)
        case layers.SiLU():
            return F.silu(x)
        case layers.GELU():
            return F.gelu(x, approximate=layer.approximate)
        case layers.Hardsigmoid():
            return torch.clamp(layer.alpha * x + layer.beta, 0, 1)
        case layers.Hardswish():
            return F.hardswish(x)
        case layers.LogSoftmax():
            return torch.log_softmax(x, dim=layer.axis)
        case layers.Upsample():
            options = {} if layer.mode == "nearest" else {"align_corners": layer.align_corners}
            return F.interpolate(x, scale_factor=layer.scale_factor, mode=layer.mode, **options)
        case layers.Slice():
            return x.narrow(layer.axis, layer.start, x.shape[layer.axis] - layer.start)
        case layers.Permute():
            return x.permute(layer.axes)
        case layers.Reshape():
            return x.reshape(len(x), *layer.shape)
        case layers.Clip():
            return torch.clamp(x, layer.low, layer.high)
        case layers.LeakyReLU():
            return F.leaky_relu(x, layer.negative_slope)
        case layers.Softmax():
            return torch.softmax(x, dim=layer.axis)
        case layers.ReLU():
            return torch.relu(x)
        case layers.Sigmoid():
            return torch.sigmoid(x)
        case layers.Flatten():
            return x.flatten(1)
        case layers.Dropout():
            return x
    raise AssertionError(f"no peer for {layer!r}")


@given(network=networks(), train=st.booleans())
def test_output_gradients_and_running_statistics_are_pytorchs(network: Network, train: bool) -> None:
    model, x = network.model, network.x()
    assume(not train or not any(isinstance(layer, layers.Dropout) for _, layer in walk(model)))  # it draws its own
    parameters = model.parameters()
    state = {name: torch.tensor(array, requires_grad=name in parameters) for name, array in model.state().items()}
    tensor = torch.tensor(x, requires_grad=True)

    y, pullback = model.forward(x, Pass(train=train))
    dy = tie_free(y.shape, 7)
    dx, grads = pullback(dy)
    theirs = in_torch(model, tensor, state, train=train)
    theirs.backward(torch.tensor(dy))

    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(dx, tensor.grad.numpy(), rtol=1e-9, atol=1e-9)
    for name, gradient in grads.items():
        np.testing.assert_allclose(gradient, state[name].grad.numpy(), rtol=1e-9, atol=1e-9, err_msg=name)
    for name, buffer in model.buffers().items():
        np.testing.assert_allclose(buffer, state[name].numpy(), rtol=1e-9, atol=1e-9, err_msg=name)
