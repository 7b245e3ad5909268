"""Small networks for small images, which train in minutes."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..layers import BatchNorm2d, Conv2d, Dense, Dropout, Flatten, GlobalAvgPool2d, MaxPool2d, ReLU, Sequential
from ..ops.contract import Pair, pair


def seed(*, classes: int, in_channels: int, input_size: Pair) -> Sequential:
    """Two convolutions, each with ReLU and pooling, then two dense layers: 21,000 to 30,000 parameters."""
    height, width = ((side - 6) // 4 for side in pair("seed", "input_size", input_size, least=10))
    return Sequential(
        conv1=Conv2d(in_channels, 10, 3),
        relu1=ReLU(),
        pool1=MaxPool2d(2),
        conv2=Conv2d(10, 20, 3),
        relu2=ReLU(),
        pool2=MaxPool2d(2),
        flatten=Flatten(),
        fc1=Dense(20 * height * width, 50),
        relu3=ReLU(),
        drop=Dropout(0.4),
        fc2=Dense(50, classes),
    )


def lenet5(*, classes: int, in_channels: int, input_size: Pair) -> Sequential:
    """LeNet-5: 61,706 parameters for 28×28 images, which the first convolution pads to the 32×32 of the paper.

    In its modern form: ReLU instead of tanh, max pooling instead of trainable averages, second-layer filters over all
    six maps, and a dense last layer instead of distances to drawn digits.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section II.B.
    """
    height, width = ((side // 2 - 4) // 2 for side in pair("lenet5", "input_size", input_size, least=12))
    return Sequential(
        conv1=Conv2d(in_channels, 6, 5, padding=2),
        relu1=ReLU(),
        pool1=MaxPool2d(2),
        conv2=Conv2d(6, 16, 5),
        relu2=ReLU(),
        pool2=MaxPool2d(2),
        flatten=Flatten(),
        fc1=Dense(16 * height * width, 120),
        relu3=ReLU(),
        fc2=Dense(120, 84),
        relu4=ReLU(),
        fc3=Dense(84, classes),
    )


def mnist_cnn(*, classes: int, in_channels: int, input_size: Pair, dropout: float = 0.2) -> Sequential:
    """Three batch-normalized convolutions of 16, 32 and 64 channels: over 99.4 % of MNIST, with 54,778 parameters."""
    height, width = (side // 4 for side in pair("mnist-cnn", "input_size", input_size, least=4))
    return Sequential(
        conv1=Conv2d(in_channels, 16, 3, padding=1, bias=False),
        bn1=BatchNorm2d(16),
        relu1=ReLU(),
        pool1=MaxPool2d(2),
        conv2=Conv2d(16, 32, 3, padding=1, bias=False),
        bn2=BatchNorm2d(32),
        relu2=ReLU(),
        pool2=MaxPool2d(2),
        conv3=Conv2d(32, 64, 3, padding=1, bias=False),
        bn3=BatchNorm2d(64),
        relu3=ReLU(),
        flatten=Flatten(),
        drop=Dropout(dropout),
        fc=Dense(64 * height * width, classes),
    )


def tiny_vgg(*, classes: int, in_channels: int, input_size: Pair) -> Sequential:
    """Four 3×3 convolutions of 10 channels, pooled after the second and the fourth, and one dense layer.

    Source: Wang et al. (2020), CNN Explainer, whose names for the layers these are.
    """
    height, width = (((side - 4) // 2 - 4) // 2 for side in pair("tiny_vgg", "input_size", input_size, least=16))
    return Sequential(
        conv_1_1=Conv2d(in_channels, 10, 3),
        relu_1_1=ReLU(),
        conv_1_2=Conv2d(10, 10, 3),
        relu_1_2=ReLU(),
        max_pool_1=MaxPool2d(2),
        conv_2_1=Conv2d(10, 10, 3),
        relu_2_1=ReLU(),
        conv_2_2=Conv2d(10, 10, 3),
        relu_2_2=ReLU(),
        max_pool_2=MaxPool2d(2),
        flatten=Flatten(),
        output=Dense(10 * height * width, classes),
    )


def cifar_vgg(*, classes: int, in_channels: int, batch_norm: bool = False) -> Sequential:
    """3×3 convolutions of 64-64-pool-128-128-pool-256-256-pool channels, a global average and a dense layer.

    Source: after Simonyan & Zisserman (2015), Very deep convolutional networks for large-scale image recognition.
    """
    layers: dict[str, Any] = {}
    for i, width in enumerate((64, 64, 128, 128, 256, 256), start=1):
        layers[f"conv{i}"] = Conv2d(in_channels, width, 3, padding=1, bias=not batch_norm)
        if batch_norm:
            layers[f"bn{i}"] = BatchNorm2d(width)
        layers[f"relu{i}"] = ReLU()
        if i % 2 == 0:
            layers[f"pool{i // 2}"] = MaxPool2d(2)
        in_channels = width
    return Sequential(layers, gap=GlobalAvgPool2d(), fc=Dense(in_channels, classes))


cifar_vgg_bn = partial(cifar_vgg, batch_norm=True)
