"""How the browser tests look at an atlas, and use it."""

import base64
import json
import time

import numpy as np

from tests.viz.page.networks import network

WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
# Every canvas in sight has another size than it is born with: nothing will move any more.
DRAWN = (
    "[...document.querySelectorAll('main canvas')].every((c) => !c.offsetParent || c.width !== 300 || c.height !== 150)"
)


def until(tab, expression, given=None, seconds=60):
    """Wait until an expression is true. Playwright's own waiting calls eval, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not tab.evaluate(expression, given):
        assert time.monotonic() < end, f"still not true after {seconds} s: {expression}"
        tab.wait_for_timeout(30)


def seen(tab, selector):
    """What is painted on a canvas."""
    return tab.eval_on_selector(selector, "(canvas) => canvas.toDataURL()")


def until_changed(tab, selector, old):
    """Wait until something else is painted on a canvas than was seen before."""
    until(tab, "([selector, old]) => document.querySelector(selector).toDataURL() !== old", [selector, old])


def choose(tab, place):
    """Choose one of the images to follow, and wait until the page has run the network on it."""
    tab.locator(".picker label").nth(place).click()
    settled(tab)


def settled(tab):
    """Wait until the page has run the network on the last image, not only on one that was drawn before it."""
    until(tab, "!live.busy() && live.refreshed()?.of === atlas.state.image")


def draw(tab):
    """A line on the pad."""
    pad = tab.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=4)
    tab.mouse.up()
    settled(tab)


# JSON, with arrays of float32 as base64: a network's values are millions.
AS_JSON = """
function asJson(answer) {
    return JSON.stringify(answer, (_, v) => v instanceof Float32Array ? { float32: asText(v) } : v);
}
function asText(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength), parts = [];
    for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    return btoa(parts.join(""));
}
"""


class Engine:
    """The page's engine in a tab, with networks that are sent to it once."""

    def __init__(self, tab):
        self.tab, self._programs = tab, {}
        from viz.page.scripts import join  # not above: `conftest.py` imports this file before mistakes are planted

        tab.set_content(f"<script>{join('engine/index.js', 'engine')}{AS_JSON} const networks = {{}};</script>")

    def program(self, name):
        """A network's program, which the tab has."""
        if name not in self._programs:
            model, pixels = network(name)
            from viz.page.program import Program, as_text

            program = self._programs[name] = Program(model, pixels.shape)
            given = {
                "name": name,
                "program": program.to_dict(),
                "weights": as_text(program.weights(), program.precision),
                "pixels": pixels.ravel().tolist(),
            }
            self.tab.evaluate(
                """({ name, program, weights, pixels }) => {
                    const network = engine.load(program, engine.decode(weights, program.precision));
                    networks[name] = { network, pixels, x: engine.toInput(network, pixels) };
                }""",
                given,
            )
        return self._programs[name]

    def ask(self, name, expression, **given):
        """What an expression of `network`, `x`, its image, and `given` evaluates to; tensors come as arrays."""
        self.program(name)
        script = f"([name, given]) => {{ const {{ network, x }} = networks[name]; return asJson({expression}); }}"
        return json.loads(self.tab.evaluate(script, [name, given]), object_hook=_as_array)


def _as_array(entry):
    if "float32" in entry:
        return np.frombuffer(base64.b64decode(entry["float32"]), np.float32)
    return entry["data"].reshape(entry["shape"]) if set(entry) == {"shape", "data"} else entry
