"""A PyTorch network with the same layers and weights as one of ours."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import minicnn as cnn
from minicnn.layers.tree import children_of


class _Concat(nn.Module):
    def __init__(self, branches: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class _Residual(nn.Module):
    def __init__(self, layers: dict[str, nn.Module], shortcut: str) -> None:
        super().__init__()
        self.shortcut = shortcut
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, around = x, x
        for name, layer in self.named_children():
            if name == self.shortcut:
                around = layer(x)
            else:
                y = layer(y)
        return y + around


class _Graph(nn.Module):
    def __init__(self, layers: dict[str, nn.Module], sources: dict[str, list[str]]) -> None:
        super().__init__()
        self.sources = sources
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {cnn.Graph.INPUT: x}
        for name, layer in self.named_children():
            x = values[name] = layer(*(values[source] for source in self.sources[name]))
        return x


class _Join(nn.Module):
    def __init__(self, operation: str) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        return torch.cat(xs, dim=1) if self.operation == "concat" else sum(xs[1:], xs[0])


class _GlobalAvgPool(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


def twin(model: Any) -> nn.Module:
    """The PyTorch network, in evaluation mode, with copies of the model's weights.

    Raises:
        ValueError: the model has a layer that has no counterpart here.
    """
    module = _module(model)
    state = {name: torch.tensor(array) for name, array in model.state().items()}
    module.load_state_dict(state, strict=False)
    return module.eval()


def _module(layer: Any) -> nn.Module:
    inside = {name: _module(child) for name, child in children_of(layer).items()}
    match layer:
        case cnn.Residual():
            return _Residual(inside, layer.shortcut_name)
        case cnn.Concat():
            return _Concat(inside)
        case cnn.Graph():
            return _Graph(inside, layer.sources)
        case cnn.Join():
            return _Join(layer.operation)
        case cnn.Pad():
            return nn.ConstantPad3d((*layer.padding, *(0,) * (6 - len(layer.padding))), layer.value)  # type: ignore[arg-type]
        case cnn.Sequential():
            sequence = nn.Sequential()
            for name, child in inside.items():
                sequence.add_module(name, child)
            return sequence
        case cnn.Conv2d():
            return nn.Conv2d(
                layer.in_channels,
                layer.out_channels,
                layer.kernel_size,
                layer.stride,
                layer.padding,
                layer.dilation,
                layer.groups,
                layer.bias is not None,
            )
        case cnn.Dense():
            return nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
        case cnn.BatchNorm2d():
            return nn.BatchNorm2d(layer.num_features, layer.eps, layer.momentum)
        case cnn.MaxPool2d():
            return nn.MaxPool2d(
                layer.kernel_size, layer.stride, layer.padding, layer.dilation, ceil_mode=layer.ceil_mode
            )
        case cnn.AvgPool2d():
            return nn.AvgPool2d(
                layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode, layer.count_include_pad
            )
        case cnn.AdaptiveAvgPool2d():
            return nn.AdaptiveAvgPool2d(layer.output_size)
        case cnn.GlobalAvgPool2d():
            return _GlobalAvgPool()
        case cnn.ReLU():
            return nn.ReLU()
        case cnn.Dropout():
            return nn.Dropout(layer.p)
        case cnn.Flatten():
            return nn.Flatten()
    raise ValueError(f"twin: no PyTorch counterpart for {type(layer).__name__}")
