"""MobileNet v2: wide depthwise convolutions between narrow maps."""

from __future__ import annotations

from ..layers import (
    BatchNorm2d,
    Clip,
    Conv2d,
    Dense,
    Dropout,
    GlobalAvgPool2d,
    Layer,
    Residual,
    Sequential,
)

STAGES = (  # how many times wider inside, channels, blocks, stride of the first: table 2
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def mobilenet_v2(*, classes: int, in_channels: int, dropout: float = 0.2) -> Sequential:
    """MobileNet v2 of width 1, as torchvision has it: 3,504,872 parameters.

    Source: Sandler et al. (2018), MobileNetV2: inverted residuals and linear bottlenecks.
    """
    features: list[Layer] = [_conv(in_channels, 32, 3, stride=2)]
    channels = 32
    for expansion, out_channels, depth, first_stride in STAGES:
        for i in range(depth):
            features.append(inverted_residual(channels, out_channels, first_stride if i == 0 else 1, expansion))
            channels = out_channels
    return Sequential(
        features=Sequential(*features, _conv(channels, 1280, 1)),
        avgpool=GlobalAvgPool2d(),
        classifier=Sequential(Dropout(dropout), Dense(1280, classes)),
    )


def inverted_residual(in_channels: int, out_channels: int, stride: int, expansion: int) -> Layer:
    """1×1 to more channels, 3×3 in each of them, 1×1 back without an activation; added to the input if the shapes
    match.

    Source: figure 4d of the paper.
    """
    wide = in_channels * expansion
    widen = [_conv(in_channels, wide, 1)] if expansion > 1 else []
    depthwise = _conv(wide, wide, 3, stride=stride, groups=wide)
    body = Sequential(*widen, depthwise, Conv2d(wide, out_channels, 1, bias=False), BatchNorm2d(out_channels))
    return (Residual if stride == 1 and in_channels == out_channels else Sequential)(conv=body)


def _conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> Sequential:
    """A convolution, batch normalization and ReLU6."""
    return Sequential(
        Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False),
        BatchNorm2d(out_channels),
        Clip(0.0, 6.0),
    )
