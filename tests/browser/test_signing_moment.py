"""Around the moment of signing: what is offered before it, and what is said after it."""

import pytest
from playwright.sync_api import expect

from tests.browser.people import Browser
from tests.support.actor import Actor
from tests.support.server import Server


def test_a_draft_starts_empty_and_is_not_taken_empty(alice: Browser) -> None:
    alice.open("/draft")
    expect(alice.page.get_by_label("Title")).to_have_value("")
    expect(alice.page.get_by_label("Content")).to_have_value("")
    alice.button("Check and submit").click()
    expect(alice.heading("Check these first")).to_be_visible()
    expect(alice.page.locator("#errors li")).to_have_count(2)


@pytest.mark.parametrize("passkey", [False, True], ids=["key", "passkey"])
def test_a_drafter_can_approve_in_the_same_step(alice: Browser, *, passkey: bool) -> None:
    alice.begin_draft()
    if passkey:
        alice.page.get_by_text("More rules").click()
        alice.page.get_by_label("Ask for a passkey at every decision").check()
    alice.button("Check and submit").click()
    alice.button("Submit and approve as the 1st of 2").click()
    alice.arrive("**/statements/*-*")
    expect(alice.page.locator("#decisions li > div > p b")).to_have_text("“Alice”")
    expect(alice.page.locator(".actions-says")).to_contain_text("You approved this.")


def test_submitting_alone_is_not_approving(alice: Browser) -> None:
    alice.begin_draft()
    alice.button("Check and submit").click()
    hint = "Submitting is not approving: your approval is a signature of its own."
    expect(alice.page.get_by_text(hint)).to_be_visible()
    alice.button("Sign and submit").click()
    alice.arrive("**/statements/*-*")
    expect(alice.page.get_by_text("Nobody has signed yet.")).to_be_visible()
    expect(alice.button("Approve and sign")).to_be_enabled()
    alice.open("/inbox")
    expect(alice.page.get_by_text("You have not drafted a statement.")).to_have_count(0)


def test_no_approval_is_offered_to_a_drafter_whom_the_policy_does_not_ask(alice: Browser) -> None:
    alice.begin_draft()
    alice.page.get_by_text("More rules").click()
    alice.page.get_by_label("I may sign it myself").uncheck()
    alice.button("Check and submit").click()
    expect(alice.button("Sign and submit")).to_be_visible()
    expect(alice.page.locator("#own-approval")).to_be_hidden()


def test_the_receipt_stands_where_the_decision_was_and_is_there_after_a_reload(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft("Terms")
    alice.open(path)
    alice.approve()
    bar = alice.page.get_by_role("region", name="Your decision")
    expect(bar.get_by_role("heading", name="Approved and signed")).to_be_focused()
    with alice.page.expect_download() as started:
        bar.get_by_role("link", name="Download receipt").click()
    assert started.value.suggested_filename.endswith(".tlog-proof")
    alice.open(path)
    expect(bar).to_contain_text("You approved this. Waiting for “Bob”.")
    expect(bar.get_by_role("link", name="Receipt of position")).to_be_visible()
    bob.open(path)
    bob.approve()
    expect(bob.page.locator(".actions-says")).to_contain_text("The statement is approved.")


def test_a_rejection_is_told_as_one_and_says_who_can_amend(alice: Browser, bob: Browser) -> None:
    bob.open(alice.draft("Terms"))
    bob.button("Reject…").click()
    bob.reason().fill("The valuation is too low.")
    bob.button("Sign the rejection").click()
    expect(bob.heading("Rejection signed")).to_be_focused()
    assert "approved" not in (bob.page.locator("#receipt").get_attribute("class") or "")
    says = bob.page.locator(".actions-says")
    expect(says).to_contain_text("You rejected this.")
    expect(says).to_contain_text("“Alice” reads your reason, and can draft a new version.")


def test_the_keyboard_reaches_the_decision_in_three_steps(alice: Browser, bob: Browser) -> None:
    bob.open(alice.draft("Terms"))
    expect(bob.button("Approve and sign")).to_be_enabled()
    for key in ("Tab", "Tab", "Enter", "Tab"):
        bob.page.keyboard.press(key)
    expect(bob.page.locator("[data-action=approve]")).to_be_focused()


def test_a_policy_of_many_people_is_folded_on_the_page(alice: Browser, server: Server) -> None:
    names = [f"Person {number}" for number in range(9)]
    for name in names:
        with server.client() as client:
            Actor(client, name, server.origin).register("investor")
    alice.open(alice.draft_for("Terms", *names))
    expect(alice.page.get_by_text("9 members may approve")).to_be_visible()
    expect(alice.page.locator(".slot-name").get_by_text("Person 8")).to_be_hidden()
    alice.page.get_by_text("9 members may approve").click()
    expect(alice.page.locator(".slot-name").get_by_text("Person 8")).to_be_visible()
    # Spoken, a name stands in quotation marks: it says nothing of somebody else's decision.
    spoken = alice.page.locator(".chip .visually-hidden").last
    expect(spoken).to_have_text("no decision yet by “Person 8”")
