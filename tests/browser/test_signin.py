"""Signing in: the browser's own offer of passkeys, and passkeys that the ledger does not know."""

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

MINUTE_MS = 60_000


@pytest.fixture(scope="package")
def chromium(chromium_with_windows: Chromium) -> Chromium:
    return chromium_with_windows  # the headless shell offers nobody their passkeys


def challenges(browser: Browser) -> list[str]:
    """Return a list that grows with each challenge that the page asks for."""
    asked: list[str] = []
    browser.page.on(
        "request",
        lambda request: (
            asked.append(request.url) if "authenticate/options" in request.url else None
        ),
    )
    return asked


def test_the_offer_of_passkeys_gets_a_new_challenge_before_the_old_one_ends(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser(passkeys=False)  # nothing answers the offer
    asked = challenges(browser)
    browser.page.clock.install()
    with browser.page.expect_response("**/api/authenticate/options"):
        browser.open("/signin")
    expect(browser.page.get_by_label("Pick a passkey")).to_be_visible()
    browser.page.wait_for_timeout(200)
    browser.page.clock.run_for(3 * MINUTE_MS)
    assert len(asked) == 1
    with browser.page.expect_response("**/api/authenticate/options"):
        browser.page.clock.run_for(2 * MINUTE_MS)
    assert len(asked) == 2


def test_passkeys_are_offered_again_after_a_cancelled_prompt(open_browser: OpenBrowser) -> None:
    browser = open_browser()
    browser.open("/signin")
    expect(browser.page.get_by_label("Pick a passkey")).to_be_visible()
    asked = challenges(browser)
    # There is no passkey, so the prompt ends as if the person had cancelled it.
    browser.button("Sign in with a passkey").click()
    expect(browser.page.get_by_role("alert")).to_contain_text("Your device didn't confirm.")
    expect(browser.button("Sign in with a passkey")).to_be_enabled()
    browser.page.wait_for_function("() => performance.getEntriesByType('resource').length > 0")
    assert len(asked) == 2


def test_a_browser_forgets_a_passkey_that_the_ledger_does_not_know(alice: Browser) -> None:
    alice.open("/account")
    alice.button("Sign out").click()
    alice.arrive(alice.origin + "/")
    alice.expect_problem("status of 422")
    said = "This ledger does not know this passkey."
    unknown = f'{{"status":422,"code":"passkey_unknown","sentence":"{said}"}}'
    alice.page.route(
        "**/api/authenticate",
        lambda route: route.fulfill(
            status=422, content_type="application/problem+json", body=unknown
        ),
    )
    assert alice.passkeys() == 1
    alice.open("/signin")  # the authenticator answers the browser's offer
    expect(alice.page.get_by_role("alert")).to_have_text(said)
    assert alice.passkeys() == 0
