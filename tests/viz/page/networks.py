"""The networks that the page's own engine is held to, each with an image to look at."""

import copy
import functools
import os
from pathlib import Path

import numpy as np

import minicnn as cnn
from minicnn.data import Transform
from minicnn.data.image import read_image

DATA = os.environ.get("MINICNN_DATA")


def randomized(model, seed=0):
    """Weights at random, and biases and running statistics too: around zero, so that every ReLU cuts something off."""
    model.initialize(seed=seed)
    rng = np.random.default_rng(seed)
    for name, array in model.state().items():
        if name.endswith("running_var"):
            array[...] = rng.uniform(0.2, 1, array.shape)
        elif name.endswith(("running_mean", "bias")):
            array[...] = rng.uniform(-0.5, 0.5, array.shape)
    return model


def noise(shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def with_transform(model, channels):
    model.transform = Transform((0.45,) * channels, (0.25,) * channels, channels="gray" if channels == 1 else "RGB")
    return model


def zoo(name, size, channels, **options):
    model = cnn.zoo.build(name, classes=10, in_channels=channels, **options)
    return with_transform(randomized(model), channels), noise((channels, size, size))


def squeezenet():
    """Trained, on a photograph, where these are; its channels are blue, green, red, and not normalized.

    The photograph is one without evenly colored areas: in those the values under a pooling window are equal, and
    rounding alone says which of them gets the gradient.
    """
    if DATA:
        weights = Path(DATA).resolve().parent / "models" / "squeezenet1_1.safetensors"
        model = cnn.zoo.build("squeezenet1_1", weights=weights)
        model.transform = Transform((0.0,) * 3, (1.0,) * 3, scale=1, channels="BGR")
        return model, read_image(Path(DATA) / "images" / "snake.png", 224, 224)
    return with_transform(randomized(cnn.zoo.build("squeezenet1_1")), 3), noise((3, 224, 224))


def residual():
    """Every kind of layer that the others lack: groups, dilation, odd strides, averages, branches, shortcuts."""
    model = cnn.Sequential(
        pad=cnn.layers.Pad((1, 2, 0, 1)),
        conv1=cnn.Conv2d(3, 6, (3, 2), stride=(2, 1), padding=(1, 2), bias=False),
        bn=cnn.BatchNorm2d(6),
        leaky=cnn.layers.LeakyReLU(0.1),
        block=cnn.Residual(
            conv=cnn.Conv2d(6, 8, 3, padding=2, dilation=2, groups=2), shortcut=cnn.Conv2d(6, 8, 1), relu=cnn.ReLU()
        ),
        mean=cnn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
        fork=cnn.Concat(
            a=cnn.Sequential(conv=cnn.Conv2d(8, 5, 3, stride=2, padding=1), relu=cnn.ReLU()),
            b=cnn.MaxPool2d(3, stride=2, padding=1),
        ),
        clip=cnn.layers.Clip(-1, 6),
        smooth=cnn.AvgPool2d(2, stride=1, padding=1),
        around=cnn.Residual(conv=cnn.Conv2d(13, 13, 1)),
        some=cnn.layers.AdaptiveAvgPool2d((2, 3)),
        sigmoid=cnn.layers.Sigmoid(),
        flatten=cnn.Flatten(),
        drop=cnn.Dropout(0.5),
        fc=cnn.Dense(78, 4),
        softmax=cnn.Softmax(),
    )
    return with_transform(randomized(model), 3), noise((3, 20, 17))


NETWORKS = {
    "demo's": lambda: zoo("seed", 28, 1, input_size=28),
    "MNIST's": lambda: zoo("mnist-cnn", 28, 1, input_size=28),
    "cifar-vgg": lambda: zoo("cifar-vgg", 32, 3),
    "cifar-vgg-bn": lambda: zoo("cifar-vgg-bn", 32, 3),
    "SqueezeNet": squeezenet,
    "residual": residual,
}


@functools.cache
def doubled(name):
    """The network in float64."""
    return copy.deepcopy(network(name)[0]).astype(np.float64)


@functools.cache
def network(name):
    """A network and the pixels (C, H, W) of its image."""
    return NETWORKS[name]()
