"""A ledger over HTTPS of its own, in a real browser: passkeys, cookies and the event stream."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.browser.people import Browser
from tests.support.check import check_ledger
from tests.support.secure_server import SecureServer

TITLE = "Series A investment terms"


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[SecureServer]:
    running = SecureServer(tmp_path / "data")
    running.start()
    yield running
    check_ledger(running)
    running.stop()
    assert "Traceback" not in running.output, running.output


def test_people_register_sign_in_approve_and_see_it_live_over_https(
    secure: SecureServer, chromium: Chromium
) -> None:
    # Each certificate of these tests vouches for itself, which no browser trusts.
    contexts = [chromium.new_context(ignore_https_errors=True) for _ in range(2)]
    alice, bob = (Browser(each, secure.origin) for each in contexts)
    alice.register("Alice", "Creator")
    bob.register("Bob", "Investor")
    assert alice.evaluate("[isSecureContext, location.protocol]") == [True, "https:"]
    kept = {each["name"]: each for each in contexts[0].cookies()}
    session = kept["__Host-ledger_session"]
    assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Strict")

    # Alice signs out and in again, with her passkey.
    alice.open("/account")
    alice.button("Sign out").click()
    alice.arrive(f"{secure.origin}/")
    signed_out = alice.assertions
    alice.open("/signin")  # the authenticator answers the browser's offer
    alice.arrive("**/inbox")
    assert alice.assertions == signed_out + 1

    # Bob's inbox shows her draft, and her page his approval, without a reload.
    expect(bob.page.get_by_text("Nothing is waiting for you.")).to_be_visible()
    path = alice.draft(TITLE)
    alice.approve()
    expect(bob.page.get_by_role("link", name=TITLE)).to_be_visible()
    bob.open(path)
    bob.approve()
    alice.expect_status("Approved", "Signed by “Alice” and “Bob”; 2 needed.")

    for browser in (alice, bob):
        assert browser.unexpected() == []
        browser.context.close()
