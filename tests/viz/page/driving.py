"""How the browser tests look at an atlas, and use it."""

import time

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
    until(tab, "Boolean(live.refreshed()) && live.refreshed().of === atlas.state.picture")


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
