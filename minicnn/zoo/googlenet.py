"""GoogLeNet, with batch normalization, as torchvision has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..layers import BatchNorm2d, Concat, Conv2d, Dense, Dropout, GlobalAvgPool2d, MaxPool2d, ReLU, Sequential

WIDTHS = {  # 1×1; before 3×3, 3×3; before "5×5", "5×5"; after pooling: table 1
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(*, classes: int, in_channels: int, dropout: float = 0.2) -> Sequential:
    """GoogLeNet without its auxiliary classifiers: 6,624,904 parameters.

    It differs from the paper: batch normalization, and 3×3 filters where the paper has 5×5 (`inception_v1` has those).
    torchvision's weights take pixels from −1 to 1 (`preprocessing.SYMMETRIC`).

    Source: Szegedy et al. (2015), Going deeper with convolutions; torchvision's `GoogLeNet`.
    """
    return Sequential(
        conv1=_conv(in_channels, 64, 7, stride=2),
        maxpool1=MaxPool2d(3, stride=2, ceil_mode=True),
        conv2=_conv(64, 64, 1),
        conv3=_conv(64, 192, 3),
        maxpool2=MaxPool2d(3, stride=2, ceil_mode=True),
        **stages("inception", _inception, "maxpool", last_pool=2),
        avgpool=GlobalAvgPool2d(),
        dropout=Dropout(dropout),
        fc=Dense(1024, classes),
    )


def stages(name: str, block: Callable[..., Concat], pool: str, *, last_pool: int) -> dict[str, Any]:
    """The nine blocks of the paper's table 1, by name, with max pooling before the fourth and the fifth stage.

    Args:
        name: begins the names of the blocks.
        block: makes one from the number of its input channels and its six widths.
        pool: begins the names of the pooling layers.
        last_pool: the window of the second one, which torchvision has changed.
    """
    layers: dict[str, Any] = {}
    channels = 192
    for key, widths in WIDTHS.items():
        if key == "4a":
            layers[f"{pool}3"] = MaxPool2d(3, stride=2, ceil_mode=True)
        if key == "5a":
            layers[f"{pool}4"] = MaxPool2d(last_pool, stride=2, ceil_mode=True)
        layers[f"{name}{key}"] = block(channels, *widths)
        one, _, three, _, five, pooled = widths
        channels = one + three + five + pooled
    return layers


def _inception(
    in_channels: int, one: int, before_three: int, three: int, before_five: int, five: int, pooled: int
) -> Concat:
    return Concat(
        branch1=_conv(in_channels, one, 1),
        branch2=Sequential(_conv(in_channels, before_three, 1), _conv(before_three, three, 3)),
        branch3=Sequential(_conv(in_channels, before_five, 1), _conv(before_five, five, 3)),
        branch4=Sequential(MaxPool2d(3, stride=1, padding=1, ceil_mode=True), _conv(in_channels, pooled, 1)),
    )


def _conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> Sequential:
    return Sequential(
        conv=Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=False),
        bn=BatchNorm2d(out_channels, eps=0.001),
        relu=ReLU(),
    )
