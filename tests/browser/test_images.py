"""The pictures in the README and the guides, of real pages: LEDGER_SCREENSHOTS=1 writes them."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser

IMAGES = Path(__file__).parents[2] / "docs" / "images"


@pytest.mark.skipif("LEDGER_SCREENSHOTS" not in os.environ, reason="set LEDGER_SCREENSHOTS=1")
def test_the_pictures_show_the_real_pages(open_browser: OpenBrowser) -> None:
    size = {"width": 1040, "height": 860}
    people = {
        name: open_browser(viewport=size, device_scale_factor=2, color_scheme="light")
        for name in ("Alice Moreau", "Bob Lindqvist", "Carol Okafor")
    }
    alice, bob, carol = people.values()
    for name, browser in people.items():
        browser.register(name, "Creator" if browser is alice else "Investor")

    def picture(name: str, *, full: bool = False) -> None:
        IMAGES.mkdir(exist_ok=True)
        bob.page.screenshot(path=IMAGES / f"{name}.png", full_page=full)

    bob.open("/account")
    bob.button("Add from another device…").click()
    expect(bob.page.locator("#link-title")).to_be_focused()
    bob.page.locator("#passkeys-title").scroll_into_view_if_needed()
    picture("add-a-device")
    alice.draft("Office lease in Rotterdam", '{"rent": 42000, "currency": "EUR"}')
    path = alice.draft("Series A investment terms")
    alice.approve()
    bob.open("/inbox")
    expect(bob.page.locator("#list tbody tr")).to_have_count(2)
    picture("inbox")
    bob.open(path)
    expect(bob.page.locator("#decisions .verified", has_text="verified here")).to_have_count(1)
    expect(bob.button("Approve and sign")).to_be_enabled()
    picture("review")
    bob.button("Approve and sign").click()
    picture("sign")
    bob.dialog().get_by_role("button", name="Sign", exact=True).click()
    expect(bob.heading("Approved and signed")).to_be_visible()
    carol.open(path)
    carol.approve()
    bob.open(path)
    bob.expect_status(
        "Approved", "Signed by “Alice Moreau”, “Bob Lindqvist” and “Carol Okafor”; 2 needed."
    )
    expect(bob.page.locator("#decisions .verified", has_text="verified here")).to_have_count(3)
    picture("statement")
    bob.page.emulate_media(color_scheme="dark")
    picture("statement-dark")
    bob.page.emulate_media(color_scheme="light")
    bob.page.set_viewport_size({"width": 390, "height": 844})
    picture("statement-phone")
