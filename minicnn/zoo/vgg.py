"""VGG: 3×3 convolutions, pooling and three dense layers."""

from __future__ import annotations

from functools import partial

from ..layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    ReLU,
    Sequential,
)

POOL = 0
WIDTHS: dict[int, tuple[int, ...]] = {  # by the number of layers that have weights: table 1, columns A, B, D and E
    11: (64, POOL, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL),
    13: (64, 64, POOL, 128, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL),
    16: (64, 64, POOL, 128, 128, POOL) + (256,) * 3 + (POOL,) + (512,) * 3 + (POOL,) + (512,) * 3 + (POOL,),
    19: (64, 64, POOL, 128, 128, POOL) + (256,) * 4 + (POOL,) + (512,) * 4 + (POOL,) + (512,) * 4 + (POOL,),
}


def vgg(depth: int, batch_norm: bool, *, classes: int, in_channels: int, dropout: float = 0.5) -> Sequential:
    """VGG of 11, 13, 16 or 19 layers, as torchvision has it; VGG-16 has 138,357,544 parameters.

    Source: Simonyan & Zisserman (2015), Very deep convolutional networks for large-scale image recognition.
    """
    features: list[Layer] = []
    for width in WIDTHS[depth]:
        if width == POOL:
            features.append(MaxPool2d(2))
            continue
        features.append(Conv2d(in_channels, width, 3, padding=1))
        if batch_norm:
            features.append(BatchNorm2d(width))
        features.append(ReLU())
        in_channels = width
    return Sequential(
        features=Sequential(*features),
        avgpool=AdaptiveAvgPool2d(7),
        flatten=Flatten(),
        classifier=Sequential(
            Dense(512 * 7 * 7, 4096),
            ReLU(),
            Dropout(dropout),
            Dense(4096, 4096),
            ReLU(),
            Dropout(dropout),
            Dense(4096, classes),
        ),
    )


vgg11, vgg11_bn = partial(vgg, 11, False), partial(vgg, 11, True)
vgg13, vgg13_bn = partial(vgg, 13, False), partial(vgg, 13, True)
vgg16, vgg16_bn = partial(vgg, 16, False), partial(vgg, 16, True)
vgg19, vgg19_bn = partial(vgg, 19, False), partial(vgg, 19, True)
