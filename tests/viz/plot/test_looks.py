"""Every figure looks as before: its description (`looks.py`) is the one in `looks/`.

If a look was changed on purpose, `python -m tests.viz.plot.test_looks` rewrites the descriptions, and the
diff tells the reviewer what has changed.
"""

from pathlib import Path

import numpy as np
import pytest

import viz
from minicnn import History
from minicnn.data import Dataset
from minicnn.training import EpochRecord
from minicnn.training.history import Measure
from tests.viz.plot.looks import described
from viz import plot

FOLDER = Path(__file__).parent / "looks"
RNG = np.random.default_rng(0)
GRAY, COLOR, WIDE = RNG.random((7, 6, 5)), RNG.random((3, 6, 5, 3)), RNG.standard_normal((45, 4, 4))
BYTES = RNG.integers(0, 256, (40, 1, 28, 30), np.uint8)
POINTS, LABELS = RNG.standard_normal((40, 2)), np.arange(40) % 12
CLASSES = [f"class {k}" for k in range(12)]
COUNTS = RNG.integers(0, 9, (4, 4)) + 40 * np.eye(4, dtype=int)
FACTORS, WEIGHTS = RNG.standard_normal((70, 3, 3, 3)), RNG.standard_normal((12, 15, 3, 3))
PATH = np.stack([np.linspace(2, 0, 9), np.cos(np.arange(9)) * np.linspace(1, 0, 9)], axis=1)
CURVE = viz.PixelCurve(np.linspace(0, 1, 11), RNG.random((3, 11)))
CHECK = viz.SanityCheck(tuple(f"layer{i}" for i in range(16)), *RNG.uniform(-0.2, 1, (4, 16, 5)))
HISTORY = History(
    Measure(2.3, 0.1),
    [EpochRecord(e, 2 / e, 1 - 0.5 / e, 2.2 / e, 1 - 0.6 / e, 0.1, 1.0, 9.0) for e in range(1, 13)],
    [(step, 3 / step) for step in range(1, 120, 2)],
)
NEAR = {"pixels": RNG.integers(0, 40, (40, 4)), "relu3": RNG.integers(0, 40, (40, 4))}
MASKED = np.ma.MaskedArray(RNG.integers(0, 256, (3, 4, 1, 5, 6)).astype(np.uint8))
MASKED[0, 2:] = MASKED[1] = np.ma.masked
STATISTICS = viz.ActivationStatistics("conv1", 40, *np.random.default_rng(1).random((9, 12)))


def contextualized(empty: bool):
    inputs, unit = (MASKED[1][:, :, :, :5] if empty else MASKED[0][:, :, :, :5]), MASKED[0, :, :, :, :5]
    return viz.weights.ContextualizedWeights(
        "conv2", 7, np.array([3, 1]), WEIGHTS[0, :2], np.ma.stack([inputs] * 2), unit
    )


