"""A digest for the ear and for another screen."""

from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.qr_codes import read
from tests.support.spoken import spoken

TITLE = "Series A investment terms"
OPEN = "Compare it by telephone or on another screen"


def test_a_second_screen_shows_what_the_ledger_has_under_the_scanned_digest(
    alice: Browser, bob: Browser, open_browser: OpenBrowser
) -> None:
    fetched: list[str] = []
    alice.page.on("request", lambda request: fetched.append(request.url))
    path = alice.draft(TITLE)
    digest = alice.page.locator("#review").get_attribute("data-sha256") or ""
    # Nobody looked, so the server drew nothing.
    assert not any("/digests/" in url for url in fetched)
    alice.page.get_by_text(OPEN).click()
    code = alice.page.get_by_role("img", name="QR code of the address")
    expect(code).to_be_visible()
    expect(code).to_have_js_property("complete", True)
    assert alice.evaluate("document.querySelector('.qr').naturalWidth") > 0
    words = alice.page.locator("article .spoken")
    expect(words).to_have_text(spoken(digest))
    assert violations(alice) == []
    # A telephone reads the code: the address of this statement by its digest.
    drawn = alice.page.request.get(alice.origin + (code.get_attribute("src") or "")).text()
    scanned = read(drawn)
    assert scanned == f"{alice.origin}/digests/{digest}"
    address = scanned.removeprefix(alice.origin)
    telephone = open_browser(viewport={"width": 320, "height": 640})
    telephone.open(address)
    expect(telephone.page).to_have_url(f"{alice.origin}/signin?next=%2Fdigests%2F{digest}")
    bob.page.set_viewport_size({"width": 320, "height": 640})
    bob.open(address)
    expect(bob.heading("Check on a second screen")).to_be_visible()
    expect(bob.page.locator("#second-screen .spoken")).to_have_text(spoken(digest))
    expect(bob.heading(TITLE)).to_be_visible()
    expect(bob.page.get_by_text("This browser fetched the bytes")).to_be_visible()
    assert violations(bob) == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert bob.evaluate(overflow) <= 0
    # What it shows is the statement itself: it follows the ledger, and can be approved there.
    alice.approve()
    expect(bob.page.locator("#decisions")).to_contain_text("“Alice” (creator) approved")
    bob.approve()
    alice.open(path)
    alice.expect_status("Approved", "Signed by “Alice” and “Bob”; 2 needed.")


def test_a_digest_that_nothing_has_and_a_word_that_is_none_are_not_there(bob: Browser) -> None:
    for name in ("0" * 64, "A" * 64, "nothing"):
        bob.expect_problem("status of 404")
        bob.open(f"/digests/{name}")
        expect(bob.heading("There is nothing here")).to_be_visible()
