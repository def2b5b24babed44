"""A device is added from another one, by a link, a code on both, and an approval."""

import re
from urllib.parse import unquote

from playwright.sync_api import Route, expect

from tests.browser.accessible import violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.browser.test_devices import UNSURE
from tests.support.qr_codes import read

OPEN = "Add from another device…"
MAKE = "Make a passkey on this device"


def open_link(browser: Browser) -> str:
    """Open a link on the account page; return it, as a telephone reads it from the code."""
    browser.open("/account")
    browser.button(OPEN).click()
    expect(browser.page.locator("#link-title")).to_be_focused()
    code = browser.page.get_by_role("img", name="QR code of the address below")
    drawn = unquote((code.get_attribute("src") or "").removeprefix("data:image/svg+xml,"))
    link = read(drawn)
    expect(browser.page.locator("#link-address")).to_have_text(link)
    assert re.fullmatch(re.escape(browser.origin) + "/device#[A-Za-z0-9_-]{22}", link)
    return link


def test_a_telephone_is_added_by_its_own_passkey_after_both_devices_showed_one_code(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    telephone = open_browser(viewport={"width": 320, "height": 640})
    telephone.lose_device()
    telephone.plug_in_security_key()  # another authenticator than the laptop's
    elsewhere = open_browser(passkeys=False, storage_state=alice.context.storage_state())
    before = alice.assertions
    link = open_link(alice)
    assert alice.assertions == before + 1
    assert violations(alice) == []
    telephone.open_link(link)
    expect(telephone.page.locator("#offer")).to_contain_text("for the account of Alice")
    assert violations(telephone) == []
    telephone.button(MAKE).click()
    expect(telephone.heading("Compare this code")).to_be_focused()
    shown = telephone.page.locator(".match-code").inner_text()
    assert re.fullmatch("[0-9]{3} [0-9]{3}", shown)
    expect(alice.page.locator(".match-code")).to_have_text(shown)
    expect(alice.page.locator("#link")).to_contain_text("Chrome on Linux")
    assert violations(alice) == violations(telephone) == []
    expect(alice.page.locator("#passkeys .card")).to_have_count(1)
    alice.button("The codes are the same: add it").click()
    expect(alice.page.locator("#passkeys .card")).to_have_count(2)
    assert alice.assertions == before + 2
    expect(telephone.heading("This device is added")).to_be_focused()
    telephone.page.get_by_role("link", name="Sign in").last.click()
    telephone.button("Sign in with a passkey").click()
    telephone.arrive(f"{telephone.origin}/account")
    telephone.set_up()
    telephone.draft("Terms from the telephone")
    # A browser that had no part in it says so; the two that had do not.
    elsewhere.open("/inbox")
    expect(elsewhere.page.locator("#news")).to_contain_text(
        "New passkey, added with Chrome on Linux"
    )
    alice.open("/inbox")
    expect(alice.page.locator("#news [data-reference^=passkey]")).to_have_count(0)


def test_a_server_that_is_away_for_a_moment_loses_no_passkey(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    telephone = open_browser()
    link = open_link(alice)
    telephone.open_link(link)
    # The page has looked at the link by now: a later answer is the one to lose.
    expect(telephone.button(MAKE)).to_be_visible()
    telephone.expect_problem("status of 503")
    alice.expect_problem("status of 503")
    seen: list[str] = []

    def away_once(route: Route) -> None:
        path = route.request.url
        if path in seen:
            route.continue_()
        else:
            seen.append(path)
            route.fulfill(status=503, content_type="application/problem+json", body=UNSURE)

    telephone.page.route("**/api/device-links/*", away_once)
    alice.page.route("**/api/device-links", away_once)
    telephone.button(MAKE).click()
    expect(telephone.page.get_by_role("alert")).to_contain_text("may be stored")
    telephone.button(MAKE).click()
    expect(telephone.heading("Compare this code")).to_be_visible()
    code = telephone.page.locator(".match-code").inner_text()
    expect(alice.page.locator(".match-code")).to_have_text(code)
    alice.button("The codes are the same: add it").click()
    expect(alice.page.locator("#passkeys .card")).to_have_count(2)
    expect(telephone.heading("This device is added")).to_be_focused()
    assert telephone.passkeys() == 1
    assert {each.rpartition("/")[2] for each in seen} == {"offer", "device-links", "look"}


def test_a_thief_with_the_link_shows_another_code_and_is_not_added(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    link = open_link(alice)
    thief, telephone = open_browser(), open_browser()
    thief.open_link(link)
    thief.button(MAKE).click()
    expect(thief.heading("Compare this code")).to_be_visible()
    telephone.open_link(link)
    expect(telephone.heading("This link is over")).to_be_visible()
    expect(telephone.page.locator("#over")).to_contain_text("Another device used this link.")
    assert telephone.passkeys() == 0
    expect(alice.button("The codes are the same: add it")).to_be_visible()
    alice.button("The codes differ").click()
    expect(alice.page.locator("#link [data-over]")).to_contain_text("so nothing was added")
    expect(thief.page.locator("#over")).to_contain_text("The codes differed")
    alice.open("/account")
    expect(alice.page.locator("#passkeys .card")).to_have_count(1)
    # The next link is the telephone's own; the one before and one that was cancelled are over.
    newer = open_link(alice)
    telephone.open_link(newer)
    expect(telephone.button(MAKE)).to_be_visible()
    alice.button("Cancel").click()
    expect(alice.page.locator("#link [data-over]")).to_have_text(
        "The link was cancelled. Nothing was added."
    )
    telephone.expect_problem("status of 40[49]")
    telephone.button(MAKE).click()
    expect(telephone.page.locator("#problem")).to_contain_text("This link was cancelled.")
    telephone.open_link(link)
    expect(telephone.page.locator("#problem")).to_contain_text("This link does not work")