LOOKS = {
    "activation_statistics": lambda: plot.activation_statistics(STATISTICS),
    "accuracy_under_attack": lambda: plot.accuracy_under_attack(
        [0, 0.1, 0.2], {"fgsm": [1, 0.5, 0.3], "pgd": [1, 0.2, 0]}, title="A"
    ),
    "attacks": lambda: plot.attacks(GRAY[:2], GRAY[2:4], ["cat", "dog"], ["dog", "cat"]),
    "attacks-color": lambda: plot.attacks(COLOR[:1], COLOR[1:2], ["a"], ["b"]),
    "attributions": lambda: plot.attributions(GRAY[0], {str(i): WIDE[i] for i in range(7)}, title="maps"),
    "attributions-one-unit": lambda: plot.attributions(COLOR[0], {"a": WIDE[0], "b": 3 * WIDE[1]}, one_unit=True),
    "confusion": lambda: plot.confusion(COUNTS, CLASSES[:4]),
    "confusion-30": lambda: plot.confusion(np.eye(30, dtype=int) + 1, [f"class {i}" for i in range(30)]),
    "confusion-70": lambda: plot.confusion(np.eye(70, dtype=int), [f"class {i}" for i in range(70)]),
    "contextualized_weights": lambda: plot.contextualized_weights(contextualized(False)),
    "contextualized_weights-empty": lambda: plot.contextualized_weights(contextualized(True)),
    "descent": lambda: plot.descent(lambda a, b: a**2 + 9 * b**2, {"plain": PATH, "momentum": PATH / 2}),
    "detectors": lambda: plot.detectors(WEIGHTS[:2, 0], GRAY[0], names=["up", "down"]),
    "feature_maps": lambda: plot.feature_maps({"relu1": GRAY, "conv2": WIDE}, GRAY[0], title="maps"),
    "filter_table": lambda: plot.filter_table(WEIGHTS, title="conv5"),
    "filters": lambda: plot.filters(WEIGHTS[:, :1], title="conv1"),
    "filters-color": lambda: plot.filters(WEIGHTS[:, :3]),
    "images": lambda: plot.images(BYTES[:6], titles=list("abcdef"), title="images"),
    "images-data": lambda: plot.images(Dataset(BYTES, LABELS, CLASSES), count=5, columns=3),
    "mistakes": lambda: plot.mistakes(BYTES[:9], LABELS[:9], LABELS[1:10], RNG_ROWS, CLASSES, title="mistakes"),
    "mosaic": lambda: plot.mosaic(GRAY, colorbar="activation", titles=[f"map {i}" for i in range(7)]),
    "mosaic-signed": lambda: plot.mosaic(WIDE, signed=True, colorbar="weight", columns=9),
    "nearest_neighbors": lambda: plot.nearest_neighbors(BYTES, NEAR, LABELS, CLASSES, title="nearest"),
    "exciting_patches": lambda: plot.exciting_patches(
        MASKED, names=["channel 0", "channel 1: dead", "channel 2"], title="patches"
    ),
    "per_class": lambda: plot.per_class([0.5, 1, 0.25, np.nan], CLASSES[:4], overall=0.6),
    "pixel_curve": lambda: plot.pixel_curve({"saliency": CURVE, "by chance": CURVE}, title="deletion"),
    "sanity_check": lambda: plot.sanity_check({"saliency": CHECK, "guided_backprop": CHECK}),
    "scatter": lambda: plot.scatter(POINTS, LABELS, CLASSES, title="t-SNE"),
    "scatter-images": lambda: plot.scatter(POINTS, LABELS, CLASSES, images=BYTES, size=0.1, most=20),
    "scatter-pca": lambda: plot.scatter(POINTS, variance=[0.6, 0.3]),
    "grid_places": lambda: plot.grid_places(BYTES, np.argwhere(np.ones((5, 8))), LABELS, CLASSES, title="grid"),
    "grid_places-plain": lambda: plot.grid_places(BYTES, np.argwhere(np.ones((8, 5)))),
    "synthesis": lambda: plot.synthesis(viz.Synthesis(GRAY[:, None], (0.0, 1.0)), columns=3, title="found"),
    "training": lambda: plot.training(HISTORY, validation="test"),
    "weight_factors": lambda: plot.weight_factors(FACTORS, title="conv5"),
}
RNG_ROWS = RNG.dirichlet(np.ones(12), 9)


def look(name: str) -> str:
    drawn = LOOKS[name]()
    return described(getattr(drawn, "figure", drawn))


@pytest.mark.parametrize("name", LOOKS)
def test_it_looks_as_it_did(name: str) -> None:
    assert look(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_every_plot_has_a_look() -> None:
    assert {name.partition("-")[0] for name in LOOKS} == set(plot.__all__)
    assert {path.stem for path in FOLDER.iterdir()} == set(LOOKS)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in LOOKS:
        (FOLDER / f"{name}.txt").write_text(look(name), encoding="utf-8")
