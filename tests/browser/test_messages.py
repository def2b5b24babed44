"""The page of one's own messages: an address is verified, times are chosen, feeds are made."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import each_view, faults
from tests.browser.people import Browser
from tests.support.actor import Actor
from tests.support.post_office import PostOffice, text_of
from tests.support.server import Server


@pytest.fixture
def office() -> Iterator[PostOffice]:
    found = PostOffice()
    yield found
    found.close()


@pytest.fixture
def server(tmp_path: Path, office: PostOffice) -> Iterator[Server]:
    """A server whose mail goes to the office."""
    running = Server(tmp_path / "data", **office.settings)
    running.start()
    yield running
    running.stop()


def test_a_person_verifies_an_address_chooses_times_and_makes_feeds(
    alice: Browser, office: PostOffice
) -> None:
    page = alice.page
    alice.open("/account")
    page.get_by_role("link", name="Messages").click()
    page.get_by_label("Your mail address").fill("alice@example.com")
    alice.button("Send a code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    letter = office.wait_for(lambda each: each["To"] == "alice@example.com")
    (code,) = re.findall(r"\d{8}", text_of(letter))
    page.get_by_label("Code", exact=True).fill(code)
    alice.button("Verify").click()
    expect(page.locator("main")).to_contain_text("alice@example.com verified")
    page.get_by_label("When mail comes").select_option("daily")
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("Quiet to").fill("07:00")
    page.get_by_label("Time zone").fill("UTC")
    with page.expect_navigation():  # the page shows itself anew
        alice.button("Keep").click()
    alice.open("/messages")
    expect(page.get_by_label("When mail comes")).to_have_value("daily")
    expect(page.get_by_label("Quiet to")).to_have_value("07:00")
    alice.button("Make addresses").click()
    expect(page.locator("#once")).to_contain_text("/inbox.atom")
    found: list[str] = []
    for view in each_view(alice):
        found += faults(alice, view)
    assert found == []


RECORDS = """() => {
    window.notified = [];
    window.Notification = class {
        constructor(words, options) { window.notified.push([words, options.tag]); }
        static permission = "granted";
        static requestPermission = async () => "granted";
    };
    Object.defineProperty(document, "hidden", { get: () => window.away === true });
}"""


UNTIL = "async () => {{ while (!({0})) await new Promise((go) => setTimeout(go, 20)); }}"


def test_a_hidden_tab_tells_of_a_statement_that_waits_once_it_is_asked_to(
    alice: Browser, bob: Browser, server: Server
) -> None:
    page = bob.page
    page.add_init_script(f"({RECORDS})()")
    bob.open("/messages")
    bob.button("Show notifications").click()
    expect(page.get_by_role("button", name="Show no notifications")).to_be_visible()
    with page.expect_request("**/api/stream"):  # this page has no other stream
        bob.open("/account")
    page.evaluate("window.away = true")
    with server.client() as client:
        drafter = Actor(client, "Dora", server.origin).register("creator")
        drafter.draft(title="A secret merger", policy={"threshold": 1, "of": ["role:investor"]})
    page.evaluate(UNTIL.format("window.notified.length === 1"))
    assert page.evaluate("window.notified") == [["A statement waits for your decision", "inbox"]]
    bob.open("/messages")
    bob.button("Show no notifications").click()
    expect(page.get_by_role("button", name="Show notifications")).to_be_visible()
