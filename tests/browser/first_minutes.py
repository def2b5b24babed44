"""How long a newcomer's first approval takes, by mouse, by keyboard and on a phone.

`python -m tests.browser.first_minutes` goes through the journeys of the tutorials in a real
browser, counts what a person does, and writes docs/reference/first-minutes.md.

The seconds are those of the keystroke-level model (Card, Moran and Newell, "The keystroke-level
model for user performance time with interactive systems", Communications of the ACM 23(7), 1980),
with its times for an average typist, and the seconds that the program took, measured. Reading is
not in them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, expect, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.install_browser import find_browser, find_shell
from tests.browser.people import Browser
from tests.support.server import Demo, Server

PAGE = Path(__file__).parents[2] / "docs/reference/first-minutes.md"
Way = Literal["mouse", "keyboard", "phone"]
WAYS: tuple[Way, ...] = ("mouse", "keyboard", "phone")
# Seconds of the model's operators: press a key or button, point, think before an act.
KEY_S, POINT_S, THINK_S = 0.28, 1.1, 1.35
MOST_TABS = 60  # a control that is further away is out of reach


@dataclass
class Hand:
    """A person at a browser, whose acts are counted."""

    browser: Browser
    way: Way
    presses: int = 0
    keys: int = 0
    thoughts: int = 0

    def choose(self, target: Locator) -> None:
        """Press a link or a button."""
        self.thoughts += 1
        expect(target).to_be_enabled()
        if self.way == "keyboard":
            self._reach(target)
            self._press("Enter")
        else:
            self.presses += 1
            (target.tap if self.way == "phone" else target.click)()

    def write(self, target: Locator, text: str) -> None:
        """Type into a field."""
        self.thoughts += 1
        if self.way == "keyboard":
            self._reach(target)
        else:
            self.presses += 1
            (target.tap if self.way == "phone" else target.click)()
        self.browser.page.keyboard.type(text)
        self.keys += len(text)

    def _reach(self, target: Locator) -> None:
        """Move the focus on until it is at the target."""
        for _ in range(MOST_TABS):
            if target.evaluate("each => each === document.activeElement"):
                return
            self._press("Tab")
        raise AssertionError(f"{target} is more than {MOST_TABS} steps away")

    def _press(self, key: str) -> None:
        self.browser.page.keyboard.press(key)
        self.keys += 1

    @property
    def model_s(self) -> float:
        """The seconds of the model for what was done."""
        points = self.presses * (POINT_S + KEY_S)
        return points + self.keys * KEY_S + self.thoughts * THINK_S


def register(hand: Hand, name: str, role: str) -> None:
    """Register from the start page, and leave the recovery codes for later."""
    browser, page = hand.browser, hand.browser.open("/")
    hand.choose(page.get_by_role("link", name=f"Register as {role}"))
    browser.arrive(f"**/register?role={role}")
    hand.write(page.get_by_label("Your name"), name)
    hand.choose(browser.button("Register with a passkey"))
    browser.arrive("**/account/codes?next=*")
    hand.choose(page.get_by_role("link", name="Not now"))
    browser.arrive("**/inbox")


def approve(hand: Hand, title: str) -> None:
    """Open a statement from the inbox and approve it."""
    browser, page = hand.browser, hand.browser.page
    hand.choose(page.get_by_role("link", name=title))
    browser.arrive("**/statements/*-*")
    hand.choose(browser.button("Approve and sign"))
    hand.choose(browser.dialog().get_by_role("button", name="Sign", exact=True))
    expect(page.locator("#progress .badge")).to_have_text("Approved")


def from_a_demonstration(hand: Hand, _: Hand) -> None:
    """`make demo` is running: register, and approve what waits for one more person."""
    register(hand, "Yusuf", "investor")
    approve(hand, "Seed round of Meadow Robotics")


def from_an_empty_ledger(alice: Hand, bob: Hand) -> None:
    """`make run` is running: two people register, one drafts, both approve."""
    register(alice, "Alice", "creator")
    page = alice.browser.page
    alice.choose(page.get_by_role("link", name="New statement").first)
    alice.browser.arrive("**/draft")
    alice.choose(alice.browser.button("Use a sample"))
    alice.choose(alice.browser.button("Check and submit"))
    alice.choose(alice.browser.button("Submit and approve as the 1st of 2"))
    alice.browser.arrive("**/statements/*-*")
    register(bob, "Bob", "investor")
    approve(bob, "Series A investment terms")


Journey = Callable[[Hand, Hand], None]
JOURNEYS: dict[str, tuple[type[Server], Journey]] = {
    "`make demo`": (Demo, from_a_demonstration),
    "`make run`, an empty ledger": (Server, from_an_empty_ledger),
}


def opened(chromium: Chromium, server: Server, way: Way) -> Hand:
    """Return a new person at a browser."""
    phone = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 740}}
    context = chromium.new_context(**(phone if way == "phone" else {}))  # type: ignore[arg-type]  # options by name
    return Hand(Browser(context, server.origin), way)


def row(name: str, way: Way, hands: list[Hand], took_s: float) -> str:
    """Return a row of the table."""
    presses, keys, thoughts = (
        sum(getattr(each, part) for each in hands) for part in ("presses", "keys", "thoughts")
    )
    total = took_s + sum(each.model_s for each in hands)
    return f"| {name} | {way} | {presses} | {keys} | {thoughts} | {took_s:.0f} s | {total:.0f} s |"


def rows(chromium: Chromium) -> list[str]:
    """Go through every journey in every way."""
    found = []
    for name, (kind, journey) in JOURNEYS.items():
        for way in WAYS:
            with TemporaryDirectory(prefix="ledger-minutes-") as directory:
                server = kind(Path(directory) / "data")
                server.start()
                hands = [opened(chromium, server, way) for _ in range(2)]
                begun_s = time.monotonic()
                journey(*hands)
                found.append(row(name, way, hands, time.monotonic() - begun_s))
                for each in hands:
                    each.browser.context.close()
                server.stop()
    return found


def main() -> None:
    """Write the page."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_shell() or find_browser(), args=FLAGS
        )
        table = "\n".join(rows(chromium))
        chromium.close()
    before, mark, rest = PAGE.read_text("utf-8").partition("<!-- begin: table -->\n")
    _, end, after = rest.partition("<!-- end -->")
    head = (
        "| From | By | Presses | Keys | Acts | The program took | In all |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
    )
    PAGE.write_text(f"{before}{mark}{head}{table}\n{end}{after}", "utf-8")


if __name__ == "__main__":
    main()
