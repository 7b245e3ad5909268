"""A network that is trained in a moment, on images of three classes whose names are what an attacker would choose."""

import contextlib
import html
import json
import os
import re
import shutil

import numpy as np
import pytest

import minicnn as cnn
import viz
from tests.viz.page.driving import DRAWN, WIDE, Engine, settled, until

CLASSES = ("<script>alert(1)</script>", "</script><b>dark & dull</b>", 'stripes\' "quoted"')
SIDE = 12
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def draw(count, classes=CLASSES, seed=0):
    """Bright, dark and striped images; one label in eight is wrong, so that there are mistakes to look at."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 60, (count, 1, SIDE, SIDE))
    images[labels == 0] += 160
    images[labels == 2, :, ::3] += 180
    labels = np.where(rng.random(count) < 1 / 8, (labels + 1) % 3, labels)
    return cnn.data.Dataset(images.astype(np.uint8), labels, classes)


def small_network(classes=3):
    return cnn.Sequential(
        conv1=cnn.Conv2d(1, 4, 3),
        relu1=cnn.ReLU(),
        pool1=cnn.MaxPool2d(2),
        conv2=cnn.Conv2d(4, 5, 3),
        relu2=cnn.ReLU(),
        flatten=cnn.Flatten(),
        fc1=cnn.Dense(45, 8),
        relu3=cnn.ReLU(),
        fc2=cnn.Dense(8, classes),
    )


@pytest.fixture(scope="session")
def browser():
    """A real one, where it and its driver are installed."""
    from playwright import sync_api  # whoever asks for a browser has made sure that it is installed

    if CHROMIUM is None:
        pytest.skip(f"no Chromium was found: none of {', '.join(NAMES)}")
    with sync_api.sync_playwright() as tool:
        running = tool.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def engine(browser):
    """The page's engine without its page."""
    tab = browser.new_page()
    tab.set_default_timeout(120_000)
    yield Engine(tab)
    tab.close()


@pytest.fixture(scope="session")
def test_set():
    return draw(60, seed=1)


@pytest.fixture(scope="session")
def train_set():
    return draw(90)


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """The folder of the snapshots of its training."""
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture(scope="session")
def trained(train_set, test_set, kept):
    """The network and its history."""
    model = small_network().initialize(seed=0)
    history = cnn.fit(
        model,
        train_set,
        valid=test_set,
        epochs=3,
        batch_size=15,
        optimizer=cnn.Adam(0.01),
        seed=0,
        progress=False,
        callbacks=[cnn.Snapshots(kept, first=2)],
    )
    return model, history


@pytest.fixture(scope="session")
def other(trained):
    """A network to compare: of another kind, and untrained."""
    model = cnn.Sequential(
        conv1=cnn.Conv2d(1, 6, 3), relu1=cnn.ReLU(), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(6, 3)
    ).initialize(seed=5)
    model.transform, model.classes = trained[0].transform, trained[0].classes
    return model


@pytest.fixture(scope="session")
def quick():
    """A context in which feature visualizations take few steps: what they look like is not asked here."""
    from viz.page import layers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "STEPS", 3)
        yield patch


@pytest.fixture(scope="session")
def write_page(trained, other, kept, train_set, test_set, quick):
    """Write an atlas with all its sections to a path."""

    def write(path):
        return viz.atlas(
            [trained[0], other],
            test_set,
            path,
            train=train_set,
            history=trained[1],
            snapshots=kept,
            attributes={"<b>row</b>": np.arange(60)},
            title=["<small> & mean", "<i>other</i>"],
            progress=False,
        )

    return write


@pytest.fixture(scope="session")
def page(write_page, tmp_path_factory):
    """The path of an atlas."""
    return write_page(tmp_path_factory.mktemp("atlas") / "atlas.html")


def _data_of(path):
    """What a page's scripts read."""
    text = path.read_text(encoding="utf-8")
    (found,) = re.findall(r'<script type="application/json" id="atlas-data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def _text_of(path):
    """A page's text, without styles, scripts and tags."""
    text = re.sub(r"<(style|script)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


@pytest.fixture(scope="session")
def data_of():
    return _data_of


@pytest.fixture(scope="session")
def text_of():
    return _text_of


@pytest.fixture(scope="session")
def read(page):
    return _data_of(page)


@pytest.fixture(scope="session")
def written(page):
    return _text_of(page)


@pytest.fixture
def classes():
    return CLASSES


@pytest.fixture
def network():
    return small_network()


@pytest.fixture
def few():
    return draw(6)


@pytest.fixture
def strangers():
    """Images of classes that the network does not know."""
    return draw(6, ("bright", "dull", "striped"))


@pytest.fixture
def visit(browser, page):
    """Open the atlas; whatever the browser complains of, or asks of a network, fails the test."""
    complaints = []
    with contextlib.ExitStack() as opened:

        def visit(fragment="", viewport=WIDE, **options):
            context = opened.enter_context(browser.new_context(viewport=viewport, reduced_motion="reduce", **options))
            context.set_default_timeout(120_000)  # a busy machine must not fail the page
            tab = context.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
            tab.on("requestfailed", lambda request: complaints.append(f"failed: {request.url[:80]}"))
            tab.on(
                "request",
                lambda r: r.url.startswith(("file:", "data:", "blob:")) or complaints.append(f"asked for {r.url}"),
            )
            tab.goto(page.as_uri() + fragment)
            settled(tab)
            until(tab, DRAWN)
            return tab

        yield visit
    assert not complaints
