"""A long statement: the HTML has its first part and says so, the browser shows and signs all."""

import json

from playwright.sync_api import expect

from ledger.pages.shown_part import MOST_CHARS, MOST_VALUES
from projections.decisions import MOST_JWS_CHARS
from tests.browser.accessible import violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.browser.test_approvals import choose, item

MANY = {f"clause {at}": f"text {at}" for at in range(600)} | {"last": "z" * MOST_CHARS}


def test_who_reads_without_scripts_is_told_what_the_page_leaves_out(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    path = alice.draft("Terms", json.dumps(MANY))
    state = alice.context.storage_state()
    reader = open_browser(passkeys=False, java_script_enabled=False, storage_state=state)
    reader.open(path)
    page = reader.page
    expect(page.locator("#content dt")).to_have_count(MOST_VALUES - 1)
    expect(page.locator("#content > .empty")).to_have_text("102 more members are not shown here")
    expect(page.locator("#values")).to_have_text(
        "The first 499 of 601 values. This is not the whole statement: "
        "a browser with scripts shows all of it. The whole document"
    )
    expect(page.locator("#bytes .empty")).to_contain_text("more characters are not shown here")
    with page.expect_response("**/document") as answer:
        page.get_by_role("link", name="The whole document").click()
    assert json.loads(answer.value.json()["content"]) == MANY


def test_a_browser_shows_all_of_it_before_it_signs(alice: Browser, bob: Browser) -> None:
    path = alice.draft("Terms", json.dumps(MANY))
    bob.open(path)
    page = bob.page
    expect(page.locator("#values")).to_have_text("601 values. End of the statement.")
    expect(page.locator("#content dt")).to_have_count(601)
    expect(page.locator("#content dd").last).to_have_text("z" * MOST_CHARS)
    expect(page.locator("#content .empty")).to_have_count(0)
    expect(page.locator("#bytes .empty")).to_have_count(0)
    assert len(page.locator("#bytes").text_content() or "") > MOST_CHARS + 600 * 10
    bob.approve()


def test_an_approval_of_a_long_statement_is_verified_over_the_document(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft("Terms", json.dumps({"text": "z" * MOST_JWS_CHARS}))
    bob.open(path)
    bob.approve()
    alice.open(path)
    decision = alice.page.locator("#decisions li")
    expect(decision.locator("[data-verified]")).to_have_text("verified here")
    assert ".." in (decision.get_attribute("data-jws") or "")
    bob.button("Take it back…").click()  # at a later time than the approval says
    bob.dialog().get_by_role("button").first.click()
    expect(bob.page.locator("#decisions li[data-decision=retraction]")).to_be_visible()


def test_several_are_shown_as_a_whole_once_opened_and_a_large_one_stops_no_small_one(
    alice: Browser, bob: Browser
) -> None:
    alice.draft("Too large", json.dumps({"a": "b" * 260_000}))
    alice.draft("Long", json.dumps(MANY))
    alice.draft("Short", '{"amount": 1}')
    bob.open("/approvals")
    apart = bob.page.locator("section").filter(has_text="To review by itself")
    expect(apart.get_by_role("listitem")).to_have_text(["Too large is too large for this page."])
    choose(bob, "Long")
    choose(bob, "Short")
    expect(item(bob, "Short").locator("[data-values]")).to_have_text(
        "1 value. End of the statement."
    )
    expect(item(bob, "Long").locator("[data-values]")).to_have_text(
        "601 values. End of the statement."
    )
    assert violations(bob) == []
    bob.button("Approve and sign 2…").click()
    bob.button("Sign all of these").click()
    expect(bob.page.locator("#several-done")).to_have_text("2 of 2 approvals are recorded.")
