"""Choosing who may read a statement, and what the page says of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from ledger.http.catalogue import catalogue
from ledger.pages.readers import readers_sentence
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors/web/readers.json").read_text("utf-8")
)
NAMES = {"00000000-0000-4000-8000-00000000000a": "Ada"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["sentence"]))
def test_who_may_read_is_the_same_sentence_on_both_sides(
    library: Browser, case: dict[str, Any]
) -> None:
    asked = case["readBy"], case["readers"], NAMES
    assert readers_sentence(*asked) == case["sentence"]
    found = library.call("readers", "readersSentence", *asked, dict(catalogue()))
    assert found == case["sentence"]


def test_a_statement_for_some_is_not_there_for_others(
    alice: Browser, bob: Browser, open_browser: OpenBrowser
) -> None:
    carol, dan = open_browser(), open_browser()
    carol.register("Carol", "Investor")
    dan.register("Dan", "Investor")
    alice.begin_draft("Between us")
    for role in ("creator", "investor"):
        alice.page.locator(f"#of-{role}").uncheck()
    alice.page.get_by_text("Name people").click()
    alice.page.locator("#at-once").get_by_label("Bob").check()
    alice.page.locator("#threshold").fill("1")
    alice.page.get_by_label("Only I, the people whom the policy names, and auditors").check()
    alice.page.get_by_text("Further readers").click()
    alice.page.locator("#readers-fields").get_by_label("Carol").check()
    alice.button("Check and submit").click()
    sentence = "Read by its creator, the people whom its policy names, “Carol”, and auditors."
    expect(alice.page.locator("#check-readers")).to_have_text(sentence)
    alice.button("Sign and submit").click()
    alice.arrive("**/statements/*-*")
    path = alice.page.url.removeprefix(alice.origin)
    for reader in (alice, bob, carol):
        reader.open(path)
        expect(reader.page.locator("#readers")).to_have_text(sentence)
        reader.open("/statements")
        expect(reader.page.get_by_role("link", name="Between us")).to_be_visible()
    bob.open(path)
    bob.approve()
    dan.expect_problem("404")
    dan.open(path)
    expect(dan.heading("There is nothing here")).to_be_visible()
    dan.open("/statements")
    expect(dan.page.get_by_text("There are no statements yet.")).to_be_visible()
    alice.open(path)
    alice.page.get_by_role("link", name="Draft a new version").click()
    expect(alice.page.locator("#readers-participants")).to_be_checked()
    expect(alice.page.locator("#readers-fields").get_by_label("Carol")).to_be_checked()
    newer = alice.submit()
    carol.open(newer)
    expect(carol.page.locator("#readers")).to_have_text(sentence)


def test_a_statement_is_for_everyone_unless_its_creator_chooses(
    alice: Browser, bob: Browser
) -> None:
    bob.open(alice.draft("For all"))
    expect(bob.page.locator("#readers")).to_have_text("Read by everyone who is signed in.")
