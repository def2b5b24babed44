"""Keys and passkeys."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser


def test_a_revoked_key_signs_nothing_and_the_browser_can_be_set_up_again(alice: Browser) -> None:
    path = alice.draft("Terms")
    alice.approve()
    alice.open("/account")
    expect(alice.page.locator("#keys").get_by_text("This browser", exact=True)).to_be_visible()
    before = alice.assertions
    alice.end_key()
    assert alice.assertions == before  # it ends itself, without a passkey
    expect(alice.heading("This browser has no signing key")).to_be_visible()
    # Earlier signatures stay, marked with the later revocation of the key.
    alice.open(path)
    expect(alice.page.get_by_text("key revoked later")).to_be_visible()
    alice.set_up()
    alice.open("/account")
    expect(alice.page.locator("#keys .card")).to_have_count(2)
    other = alice.draft("More terms")
    alice.open(other)
    alice.approve()


def test_a_second_passkey_signs_in_after_the_first_is_removed(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    alice.open("/account")
    first = alice.page.locator("#passkeys .card").get_attribute("data-id")
    alice.add_passkey()

    card = alice.page.locator(f'#passkeys .card[data-id="{first}"]')
    card.get_by_role("link", name="End…").click()
    alice.page.get_by_label("Nobody else can have it.").check()
    alice.button("End this passkey").click()
    # It ended the session that it opened, and her password manager was told.
    alice.expect_problem("401")
    # The security key answers the browser's offer at the sign-in.
    expect(alice.page.get_by_text("It opens and confirms nothing any more.")).to_be_visible()
    assert alice.passkeys() == 0
    alice.open("/account")
    expect(alice.page.locator("#passkeys .card")).to_have_count(1)
    expect(alice.page.locator("#setup")).to_be_hidden()  # the key outlives the session


def test_cancelling_the_passkey_prompt_is_not_called_a_failure(open_browser: OpenBrowser) -> None:
    browser = open_browser()
    browser.refuse_user()
    browser.open("/register")
    browser.page.get_by_label("Your name").fill("Dora")
    browser.button("Register with a passkey").click()
    message = browser.page.get_by_role("alert")
    expect(message).to_contain_text("Your device didn't confirm.")
    expect(message).to_contain_text("Nothing was signed.")
    expect(browser.page.locator("#problem .rejected")).to_have_count(0)
    browser.refuse_user(refuse=False)
    browser.button("Register with a passkey").click()
    browser.leave_codes()


def test_a_browser_that_cannot_sign_says_what_it_lacks(open_browser: OpenBrowser) -> None:
    lacking = {
        "delete window.PublicKeyCredential": "lacks passkeys",
        "IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError'); }": (
            "refuses to store a key"
        ),
        # It takes the key, and has nothing when it is read back.
        "IDBObjectStore.prototype.get = function () { return this.count(); }": (
            "refuses to store a key"
        ),
        "SubtleCrypto.prototype.generateKey = async () => { throw new DOMException(); }": (
            "lacks Ed25519 keys"
        ),
    }
    for script, sentence in lacking.items():
        browser = open_browser(passkeys=False)
        browser.page.add_init_script(script)
        browser.open("/register")
        expect(browser.page.get_by_role("alert")).to_contain_text(sentence)
        expect(browser.button("Register with a passkey")).to_be_disabled()


def test_a_name_that_looks_like_somebodys_is_refused_before_a_passkey_is_made(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    mallory = open_browser()
    mallory.expect_problem("409")
    mallory.open("/register")
    mallory.page.get_by_label("Your name").fill("ALlCE")
    mallory.page.get_by_label(re.compile("^Investor")).check()
    mallory.button("Register with a passkey").click()
    alert = mallory.page.get_by_role("alert")
    expect(alert).to_contain_text("looks like the name of somebody here")
    expect(alert).to_contain_text("such as a middle name")
    assert (alice.passkeys(), mallory.passkeys()) == (1, 0)
    # With another name the same page goes on.
    mallory.page.get_by_label("Your name").fill("Alice Moreau")
    mallory.button("Register with a passkey").click()
    mallory.leave_codes()
    assert mallory.passkeys() == 1
