"""A synced signing key: every browser with the passkey opens it, and nobody else."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.browser.test_homes import keys, place

ABOUT = {"ledger": "ledger.example/1", "user": "u", "kid": "k"}
WRAP_AND_OPEN = """async ([address, about, otherwise, change]) => {
    const { wrap, unwrap } = await import(address);
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    const secret = new Uint8Array(32).fill(7);
    let wrapped = await wrap(secret, pair.privateKey, about);
    if (change !== null) {
        const at = change % wrapped.length;
        wrapped = wrapped.slice(0, at) + (wrapped[at] === "A" ? "B" : "A") + wrapped.slice(at + 1);
    }
    const used = otherwise.secret ? new Uint8Array(32).fill(otherwise.secret) : secret;
    try {
        const key = await unwrap(used, wrapped, { ...about, ...otherwise.about });
        const text = new Uint8Array([1, 2, 3]);
        const signature = await crypto.subtle.sign("Ed25519", key, text);
        const holds = await crypto.subtle.verify("Ed25519", pair.publicKey, signature, text);
        return `${wrapped.length} ${key.extractable} ${holds}`;
    } catch (error) { return error.message; }
}"""


def register_synced(browser: Browser, name: str) -> None:
    browser.open("/register")
    browser.page.get_by_label("Your name").fill(name)
    browser.page.get_by_label("Synced").check()
    browser.button("Register with a passkey").click()


def empty(browser: Browser) -> None:
    """Delete every key of this browser, as if it were another one with the same passkey."""
    browser.evaluate(
        """async ([address, ...place]) => {
            const { forget, keysOf } = await import(address);
            for (const key of await keysOf(...place)) await forget(key);
        }""",
        [browser.module("keystore"), *place(browser)],
    )


def test_another_browser_with_the_passkey_opens_the_synced_key_and_signs(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser(prf=True)
    register_synced(browser, "Alice")
    browser.leave_codes()
    (first,) = keys(browser, place(browser))
    path = browser.draft("Terms")
    empty(browser)
    browser.open("/inbox")
    browser.button("Open my synced key").click()
    expect(browser.page.locator("#setup")).to_be_hidden()
    (opened,) = keys(browser, place(browser))
    assert (opened["home"], opened["kid"]) == ("synced", first["kid"])
    browser.open(path)
    browser.approve()
    browser.open("/account")
    expect(browser.page.locator("#keys .card")).to_have_count(1)
    expect(browser.page.locator("#keys .card")).to_contain_text("Synced.")
    # The passkey's secret went nowhere, and the private key only wrapped.
    assert not [body for body in browser.bodies if "clientExtensionResults" in body]
    assert not [body for body in browser.bodies if '"d"' in body]


def test_a_revoked_synced_key_is_brought_to_no_browser(open_browser: OpenBrowser) -> None:
    browser = open_browser(prf=True)
    register_synced(browser, "Alice")
    browser.leave_codes()
    assert len(browser.evaluate("fetch('/api/wrapped-keys').then((a) => a.json())")["items"]) == 1
    browser.end_key()
    expect(browser.heading("This browser has no signing key")).to_be_visible()
    expect(browser.button("Open my synced key")).to_be_hidden()
    assert browser.evaluate("fetch('/api/wrapped-keys').then((a) => a.json())") == {"items": []}


def test_a_passkey_without_a_secret_says_so_and_another_home_still_works(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser(prf=False)
    register_synced(browser, "Alice")
    expect(browser.page.get_by_role("alert")).to_contain_text("gives no secret")
    assert not [body for body in browser.bodies if "possession" in body]
    browser.page.get_by_label("This device").check()
    browser.button("Register with a passkey").click()
    browser.leave_codes()
    assert [key["home"] for key in keys(browser, place(browser))] == ["device"]


def test_a_browser_that_cannot_ask_for_a_secret_is_not_offered_a_synced_key(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser()
    browser.page.add_init_script(
        "PublicKeyCredential.getClientCapabilities = async () => ({ 'extension:prf': false });"
    )
    browser.open("/register")
    expect(browser.button("Register with a passkey")).to_be_enabled()
    expect(browser.page.get_by_label("Synced")).to_be_hidden()


def test_a_wrapped_key_opens_as_one_that_cannot_be_exported(library: Browser) -> None:
    arguments = [library.module("synced"), ABOUT, {}, None]
    assert library.evaluate(WRAP_AND_OPEN, arguments) == "182 false true"


@pytest.mark.parametrize(
    ("otherwise", "change"),
    [
        ({"secret": 8}, None),
        ({"about": {"ledger": "ledger.example/2"}}, None),
        ({"about": {"user": "v"}}, None),
        ({"about": {"kid": "l"}}, None),
        *(({}, at) for at in (0, 40, 79, 100, 181)),
    ],
)
def test_a_wrapped_key_opens_for_nobody_and_nothing_else(
    library: Browser, otherwise: dict[str, Any], change: int | None
) -> None:
    arguments = [library.module("synced"), ABOUT, otherwise, change]
    expected = "The synced key does not open with this passkey. Set up a new key."
    assert library.evaluate(WRAP_AND_OPEN, arguments) == expected
