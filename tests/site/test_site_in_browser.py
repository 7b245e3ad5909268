"""The site in a real browser: wide and narrow, light and dark, no page is wider than the screen or fails axe.

Each page is seen twice, wide and narrow, in one theme each, and axe looks at it once; with `--thorough`, it is seen and
examined in all four looks.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is not installed: pip install .[browser]"
)

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium was found: none of {', '.join(NAMES)}"),
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LOOKS = {f"{width}, {theme}": (size, theme) for theme in ("light", "dark")
         for width, size in {"wide": WIDE, "narrow": NARROW}.items()}  # fmt: skip
# The theme tells a moment after the window's size has changed which code blocks the keyboard can scroll.
REACHABLE = "[...document.querySelectorAll('pre')].every(e => e.scrollWidth <= e.clientWidth || e.tabIndex === 0)"
TYPESET = "!document.querySelector('.math') || !!document.querySelector('.MathJax, .MJXc-display, .MathJax_SVG')"


@pytest.fixture(scope="module")
def browser() -> Any:
    with playwright.sync_playwright() as tool:
        running = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def every_page(site: Path) -> list[Path]:
    return [page for page in sorted(site.rglob("*.html")) if not {"_static", "_modules"} & set(page.parts)]


def serious(tab: Any) -> list[str]:
    violations = axe.Axe().run(tab).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in violations if v["impact"] in ("serious", "critical")]


def watch(tab: Any, complaints: list[str]) -> None:
    """Collect errors, requests that fail, and requests that leave the disk; MathJax opens about:blank."""
    ours = ("file:", "data:", "blob:", "about:")
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("requestfailed", lambda r: r.url.startswith("about:") or complaints.append(f"failed: {r.url[-80:]}"))
    tab.on("request", lambda r: r.url.startswith(ours) or complaints.append(r.url[:80]))


@pytest.mark.parametrize("half", [0, 1])  # each may run on a worker of its own
def test_no_page_scrolls_sideways_complains_or_violates_axe(
    browser: Any, site: Path, half: int, pytestconfig: pytest.Config
) -> None:
    """Each page is opened once, and then seen in several looks: to typeset its formulas takes longest."""
    found: dict[str, list[str]] = {}
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    context.set_default_timeout(300_000)  # milliseconds: on a busy machine a page waits for its turn
    pages = every_page(site)
    for number, page in list(enumerate(pages))[half::2]:
        first = number // 2 % len(LOOKS)
        looks = [list(LOOKS)[first], list(LOOKS)[-1 - first]]  # the other width in the other theme
        examined = looks[:1]
        if pytestconfig.getoption("--thorough"):
            looks = examined = list(LOOKS)
        tab, complaints = context.new_page(), []
        watch(tab, complaints)
        tab.goto(page.as_uri())
        tab.wait_for_function(TYPESET)
        problems = complaints.copy()  # before axe, which asks for style sheets that a page from disk may not read
        for look in looks:
            viewport, scheme = LOOKS[look]
            tab.set_viewport_size(viewport)
            tab.emulate_media(color_scheme=scheme)
            tab.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=scheme)
            tab.wait_for_function(REACHABLE)
            wider = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            problems += [f"{look}: {wider} pixels too wide"] if wider > 0 else []
            if look in examined:
                problems += [f"{look}: {violation}" for violation in serious(tab)]
        if problems:
            found[str(page.relative_to(site))] = problems
        tab.close()
    context.close()
    assert len(pages) > 30
    assert not found
