"""The README's images of atlases: `python -m benchmarks screenshots` makes the pages and photographs them.

Makes an atlas of the demo's network, and of SqueezeNet on photographs if MINICNN_DATA is set and the weights lie
next to that folder; then opens each in Chromium. Pages that exist in `--pages` are photographed as they are. Needs
the extra `browser`.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

import minicnn as cnn
from minicnn.cli import main as command

LARGEST = 300_000  # bytes of an image
WIDE, PHONE = (1180, 860), (390, 844)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@dataclass(frozen=True)
class Shot:
    """A view of a page: its section, and what is selected there."""

    name: str
    page: str
    section: str
    chosen: str = ""
    theme: str = "light"
    size: tuple[int, int] = WIDE
    below: int = 0  # pixels to scroll past the section's beginning


SHOTS = (
    Shot("atlas-journey", "demo", "main", "image=5"),
    Shot("atlas-number", "demo", "number", "image=5&layer=conv2&channel=7&spot=4-5", below=8),
    Shot("atlas-film", "demo", "film", "moment=9", "dark", below=8),
    Shot("atlas-training", "demo", "training", below=520),
    Shot("atlas-fooled", "demo", "fooled", "image=3&eps=8"),
    Shot("atlas-phone", "demo", "why", "image=4", "dark", PHONE, below=560),
    Shot("atlas-space", "demo", "space", "image=point&point=120&lens=attribute:brightness", below=540),
    Shot("atlas-layers", "squeezenet", "layers", "layer=features.7", "dark", below=8),
    Shot("atlas-why", "squeezenet", "why", "image=1", "dark", below=275),
)


def make_pages(folder: Path) -> None:
    """Make the pages that do not exist yet, if their data exist."""
    folder.mkdir(parents=True, exist_ok=True)
    demo, squeezenet = (folder / f"{name}.html" for name in ("demo", "squeezenet"))
    if not demo.exists():
        _run("demo", "--out", folder / "runs/demo")
        (folder / "runs/demo/atlas.html").replace(demo)
    if "MINICNN_DATA" not in os.environ:
        print("MINICNN_DATA is not set; skipping the atlas of SqueezeNet")
        return
    data = Path(os.environ["MINICNN_DATA"])
    weights = data.resolve().parent / "models"
    if weights.is_dir() and not squeezenet.exists():
        model = cnn.zoo.build("squeezenet1_1", weights=weights / "squeezenet1_1.safetensors")
        model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, scale=1, channels="BGR", size=224, crop=224)
        lines = (weights / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines()
        model.classes = tuple(line.partition(",")[2].partition(",")[0] for line in lines)
        cnn.save(model, folder / "squeezenet.safetensors")
        photographs = data / "images"
        _run(
            "atlas", folder / "squeezenet.safetensors", "--data", photographs, "-o", squeezenet, "--title", "SqueezeNet"
        )


def photograph(pages: Path, out: Path) -> None:
    """Every shot whose page exists, as WebP."""
    from playwright.sync_api import sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    names = ("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=next(filter(None, map(shutil.which, names)), None), args=FLAGS)
        for shot in SHOTS:
            page = pages / f"{shot.page}.html"
            if not page.exists():
                continue
            width, height = shot.size
            tab = browser.new_page(
                viewport={"width": width, "height": height},
                device_scale_factor=1.5,
                color_scheme=shot.theme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            tab.set_default_timeout(300_000)  # a busy machine is not the page's fault
            tab.goto(f"{page.resolve().as_uri()}#{shot.chosen}")
            while not tab.evaluate("!live.available || Boolean(live.refreshed())"):
                tab.wait_for_timeout(100)
            if shot.section != "main":
                tab.evaluate(f"document.getElementById('{shot.section}').scrollIntoView(); scrollBy(0, {shot.below})")
            tab.wait_for_timeout(1500)  # the bar marks the visible section, and the worker answers
            _write(tab.screenshot(), out / f"{shot.name}.webp")
            tab.close()
        browser.close()


def _write(png: bytes, path: Path) -> None:
    """The best quality that fits into `LARGEST` bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (92, 85, 75, 60):
        image.save(path, "WebP", quality=quality, method=6)
        if path.stat().st_size < LARGEST:
            break
    print(f"{path}: {image.width}×{image.height}, {path.stat().st_size / 1000:.0f} kB")


def _run(*arguments: object) -> None:
    if command([str(argument) for argument in arguments]):
        raise SystemExit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks screenshots",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="default: docs/images")
    parser.add_argument(
        "--pages", type=Path, help="folder for the pages; pages that are already there are used as they are"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        pages = options.pages or Path(temporary)
        make_pages(pages)
        photograph(pages, options.out)
