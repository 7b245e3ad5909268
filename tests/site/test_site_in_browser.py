"""The site in a real browser: wide and narrow, light and dark, no page is wider than the screen or fails axe."""

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
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES = ("light", "dark")
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


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_no_page_scrolls_sideways_complains_or_violates_axe(browser: Any, site: Path, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    found: dict[str, list[str]] = {}
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    for page in every_page(site):
        tab, complaints = context.new_page(), []
        watch(tab, complaints)
        tab.goto(page.as_uri())
        tab.wait_for_function(TYPESET)
        wider = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        problems = list(complaints)  # before axe, which asks for style sheets that a page from disk may not read
        problems += serious(tab) + ([f"{wider} pixels too wide"] if wider > 0 else [])
        if problems:
            found[page.name] = problems
        tab.close()
    context.close()
    assert not found
