"""A newcomer in a demonstration: from the address that the command prints to a first approval."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Demo

WAITING = [
    "Invoice of Quay Partners",
    "Lease of the office",
    "Seed round of Meadow Robotics",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Demo]:
    """The demonstration, in place of the empty ledger of other tests."""
    running = Demo(tmp_path / "demo")
    running.start()
    yield running
    running.stop()


def opened(newcomer: Browser, title: str) -> Browser:
    """Open a statement from the inbox."""
    newcomer.open("/inbox")
    newcomer.page.get_by_role("link", name=title).click()
    newcomer.arrive("**/statements/*-*")
    return newcomer


def test_a_newcomer_approves_a_first_statement_and_sees_through_a_trap(
    open_browser: OpenBrowser,
) -> None:
    newcomer = open_browser()
    page = newcomer.open("/")
    page.get_by_role("link", name="Register as investor").click()
    newcomer.arrive("**/register?role=investor")
    page.get_by_label("Your name").fill("Yusuf")
    newcomer.button("Register with a passkey").click()
    newcomer.leave_codes()
    for title in WAITING:
        expect(page.get_by_role("link", name=title)).to_be_visible()

    opened(newcomer, "Invoice of Quay Partners")
    expect(newcomer.heading("4 things to look at")).to_be_visible()
    expect(page.locator("#content .mark").first).to_be_visible()

    opened(newcomer, "Seed round of Meadow Robotics")
    newcomer.expect_status(
        "Pending",
        "Signed by “Pia”; 2 needed. Waiting for any 1 of: “Ravi”, “Sofia”, “Yusuf”.",
    )
    newcomer.approve()
    newcomer.expect_status("Approved", "Signed by “Pia” and “Yusuf”; 2 needed.")

    opened(newcomer, "Lease of the office")
    newcomer.approve()
    newcomer.expect_status("Approved", "Signed by “Ravi” and “Yusuf”; 2 needed.")
