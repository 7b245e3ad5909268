"""Networks by name.

    model = build("resnet18", classes=10)
    model = build("squeezenet1_1", weights="squeezenet1_1.safetensors")

Parameters have torchvision's names if torchvision has the network, so that its weights can be loaded. Each builder in
this package fits on one screen; this file lists them, and imports one only when it is used.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.layers import Layer


@dataclass(frozen=True)
class Network:
    """The facts about a network that are known before it is built.

    Attributes:
        builder: "module:function" inside this package.
        input_shape: (channels, height, width) of the images it was made for.
        classes: the number it was made for.
        about: a description in one line.
        passed_over: prefixes of arrays in weight files that are ignored.
        pixels: how torchvision's weights expect images to be prepared: one of `preprocessing.PIXELS`.
    """

    builder: str
    input_shape: tuple[int, int, int]
    classes: int
    about: str
    passed_over: tuple[str, ...] = ()
    pixels: str = "imagenet"


IMAGENET = ((3, 224, 224), 1000)

NETWORKS: dict[str, Network] = {
    "seed": Network("small:seed", (1, 28, 28), 10, "2 convolutions, 2 dense layers: learns MNIST in a minute"),
    "lenet5": Network("small:lenet5", (1, 28, 28), 10, "LeCun et al. 1998, with ReLU and max pooling"),
    "mnist-cnn": Network("small:mnist_cnn", (1, 28, 28), 10, "3 batch-normalized convolutions: over 99.4 % of MNIST"),
    "tiny_vgg": Network("small:tiny_vgg", (3, 64, 64), 10, "4 convolutions of 10 channels: CNN Explainer's network"),
    "cifar-vgg": Network("small:cifar_vgg", (3, 32, 32), 10, "6 convolutions of 64 to 256 channels"),
    "cifar-vgg-bn": Network("small:cifar_vgg_bn", (3, 32, 32), 10, "the same with batch normalization"),
    "resnet20": Network("resnet:resnet20", (3, 32, 32), 10, "He et al. 2015, for CIFAR-10"),
    "alexnet": Network("alexnet:alexnet", *IMAGENET, "Krizhevsky 2014"),
    "vgg11": Network("vgg:vgg11", *IMAGENET, "Simonyan & Zisserman 2014, column A"),
    "vgg13": Network("vgg:vgg13", *IMAGENET, "Simonyan & Zisserman 2014, column B"),
    "vgg16": Network("vgg:vgg16", *IMAGENET, "Simonyan & Zisserman 2014, column D"),
    "vgg19": Network("vgg:vgg19", *IMAGENET, "Simonyan & Zisserman 2014, column E"),
    "vgg11_bn": Network("vgg:vgg11_bn", *IMAGENET, "the same with batch normalization"),
    "vgg13_bn": Network("vgg:vgg13_bn", *IMAGENET, "the same with batch normalization"),
    "vgg16_bn": Network("vgg:vgg16_bn", *IMAGENET, "the same with batch normalization"),
    "vgg19_bn": Network("vgg:vgg19_bn", *IMAGENET, "the same with batch normalization"),
    "squeezenet1_0": Network("squeezenet:squeezenet1_0", *IMAGENET, "Iandola et al. 2016"),
    "squeezenet1_1": Network("squeezenet:squeezenet1_1", *IMAGENET, "the same, 2.4 times less work"),
    "googlenet": Network(
        "googlenet:googlenet",
        *IMAGENET,
        "Szegedy et al. 2014, with batch normalization",
        passed_over=("aux1.", "aux2."),
        pixels="symmetric",
    ),
    "inception_v1": Network("inception_v1:inception_v1", *IMAGENET, "Szegedy et al. 2014, as published"),
    "resnet18": Network("resnet:resnet18", *IMAGENET, "He et al. 2015"),
    "resnet34": Network("resnet:resnet34", *IMAGENET, "He et al. 2015"),
    "resnet50": Network("resnet:resnet50", *IMAGENET, "He et al. 2015"),
    "resnext50_32x4d": Network("resnet:resnext50_32x4d", *IMAGENET, "Xie et al. 2016: ResNet-50 in 32 groups"),
    "densenet121": Network("densenet:densenet121", *IMAGENET, "Huang et al. 2016"),
    "mobilenet_v2": Network("mobilenet:mobilenet_v2", *IMAGENET, "Sandler et al. 2018"),
    "efficientnet_b0": Network("efficientnet:efficientnet_b0", *IMAGENET, "Tan & Le 2019"),
}


def names() -> list[str]:
    """All names that `build` accepts."""
    return list(NETWORKS)


def network(name: str) -> Network:
    """The facts about a network.

    Raises:
        ValueError: there is no network of this name.
    """
    if name not in NETWORKS:
        close = difflib.get_close_matches(name, NETWORKS, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(NETWORKS)}"
        raise ValueError(f"zoo: there is no network {name!r}; {hint}")
    return NETWORKS[name]


def build(
    name: str,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    input_size: int | tuple[int, int] | None = None,
    weights: Any = None,
    seed: int | None = 0,
    **options: Any,
) -> Layer:
    """A network, with the given weights or initialized by He's method.

    Weights from elsewhere expect images prepared as in their training: before you `predict`, set
    `model.transform` to one of `zoo.preprocessing.PIXELS`, for torchvision's to `PIXELS[network(name).pixels]`.

    Args:
        name: one of `names()`.
        classes: the number of outputs; by default what the network was made for.
        in_channels: the number of image channels; by default what the network was made for.
        input_size: their height and width (one number for both). Only networks that flatten their maps before a dense
            layer depend on it; the others take any size and ignore it.
        weights: as for `weights.read_weights`: the path or URL of a safetensors file, a dict of arrays, or a
            PyTorch `state_dict`.
        seed: of the initialization, if no weights are given; None leaves the arrays zero.
        options: the builder's own, such as `dropout=0.2` for "alexnet".

    Raises:
        ValueError: the name or an option is unknown, a size does not fit the network, or the weights do not.
    """
    known = network(name)
    module, _, function = known.builder.partition(":")
    builder = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    arguments = {
        "classes": known.classes if classes is None else classes,
        "in_channels": known.input_shape[0] if in_channels is None else in_channels,
        **options,
    }
    if "input_size" in inspect.signature(builder).parameters:
        arguments["input_size"] = known.input_shape[1:] if input_size is None else input_size
    try:
        inspect.signature(builder).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"zoo: {name!r}: {error}") from error
    model: Layer = builder(**arguments)
    if weights is not None:
        from ..weights import read_weights

        model.load_state({k: v for k, v in read_weights(weights).items() if not k.startswith(known.passed_over)})
    elif seed is not None:
        model.initialize(seed)
    return model
