"""From a subject to the page: compute each section, then render the templates."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

from minicnn.display import tqdm
from minicnn.training import read_snapshots

from ..plot._canvas import MUTED
from . import compare, film, fooled, journey, layers, network, number, space, training, why
from . import data as data_section
from .names import in_page, visible
from .night import NIGHT
from .page import Page
from .program import as_text
from .scripts import join
from .sprites import PALETTES, Sprites, data_uri, palette, thumbnails
from .subject import Missing, Subject, probability, study

if TYPE_CHECKING:
    from minicnn import History
    from minicnn.data import Dataset
    from minicnn.training import Snapshot

SECTIONS = (journey, number, network, data_section, training, film, layers, space, why, fooled, compare)
SCRIPTS = (
    *("theme", "core", "colors", "live", "sections", "studio", "pad", "network", "data", "training", "film", "journey"),
    *("trace", "number", "layers", "lens", "selection", "scatter", "lasso", "space", "why", "fooled", "compare"),
)
THUMBNAIL = 48  # pixels of an image in the gallery
READ = ("gallery", "followed")  # sheets whose pixels the page reads: browsers allow that only for data URIs
FOLDER = "images"  # next to the page, if the atlas is not one file


def atlas(
    model: Any | Sequence[Any],
    data: Dataset,
    path: str | Path,
    *,
    train: Dataset | None = None,
    history: History | None = None,
    snapshots: str | Path | Sequence[Snapshot] = (),
    attributes: Mapping[str, Any] | None = None,
    title: str | Sequence[str] | None = None,
    seed: int = 0,
    progress: bool | Callable[[str], Any] | None = None,
) -> Path:
    """Write a page that shows what a network is, what it has learned and what it does.

    The page needs no server and no network. The same model, data and seed give the same bytes.

    Args:
        model: a trained network with its transform, or a pair of networks to compare.
        data: test images. If their classes are not the network's, everything that needs labels is left out.
        path: an HTML file that will contain everything, or a folder (a path that does not end in .html), which gets an
            `index.html` and a folder of images: for atlases too large for one file.
        train: the training images, for the section on the data.
        history: what `fit` returned, for the training curves.
        snapshots: those of a `Snapshots` callback, or its folder; the page shows them as a film of the training.
        attributes: for each name one number per test image; they can color the map of the feature space.
        title: the network's name on the page, or both names; by default the name of its class.
        seed: for everything random.
        progress: whether to show a progress bar; by default in a terminal and in a notebook. Or a function that is
            called with the title of each section when it is begun.

    Returns:
        the page's path; in a notebook it displays the page.

    Raises:
        ValueError: the model has no transform, gives no scores, or the images, the attributes, the snapshots or the
            second network do not fit it.
        OSError: the page cannot be written.
    """
    path = Path(path)
    whole = path.suffix.lower() in (".html", ".htm")
    page = path if whole else path / "index.html"
    models = list(model) if isinstance(model, list | tuple) else [model]
    titles = _titles(models, title)
    moments = read_snapshots(snapshots) if isinstance(snapshots, str | Path) else snapshots
    film.check(models[0], moments)
    subject = study(
        models[0],
        data,
        train=train,
        history=history,
        title=titles[0],
        seed=seed,
        snapshots=moments,
        other=(models[1], titles[1]) if len(models) > 1 else None,
        attributes=attributes,
    )
    sprites = Sprites()
    sections: dict[str, Any] = {}
    hidden = None if progress is None else progress is not True
    made = [section for section in SECTIONS if not hasattr(section, "wanted") or section.wanted(subject)]
    with tqdm(made, desc="atlas", unit="section", disable=hidden) as bar:
        for section in bar:
            name = section.__name__.rpartition(".")[2]
            bar.set_postfix_str(section.TITLE)
            if callable(progress):
                progress(section.TITLE)
            short = getattr(section, "SHORT", section.TITLE)  # in the bar
            sections[name] = {"title": section.TITLE, "short": short, "question": section.QUESTION, "missing": None}
            try:
                sections[name] |= section.make(subject, sprites)
            except Missing as reason:
                sections[name]["missing"] = str(reason)
    shown = subject.data.images[subject.gallery]
    sprites.add_images("gallery", thumbnails(shown, THUMBNAIL), lossless=_exact(subject))
    if subject.program and not _exact(subject):
        sprites.add_images("followed", subject.data.images[subject.chosen], lossless=True)
    html = render(subject, sections, sprites, whole)
    page.parent.mkdir(parents=True, exist_ok=True)
    if not whole:
        (path / FOLDER).mkdir(exist_ok=True)
        for file, contents in sprites.files.items():
            (path / FOLDER / file).write_bytes(contents)
    page.write_text(html, encoding="utf-8", newline="\n")
    return Page(page)


def _titles(models: list[Any], title: str | Sequence[str] | None) -> list[str]:
    """A title for each of one or two networks."""
    if not 1 <= len(models) <= 2:
        raise ValueError(f"atlas: expected one network, or two to compare, got {len(models)}")
    if title is None:
        return [type(model).__name__ for model in models] if len(models) == 1 else ["the first", "the second"]
    titles = [title] if isinstance(title, str) else list(title)
    if len(titles) != len(models):
        raise ValueError(f"atlas: expected a title for each of {len(models)} networks, got {titles}")
    return titles


def render(subject: Subject, sections: dict[str, Any], sprites: Sprites, whole: bool) -> str:
    """The page's HTML. Names from the data are escaped: by Jinja in the markup, by `as_json` in the script."""
    sheets = {
        name: sheet | {"src": data_uri(file, sprites.files[file]) if whole or name in READ else f"{FOLDER}/{file}"}
        for name, sheet in sprites.sheets.items()
        for file in (sheet["src"],)
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("viz.page"),
        autoescape=True,
        finalize=in_page,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"percent": share, "count": "{:,}".format}
    program, chosen = subject.program, _chosen(subject)
    scripts = [("engine", join("engine/index.js", "engine"))] if program else []
    scripts += [("", "\n" + _source(environment, f"{name}.js")) for name in SCRIPTS]
    environment.globals |= {"file": lambda name: Markup(_source(environment, name))}
    return environment.get_template("page.html").render(
        title=subject.title,
        classes=subject.classes,
        labeled=subject.labeled,
        sections=sections,
        images=chosen,
        sheets=sheets,
        scales={"signed": palette(True), "plain": palette(False)},
        scripts=[(id, Markup(text)) for id, text in scripts],
        policy=_policy([text for _, text in scripts]),
        night=NIGHT,
        program=program is not None,
        program_missing=subject.program_missing,
        weights=as_text(program.weights(), program.precision) if program else None,
        channels=subject.data.images.shape[1],
        attributes=list(subject.lenses),
        data=as_json(
            {
                "classes": subject.classes,
                "labeled": subject.labeled,
                "images": chosen,
                "gallery": _gallery(subject),
                "size": subject.data.images.shape[2:],
                "channels": subject.data.images.shape[1],
                "background": _background(subject),
                "exact": _exact(subject),
                "program": program.to_dict() if program else None,
                "palettes": PALETTES,
                "classColors": MUTED,
                "sections": {name: section for name, section in sections.items() if section["missing"] is None},
                "sheets": {name: sheet for name, sheet in sheets.items() if "count" in sheet},
            }
        ),
    )


