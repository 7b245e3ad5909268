"""Learn ten kinds of clothing, and show what was learned.

Draws the data set `garments`, trains the seed network on it (two convolutions,
two dense layers), and reports how well it knows each class and what it
confuses. Needs no internet and no files, and takes less than a minute; the
first time up to two, while the engine is compiled for this processor. The
folder of the run then holds

  model.safetensors   the trained network
  log.jsonl           a line of JSON for each epoch, from epoch 0: untrained
  curves.png          loss and accuracy, epoch by epoch
  confusion.png       which classes are taken for which
  classes.png         the accuracy of each class
  filters.png         what the first convolution looks for
  feature_maps.png    what both convolutions make of one image
  mistakes.png        the surest mistakes
  snapshots/          the network at moments of its training
  image.png           a garment, to try `minicnn predict` on
  atlas.html          all of it and more, on a page to open and explore
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from .inputs import SNAPSHOTS, add_threads, set_threads

EXAMPLES = """\
example:
  minicnn demo
  minicnn predict runs/demo runs/demo/image.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--epochs", metavar="N", type=int, default=5, help="default: 5")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of all that is random (default: 0)")
    out = Path("runs/demo")
    parser.add_argument("--out", metavar="DIR", type=Path, default=out, help=f"the run's folder (default: {out})")
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    import minicnn as cnn
    import viz
    from minicnn import compiling

    from .atlas import section_lines
    from .figures import write_insight, write_run
    from .learning import learn
    from .report import data_line, results

    folder = options.out
    set_threads(options)
    train, test = cnn.data.load("garments")
    print(f"{data_line('garments', train, test)}\n", flush=True)
    model = cnn.zoo.build("seed", seed=options.seed)
    print(f"{cnn.summary(model, train.images.shape[1:])}\n", flush=True)
    history, evaluation = learn(
        model,
        train,
        test,
        folder,
        quiet=False,
        optimizer={"name": "adam", "lr": 0.004},
        snapshots=True,
        schedule=cnn.schedules.OneCycle(),
        epochs=options.epochs,
        batch_size=32,
        seed=options.seed,
    )
    print(f"\n{results(evaluation)}\n", flush=True)
    images = [*write_run(folder, history, evaluation), *write_insight(folder, model, test, evaluation)]
    names = ["model.safetensors", "log.jsonl", SNAPSHOTS, *(path.name for path in images)]
    print(textwrap.fill(f"in {folder}: {', '.join(names)}", 80, break_on_hyphens=False, break_long_words=False))
    print(f"try: minicnn predict {folder} {images[-1]}\n", flush=True)
    title = "Ten kinds of clothing"
    with compiling.shown():
        page = viz.atlas(
            model,
            test,
            folder / "atlas.html",
            train=train,
            history=history,
            snapshots=folder / SNAPSHOTS,
            title=title,
            seed=options.seed,
            progress=section_lines(),
        )
    print(f"all that it has learned, on one page: {page}")
