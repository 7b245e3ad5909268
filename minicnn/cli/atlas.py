"""Write a page that shows what a network has learned.

One HTML file that contains everything: the network and its data, how it
learned, what it confuses, what its layers respond to, its feature space,
explanations of its decisions, and how it can be fooled. Open it from disk, or
send it to somebody. A path without .html makes a folder with the page and its
images. If the run has snapshots (see `minicnn train --help`), the page shows
its training as a film.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..message import one_line
from .inputs import DATA_HELP, SNAPSHOTS, add_reading, load_data, load_model
from .network import add_network, load_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from minicnn import History
    from minicnn.data import Dataset
    from minicnn.training import Snapshot

EXAMPLES = """\
examples:
  minicnn atlas runs/demo --data garments
  minicnn atlas runs/mnist-seed --data mnist -o digits.html
  minicnn atlas runs/flipped --data cifar10 --against runs/plain -o both.html
  minicnn atlas squeezenet.safetensors --data photos/ -o photos.html
  minicnn atlas squeezenet1_1 --weights squeezenet1_1.safetensors \\
      --classes imagenet.txt --data photos/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument(
        "--data", metavar="DATA", required=True, help=f"{DATA_HELP}; or a folder of images whose classes are unknown"
    )
    parser.add_argument(
        "-o", "--out", metavar="PATH", type=Path, help="an HTML file, or a folder (default: atlas.html in the run's)"
    )
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="a second network for the same images and classes, to compare; a run or file",
    )
    parser.add_argument("--title", metavar="TEXT", help="what to call the network (default: the file's or run's name)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of all that is random (default: 0)")
    add_reading(parser)


def run(options: argparse.Namespace) -> None:
    model = load_network(options)
    place = Path(options.model)
    folder = place if place.is_dir() else place.parent
    train, test = _data(options, model)

    import viz
    from minicnn import compiling

    title = options.title or (place.resolve().name if place.is_dir() else place.stem)
    path = options.out or (folder if place.is_dir() else Path()) / "atlas.html"
    networks, titles = [model], [title]
    if options.against is not None:
        networks.append(load_model(options.against))
        titles.append(_distinct(Path(options.against), title))
    with compiling.shown():
        page = viz.atlas(
            networks,
            test,
            path,
            train=train,
            history=read_history(folder / "log.jsonl"),
            snapshots=_snapshots(folder, model),
            title=titles,
            seed=options.seed,
            progress=section_lines(),
        )
    print(page)


def _distinct(place: Path, title: str) -> str:
    """The title of the second network: its run or file, with its folder if that alone would equal the first's title."""
    own = place.resolve().name if place.is_dir() else place.stem
    return own if own != title else f"{place.resolve().parent.name}/{own}"


def _snapshots(folder: Path, model: Any) -> list[Snapshot]:
    """The snapshots of a run; none, and a line on stderr, if the model is not the last of them."""
    import numpy as np

    from minicnn.training import read_snapshots

    found = read_snapshots(folder / SNAPSHOTS)
    if not found:
        return []
    last, state = found[-1].model.state(), model.state()
    if last.keys() == state.keys() and all(np.array_equal(last[name], state[name]) for name in state):
        return found
    print(f"{folder / SNAPSHOTS}: these snapshots are of another run; they are left out", file=sys.stderr)
    return []


def section_lines() -> Callable[[str], None] | None:
    """A function that announces each section on stderr; None if a terminal can show a bar."""
    if sys.stderr.isatty():
        return None
    return lambda title: print(f"atlas: {title} …", file=sys.stderr, flush=True)


def read_history(log: Path) -> History | None:
    """The history logged by a run; None if there is no log.

    Raises:
        ValueError: the log is broken.
    """
    from minicnn import History

    if not log.exists():
        return None
    try:
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        before = {key: value for key, value in lines[0].items() if key != "epoch"} if lines[0]["epoch"] == 0 else None
        return History.from_dict({"before": before, "epochs": lines[before is not None :], "steps": []})
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"{log}: expected the log of a run ({one_line(error)}); remove it to do without") from error


def _data(options: argparse.Namespace, model: Any) -> tuple[Dataset | None, Dataset]:
    """The network's training set, if known, and the images to show."""
    from minicnn import data

    folder = Path(options.data)
    if options.data in data.NAMES or not folder.is_dir():  # a name is the data set, as in `train`: "./mnist" is not
        return load_data(options)
    if options.size is None and model.transform is not None:
        options.size = model.transform.crop
    if not any(path.is_dir() and not path.name.startswith(".") for path in folder.iterdir()):
        return None, _unsorted(folder, options.size)
    whole = data.read_folder(folder, size=options.size)
    return load_data(options) if model.classes == tuple(whole.classes) else (None, whole)


def _unsorted(folder: Path, size: Any) -> Dataset:
    """Images directly in a folder, each as a class with its own name."""
    import numpy as np

    from minicnn.data import DataError, Dataset
    from minicnn.data.image import SUFFIXES, read_image

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: expected images or folders of images, but there are none")
    read = [read_image(path, size, size) for path in paths]
    shapes = {image.shape[1:] for image in read}
    if len(shapes) > 1:
        raise DataError(f"{folder}: the images are of {len(shapes)} sizes; give --size to bring them to one")
    channels = max(map(len, read))
    images = np.stack([np.broadcast_to(image, (channels, *image.shape[1:])) for image in read])
    return Dataset(images, np.arange(len(paths)), [path.stem for path in paths], paths)
