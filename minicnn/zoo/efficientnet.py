"""EfficientNet-B0: MobileNet's blocks, with each channel weighted by squeeze-and-excitation."""

from __future__ import annotations

from ..layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    GlobalAvgPool2d,
    Graph,
    Join,
    Layer,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
)

STAGES = (  # how many times wider inside, kernel, stride of the first block, channels, blocks: table 1
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def efficientnet_b0(*, classes: int, in_channels: int, dropout: float = 0.2) -> Sequential:
    """EfficientNet-B0, as in torchvision but without stochastic depth in training: 5,288,548 parameters.

    Source: Tan & Le (2019), EfficientNet: rethinking model scaling for convolutional neural networks.
    """
    stages: list[Layer] = [_conv(in_channels, 32, 3, stride=2)]
    channels = 32
    for expansion, kernel_size, first_stride, out_channels, depth in STAGES:
        blocks = []
        for i in range(depth):
            blocks.append(mbconv(channels, out_channels, kernel_size, first_stride if i == 0 else 1, expansion))
            channels = out_channels
        stages.append(Sequential(*blocks))
    return Sequential(
        features=Sequential(*stages, _conv(channels, 1280, 1)),
        avgpool=GlobalAvgPool2d(),
        classifier=Sequential(Dropout(dropout), Dense(1280, classes)),
    )


def mbconv(in_channels: int, out_channels: int, kernel_size: int, stride: int, expansion: int) -> Layer:
    """An inverted residual with squeeze-and-excitation after its depthwise convolution.

    Source: Tan et al. (2019), MnasNet, figure 7.
    """
    wide = in_channels * expansion
    widen = [_conv(in_channels, wide, 1)] if expansion > 1 else []
    body = Sequential(
        *widen,
        _conv(wide, wide, kernel_size, stride=stride, groups=wide),
        squeeze_excitation(wide, max(1, in_channels // 4)),
        Sequential(Conv2d(wide, out_channels, 1, bias=False), BatchNorm2d(out_channels)),
    )
    return (Residual if stride == 1 and in_channels == out_channels else Sequential)(block=body)


def squeeze_excitation(channels: int, squeezed: int) -> Graph:
    """Every map is multiplied by a number between 0 and 1, which two dense layers compute from the means of all maps.

    Source: Hu et al. (2018), Squeeze-and-excitation networks, figure 2.
    """
    return Graph(
        avgpool=AdaptiveAvgPool2d(1),
        fc1=Conv2d(channels, squeezed, 1),
        activation=SiLU(),
        fc2=Conv2d(squeezed, channels, 1),
        scale_activation=Sigmoid(),
        scale=Join("mul"),
        inputs={"scale": ["scale_activation", "input"]},
    )


def _conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> Sequential:
    """A convolution, batch normalization and SiLU."""
    return Sequential(
        Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False),
        BatchNorm2d(out_channels),
        SiLU(),
    )
