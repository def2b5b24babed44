"""The story that the ledger exists for: three people approve one million dollars."""

import json
import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server

TITLE = "Series A investment terms"


def members(value: object) -> set[str]:
    """Return the names of all members of a JSON value, and of the JSON texts inside it."""
    if isinstance(value, dict):
        return set(value).union(*(members(member) for member in value.values()))
    if isinstance(value, list):
        return set().union(*(members(member) for member in value))
    if isinstance(value, str) and value.startswith("{"):
        return members(json.loads(value))
    return set()


def expect_approved(path: str, *people: Browser) -> None:
    """Open the statement with each browser: approved by all three, with its key still there."""
    for person in people:
        person.open(path)
        person.expect_status("Approved", "Signed by “Alice”, “Bob” and “Carol”; 2 needed.")
        verified = person.page.locator("#decisions .verified", has_text="verified here")
        expect(verified).to_have_count(3)
        expect(person.page.locator("#setup")).to_be_hidden()


def expect_no_private_key_sent(*people: Browser) -> None:
    """Look for the members of private keys in every body that the browsers sent."""
    sent = [json.loads(body) for person in people for body in person.bodies]
    assert sent
    assert members(sent).isdisjoint({"d", "k", "priv", "clientExtensionResults"})


def test_three_people_approve_a_million_dollars_and_a_power_cut_changes_nothing(
    server: Server, open_browser: OpenBrowser
) -> None:
    people = alice, bob, carol = open_browser(), open_browser(), open_browser()
    alice.register("Alice", "Creator")
    bob.register("Bob", "Investor")
    carol.register("Carol", "Investor")
    assert [person.assertions for person in people] == [1, 1, 1]  # one attestation each

    # Bob has his inbox open; nothing waits for him.
    expect(bob.page.get_by_text("Nothing is waiting for you.")).to_be_visible()

    # Alice drafts the sample terms: 1,000,000 USD, two people needed.
    alice.begin_draft()
    assert '"amount": 1000000' in alice.page.get_by_label("Content").input_value()
    path = alice.submit()
    waiting = "Signed by nobody yet; 2 needed. Waiting for any 2 of: “Alice”, “Bob”, “Carol”."
    alice.expect_status("Pending", waiting)
    expect(alice.page.locator("#content .number").first).to_have_text("1000000")

    # It appears before Bob without a reload.
    appeared = bob.page.get_by_role("link", name=TITLE)
    expect(appeared).to_be_visible()

    # Alice signs: 1 of 2, still pending.
    alice.approve()
    waiting = "Signed by “Alice”; 2 needed. Waiting for any 1 of: “Bob”, “Carol”."
    alice.expect_status("Pending", waiting)

    # Bob reviews and signs: approved. Alice's page follows by itself.
    appeared.click()
    effect = "Yours is the last one needed: the statement becomes approved at once."
    expect(bob.page.get_by_text(effect).first).to_be_visible()
    bob.approve()
    bob.expect_status("Approved", "Signed by “Alice” and “Bob”; 2 needed.")
    alice.expect_status("Approved", "Signed by “Alice” and “Bob”; 2 needed.")
    expect(alice.page).to_have_title(re.compile("^✓ Approved"))

    # Carol signs afterwards: three signatures, still approved.
    carol.open(path)
    carol.approve()
    expect_approved(path, *people)

    # Since they registered, no passkey was asked for.
    assert [person.assertions for person in people] == [1, 1, 1]

    for person in people:
        person.open("/signin?next=/inbox")
        person.page.goto("about:blank")
    server.kill()
    server.start()
    expect_approved(path, *people)
    # They can go on signing with the same keys.
    bob_again = alice.draft("After the power cut")
    bob.open(bob_again)
    bob.approve()
    assert [person.assertions for person in people] == [1, 1, 1]

    expect_no_private_key_sent(*people)


def test_the_private_key_cannot_be_read_out_of_the_browser(open_browser: OpenBrowser) -> None:
    alice = open_browser()
    alice.register("Alice", "Creator")
    found = alice.evaluate(
        """async ([address, ledger, user]) => {
            const { keysOf } = await import(address);
            const [{ privateKey }] = await keysOf(ledger, user);
            const refusals = [];
            for (const format of ["jwk", "pkcs8", "raw"]) {
                try { await crypto.subtle.exportKey(format, privateKey); }
                catch (error) { refusals.push(error.name); }
            }
            return { extractable: privateKey.extractable, type: privateKey.type, refusals };
        }""",
        [
            alice.module("keystore"),
            alice.page.locator("body").get_attribute("data-ledger"),
            alice.page.locator("body").get_attribute("data-user"),
        ],
    )
    assert found["extractable"] is False
    assert found["type"] == "private"
    assert len(found["refusals"]) == 3
