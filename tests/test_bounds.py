"""Options that are numbers have bounds: the last number that is taken, and the first that is not, on either side."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minicnn as cnn
from minicnn import data, optim, schedules

ABOVE_1 = math.nextafter(1, 2)
TINY = 5e-324  # the smallest number above 0
HUGE = 1.7976931348623157e308  # the largest
IMAGES = data.Dataset(np.zeros((4, 1, 3, 3), np.uint8), np.array([0, 1, 0, 1]), ("a", "b"))


def fit(**options: Any) -> None:
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(9, 2)).initialize(0)
    cnn.fit(model, IMAGES, progress=False, **{"epochs": 1, "batch_size": 4} | options)


def cropped(size: Any) -> Any:
    return data.read_image(np.zeros((1, 1), np.uint8), crop=size)


# What takes the number, those that are just inside, and those that are just outside.
BOUNDS: dict[str, tuple[Callable[[Any], Any], list[Any], list[Any]]] = {
    "StepDecay: step_size": (schedules.StepDecay, [1], [0]),
    "StepDecay: gamma": (lambda n: schedules.StepDecay(1, n), [TINY], [0.0]),
    "Cosine: minimum": (schedules.Cosine, [0, 1], [-TINY, ABOVE_1]),
    "OneCycle: warmup": (schedules.OneCycle, [0, math.nextafter(1, 0)], [-TINY, 1]),
    "OneCycle: divide": (lambda n: schedules.OneCycle(divide=n), [1], [math.nextafter(1, 0)]),
    "OneCycle: final_divide": (lambda n: schedules.OneCycle(final_divide=n), [1], [math.nextafter(1, 0)]),
    "Warmup: steps": (schedules.Warmup, [1], [0]),
    "Warmup: start": (lambda n: schedules.Warmup(1, start=n), [0, 1], [-TINY, ABOVE_1]),
    "a run of 3 steps has no step": (lambda n: schedules.Constant()(n, 3), [0, 2], [-1, 3]),
    "SGD: lr": (optim.SGD, [TINY, HUGE], [0, -1.0, math.inf, math.nan]),
    "SGD: momentum": (lambda n: optim.SGD(0.1, momentum=n), [0, math.nextafter(1, 0)], [-TINY, 1]),
    "SGD: weight_decay": (lambda n: optim.SGD(0.1, weight_decay=n), [0, HUGE], [-TINY, math.inf]),
    "Adam: betas": (lambda n: optim.Adam(betas=(n, 0.5)), [0, math.nextafter(1, 0)], [-TINY, 1]),
    "AdamW: betas": (lambda n: optim.AdamW(betas=(0.5, n)), [0, math.nextafter(1, 0)], [-TINY, 1]),
    "betas must be two numbers": (lambda n: optim.Adam(betas=(0.5,) * n), [2], [1, 3]),
    "Adam: eps": (lambda n: optim.Adam(eps=n), [TINY, HUGE], [0, math.inf]),
    "clip_norm: max_norm": (lambda n: optim.clip_norm({}, n), [TINY, math.inf], [0, math.nan]),
    "fit: epochs": (lambda n: fit(epochs=n), [1], [0]),
    "fit: clip_norm": (lambda n: fit(clip_norm=n), [None, TINY], [0.0]),
    "Loader: must be at least 1": (lambda n: fit(batch_size=n), [1], [0]),
    "Loader: batch_size": (lambda n: data.Loader(IMAGES, n), [1, 4, 5], [0]),
    "Loader: 4 images make no batch": (lambda n: data.Loader(IMAGES, n, drop_last=True), [1, 4], [5]),
    "Loader: seed": (lambda n: data.Loader(IMAGES, 2, seed=n), [0], [-1]),
    "Loader: expected an epoch": (lambda n: data.Loader(IMAGES, 2).epoch(n), [0], [-1]),
    "Loader: expected an epoch of at least 0 and a start": (
        lambda n: data.Loader(IMAGES, 2).epoch(0, n),
        [0, 2],
        [-1, 3],
    ),
    "RandomCrop: padding": (data.RandomCrop, [0], [-1]),
    "Cutout: size": (data.Cutout, [1], [0]),
    "crop: expected a number of pixels in 1…10000": (cropped, [1, (1, 1)], [0, 10_001, (1, 0), (0, 1), (1, 10_001)]),
    "Transform: size": (lambda n: data.Transform((0.0,), (1.0,), size=n), [1, 10_000, (1, 10_000)], [0, 10_001]),
    "std and scale must be above 0": (lambda n: data.Transform((0.0,), (n,)), [1e-36], [0.0, -1.0, 1e300]),
    "EarlyStopping: patience": (lambda n: cnn.EarlyStopping(patience=n), [1], [0]),
    "predict: top": (lambda n: cnn.predict(scored(), np.zeros((3, 3), np.uint8), top=n), [1, 3], [0]),
    "fans: got shape": (lambda n: cnn.init.fans((2,) * n), [2, 4], [1, 3, 5]),
    "Dropout": (cnn.Dropout, [0, 1], [-TINY, ABOVE_1]),
    "Dropout2d": (cnn.Dropout2d, [0, 1], [-TINY, ABOVE_1]),
    "Conv2d: kernel_size": (lambda n: cnn.Conv2d(1, 1, n), [1, (1, 2)], [0, (0, 1), (1, 0), (1,), (1, 1, 1)]),
    "Conv2d: stride": (lambda n: cnn.Conv2d(1, 1, 1, stride=n), [1], [0]),
    "Conv2d: padding": (lambda n: cnn.Conv2d(1, 1, 1, padding=n), [0], [-1]),
    "Conv2d: dilation": (lambda n: cnn.Conv2d(1, 1, 1, dilation=n), [1], [0]),
    "Conv2d: in_channels": (lambda n: cnn.Conv2d(n, 1, 1), [1], [0]),
    "Conv2d: out_channels": (lambda n: cnn.Conv2d(1, n, 1), [1], [0]),
    "groups": (lambda n: cnn.Conv2d(6, 4, 1, groups=n), [1, 2], [0, 3, 4]),
    "Dense: in_features": (lambda n: cnn.Dense(n, 1), [1], [0]),
    "Dense: out_features": (lambda n: cnn.Dense(1, n), [1], [0]),
    "BatchNorm2d: num_features": (cnn.BatchNorm2d, [1], [0]),
    "MaxPool2d: padding": (lambda n: cnn.MaxPool2d(3, padding=n), [0, 2], [-1, 3]),
    "AvgPool2d: padding": (lambda n: cnn.AvgPool2d(3, padding=n), [0, 2], [-1, 3]),
    "AdaptiveAvgPool2d: output_size": (cnn.AdaptiveAvgPool2d, [1], [0]),
    "Upsample: scale_factor": (lambda n: cnn.Upsample(scale_factor=n), [1], [0]),
    "LocalResponseNorm: size": (cnn.LocalResponseNorm, [1], [0]),
}


def scored() -> Any:
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(9, 3)).initialize(0)
    model.transform, model.classes = data.Transform((0.0,), (1.0,)), ("a", "b", "c")
    return model


@pytest.mark.parametrize("what", BOUNDS)
def test_the_last_number_is_taken_and_the_next_one_refused(what: str) -> None:
    takes, inside, outside = BOUNDS[what]
    for number in inside:
        takes(number)
    for number in outside:
        with pytest.raises(ValueError) as refused:
            takes(number)
        assert all(part in str(refused.value) for part in what.split(": "))
