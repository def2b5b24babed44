"""The account page: passkeys as devices, and sessions that their owner can end."""

from playwright.sync_api import Route, expect

from tests.browser.accessible import violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

# An answer from which nobody knows whether the request was recorded.
UNSURE = '{"status":503,"code":"storage_failed","detail":"it may be stored"}'
# What the page tells the browser's password manager, kept over a reload.
SIGNALS = """
for (const signal of ["signalAllAcceptedCredentials", "signalCurrentUserDetails"]) {
    PublicKeyCredential[signal] = async (about) => {
        const told = JSON.parse(sessionStorage.told ?? "[]");
        sessionStorage.told = JSON.stringify([...told, [signal, about]]);
    };
}"""


def test_a_passkey_says_who_keeps_it_since_when_and_hides_its_ids(alice: Browser) -> None:
    alice.open("/account")
    card = alice.page.locator("#passkeys .card")
    expect(card).to_have_count(1)
    expect(card.locator(".card-head")).to_have_text("Passkey")
    expect(card).to_contain_text("Added ")
    expect(card).to_contain_text("Not used since.")
    expect(card).to_contain_text("Not backed up when you added it")
    expect(card.locator("code").first).to_be_hidden()
    card.get_by_text("Ids").click()
    expect(card.locator("code").first).to_have_text(str(card.get_attribute("data-id")))


def test_a_person_ends_another_session_of_theirs_from_the_account_page(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    # The same person on a second browser: a copy of the cookie, and then a sign-in of its own here.
    elsewhere = open_browser(passkeys=False, storage_state=alice.context.storage_state())
    elsewhere.open("/inbox")
    expect(elsewhere.heading("Waiting for you")).to_be_visible()
    alice.context.clear_cookies(name="ledger_session")
    alice.open("/signin?next=/account")
    alice.arrive("**/account")
    expect(alice.page.locator("#sessions .card")).to_have_count(2)
    expect(alice.page.locator("#passkeys .card")).to_contain_text("Last used ")
    current = alice.page.locator("#sessions .card", has=alice.page.get_by_text("This session"))
    expect(current).to_contain_text("Chrome on Linux")
    expect(current.get_by_role("button")).to_have_count(0)
    alice.page.locator("#sessions").get_by_role("button").click()
    expect(alice.page.locator("#sessions .card")).to_have_count(1)
    elsewhere.open("/inbox")
    assert "/signin" in elsewhere.page.url


def test_a_person_renames_a_device_and_goes_back_to_the_name_that_was_found(
    alice: Browser,
) -> None:
    alice.open("/account")
    name = alice.page.locator("#keys .card-head b")
    expect(name).to_have_text("Chrome on Linux")
    for label, shown in (("Laptop at home", "Laptop at home"), ("", "Chrome on Linux")):
        alice.button("Rename").first.click()
        alice.page.get_by_label("Your name for it").fill(label)
        alice.page.keyboard.press("Enter")
        expect(name).to_have_text(shown)


def test_a_key_is_replaced_with_one_prompt_and_the_old_one_ends(alice: Browser) -> None:
    alice.draft("Terms")
    alice.approve()
    alice.open("/account")
    cards = alice.page.locator("#keys .card")
    expect(cards).to_contain_text("Signed 1 decision.")
    old = str(cards.get_attribute("data-kid"))
    before = alice.assertions
    alice.button("Replace").click()
    expect(cards).to_have_count(2)
    assert alice.assertions == before + 1
    here = alice.page.locator("#keys .card:has([data-here]:not([hidden]))")
    expect(here).not_to_have_attribute("data-kid", old)
    expect(alice.page.locator(f'[data-kid="{old}"]')).to_contain_text("Revoked")
    alice.draft("More terms")
    alice.approve()


def test_a_passkey_that_the_ledger_refuses_to_add_is_forgotten_and_the_next_one_is_added(
    alice: Browser,
) -> None:
    alice.expect_problem("status of 422")
    refusal = '{"status":422,"code":"key_known","detail":"the passkey is refused"}'

    def refuse_once(route: Route) -> None:
        alice.page.unroute("**/api/passkeys", refuse_once)
        media = "application/problem+json"
        route.fulfill(status=422, content_type=media, body=refusal)
        alice.touch_security_key(touch=True)

    alice.page.route("**/api/passkeys", refuse_once)
    alice.plug_in_security_key()
    alice.open("/account")
    alice.confirm_with_own_device()
    for tries in (1, 2):
        alice.button("Add a passkey…").click()
        alice.button("Begin").click()
        if tries == 1:
            expect(alice.page.get_by_role("alert")).to_contain_text("refused")
            assert alice.passkeys(on_security_key=True) == 0
    expect(alice.page.locator("#passkeys .card")).to_have_count(2)
    assert alice.passkeys(on_security_key=True) == 1


def test_a_passkey_that_may_be_recorded_is_kept_and_sent_again(alice: Browser) -> None:
    alice.expect_problem("status of 503")

    def lose_the_answer(route: Route) -> None:
        assert route.fetch().status == 201
        route.fulfill(status=503, content_type="application/problem+json", body=UNSURE)

    alice.page.route("**/api/passkeys", lose_the_answer, times=1)
    alice.plug_in_security_key()
    alice.open("/account")
    alice.confirm_with_own_device()
    alice.button("Add a passkey…").click()
    alice.button("Begin").click()
    expect(alice.page.get_by_role("alert")).to_contain_text("may be stored")
    assert alice.passkeys(on_security_key=True) == 1
    asked = alice.assertions
    alice.button("Add a passkey…").click()
    alice.button("Begin").click()
    expect(alice.page.locator("#passkeys .card")).to_have_count(2)
    assert (alice.passkeys(on_security_key=True), alice.assertions) == (1, asked)


def test_the_account_page_breaks_no_accessibility_rule_with_everything_open(
    alice: Browser,
) -> None:
    alice.page.set_viewport_size({"width": 320, "height": 900})
    alice.page.emulate_media(color_scheme="dark")
    alice.open("/account")
    alice.page.locator("#passkeys summary").click()
    assert violations(alice) == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert alice.evaluate(overflow) <= 0


def test_a_telephone_that_the_browser_reaches_by_bluetooth_is_added_and_asked_for_as_one(
    alice: Browser,
) -> None:
    alice.add_passkey("cable")
    options = alice.evaluate(
        """(async () => {
            const headers = { "Content-Type": "application/json" };
            const about = { method: "POST", body: "{}", headers };
            return (await fetch("/api/jwt-keys/options", about)).json();
        })()"""
    )["publicKey"]
    own, telephone = (each["transports"] for each in options["allowCredentials"])
    assert (own, "hybrid" in telephone) == (["internal"], True)
    assert options["hints"][0] == "client-device"
    assert "hybrid" in options["hints"]


def test_a_renamed_passkey_is_told_to_the_password_manager(alice: Browser) -> None:
    alice.page.add_init_script(SIGNALS)
    alice.open("/account")
    card = alice.page.locator("#passkeys .card")
    card.get_by_role("button", name="Rename").click()
    alice.page.get_by_label("Your name for it").fill("Key on my desk")
    alice.page.keyboard.press("Enter")
    expect(card.locator(".card-head")).to_have_text("Key on my desk")
    (accepted, about), (details, person) = alice.evaluate("JSON.parse(sessionStorage.told)")
    assert (accepted, details) == ("signalAllAcceptedCredentials", "signalCurrentUserDetails")
    assert about["allAcceptedCredentialIds"] == [card.get_attribute("data-id")]
    assert (person["name"], person["userId"]) == ("Alice", about["userId"])
