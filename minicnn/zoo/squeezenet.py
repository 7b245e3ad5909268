"""SqueezeNet: AlexNet's accuracy with fifty times fewer parameters."""

from __future__ import annotations

from ..layers import AdaptiveAvgPool2d, Conv2d, Dropout, Flatten, Graph, Join, MaxPool2d, ReLU, Sequential


def fire(in_channels: int, squeeze: int, expand: int) -> Graph:
    """A fire module: a few 1×1 filters, then many 1×1 and equally many 3×3 filters in parallel.

    Source: figure 2 of the paper.
    """
    return Graph(
        squeeze=Conv2d(in_channels, squeeze, 1),
        squeeze_activation=ReLU(),
        expand1x1=Conv2d(squeeze, expand, 1),
        expand1x1_activation=ReLU(),
        expand3x3=Conv2d(squeeze, expand, 3, padding=1),
        expand3x3_activation=ReLU(),
        concat=Join("concat"),
        inputs={"expand3x3": ["squeeze_activation"], "concat": ["expand1x1_activation", "expand3x3_activation"]},
    )


def squeezenet1_0(*, classes: int, in_channels: int, dropout: float = 0.5) -> Sequential:
    """SqueezeNet as published: 1,248,424 parameters. Images of at least 21×21.

    Source: Iandola et al. (2016), SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size.
    """
    features = Sequential(
        Conv2d(in_channels, 96, 7, stride=2),
        ReLU(),
        MaxPool2d(3, stride=2, ceil_mode=True),
        fire(96, 16, 64),
        fire(128, 16, 64),
        fire(128, 32, 128),
        MaxPool2d(3, stride=2, ceil_mode=True),
        fire(256, 32, 128),
        fire(256, 48, 192),
        fire(384, 48, 192),
        fire(384, 64, 256),
        MaxPool2d(3, stride=2, ceil_mode=True),
        fire(512, 64, 256),
    )
    return Sequential(features=features, classifier=_classifier(classes, dropout), flatten=Flatten())


def squeezenet1_1(*, classes: int, in_channels: int, dropout: float = 0.5) -> Sequential:
    """The same with smaller filters first and earlier pooling, 2.4 times less work: 1,235,496 parameters.

    Source: the authors' repository, github.com/forresti/SqueezeNet, SqueezeNet_v1.1.
    """
    features = Sequential(
        Conv2d(in_channels, 64, 3, stride=2),
        ReLU(),
        MaxPool2d(3, stride=2, ceil_mode=True),
        fire(64, 16, 64),
        fire(128, 16, 64),
        MaxPool2d(3, stride=2, ceil_mode=True),
        fire(128, 32, 128),
        fire(256, 32, 128),
        MaxPool2d(3, stride=2, ceil_mode=True),
        fire(256, 48, 192),
        fire(384, 48, 192),
        fire(384, 64, 256),
        fire(512, 64, 256),
    )
    return Sequential(features=features, classifier=_classifier(classes, dropout), flatten=Flatten())


def _classifier(classes: int, dropout: float) -> Sequential:
    """One feature map for each class, averaged."""
    return Sequential(Dropout(dropout), Conv2d(512, classes, 1), ReLU(), AdaptiveAvgPool2d(1))
