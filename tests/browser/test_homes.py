"""Where a signing key lives: on this device, or in this session."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser


def place(browser: Browser) -> list[str | None]:
    """Return the ledger and the person of the page that is open."""
    body = browser.page.locator("body")
    return [body.get_attribute("data-ledger"), body.get_attribute("data-user")]


def keys(browser: Browser, ledger_and_user: list[str | None]) -> list[dict[str, Any]]:
    """Return what this browser keeps of a person's keys."""
    found: list[dict[str, Any]] = browser.call("keystore", "keysOf", *ledger_and_user)
    return found


def register_for_session(browser: Browser, name: str) -> None:
    browser.open("/register")
    browser.page.get_by_label("Your name").fill(name)
    browser.page.get_by_label("This session").check()
    browser.button("Register with a passkey").click()
    browser.leave_codes()


def test_a_key_of_this_device_stays_when_its_person_signs_out(alice: Browser) -> None:
    alice.open("/account")
    hers = place(alice)
    expect(alice.page.locator("#keys .card")).to_contain_text("This device.")
    alice.button("Sign out").click()
    alice.arrive(alice.origin + "/")
    (kept,) = keys(alice, hers)
    assert (kept["home"], kept["expiresAt"]) == ("device", None)


def test_a_key_of_this_session_signs_and_is_gone_after_signing_out(
    open_browser: OpenBrowser,
) -> None:
    shared = open_browser()
    register_for_session(shared, "Alice")
    hers = place(shared)
    (kept,) = keys(shared, hers)
    ends = datetime.fromisoformat(kept["expiresAt"])
    assert kept["home"] == "session"
    assert timedelta(hours=11) < ends - datetime.now(UTC) < timedelta(hours=12)
    shared.open(shared.draft("Terms"))
    shared.approve()
    shared.open("/account")
    expect(shared.page.locator("#keys .card")).to_contain_text("This session.")
    shared.button("Sign out").click()
    shared.arrive(shared.origin + "/")
    assert keys(shared, hers) == []


def test_signing_out_in_one_tab_takes_the_key_from_every_other_tab(
    open_browser: OpenBrowser,
) -> None:
    shared = open_browser()
    register_for_session(shared, "Alice")
    shared.open(shared.draft("Terms"))
    expect(shared.button("Approve and sign")).to_be_enabled()
    other = shared.context.new_page()
    other.goto(f"{shared.origin}/account")
    other.get_by_role("button", name="Sign out").click()
    shared.page.wait_for_url("**/signin?next=*")  # drawn or not: its tab is in the background


@pytest.mark.parametrize("left", ["closed", "signed out elsewhere"])
def test_a_session_that_ended_in_another_way_leaves_no_key_either(
    open_browser: OpenBrowser, left: str
) -> None:
    shared = open_browser()
    register_for_session(shared, "Alice")
    hers = place(shared)
    # Closing a browser deletes the cookies that have no end; Playwright cannot close one and keep
    # its profile, so the test deletes the cookie.
    name = "ledger_visit" if left == "closed" else "ledger_session"
    shared.context.clear_cookies(name=name)
    shared.open("/inbox" if left == "closed" else "/register")
    if left == "closed":
        expect(shared.heading("This browser has no signing key")).to_be_visible()
    else:
        expect(shared.button("Register with a passkey")).to_be_enabled()
    assert keys(shared, hers) == []


def test_two_people_on_one_browser_each_sign_with_their_own_key(open_browser: OpenBrowser) -> None:
    shared = open_browser()
    shared.register("Alice", "Creator")
    alices = place(shared)
    shared.open("/account")
    shared.button("Sign out").click()
    shared.arrive(shared.origin + "/")
    register_for_session(shared, "Bob")
    bobs = place(shared)
    (of_alice,), (of_bob,) = keys(shared, alices), keys(shared, bobs)
    assert of_alice["kid"] != of_bob["kid"]
    shared.open("/account")
    here = shared.page.locator(
        "#keys .card", has=shared.page.get_by_text("This browser", exact=True)
    )
    expect(here).to_have_attribute("data-kid", of_bob["kid"])


def test_a_second_tab_that_sets_up_a_key_leaves_the_first_tabs_key_working(alice: Browser) -> None:
    alice.open(alice.draft("Terms"))
    expect(alice.button("Approve and sign")).to_be_enabled()
    (first,) = keys(alice, place(alice))
    alice.evaluate(
        """async ([attestation, api]) => {
            const { attestKey } = await import(attestation);
            const { post } = await import(api);
            const options = await post("/api/jwt-keys/options", {});
            const { ceremony } = options;
            await attestKey(options, "device", (key) => post("/api/jwt-keys", { ceremony, key }));
        }""",
        [alice.module("attestation"), alice.module("api")],
    )
    assert [key["kid"] for key in keys(alice, place(alice))][1:] == [first["kid"]]
    alice.approve()


def test_a_prompt_that_is_cancelled_leaves_no_key(alice: Browser) -> None:
    alice.open("/inbox")
    alice.evaluate(
        """async ([address, ...place]) => {
            const { forget, keysOf } = await import(address);
            for (const key of await keysOf(...place)) await forget(key);
        }""",
        [alice.module("keystore"), *place(alice)],
    )
    alice.open("/inbox")
    alice.refuse_user()
    alice.button("Set up this browser").click()
    expect(alice.page.get_by_role("alert")).to_contain_text("Your device didn't confirm.")
    assert keys(alice, place(alice)) == []
    alice.refuse_user(refuse=False)
    alice.page.get_by_label("This session").check()
    alice.set_up()
    assert [key["home"] for key in keys(alice, place(alice))] == ["session"]


def test_the_next_key_is_offered_before_a_key_ends(alice: Browser) -> None:
    change = """async ([address, days, ...place]) => {
        const { keysOf } = await import(address);
        const [key] = await keysOf(...place);
        const end = new Date(Date.now() + days * 86_400_000).toISOString();
        const opened = indexedDB.open("ledger");
        await new Promise((resolve) => { opened.onsuccess = resolve; });
        const store = opened.result.transaction("keys", "readwrite").objectStore("keys");
        store.put({ ...key, expiresAt: end }, [key.ledger, key.user, key.kid]);
        await new Promise((resolve) => { store.transaction.oncomplete = resolve; });
        opened.result.close();
    }"""
    alice.open("/inbox")
    for days, offered in ((15, False), (13, True)):
        alice.evaluate(change, [alice.module("keystore"), days, *place(alice)])
        alice.open("/inbox")
        expect(alice.heading("Waiting for you")).to_be_visible()
        expect(alice.heading("signing key ends soon")).to_be_visible(visible=offered)
    alice.open(alice.draft("Terms"))  # until then it signs
    alice.set_up()
    newest, _ = keys(alice, place(alice))
    assert newest["expiresAt"] is None


def test_a_device_whose_clock_is_wrong_signs_by_the_ledgers_clock(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser()
    browser.page.add_init_script("{ const now = Date.now; Date.now = () => now() - 3_600_000; }")
    register_for_session(browser, "Alice")
    browser.open(browser.draft("Terms"))
    browser.approve()


def test_the_choice_of_a_home_works_by_keyboard_and_breaks_no_accessibility_rule(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser()
    browser.page.set_viewport_size({"width": 320, "height": 900})
    browser.page.emulate_media(color_scheme="dark")
    browser.open("/register")
    browser.page.get_by_label("This device").focus()
    browser.page.keyboard.press("ArrowDown")
    expect(browser.page.get_by_label("This session")).to_be_checked()
    assert violations(browser) == []
