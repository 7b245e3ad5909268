"""DenseNet: every layer takes the outputs of all earlier layers of its block."""

from __future__ import annotations

from typing import Any

from ..layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    GlobalAvgPool2d,
    Graph,
    Join,
    MaxPool2d,
    ReLU,
    Sequential,
)

GROWTH = 32  # channels that each layer adds
DEPTHS = (6, 12, 24, 16)


def densenet121(*, classes: int, in_channels: int) -> Sequential:
    """121 layers in four dense blocks, as torchvision has it: 7,978,856 parameters.

    Source: Huang et al. (2017), Densely connected convolutional networks, table 1.
    """
    channels = 2 * GROWTH
    features: dict[str, Any] = {
        "conv0": Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False),
        "norm0": BatchNorm2d(channels),
        "relu0": ReLU(),
        "pool0": MaxPool2d(3, stride=2, padding=1),
    }
    for i, depth in enumerate(DEPTHS, start=1):
        features[f"denseblock{i}"] = dense_block(channels, depth)
        channels += depth * GROWTH
        if i < len(DEPTHS):
            features[f"transition{i}"] = _transition(channels, channels // 2)
            channels //= 2
    return Sequential(
        features=Sequential(features, norm5=BatchNorm2d(channels)),
        relu=ReLU(),
        avgpool=GlobalAvgPool2d(),
        classifier=Dense(channels, classes),
    )


def dense_block(channels: int, depth: int) -> Graph:
    """Each layer's output is concatenated to its input: equation 2 of the paper."""
    layers: dict[str, Any] = {}
    inputs: dict[str, list[str]] = {}
    before = Graph.INPUT
    for i in range(1, depth + 1):
        layers[f"denselayer{i}"] = _dense_layer(channels)
        layers[f"concat{i}"] = Join("concat")
        inputs[f"concat{i}"] = [before, f"denselayer{i}"]
        before = f"concat{i}"
        channels += GROWTH
    return Graph(layers, inputs=inputs)


def _dense_layer(in_channels: int) -> Sequential:
    """Batch normalization, ReLU and a convolution, twice: 1×1 to four times the growth, then 3×3."""
    return Sequential(
        norm1=BatchNorm2d(in_channels),
        relu1=ReLU(),
        conv1=Conv2d(in_channels, 4 * GROWTH, 1, bias=False),
        norm2=BatchNorm2d(4 * GROWTH),
        relu2=ReLU(),
        conv2=Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False),
    )


def _transition(in_channels: int, out_channels: int) -> Sequential:
    """Half the channels and half the height and width."""
    return Sequential(
        norm=BatchNorm2d(in_channels),
        relu=ReLU(),
        conv=Conv2d(in_channels, out_channels, 1, bias=False),
        pool=AvgPool2d(2),
    )
