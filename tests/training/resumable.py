"""A run with all the state that resuming must restore; as a program it can be killed: resumable.py FOLDER."""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

import minicnn as cnn
from minicnn.data import Compose, Cutout, Dataset, RandomCrop, RandomFlip


def data(seed, wrong=0):
    """Bright rows in noise; some labels are wrong, so that validation stops improving."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 44)
    images = rng.integers(0, 120, (44, 1, 8, 8), dtype=np.uint8)
    images[np.arange(44), 0, 2 * labels] += 60
    labels[:wrong] = (labels[:wrong] + 1) % 3
    return Dataset(images, labels, ["low", "middle", "high"])


def model():
    body = cnn.Residual(conv=cnn.Conv2d(4, 4, 3, padding=1, bias=False), norm=cnn.BatchNorm2d(4))
    return cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3), norm=cnn.BatchNorm2d(4), relu=cnn.ReLU(), body=body, maps=cnn.Dropout2d(0.2),
        pool=cnn.MaxPool2d(2), flatten=cnn.Flatten(), drop=cnn.Dropout(0.3), fc=cnn.Dense(36, 3),
    ).initialize(0)  # fmt: skip


def train(folder, trained=None, resume=True, extra=(), **options):
    """Train until early stopping; returns the model and its history."""
    trained = model() if trained is None else trained
    settings: dict = {
        "epochs": 12,
        "batch_size": 8,
        "optimizer": cnn.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
        "schedule": cnn.schedules.OneCycle(),
        "loss": partial(cnn.ops.cross_entropy, label_smoothing=0.1),
        "augment": Compose([RandomCrop(1), RandomFlip(), Cutout(2)]),
        "clip_norm": 1.0,
        "seed": 7,
        "checkpoint": Path(folder) / "run.safetensors",
        "checkpoint_seconds": 0,
    }
    callbacks = [
        cnn.EarlyStopping(2),
        cnn.BestCheckpoint(Path(folder) / "best.safetensors", "valid_loss"),
        cnn.JsonLines(Path(folder) / "log.jsonl"),
        *extra,
    ]
    history = cnn.fit(
        trained, data(0), data(1, wrong=10), resume=resume, callbacks=callbacks, **{**settings, **options}
    )
    return trained, history


if __name__ == "__main__":
    train(sys.argv[1], extra=[lambda run: time.sleep(0.05)])  # so that it can be killed before it ends
