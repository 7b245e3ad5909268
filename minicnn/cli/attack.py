"""Change an image until a network is wrong.

No pixel changes by more than epsilon, a share of the range from black to
white. Draws the image, the change and the changed image, with the network's
verdicts.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..classes import find_class
from .classes import class_names
from .images import read, shown, write
from .inputs import bars
from .network import add_network, load_network
from .notice import compiling

EXAMPLES = """\
examples:
  minicnn attack runs/demo runs/demo/image.png --epsilon 0.1
  minicnn attack runs/demo shirt.png --target Dress --steps 20 -o dress.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("image", metavar="IMAGE", help="a PNG, JPEG or other image")
    parser.add_argument(
        "--method",
        choices=("pgd", "fgsm"),
        default="pgd",
        help="fgsm: one step along the gradient's sign; pgd (the default): many small ones",
    )
    parser.add_argument(
        "--epsilon", metavar="X", type=float, default=0.02, help="from 0 to 1 (default: 0.02, five of 255 levels)"
    )
    parser.add_argument("--steps", metavar="N", type=int, default=10, help="of pgd (default: 10)")
    parser.add_argument(
        "--target", metavar="CLASS", help="the class to arrive at, by number or name (default: any other)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of pgd's first step (default: 0)")
    parser.add_argument("--image-out", metavar="FILE", type=Path, help="where to write the changed image alone")
    parser.add_argument("--picture-out", dest="image_out", type=Path, help=argparse.SUPPRESS)  # its old name
    parser.add_argument(
        "-o", "--out", metavar="FILE", type=Path, default=Path("attack.png"), help="default: attack.png"
    )


def run(options: argparse.Namespace) -> None:
    if not 0 <= options.epsilon <= 1:
        raise ValueError(f"attack: --epsilon is a share of the way from black to white, 0 to 1, got {options.epsilon}")
    model = load_network(options)
    x = read(model, options.image)

    import minicnn
    import viz
    from viz import plot

    from .report import percent

    def passes() -> Any:
        """Each step of an attack runs the network forward and backward."""
        viz.saliency(model, x)
        return minicnn.ops.softmax(model(x))[0][0]

    before = compiling(passes)
    names = class_names(model, len(before))
    label = int(before.argmax()) if options.target is None else find_class(options.target, names)
    low, high = bounds = viz.pixel_bounds(model)
    epsilon, targeted = options.epsilon * (high - low), options.target is not None
    if options.method == "fgsm":
        changed = viz.fgsm(model, x, label, epsilon, targeted=targeted, bounds=bounds)
    else:
        changed = viz.pgd(
            model,
            x,
            label,
            epsilon,
            steps=options.steps,
            targeted=targeted,
            bounds=bounds,
            seed=options.seed,
            progress=bars(),
        )
    after = minicnn.ops.softmax(model(changed))[0][0]
    verdicts = [f"{names[p.argmax()][:20]} ({percent(p.max())})" for p in (before, after)]
    image, fooling = shown(model, x), shown(model, changed)
    plot.attacks(image[None], fooling[None], verdicts[:1], verdicts[1:]).savefig(options.out)
    if options.image_out is not None:
        write(model, changed, options.image_out)
    reached = (after.argmax() == label) if targeted else (after.argmax() != label)
    failed = "" if reached else "\nthe attack failed: give a larger --epsilon"
    print(f"before: {verdicts[0]}\nafter:  {verdicts[1]}{failed}\ndrawn in {options.out}")
