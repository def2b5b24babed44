"""Several approvals at once: each statement is opened and checked here, then all are signed."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Route, expect

from tests.browser.accessible import violations
from tests.browser.people import Browser


def item(browser: Browser, title: str) -> Locator:
    return browser.page.locator("section").filter(has=browser.page.get_by_text(title, exact=True))


def choose(browser: Browser, title: str) -> None:
    item(browser, title).locator("summary").first.click()
    box = item(browser, title).get_by_role("checkbox")
    expect(box).to_be_enabled()
    box.check()


def test_each_is_opened_chosen_and_signed_with_one_confirmation(
    alice: Browser, bob: Browser
) -> None:
    alice.draft("First terms")
    alice.draft("Second terms")
    path = alice.draft("Third terms")
    bob.open("/inbox")
    bob.page.get_by_role("link", name="Approve several at once").click()
    expect(bob.heading("Approve several")).to_be_visible()
    expect(bob.button("Choose statements to approve")).to_be_disabled()
    boxes = bob.page.get_by_role("main").get_by_role("checkbox", include_hidden=True)
    assert boxes.count() == 3
    for box in boxes.all():
        assert box.is_disabled()
    choose(bob, "First terms")
    expect(item(bob, "First terms").locator("[data-checked]")).to_contain_text("This browser")
    choose(bob, "Third terms")
    assert violations(bob) == []
    alice.open(path)  # the third one ends before Bob signs it
    alice.button("Withdraw…").click()
    alice.button("Sign the withdrawal").click()
    alice.expect_status("Withdrawn", "Withdrawn by “Alice”. It can no longer be approved.")
    bob.button("Approve and sign 2…").click()
    dialog = bob.dialog()
    expect(dialog).to_contain_text("First terms")
    expect(dialog.locator(".digest")).to_have_count(2)
    assert violations(bob) == []
    dialog.get_by_role("button", name="Sign all of these").click()
    expect(bob.page.locator("#several-done")).to_have_text("1 of 2 approvals are recorded.")
    expect(bob.page.locator("#several-done")).to_be_focused()
    expect(item(bob, "First terms")).to_contain_text("The statement is pending.")
    expect(item(bob, "First terms").get_by_role("link", name="Receipt of position")).to_be_visible()
    expect(item(bob, "Third terms").locator("[id^=result]")).to_contain_text("withdrawn")
    assert violations(bob) == []
    bob.open("/inbox")
    expect(bob.page).to_have_title("(1) Inbox · Ledger")


def test_a_document_with_another_digest_cannot_be_chosen(alice: Browser, bob: Browser) -> None:
    path = alice.draft("Honest terms")

    def tamper(route: Route) -> None:
        document: dict[str, Any] = json.loads(route.fetch().body())
        route.fulfill(json=document | {"title": "Other terms"})

    bob.page.route(f"**/api{path}/document", tamper)
    bob.open("/approvals")
    item(bob, "Honest terms").locator("summary").first.click()
    expect(bob.page.get_by_role("alert").filter(has_text="another digest")).to_be_visible()
    assert bob.page.get_by_role("checkbox").count() == 0


def test_signatures_whose_answer_is_lost_are_sent_as_they_were(
    alice: Browser, bob: Browser
) -> None:
    alice.draft("Terms")
    bodies: list[str] = []

    def lose(route: Route) -> None:
        bodies.append(route.request.post_data or "")
        if len(bodies) > 1:
            route.continue_()
            return
        route.fetch()
        route.abort()

    bob.page.route("**/api/approvals", lose)
    bob.expect_problem("ERR_FAILED")
    bob.open("/approvals")
    choose(bob, "Terms")
    bob.button("Approve and sign 1…").click()
    bob.button("Sign all of these").click()
    bob.button("Send again").click()
    expect(bob.page.locator("#several-done")).to_have_text(re.compile("^1 of 1"))
    assert bodies[0] == bodies[1]
