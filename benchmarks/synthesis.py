"""Image synthesis: what SqueezeNet's layers, channels and classes respond to, dreams, and paintings.

    python -m benchmarks synthesis                       # all of them
    python -m benchmarks synthesis dreams --out images

Each image's objective is printed before and after: if it does not rise, the visualization failed. The data are
those of `benchmarks.squeezenet`; the figures go into `--out`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import minicnn as cnn
import viz
from viz import plot
from viz.synthesis import objectives

from .attribution import Row
from .squeezenet import image, shown, squeezenet

CHANNELS = (  # from early to late
    ("features.3.concat", 20),
    ("features.4.concat", 100),
    ("features.6.concat", 30),
    ("features.7.concat", 77),
    ("features.9.concat", 11),
    ("features.10.concat", 200),
    ("features.11.concat", 333),
    ("features.12.concat", 100),
)
CLASSES = (281, 130, 340)  # tabby, flamingo, zebra
DREAMS = (("features.4.concat", 8), ("features.7.concat", 12), ("features.10.concat", 16))  # layer, steps
STYLE_LAYERS = ("features.1", "features.3.concat", "features.4.concat", "features.6.concat", "features.7.concat")
CONTENT_LAYER = "features.6.concat"


def channels(model: Any, out: Path) -> Iterator[Row]:
    """What one feature map of a layer responds to most."""
    found = []
    for layer, channel in CHANNELS:
        result, seconds = timed(viz.feature_visualization, model, (layer, channel), size=128, steps=160)
        found.append(result.images)
        yield row(f"{layer}:{channel}", result.values, seconds)
    names = [f"{layer.removesuffix('.concat')}:{channel}" for layer, channel in CHANNELS]
    save(model, found, names, out / "synthesis-channels.jpg", "SqueezeNet: what a channel looks for")


def classes(model: Any, out: Path) -> Iterator[Row]:
    """What a class looks like to the network, in Fourier space and (like Simonyan et al.) in pixels."""
    found, names = [], []
    for target in CLASSES:
        result, seconds = timed(viz.feature_visualization, model, objectives.logit(target), size=192, steps=128)
        found.append(result.images)
        names.append(f"{model.classes[target]}, {probability(model, result.images, target):.0%}")
        yield row(f"class {model.classes[target]}, Fourier space", result.values, seconds)
    for target in CLASSES[-1:]:
        result, seconds = timed(viz.class_model, model, target, size=192, steps=100)
        found.append(result.images)
        names.append(f"{model.classes[target]} in pixels, {probability(model, result.images, target):.0%}")
        yield row(f"class {model.classes[target]}, pixels", result.values, seconds)
    save(model, found, names, out / "synthesis-classes.jpg", "SqueezeNet: the image of a class, and its probability")


def dreams(model: Any, out: Path) -> Iterator[Row]:
    """A tree, and what early and late layers see in it."""
    x = image(model, "dd_tree")
    bounds = viz.pixel_bounds(model)
    found = [x]
    for layer, steps in DREAMS:
        dream, seconds = timed(viz.deep_dream, model, x, layer, steps=steps, bounds=bounds)
        before, after = (
            float((model.forward(pixels, cnn.Pass(until=layer))[0] ** 2).mean()) / 2 for pixels in (x, dream)
        )
        found.append(dream)
        yield row(f"dream of {layer}, from the photograph", [before, after], seconds)
    save(model, found, ["", *(layer for layer, _ in DREAMS)], out / "synthesis-dreams.jpg", "SqueezeNet dreams")


def style(model: Any, out: Path) -> Iterator[Row]:
    """A dog and a cat, painted as the dream of a tree, and as gravel."""
    x = image(model, "cat_dog")
    dream = viz.deep_dream(
        model, image(model, "dd_tree"), "features.7.concat", steps=12, bounds=viz.pixel_bounds(model)
    )
    found, names = [x], ["content"]
    for name, painting in (("a dream", dream), ("gravel", image(model, "snake"))):
        result, seconds = timed(
            viz.style_transfer, model, x, painting, content_layers=[CONTENT_LAYER], style_layers=STYLE_LAYERS
        )
        found += [painting, result.images]
        names += [name, f"painted as {name}"]
        yield row(f"painted as {name} (minus the distance)", result.values, seconds)
    save(model, found, names, out / "synthesis-style.jpg", "style transfer with SqueezeNet")


PARTS: dict[str, Callable[[Any, Path], Iterator[Row]]] = {
    "channels": channels,
    "classes": classes,
    "dreams": dreams,
    "style": style,
}


def row(what: str, values: Any, seconds: float) -> Row:
    return Row(what, f"{values[0]:.3g} → {values[-1]:.3g} in {seconds:.0f} s")


def timed(function: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    return function(*arguments, **options), time.perf_counter() - start


def probability(model: Any, x: np.ndarray, target: int) -> float:
    return float(cnn.ops.softmax(model(x))[0][0, target])


def save(model: Any, found: list[np.ndarray], names: list[str], path: Path, title: str) -> None:
    """The images side by side, as a JPEG."""
    import io

    ax = plot.mosaic(shown(model, np.concatenate(found)), titles=names, columns=4 if len(found) % 5 else 5)
    ax.set_title(title, loc="left", fontsize=11)
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, dpi=200)
    with Image.open(buffer) as opened:
        opened.convert("RGB").save(path, quality=82)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks synthesis", description=__doc__.partition("\n\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="folder for figures")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    model = squeezenet()
    print("| what | objective, from noise to image |\n|---|---|")
    for part in options.parts or PARTS:
        for found in PARTS[part](model, options.out):
            print(f"| {found.what} | {found.value} |", flush=True)
