"""AlexNet."""

from __future__ import annotations

from ..layers import AdaptiveAvgPool2d, Conv2d, Dense, Dropout, Flatten, MaxPool2d, ReLU, Sequential


def alexnet(*, classes: int, in_channels: int, dropout: float = 0.5) -> Sequential:
    """The one-column variant, as torchvision has it: 61,100,840 parameters. Images of at least 63×63.

    Source: Krizhevsky (2014), One weird trick for parallelizing convolutional neural networks; after Krizhevsky et al.
    (2012), ImageNet classification with deep convolutional neural networks.
    """
    return Sequential(
        features=Sequential(
            Conv2d(in_channels, 64, 11, stride=4, padding=2),
            ReLU(),
            MaxPool2d(3, stride=2),
            Conv2d(64, 192, 5, padding=2),
            ReLU(),
            MaxPool2d(3, stride=2),
            Conv2d(192, 384, 3, padding=1),
            ReLU(),
            Conv2d(384, 256, 3, padding=1),
            ReLU(),
            Conv2d(256, 256, 3, padding=1),
            ReLU(),
            MaxPool2d(3, stride=2),
        ),
        avgpool=AdaptiveAvgPool2d(6),
        flatten=Flatten(),
        classifier=Sequential(
            Dropout(dropout),
            Dense(256 * 6 * 6, 4096),
            ReLU(),
            Dropout(dropout),
            Dense(4096, 4096),
            ReLU(),
            Dense(4096, classes),
        ),
    )
