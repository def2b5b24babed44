"""Using an approved statement on its page, and reporting the outcome."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect

from ledger.domain.usable import Usable
from ledger.http.catalogue import catalogue
from ledger.pages.uses import usable_sentence
from tests.browser.people import Browser

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors/web/uses.json").read_text("utf-8")
)
NAMES = {"00000000-0000-4000-8000-00000000000a": "Ada"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["sentence"]))
def test_who_may_use_it_is_the_same_sentence_on_both_sides(
    library: Browser, case: dict[str, Any]
) -> None:
    usable = msgspec.convert(case["usable"], Usable)
    assert usable_sentence(usable, NAMES) == case["sentence"]
    found = library.call("uses", "usableSentence", case["usable"], NAMES, dict(catalogue()))
    assert found == case["sentence"]


def _use(bob: Browser, reference: str = "") -> None:
    bob.button("Use it once…").click()
    if reference:
        bob.page.get_by_label("What it is for (optional)").fill(reference)
    bob.button("Sign the use").click()
    expect(bob.heading("Use signed")).to_be_visible()


def _report(bob: Browser, outcome: str) -> None:
    bob.button("Report the outcome…").click()
    bob.page.locator("#outcome-dialog").get_by_label(outcome, exact=True).check()
    bob.button("Sign the report").click()
    expect(bob.heading("Outcome signed")).to_be_visible()


def test_an_executor_uses_a_statement_and_another_participant_confirms_that_it_was_not_done(
    alice: Browser, bob: Browser
) -> None:
    alice.begin_draft("Pay the bill")
    for role in ("creator", "investor"):
        alice.page.locator(f"#of-{role}").uncheck()
    alice.page.get_by_text("Name people").click()
    alice.page.locator("#at-once").get_by_label("Alice").check()
    alice.page.locator("#threshold").fill("1")
    alice.page.get_by_text("Who may use it once it is approved").click()
    alice.page.locator("#usable-box").get_by_label("Bob").check()
    alice.button("Check and submit").click()
    sentence = "After its approval, “Bob” can use it once."
    expect(alice.page.locator("#check-usable")).to_have_text(sentence)
    alice.button("Sign and submit").click()
    alice.arrive("**/statements/*-*")
    path = alice.page.url.removeprefix(alice.origin)
    bob.open(path)
    expect(bob.button("Use it once…")).to_have_count(0)
    alice.approve()
    bob.open(path)
    expect(bob.page.locator("#usable")).to_have_text(sentence)
    _use(bob, "invoice 17")
    expect(bob.page.locator("#uses")).to_contain_text("0 uses are left.")
    expect(bob.button("Use it once…")).to_have_count(0)
    _report(bob, "Not done")
    alice.open(path)
    expect(alice.page.locator("#uses")).to_contain_text("invoice 17")
    before = alice.assertions
    alice.button("Confirm that it was not done…").click()
    alice.button("Sign the confirmation").click()
    expect(alice.heading("Outcome signed")).to_be_visible()
    assert alice.assertions == before + 1
    expect(alice.page.locator("#uses")).to_contain_text("Not done, as “Alice” confirmed.")
    bob.open(path)
    _use(bob)
    _report(bob, "Done")
    expect(bob.page.locator("#uses")).to_contain_text("Reported as done.")
    alice.open(path)
    alice.page.get_by_role("link", name="Draft a new version").click()
    expect(alice.page.locator("#usable-box").get_by_label("Bob")).to_be_checked()


def test_a_statement_without_executors_offers_no_use(alice: Browser, bob: Browser) -> None:
    bob.open(alice.draft("Terms"))
    expect(bob.page.locator("#uses")).to_have_count(0)
