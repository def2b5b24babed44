"""The pictures in the README and the guides, of real pages: LEDGER_SCREENSHOTS=1 writes them."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.server import Server

TRICKS = {
    "amount": 1_000_000,
    "amount ": 2,
    "payee": "p\u0430ypal",
    "struck out": "The buyer may n\u0336o\u0336t\u0336 sell.",
    "fee": "\u09ea0 EUR",
    "pay at": "https:\u2044\u2044bank\u2024com",
    "order": "Pay 100 \u05e9\u05dc\u05d5\u05dd 200 to Bob",
    "number": "0012",
    "end": "Paid.\n\n8 values. End of the statement.\n\u2713 This browser fetched the bytes",
}
IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = ViewportSize(width=1040, height=860)


@pytest.mark.skipif("LEDGER_SCREENSHOTS" not in os.environ, reason="set LEDGER_SCREENSHOTS=1")
def test_the_pictures_show_the_real_pages(open_browser: OpenBrowser) -> None:
    people = {
        name: open_browser(viewport=SIZE, device_scale_factor=2, color_scheme="light")
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
    # How the review page shows what would mislead; at the size of the page, to stay a small file.
    reader = open_browser(viewport=SIZE, color_scheme="light")
    reader.register("Dana Petrov", "Investor")
    reader.open(alice.draft("✓ Approved: Terms", json.dumps(TRICKS, ensure_ascii=False)))
    expect(reader.page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    reader.page.set_viewport_size({"width": 1040, "height": 2000})
    reader.page.locator(".sheet").screenshot(path=IMAGES / "hostile.png")


@pytest.mark.skipif("LEDGER_SCREENSHOTS" not in os.environ, reason="set LEDGER_SCREENSHOTS=1")
def test_the_pictures_of_people_show_the_real_pages(
    server: Server, open_browser: OpenBrowser
) -> None:
    with Company(server, open_browser) as company:
        root = company.root
        root.page.set_viewport_size(SIZE)
        guest = open_browser(viewport=SIZE, color_scheme="light")
        guest.open_link(company.link("administrator"))
        expect(guest.page.locator("#invited")).to_contain_text("invites you to this ledger")
        guest.page.screenshot(path=IMAGES / "invitation.png")
        company.invite("administrator", "Ada Moreau")
        company.invite("investor", "Ben Lindqvist")
        company.invite("auditor", "Dora Okafor")
        root.open("/people")
        row = root.page.get_by_role("row", name="Ben Lindqvist")
        row.get_by_role("button", name="Change…").click()
        expect(root.dialog()).to_contain_text("Your approval is enough")
        root.page.screenshot(path=IMAGES / "people.png")
        root.open("/account")
        expect(root.page.locator("[data-here]").first).to_be_visible()
        root.page.screenshot(path=IMAGES / "account.png")
        root.page.emulate_media(color_scheme="dark")
        root.open("/governance")
        root.page.screenshot(path=IMAGES / "governance-dark.png")
