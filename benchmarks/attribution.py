"""Why did the network decide so: what the methods of `viz.attribution` show on real networks, and how fast.

    python -m benchmarks attribution photographs    # SqueezeNet: Grad-CAM on a cat and a dog, all methods, deletion
    python -m benchmarks attribution mnist          # the seed network: FGSM, completeness, guided backprop by layer
    python -m benchmarks attribution sanity         # randomized weights, for both networks and every method
    python -m benchmarks attribution speed          # SqueezeNet, compared with Captum on PyTorch

Each prints a table with a row for each result, and draws its figures into `--out`. The data are those of
`benchmarks.squeezenet`. For `speed` the contestants take turns on the same number of threads, PyTorch in
either memory order, and the ratio is that of the medians, the faster of theirs / ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import minicnn as cnn
import viz
from viz import plot
from viz.attribution.passes import input_gradient
from viz.evaluation.sanity_check import quartiles

from .squeezenet import data, image, in_torch, shown, squeezenet

CATS, DOGS = (281, 285), (242, 243)  # tabby and Egyptian cat; boxer and bull mastiff
PHOTOGRAPHS = ("kitten_224", "cat_dog", "dd_tree", "snake", "spider")
LAYER = "features.11.concat"
BATCH = 10  # for Captum: larger batches are slower on two cores
EPSILONS = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True)
class Row:
    """One result."""

    what: str
    value: str


def methods(layer: str | None, baseline: float, steps: int = 10, samples: int = 5) -> dict[str, Any]:
    """Every method that returns a map of the image, called as `method(model, x, target)`."""
    return {
        "gradient": input_gradient,
        "saliency": viz.saliency,
        "gradient_times_input": viz.gradient_times_input,
        "integrated_gradients": partial(viz.integrated_gradients, steps=steps, baseline=baseline),
        "smooth_grad": partial(viz.smooth_grad, samples=samples),
        "grad_cam": partial(viz.grad_cam, layer=layer),
        "guided_backprop": viz.guided_backprop,
        "guided_grad_cam": partial(viz.guided_grad_cam, layer=layer),
        "deconvnet": viz.deconvnet,
    }


def photographs(out: Path) -> Iterator[Row]:
    """SqueezeNet on photographs."""
    model = squeezenet()
    x = image(model, "cat_dog")  # the dog sits in the upper half, the cat lies in the lower one
    maps = {}
    for target in (*CATS, *DOGS):
        map_ = viz.grad_cam(model, x, target, layer=LAYER)[0]
        maps[model.classes[target]] = map_
        upper = map_[: map_.shape[0] // 2].sum() / map_.sum()
        where = f"{upper:.0%} in the dog's half, {1 - upper:.0%} in the cat's"
        yield Row(f"Grad-CAM of {LAYER} for {model.classes[target]}", where)
    save(plot.attributions(shown(model, x)[0], maps, title="cat_dog"), out / "why-grad-cam.png")

    x, gray = image(model, "kitten_224"), 127.5
    every = methods(LAYER, gray, steps=50, samples=25) | {
        "occlusion": partial(viz.occlusion, window=32, stride=16, baseline=gray)
    }
    maps = {name: method(model, x, None) for name, method in every.items()}
    named = {name.replace("_", " "): values[0] for name, values in maps.items()}
    save(plot.attributions(shown(model, x)[0], named, title="tabby"), out / "why-methods.png")

    maps["random numbers"] = np.random.default_rng(0).random(x[:, 0].shape)
    chosen = {name: values for name, values in maps.items() if values.ndim == 3}
    options: dict[str, Any] = {"steps": 28, "batch_size": 16}
    deletions = {name: viz.deletion_curve(model, x, m, baseline=gray, **options) for name, m in chosen.items()}
    insertions = {name: viz.insertion_curve(model, x, m, **options) for name, m in chosen.items()}
    for name in chosen:
        areas = f"deletion {deletions[name].areas.item():.2f}, insertion {insertions[name].areas.item():.2f}"
        yield Row(f"areas for {name.replace('_', ' ')}", areas)
    save(plot.pixel_curve(deletions, title="deletion: the faster down, the better").figure, out / "why-deletion.png")


def mnist(out: Path, epochs: int) -> Iterator[Row]:
    """The seed network, trained here."""
    model, test = trained(epochs)
    x, labels = model.transform(test.images), test.labels
    low, high = bounds = viz.pixel_bounds(model)
    yield Row(f"accuracy after {epochs} epochs", f"{(model(x).argmax(axis=1) == labels).mean():.2%}")

    few = slice(0, 2000)
    attacked = partial(viz.accuracy_under_attack, model, unit=high - low)
    curves = {  # the paper's FGSM lets pixels be darker than black; an image cannot be
        "FGSM": attacked(x, labels, EPSILONS),
        "FGSM within black and white": attacked(x, labels, EPSILONS, bounds=bounds),
        "PGD (10 steps) within them": attacked(x[few], labels[few], EPSILONS, viz.pgd, bounds=bounds),
    }
    for epsilon, *accuracies in zip(EPSILONS, *curves.values(), strict=True):
        shares = ", ".join(f"{name} {share:.1%}" for name, share in zip(curves, accuracies, strict=True))
        yield Row(f"accuracy at ε = {epsilon} of the range from black to white", shares)
    save(
        plot.accuracy_under_attack(EPSILONS, curves, title="the seed network on MNIST, attacked").figure,
        out / "why-fgsm.png",
    )
    changed = viz.fgsm(model, x[few], labels[few], 0.1 * (high - low), bounds=bounds)
    fooled = np.flatnonzero(
        (model(x[few]).argmax(axis=1) == labels[few]) & (model(changed).argmax(axis=1) != labels[few])
    )
    before, after = x[fooled[:3]], changed[fooled[:3]]
    verdicts = [[f"{p.argmax()} ({p.max():.0%})" for p in cnn.ops.softmax(model(v))[0]] for v in (before, after)]
    save(plot.attacks(shown(model, before), shown(model, after), *verdicts), out / "why-attacks.png")

    _, errors = viz.integrated_gradients(model, x[:50], steps=50, return_error=True)
    predicted = model(x[:50]).argmax(axis=1)
    rises = model(x[:50])[np.arange(50), predicted] - model(np.zeros_like(x[:1]))[0, predicted]
    relative = errors / np.abs(rises)
    error = f"median {np.median(errors):.1e} ({np.median(relative):.1e} of the rise), largest {errors.max():.1e}"
    yield Row("completeness error of integrated gradients, 50 steps, 50 images", error)

    layers = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2"]
    back = {"input": viz.guided_backprop(model, x[:1])[0]}
    back |= {path: values[0] for path, values in viz.guided_backprop_by_layer(model, x[:1], layers=layers).items()}
    title = f"a {labels[0]}"
    drawn = plot.feature_maps(back, shown(model, x[:1])[0], title=title, quantity="gradient", signed=True)
    save(drawn, out / "why-guided-backprop-by-layer.png")


def trained(epochs: int) -> tuple[Any, Any]:
    """A seed network that has learned MNIST, and the test set."""
    train, test = cnn.data.load("mnist", root=data() / "mnist")
    model = cnn.zoo.build("seed")
    optimizer = cnn.SGD(0.02, momentum=0.9)
    history = cnn.fit(model, train, epochs=epochs, batch_size=64, optimizer=optimizer, seed=0, progress=False)
    if history.interrupted:
        raise KeyboardInterrupt  # an interrupted run has no result
    return model, test


def sanity(out: Path, epochs: int) -> Iterator[Row]:
    """How similar maps stay while weights are randomized from the output down."""
    model, test = trained(epochs)
    x = model.transform(test.images[:32])
    yield from checks("seed network", model, x, methods(None, 0.0), out / "why-sanity-mnist.png")
    model = squeezenet()
    x = np.concatenate([image(model, name) for name in PHOTOGRAPHS])
    yield from checks("SqueezeNet", model, x, methods(LAYER, 127.5), out / "why-sanity-squeezenet.png")


def checks(name: str, model: Any, x: np.ndarray, contestants: dict[str, Any], path: Path) -> Iterator[Row]:
    found = {}
    for method_name, method in contestants.items():
        found[method_name] = check = viz.sanity_check(method, model, x)
        measures = {"signed": check.signed, "absolute": check.spearman, "SSIM": check.ssim, "HOG": check.hog}
        medians = {label: quartiles(values)[1] for label, values in measures.items()}
        figures = [f"{label} {found[check.middle]:.2f} → {found[-1]:.2f}" for label, found in medians.items()]
        judged = "SSIM" if check.absolute else "signed"
        yield Row(
            f"{name}, {method_name.replace('_', ' ')}: likeness after half → all layers",
            f"{', '.join(figures)}; by {judged} {check.verdict}",
        )
    save(plot.sanity_check(found), path)


def speed(threads: int, rounds: int) -> Iterator[Row]:
    """Ours and Captum's take turns."""
    import torch
    from captum.attr import IntegratedGradients, Occlusion

    from .timing import take_turns

    cnn.set_num_threads(threads)
    torch.set_num_threads(threads)
    model = squeezenet()
    x = image(model, "cat_dog")
    theirs = {"": in_torch(model), ", channels last": in_torch(model).to(memory_format=torch.channels_last)}
    images = {"": torch.tensor(x)}
    images[", channels last"] = images[""].to(memory_format=torch.channels_last)

    def their_gradients(mode: str, batch: int) -> Any:
        method = IntegratedGradients(theirs[mode])
        return method.attribute(images[mode], 0.0, 281, n_steps=50, internal_batch_size=batch)

    def their_occlusion(mode: str, batch: int) -> Any:
        window, strides = (3, 16, 16), (3, 8, 8)
        return Occlusion(theirs[mode]).attribute(images[mode], window, strides, 0.0, 281, perturbations_per_eval=batch)

    works = {
        "integrated gradients, 50 steps": (
            partial(viz.integrated_gradients, steps=50, method="gauss-legendre"),
            their_gradients,
        ),
        "occlusion, window 16, stride 8": (partial(viz.occlusion, window=16, stride=8), their_occlusion),
    }
    for work, (ours, their) in works.items():
        contestants: dict[str, Any] = {"ours": partial(ours, model, x, 281)}
        for mode in theirs:
            contestants[f"Captum, {BATCH} at once{mode}"] = partial(their, mode, BATCH)
        times = take_turns(contestants, rounds=rounds, least=0, warmup=1, settle=0)
        mine = times.pop("ours").median
        best = min(times, key=lambda name: times[name].median)
        figures = f"ours {mine:.2f} s, {best} {times[best].median:.2f} s: ratio {times[best].median / mine:.2f}"
        yield Row(f"{work}, SqueezeNet, {x.shape[2]}², {threads} threads", figures)


def save(figure: Any, path: Path) -> None:
    figure.figure.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks attribution", description=__doc__.partition("\n\n")[0])
    parser.add_argument("part", choices=("photographs", "mnist", "sanity", "speed"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="folder for figures")
    parser.add_argument("--epochs", type=int, default=5, help="training epochs of the seed network (default: 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads for minicnn and its peers (default: 2)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the speed comparison (default: 3)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = {
        "photographs": lambda: photographs(options.out),
        "mnist": lambda: mnist(options.out, options.epochs),
        "sanity": lambda: sanity(options.out, options.epochs),
        "speed": lambda: speed(options.threads, options.rounds),
    }
    print("| what | value |\n|---|---|")
    for row in rows[options.part]():
        print(f"| {row.what} | {row.value} |", flush=True)
