"""The inbox: what waits for a person, what waits for others, and what is finished."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.people import Browser


def listed(browser: Browser, heading: str) -> Locator:
    return browser.page.get_by_role("region", name=heading).get_by_role("rowheader")


def test_the_inbox_says_who_has_to_act_next(alice: Browser, bob: Browser) -> None:
    for title in ("Approved by both", "Waits for Bob", "Withdrawn"):
        alice.open(alice.draft(title))
        if title == "Withdrawn":
            alice.button("Withdraw…").click()
            alice.button("Sign the withdrawal").click()
            expect(alice.heading("Withdrawal signed")).to_be_visible()
        else:
            alice.approve()
    bob.open("/inbox")
    expect(bob.page).to_have_title("(2) Inbox · Ledger")
    bob.page.get_by_role("link", name="Approved by both").click()
    bob.approve()
    bob.open("/inbox")
    expect(bob.page).to_have_title("(1) Inbox · Ledger")
    expect(listed(bob, "Recently finished")).to_contain_text(["Approved by both"])
    expect(listed(bob, "No longer needed")).to_contain_text(["Withdrawn"])
    expect(bob.heading("Waiting for others")).to_be_hidden()
    alice.open("/inbox")
    expect(alice.page).to_have_title("Inbox · Ledger")
    empty = "Nothing is waiting for you. 1 statement of yours is waiting for others."
    expect(alice.page.get_by_text(empty)).to_be_visible()
    expect(listed(alice, "Waiting for others")).to_contain_text(["Waits for Bob"])
    expect(listed(alice, "Recently finished")).to_contain_text(["Withdrawn", "Approved by both"])


def test_the_tab_counts_what_arrives_while_the_inbox_is_open(alice: Browser, bob: Browser) -> None:
    bob.open("/inbox")
    expect(bob.page).to_have_title("Inbox · Ledger")
    draft = alice.draft("Terms")
    expect(bob.page).to_have_title("(1) Inbox · Ledger")
    expect(bob.page.get_by_role("link", name="Inbox 1 waiting for you")).to_be_visible()
    bob.open("/audit")
    expect(bob.page).to_have_title(re.compile(r"^\(1\) "))
    bob.open(draft)
    bob.approve()
    expect(bob.page.get_by_role("link", name="Inbox", exact=True)).to_be_visible()


def test_what_no_longer_needs_a_person_and_what_changed_since_they_signed(
    alice: Browser, bob: Browser
) -> None:
    bob.open(alice.draft("First version"))
    bob.approve()
    alice.page.get_by_role("link", name="Draft a new version").click()
    alice.page.get_by_label("Title").fill("Second version")
    alice.submit()
    bob.open("/inbox")
    row = bob.page.get_by_role("row").filter(has_text="Second version")
    expect(row).to_contain_text("changed since you signed")


def test_several_are_chosen_in_the_inbox_and_reviewed_together(
    alice: Browser, bob: Browser
) -> None:
    for title in ("One", "Two", "Three"):
        alice.draft(title)
    bob.open("/inbox")
    review = bob.button("Review the chosen ones together")
    expect(review).to_be_disabled()
    for title in ("One", "Three"):
        bob.page.get_by_role("checkbox", name=f"Choose “{title}”").check()
    alice.draft("Four")
    bob.button("Show 1 new").click()
    expect(bob.page.get_by_role("rowheader")).to_contain_text(["Four"])
    expect(bob.page.get_by_role("checkbox", name="Choose “Three”")).to_be_checked()
    expect(bob.page.get_by_role("checkbox", name="Choose “Four”")).not_to_be_checked()
    review.click()
    bob.arrive("**/approvals?only=*")
    expect(bob.page.locator("summary h2")).to_have_text(["One", "Three"])
    bob.page.get_by_role("link", name="Show everything that waits for you").click()
    expect(bob.page.locator("summary h2")).to_have_count(4)
