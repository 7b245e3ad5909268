"""Write a page that shows what a network has learned.

One HTML file, with everything in it: the network and its data, how it learned,
what it confuses, what its layers make of a picture and look for, its feature
space, reasons for its decisions, and how it can be fooled. It is opened from
disk, and sent as it is. A path without .html makes a folder, with the pictures
beside the page.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..message import one_line
from .inputs import DATA_HELP, MODEL_HELP, add_reading, add_threads, load_data, load_model, set_threads

if TYPE_CHECKING:
    from minicnn import History
    from minicnn.data import Dataset

EXAMPLES = """\
examples:
  minicnn atlas runs/demo --data garments
  minicnn atlas runs/mnist-seed --data mnist -o digits.html
  minicnn atlas squeezenet.safetensors --data photos/ -o photos.html"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "--data", metavar="DATA", required=True, help=f"{DATA_HELP}; or a folder of pictures whose classes are unknown"
    )
    parser.add_argument(
        "-o", "--out", metavar="PATH", type=Path, help="an HTML file, or a folder (default: atlas.html in the run's)"
    )
    parser.add_argument("--title", metavar="TEXT", help="what to call the network (default: the file's or run's name)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of all that is random (default: 0)")
    add_reading(parser)
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    set_threads(options)
    model = load_model(options.model)
    place = Path(options.model)
    folder = place if place.is_dir() else place.parent
    train, test = _data(options, model)

    import viz

    title = options.title or (place.resolve().name if place.is_dir() else place.stem)
    path = options.out or (folder if place.is_dir() else Path()) / "atlas.html"
    history = read_history(folder / "log.jsonl")
    print(viz.atlas(model, test, path, train=train, history=history, title=title, seed=options.seed))


def read_history(log: Path) -> History | None:
    """The history that a run has logged; None where there is no log.

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
    """What the network has learned from, if that is known, and what to show it."""
    from minicnn import data

    folder = Path(options.data)
    if options.data in data.NAMES or not folder.is_dir():
        return load_data(options)
    if options.size is None and model.transform is not None:
        options.size = model.transform.crop
    if not any(path.is_dir() and not path.name.startswith(".") for path in folder.iterdir()):
        return None, _unsorted(folder, options.size)
    whole = data.read_folder(folder, size=options.size)
    return load_data(options) if model.classes == tuple(whole.classes) else (None, whole)


def _unsorted(folder: Path, size: Any) -> Dataset:
    """Pictures that lie right in a folder, each under its own name."""
    import numpy as np

    from minicnn.data import DataError, Dataset
    from minicnn.data.picture import SUFFIXES, read_picture

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: expected pictures or folders of pictures, but there are none")
    pictures = [read_picture(path, size, size) for path in paths]
    shapes = {picture.shape[1:] for picture in pictures}
    if len(shapes) > 1:
        raise DataError(f"{folder}: the pictures are of {len(shapes)} sizes; give --size to bring them to one")
    channels = max(map(len, pictures))
    images = np.stack([np.broadcast_to(picture, (channels, *picture.shape[1:])) for picture in pictures])
    return Dataset(images, np.arange(len(paths)), [path.stem for path in paths], paths)
