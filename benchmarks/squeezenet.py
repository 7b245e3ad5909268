"""The trained SqueezeNet 1.1 and the photographs for the benchmarks of attribution and synthesis.

Next to the folder `$MINICNN_DATA` (which has `images/`) is `models/`, with `squeezenet1_1.safetensors` and
`imagenet_classes.txt`. Its weights were trained on blue, green and red from 0 to 255.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

import minicnn as cnn

SIDE = 224


def data() -> Path:
    """The folder of real data.

    Raises:
        SystemExit: MINICNN_DATA is not set.
    """
    if "MINICNN_DATA" not in os.environ:
        raise SystemExit("set MINICNN_DATA to the folder that holds images/ and mnist/, with models/ next to it")
    return Path(os.environ["MINICNN_DATA"]).resolve()


def squeezenet() -> Any:
    """The network, with the names of its classes and its transform of images."""
    models = data().parent / "models"
    model = cnn.zoo.build("squeezenet1_1", weights=models / "squeezenet1_1.safetensors")
    model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, scale=1, channels="BGR", size=SIDE, crop=SIDE)
    lines = (models / "imagenet_classes.txt").read_text().splitlines()
    model.classes = tuple(line.partition(",")[2].partition(",")[0] for line in lines)  # "281,tabby, tabby cat"
    return model


def image(model: Any, name: str) -> np.ndarray:
    """A photograph as the network's input, (1, 3, 224, 224)."""
    return np.asarray(model.transform.image(data() / "images" / f"{name}.png"))


def shown(model: Any, x: np.ndarray) -> np.ndarray:
    """The network's input as drawable images: (N, H, W) or (N, H, W, 3) in 0…1."""
    pixels = np.asarray(model.transform.inverse(x)).transpose(0, 2, 3, 1)
    return pixels[..., 0] if pixels.shape[3] == 1 else pixels


def in_torch(model: Any) -> Any:
    """The same network in PyTorch, with a separate module for every ReLU, as Captum requires."""
    import torch
    from torch import nn

    class Fire(nn.Module):
        def __init__(self, channels: int, squeeze: int, expand: int) -> None:
            super().__init__()
            self.squeeze, self.squeeze_activation = nn.Conv2d(channels, squeeze, 1), nn.ReLU()
            self.expand1x1, self.expand1x1_activation = nn.Conv2d(squeeze, expand, 1), nn.ReLU()
            self.expand3x3, self.expand3x3_activation = nn.Conv2d(squeeze, expand, 3, padding=1), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.squeeze_activation(self.squeeze(x))
            narrow = self.expand1x1_activation(self.expand1x1(x))
            return torch.cat([narrow, self.expand3x3_activation(self.expand3x3(x))], 1)

    class SqueezeNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            pools = [nn.MaxPool2d(3, 2, ceil_mode=True) for _ in range(3)]
            first = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pools[0], Fire(64, 16, 64), Fire(128, 16, 64), pools[1]]
            second = [Fire(128, 32, 128), Fire(256, 32, 128), pools[2], Fire(256, 48, 192), Fire(384, 48, 192)]
            self.features = nn.Sequential(*first, *second, Fire(384, 64, 256), Fire(512, 64, 256))
            last = [nn.Dropout(), nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
            self.classifier = nn.Sequential(*last)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.flatten(self.classifier(self.features(x)), 1)

    theirs = SqueezeNet().eval()
    theirs.load_state_dict({name: torch.tensor(array) for name, array in model.state().items()})
    return theirs
