"""Inception v1: GoogLeNet as it was published."""

from __future__ import annotations

from ..layers import (
    Concat,
    Conv2d,
    Dense,
    Dropout,
    GlobalAvgPool2d,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)
from .googlenet import stages


def inception_v1(*, classes: int, in_channels: int, dropout: float = 0.4) -> Sequential:
    """The network of the paper, without its auxiliary classifiers: 6,998,552 parameters.

    5×5 branches and local response normalization, whose constants the paper leaves out: they are those of its
    reimplementation in Caffe. The blocks have the names under which their features became known.

    Source: Szegedy et al. (2015), Going deeper with convolutions, table 1; Olah et al. (2017), Feature visualization.
    """
    return Sequential(
        conv1=Conv2d(in_channels, 64, 7, stride=2, padding=3),
        relu1=ReLU(),
        pool1=MaxPool2d(3, stride=2, ceil_mode=True),
        norm1=LocalResponseNorm(5, alpha=1e-4, beta=0.75),
        conv2_reduce=Conv2d(64, 64, 1),
        relu2_reduce=ReLU(),
        conv2=Conv2d(64, 192, 3, padding=1),
        relu2=ReLU(),
        norm2=LocalResponseNorm(5, alpha=1e-4, beta=0.75),
        pool2=MaxPool2d(3, stride=2, ceil_mode=True),
        **stages("mixed", _mixed, "pool", last_pool=3),
        pool5=GlobalAvgPool2d(),
        drop=Dropout(dropout),
        fc=Dense(1024, classes),
    )


def _mixed(
    in_channels: int, one: int, before_three: int, three: int, before_five: int, five: int, pooled: int
) -> Concat:
    return Concat(
        branch1x1=Sequential(conv=Conv2d(in_channels, one, 1), relu=ReLU()),
        branch3x3=_reduced(in_channels, before_three, three, 3),
        branch5x5=_reduced(in_channels, before_five, five, 5),
        branch_pool=Sequential(
            pool=MaxPool2d(3, stride=1, padding=1), conv=Conv2d(in_channels, pooled, 1), relu=ReLU()
        ),
    )


def _reduced(in_channels: int, reduced: int, out_channels: int, kernel_size: int) -> Sequential:
    return Sequential(
        reduce=Conv2d(in_channels, reduced, 1),
        reduce_relu=ReLU(),
        conv=Conv2d(reduced, out_channels, kernel_size, padding=kernel_size // 2),
        relu=ReLU(),
    )
