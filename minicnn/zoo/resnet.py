"""ResNet: blocks that learn what to add to their input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    GlobalAvgPool2d,
    Graph,
    Join,
    Layer,
    MaxPool2d,
    Pad,
    ReLU,
    Sequential,
)

Block = Callable[[int, int, int], Graph]  # input channels, width, stride


def resnet18(*, classes: int, in_channels: int) -> Sequential:
    """18 layers in basic blocks: 11,689,512 parameters."""
    return _for_imagenet(basic, (2, 2, 2, 2), 1, classes, in_channels)


def resnet34(*, classes: int, in_channels: int) -> Sequential:
    """34 layers in basic blocks: 21,797,672 parameters."""
    return _for_imagenet(basic, (3, 4, 6, 3), 1, classes, in_channels)


def resnet50(*, classes: int, in_channels: int) -> Sequential:
    """50 layers in bottlenecks: 25,557,032 parameters."""
    return _for_imagenet(bottleneck, (3, 4, 6, 3), 4, classes, in_channels)


def resnext50_32x4d(*, classes: int, in_channels: int) -> Sequential:
    """ResNet-50 whose 3×3 convolutions are cut into 32 groups of 4 channels: 25,028,904 parameters.

    Source: Xie et al. (2017), Aggregated residual transformations for deep neural networks, table 1.
    """
    block = partial(bottleneck, groups=32, width_per_group=4)
    return _for_imagenet(block, (3, 4, 6, 3), 4, classes, in_channels)


def _for_imagenet(block: Block, depths: Sequence[int], expansion: int, classes: int, in_channels: int) -> Sequential:
    """Table 1 of the paper, as torchvision has it.

    Source: He et al. (2016), Deep residual learning for image recognition.
    """
    return Sequential(
        conv1=Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False),
        bn1=BatchNorm2d(64),
        relu=ReLU(),
        maxpool=MaxPool2d(3, stride=2, padding=1),
        layer1=_stage(block, 64, 64, 1, depths[0], expansion),
        layer2=_stage(block, 64 * expansion, 128, 2, depths[1], expansion),
        layer3=_stage(block, 128 * expansion, 256, 2, depths[2], expansion),
        layer4=_stage(block, 256 * expansion, 512, 2, depths[3], expansion),
        avgpool=GlobalAvgPool2d(),
        fc=Dense(512 * expansion, classes),
    )


def resnet20(*, classes: int, in_channels: int) -> Sequential:
    """20 layers for 32×32 images, with shortcuts that have no parameters: 269,722 in all.

    Source: He et al. (2016), section 4.2.
    """
    return Sequential(
        conv1=Conv2d(in_channels, 16, 3, padding=1, bias=False),
        bn1=BatchNorm2d(16),
        relu=ReLU(),
        layer1=_stage(basic_padded, 16, 16, 1, 3),
        layer2=_stage(basic_padded, 16, 32, 2, 3),
        layer3=_stage(basic_padded, 32, 64, 2, 3),
        avgpool=GlobalAvgPool2d(),
        fc=Dense(64, classes),
    )


def _stage(block: Block, in_channels: int, width: int, stride: int, depth: int, expansion: int = 1) -> Sequential:
    """Blocks in a row; the first one may halve the maps."""
    rest = (block(width * expansion, width, 1) for _ in range(depth - 1))
    return Sequential(block(in_channels, width, stride), *rest)


def basic(in_channels: int, width: int, stride: int, shortcut: Layer | None = None) -> Graph:
    """Two 3×3 convolutions and a shortcut: figure 5, left."""
    if shortcut is None and (stride > 1 or in_channels != width):
        shortcut = _projection(in_channels, width, stride)
    body = {
        "conv1": Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False),
        "bn1": BatchNorm2d(width),
        "relu1": ReLU(),
        "conv2": Conv2d(width, width, 3, padding=1, bias=False),
        "bn2": BatchNorm2d(width),
    }
    return _added(body, "bn2", shortcut)


def bottleneck(in_channels: int, width: int, stride: int, groups: int = 1, width_per_group: int = 64) -> Graph:
    """1×1 to fewer channels, 3×3 there, 1×1 to four times as many, and a shortcut: figure 5, right.

    The stride is the 3×3 convolution's, as in torchvision; the paper gives it to the first 1×1. ResNeXt cuts the 3×3
    convolution into groups, whose width is given for the first stage's 64 channels.
    """
    out_channels, inner = 4 * width, width * width_per_group // 64 * groups
    body = {
        "conv1": Conv2d(in_channels, inner, 1, bias=False),
        "bn1": BatchNorm2d(inner),
        "relu1": ReLU(),
        "conv2": Conv2d(inner, inner, 3, stride=stride, padding=1, groups=groups, bias=False),
        "bn2": BatchNorm2d(inner),
        "relu2": ReLU(),
        "conv3": Conv2d(inner, out_channels, 1, bias=False),
        "bn3": BatchNorm2d(out_channels),
    }
    projected = stride > 1 or in_channels != out_channels
    return _added(body, "bn3", _projection(in_channels, out_channels, stride) if projected else None)


def _added(body: dict[str, Layer], last: str, shortcut: Layer | None) -> Graph:
    """ReLU of the body's output plus its input, or plus the shortcut's output."""
    if shortcut is None:
        return Graph(body, add=Join("add"), relu=ReLU(), inputs={"add": [last, "input"]})
    inputs = {"downsample": ["input"], "add": [last, "downsample"]}
    return Graph(body, downsample=shortcut, add=Join("add"), relu=ReLU(), inputs=inputs)


def basic_padded(in_channels: int, width: int, stride: int) -> Graph:
    """A basic block whose shortcut takes every second pixel and adds channels of zeros: option A."""
    if stride == 1 and in_channels == width:
        return basic(in_channels, width, stride)
    before = (width - in_channels) // 2
    padding = (0, 0, 0, 0, before, width - in_channels - before)
    return basic(in_channels, width, stride, Sequential(subsample=AvgPool2d(1, stride=stride), pad=Pad(padding)))


def _projection(in_channels: int, out_channels: int, stride: int) -> Sequential:
    """A shortcut to maps of another size: option B."""
    return Sequential(Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), BatchNorm2d(out_channels))
