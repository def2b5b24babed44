"""Keys, passkeys, invitations and roles."""

import re
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server


def test_a_revoked_key_signs_nothing_and_the_browser_can_be_set_up_again(alice: Browser) -> None:
    path = alice.draft("Terms")
    alice.approve()
    alice.open("/account")
    expect(alice.page.locator("#keys").get_by_text("This browser", exact=True)).to_be_visible()
    alice.button("Revoke…").click()
    alice.page.get_by_label("Somebody else may have used it").check()
    expect(alice.page.get_by_label("Since when")).to_be_visible()
    alice.page.get_by_label("Somebody else may have used it").uncheck()
    alice.button("Sign the revocation").click()
    expect(alice.page.locator("#keys").get_by_text("Revoked", exact=True)).to_be_visible()
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
    alice.plug_in_security_key()

    def confirming(route: Route) -> None:  # the prompts that follow are for the older passkey
        alice.touch_security_key(touch=False)
        route.continue_()

    alice.page.route("**/api/jwt-keys/options", confirming)
    alice.button("Add a passkey…").click()
    expect(alice.heading("Add a passkey")).to_be_visible()
    alice.button("Begin").click()
    expect(alice.page.locator("#passkeys .card")).to_have_count(2)

    def confirmed(route: Route) -> None:  # from here on she has the security key alone
        alice.lose_device()
        alice.touch_security_key(touch=True)
        route.continue_()

    alice.page.route("**/api/passkeys/*/remove", confirmed)
    remove = alice.page.locator(f'#passkeys [data-action=remove-passkey][data-id="{first}"]')
    remove.click()
    alice.button("Sign the removal").click()
    # It ended the session that it opened.
    alice.expect_problem("401")
    alice.page.wait_for_url("**/signin?next=*account*")
    alice.button("Sign in with a passkey").click()
    alice.page.wait_for_url("**/account")
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
    browser.page.wait_for_url("**/inbox")


def test_a_browser_that_cannot_sign_says_what_it_lacks(open_browser: OpenBrowser) -> None:
    lacking = {
        "delete window.PublicKeyCredential": "lacks passkeys",
        "IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError'); }": (
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


def test_an_administrator_invites_people_and_grants_roles(
    chromium: Chromium, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data", LEDGER_REGISTRATION="invite")
    server.start()
    try:
        people = [Browser(chromium.new_context(), server.origin) for _ in range(3)]
        root, guest, stranger = people
        stranger.open("/register")
        expect(stranger.page.get_by_text("This ledger is by invitation.")).to_be_visible()

        link = re.search(r"http://\S+/register\?invitation=\S+", server.output)
        assert link
        register(root, link[0], "Root")
        root.open("/account")
        root.page.get_by_label("Role").first.select_option("investor")
        root.button("Sign an invitation").click()
        expect(root.heading("Invitation link")).to_be_focused()
        invitation = root.page.locator("[data-link]").inner_text()
        register(guest, invitation, "Guest")

        # Each link is for one person.
        stranger.page.goto(invitation)
        stranger.page.get_by_label("Your name").fill("Second")
        stranger.button("Register with a passkey").click()
        expect(stranger.page.get_by_role("alert")).to_contain_text("not valid any more")

        root.open("/account")
        root.page.get_by_label("Person", exact=True).select_option("Guest (investor)")
        root.page.get_by_label("Role").last.select_option("creator")
        root.button("Sign the grant").click()
        expect(root.page.get_by_label("Person", exact=True)).to_contain_text(
            "Guest (investor, creator)"
        )
        guest.open("/inbox")
        expect(guest.page.get_by_role("link", name="New statement").first).to_be_visible()
        stranger.expect_problem("status of 40")
        assert [person.unexpected() for person in people] == [[], [], []]
        for person in people:
            person.context.close()
    finally:
        server.stop()


def register(browser: Browser, link: str, name: str) -> None:
    browser.page.goto(link)
    browser.page.get_by_label("Your name").fill(name)
    browser.button("Register with a passkey").click()
    browser.page.wait_for_url("**/inbox")
