"""What makes a page usable for everybody: axe's rules, the width of a telephone, the dark."""

from collections.abc import Iterator
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.people import Browser

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
# The dark changes colours and nothing else, so that one width is enough.
VIEWS: tuple[tuple[Scheme, int], ...] = (("light", 320), ("light", 1280), ("dark", 320))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = """async (rules) => {
    const { passes, violations } = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
    if (passes.length < 10) throw new Error("axe did not look at the page");
    return violations;
}"""
DOUBLED_IDS = """() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def each_view(browser: Browser) -> Iterator[str]:
    """Show the page narrow and wide in the light, and narrow in the dark; yield the view's name."""
    for scheme, width in VIEWS:
        browser.page.emulate_media(color_scheme=scheme)
        browser.page.set_viewport_size({"width": width, "height": 900})
        yield f"{scheme} {width}"


def violations(browser: Browser) -> list[str]:
    """Return what axe finds on the page, as `rule: element`, and ids that occur twice."""
    if browser.evaluate("typeof axe") == "undefined":
        browser.page.evaluate(AXE_SCRIPT)
    found = browser.evaluate(AXE, RULES)
    doubled = [f"twice: {each}" for each in browser.evaluate(DOUBLED_IDS)]
    return doubled + [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def faults(browser: Browser, where: str) -> list[str]:
    """Return the page's violations, and whether it scrolls sideways; each begins with `where`."""
    sideways = ["scrolls sideways"] if browser.evaluate(OVERFLOW) > 0 else []
    return [f"{where}: {each}" for each in sideways + violations(browser)]
