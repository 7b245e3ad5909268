"""From a subject to the page: sections, one after the other, then templates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

from minicnn.display import tqdm

from . import data as data_section
from . import fooled, journey, layers, network, space, training, why
from .page import Page
from .sprites import Sprites, data_uri, palette, thumbnails
from .subject import Missing, Subject, study

if TYPE_CHECKING:
    from minicnn import History
    from minicnn.data import Dataset

SECTIONS = (network, data_section, training, journey, layers, space, why, fooled)
SCRIPTS = ("core", "network", "training", "journey", "layers", "space", "why", "fooled")
THUMBNAIL = 48  # pixels of a picture in the gallery
FOLDER = "pictures"  # beside the page, where it is not one file


def atlas(
    model: Any,
    data: Dataset,
    path: str | Path,
    *,
    train: Dataset | None = None,
    history: History | None = None,
    title: str | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> Path:
    """Write a page that shows a network: what it is, has learned, and does.

    The page needs no server and no network. The same model, data and seed give the same bytes.

    Args:
        model: a trained network, with its transform.
        data: pictures to test it on. Where their classes are not the network's, what needs labels is left out.
        path: an HTML file, which will hold everything; or a folder (a path without the ending .html) for an
            `index.html` with its pictures beside it, for atlases too large for one file.
        train: the pictures it has learned from, for the section on the data.
        history: what `fit` returned, for the course of the training.
        title: what to call the network; by default the name of its type.
        seed: of all that is random.
        progress: whether to show a bar of the sections; by default in a terminal and in a notebook.

    Returns:
        the page's path, which shows the page in a notebook.

    Raises:
        ValueError: the model has no transform, gives no scores, or the pictures do not fit it.
        OSError: the page cannot be written.
    """
    path = Path(path)
    whole = path.suffix.lower() in (".html", ".htm")
    page = path if whole else path / "index.html"
    subject = study(model, data, train=train, history=history, title=title or type(model).__name__, seed=seed)
    sprites = Sprites()
    sections: dict[str, Any] = {}
    with tqdm(SECTIONS, desc="atlas", unit="section", disable=None if progress is None else not progress) as bar:
        for section in bar:
            name = section.__name__.rpartition(".")[2]
            bar.set_postfix_str(section.TITLE)
            sections[name] = {"title": section.TITLE, "question": section.QUESTION, "missing": None}
            try:
                sections[name] |= section.make(subject, sprites)
            except Missing as reason:
                sections[name]["missing"] = str(reason)
    shown = subject.data.images[subject.gallery]
    sprites.add_pictures("gallery", thumbnails(shown, THUMBNAIL))
    html = render(subject, sections, sprites, whole)
    page.parent.mkdir(parents=True, exist_ok=True)
    if not whole:
        (path / FOLDER).mkdir(exist_ok=True)
        for file, contents in sprites.files.items():
            (path / FOLDER / file).write_bytes(contents)
    page.write_text(html, encoding="utf-8", newline="\n")
    return Page(page)


def render(subject: Subject, sections: dict[str, Any], sprites: Sprites, whole: bool) -> str:
    """The page's text; names that come from the data are escaped, by Jinja in HTML and by `as_json` in the script."""
    sheets = {
        name: sheet | {"src": data_uri(file, sprites.files[file]) if whole else f"{FOLDER}/{file}"}
        for name, sheet in sprites.sheets.items()
        for file in (sheet["src"],)
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("viz.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"percent": "{:.2%}".format, "count": "{:,}".format}
    environment.globals |= {"file": lambda name: Markup(_source(environment, name))}
    return environment.get_template("page.html").render(
        title=subject.title,
        classes=subject.classes,
        labelled=subject.labelled,
        sections=sections,
        pictures=_pictures(subject, subject.chosen),
        sheets=sheets,
        scales={"signed": palette(True), "plain": palette(False)},
        scripts=SCRIPTS,
        data=as_json(
            {
                "classes": subject.classes,
                "labelled": subject.labelled,
                "pictures": _pictures(subject, subject.chosen),
                "gallery": _gallery(subject),
                "size": subject.data.images.shape[2:],
                "sections": {name: section for name, section in sections.items() if section["missing"] is None},
                "sheets": {name: sheet for name, sheet in sheets.items() if "count" in sheet},
            }
        ),
    )


def as_json(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in, nor begin another: no `<`, `>` or `&` is left."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _pictures(subject: Subject, indices: Iterable[Any]) -> list[dict[str, Any]]:
    """What the page says of the chosen pictures."""
    e = subject.evaluation
    places = {int(index): place for place, index in enumerate(subject.gallery)}
    return [
        {
            "place": places[int(i)],
            "name": subject.name_of(i),
            "label": int(e.labels[i]) if subject.labelled else None,
            "predicted": int(e.predictions[i]),
            "guesses": _likeliest(e.probabilities[i]),
        }
        for i in indices
    ]


def _likeliest(probabilities: Any, most: int = 10) -> list[list[float]]:
    order = np.argsort(-probabilities, kind="stable")[:most]
    return [[int(k), round(float(probabilities[k]), 5)] for k in order]


def _gallery(subject: Subject) -> dict[str, Any]:
    """Of every picture that can be shown: its class, what it is taken for, and how surely."""
    e, shown = subject.evaluation, subject.gallery
    sureness = e.probabilities[shown, e.predictions[shown]]
    return {
        "labels": e.labels[shown].tolist() if subject.labelled else None,
        "names": None if subject.labelled else [subject.name_of(i) for i in shown],
        "predictions": e.predictions[shown].tolist(),
        "sureness": [round(float(value), 3) for value in sureness],
        "chosen": {str(places): k for k, places in enumerate(np.searchsorted(shown, subject.chosen).tolist())},
    }