def share(value: float) -> str:
    """A share as a percentage, formatted as `percent` in core.js does: only none is 0%, and only all is 100%."""
    if value in (0, 1):
        return f"{value:.0%}"
    return ">99.9%" if value >= 0.9995 else "<0.1%" if value < 0.0005 else f"{value:.1%}"


def as_json(value: Any) -> Markup:
    """JSON that can neither end its script element nor begin another: it contains no `<`, `>` or `&`.

    Its text contains only visible characters.
    """
    text = json.dumps(visible(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _policy(scripts: list[str]) -> str:
    """What the page may do: run these scripts, show images that it contains or that are in its folder, and no more."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in scripts]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; img-src data: blob: file: 'self'; style-src 'unsafe-inline'; "
        f"script-src {allowed} blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def _exact(subject: Subject) -> bool:
    """Whether the gallery keeps the images at full size, so that the page can run the network on any of them."""
    return max(subject.data.images.shape[2:]) <= THUMBNAIL


def _background(subject: Subject) -> list[int]:
    """The median of the images' corners, for each channel: the color of an empty drawing pad."""
    corners = subject.data.images[subject.gallery][:, :, [0, 0, -1, -1], [0, -1, 0, -1]]
    return [int(value) for value in np.median(corners, axis=(0, 2))]


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _chosen(subject: Subject) -> list[dict[str, Any]]:
    """For each chosen image its place in the gallery, its name and label, and the network's answers."""
    e = subject.evaluation
    places = {int(index): place for place, index in enumerate(subject.gallery)}
    return [
        {
            "place": places[int(i)],
            "name": subject.name_of(i),
            "label": int(e.labels[i]) if subject.labeled else None,
            "predicted": int(e.predictions[i]),
            "guesses": _likeliest(e.probabilities[i]),
        }
        for i in subject.chosen
    ]


def _likeliest(probabilities: Any, most: int = 10) -> list[list[float]]:
    order = np.argsort(-probabilities, kind="stable")[:most]
    return [[int(k), probability(probabilities[k])] for k in order]


def _gallery(subject: Subject) -> dict[str, Any]:
    """For each image in the gallery its label, the predicted class and its probability, and the attributes."""
    e, shown = subject.evaluation, subject.gallery
    sureness = e.probabilities[shown, e.predictions[shown]]
    return {
        "labels": e.labels[shown].tolist() if subject.labeled else None,
        "names": None if subject.labeled else [subject.name_of(i) for i in shown],
        "predictions": e.predictions[shown].tolist(),
        "sureness": [probability(value) for value in sureness],
        "attributes": {name: [float(f"{v:.4g}") for v in values[shown]] for name, values in subject.lenses.items()},
        "chosen": {str(places): k for k, places in enumerate(np.searchsorted(shown, subject.chosen).tolist())},
    }
