"""Reviewing, deciding, and everything that has to make signing impossible."""

import json
import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

TITLE = "Series A investment terms"
REASON = "The amount is not what we agreed to."


def test_a_server_that_swaps_the_document_cannot_get_a_signature(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft(TITLE)
    sent: list[str] = []

    def swap(route: Route) -> None:
        original = route.fetch().body()
        route.fulfill(
            body=original.replace(b"1000000", b"9000000"), content_type="application/json"
        )

    bob.page.route("**/document", swap)
    bob.page.on(
        "request", lambda request: sent.append(request.url) if request.method == "POST" else None
    )
    bob.open(path)
    expect(bob.heading("Do not sign: this is not the statement it claims to be")).to_be_visible()
    expect(bob.page.locator("#content")).to_be_hidden()
    expect(bob.button("Approve and sign")).to_be_disabled()
    expect(bob.button("Reject…")).to_be_disabled()
    # Not even a click that goes around the button's state signs anything.
    bob.page.locator("[data-action=approve]").dispatch_event("click")
    expect(bob.dialog()).to_have_count(0)
    assert sent == []


def test_a_server_that_swaps_document_and_digest_shows_what_would_be_signed(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft(TITLE)
    other = alice.draft("Another statement", '{"amount":9000000}').rpartition("/")[2]
    shown = path.rpartition("/")[2]

    def swap(route: Route) -> None:
        answer = route.fetch(url=route.request.url.replace(shown, other))
        body = answer.text().replace(f'data-id="{other}"', f'data-id="{shown}"')
        route.fulfill(response=answer, body=body)

    bob.page.route(re.compile(shown), swap)
    bob.open(path)
    # The digest fits the bytes, but the bytes say whose they are.
    expect(bob.page.get_by_text("another statement's")).to_be_visible()
    expect(bob.button("Approve and sign")).to_be_disabled()


def test_an_approval_is_taken_back_and_given_again(alice: Browser, bob: Browser) -> None:
    path = alice.draft_for(TITLE, "Alice", "Bob")
    bob.open(path)
    bob.approve()
    alice.expect_status("Pending", "Signed by “Bob”; 2 needed. Waiting for “Alice”.")
    bob.button("Take it back…").click()
    expect(bob.dialog()).to_contain_text("you can approve again while the statement is pending")
    bob.dialog().get_by_label("Reason").fill("Approved by mistake.")
    bob.button("Sign the retraction").click()
    expect(bob.heading("Approval taken back")).to_be_visible()
    bob.expect_status("Pending", "Signed by nobody yet; 2 needed. Waiting for “Alice” and “Bob”.")
    decisions = bob.page.locator("#decisions > ol > li")
    expect(decisions.nth(0)).to_contain_text("Taken back later: it does not count.")
    expect(decisions.nth(1)).to_contain_text(
        "“Bob” (investor) took the approval back verified here"
    )
    expect(decisions.nth(1).locator("blockquote")).to_have_text("Approved by mistake.")
    bob.approve()
    alice.approve()
    alice.expect_status("Approved", "Signed by “Bob” and “Alice”; 2 needed.")
    expect(bob.button("Take it back…")).to_have_count(0)


def test_a_rejection_ends_what_can_no_longer_be_approved(alice: Browser, bob: Browser) -> None:
    path = alice.draft_for(TITLE, "Alice", "Bob")
    bob.open(path)
    bob.button("Reject…").click()
    expect(bob.dialog()).to_contain_text("Without you the policy cannot be met")
    bob.reason().fill("No.")
    bob.button("Sign the rejection").click()
    expect(bob.dialog()).to_be_visible()  # a reason has at least ten characters
    bob.reason().fill(REASON)
    bob.button("Sign the rejection").click()
    expect(bob.heading("Rejection signed")).to_be_visible()
    bob.expect_status("Rejected", "Rejected by “Bob”. It can no longer be approved.")
    expect(bob.page.locator("#decisions blockquote")).to_have_text(REASON)
    alice.expect_status("Rejected", "Rejected by “Bob”. It can no longer be approved.")
    expect(alice.button("Approve and sign")).to_have_count(0)
    # A new version starts from this one.
    alice.page.get_by_role("link", name="Draft a new version").click()
    expect(alice.heading(f"New version of “{TITLE}”")).to_be_visible()
    newer = alice.submit()
    alice.open(path)
    expect(alice.page.get_by_text("Version 1 of 2")).to_be_visible()
    alice.open(newer)
    expect(alice.page.get_by_text("A new version of statement")).to_be_visible()


def test_who_rejected_may_still_approve_while_others_can_decide(
    alice: Browser, bob: Browser, open_browser: OpenBrowser
) -> None:
    carol = open_browser()
    carol.register("Carol", "Investor")
    path = alice.draft(TITLE)
    bob.open(path)
    bob.button("Reject…").click()
    expect(bob.dialog()).to_contain_text("your rejection is recorded but does not end it")
    bob.reason().fill(REASON)
    bob.button("Sign the rejection").click()
    expect(bob.heading("Rejection signed")).to_be_visible()
    expect(bob.page.locator("#progress .badge")).to_have_text("Pending")
    bob.button("Approve instead…").click()
    bob.dialog().get_by_role("button", name="Sign", exact=True).click()
    expect(bob.heading("Approved and signed")).to_be_visible()
    alice.approve()
    alice.expect_status("Approved", "Signed by “Bob” and “Alice”; 2 needed.")
    expect(alice.page.locator("#decisions .verified", has_text="verified here")).to_have_count(3)


def test_its_creator_withdraws_a_pending_statement(alice: Browser, bob: Browser) -> None:
    path = alice.draft(TITLE)
    bob.open(path)
    expect(bob.button("Withdraw…")).to_have_count(0)
    alice.button("Withdraw…").click()
    alice.button("Sign the withdrawal").click()
    expect(alice.heading("Withdrawal signed")).to_be_visible()
    bob.expect_status("Withdrawn", "Withdrawn by “Alice”. It can no longer be approved.")
    expect(bob.button("Approve and sign")).to_have_count(0)
    expect(bob.page.locator("#receipt")).to_be_hidden()


def test_a_browser_without_a_key_is_set_up_with_one_tap(alice: Browser) -> None:
    path = alice.draft(TITLE)
    alice.evaluate("indexedDB.deleteDatabase('ledger')")
    alice.open(path)
    expect(alice.heading("This browser has no signing key")).to_be_visible()
    expect(alice.button("Approve and sign")).to_be_disabled()
    before = alice.assertions
    alice.set_up()
    assert alice.assertions == before + 1
    alice.approve()
    assert alice.assertions == before + 1


def test_a_key_that_was_revoked_meanwhile_is_replaced_and_the_page_says_so(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft(TITLE)
    bob.open(path)
    elsewhere = bob.context.new_page()
    elsewhere.goto(f"{bob.origin}/account")
    elsewhere.locator("#keys").get_by_role("link", name="End…").click()
    elsewhere.get_by_label("Nobody else can have it.").check()
    # The key stays in this browser, as it would after a revocation on another device.
    elsewhere.evaluate("window.indexedDB.deleteDatabase = () => {}")
    kept = bob.call("keystore", "keysOf", *ledger_and_user(bob))
    elsewhere.get_by_role("button", name="End this key").click()
    expect(elsewhere.get_by_text("It signs nothing any more.")).to_be_visible()
    elsewhere.close()
    assert len(kept) == 1
    bob.expect_problem("status of 422")
    bob.button("Approve and sign").click()
    bob.dialog().get_by_role("button", name="Sign", exact=True).click()
    expect(bob.page.get_by_role("alert")).to_contain_text("signing key is no longer accepted")
    bob.set_up()
    bob.approve()


def ledger_and_user(browser: Browser) -> list[str | None]:
    body = browser.page.locator("body")
    return [body.get_attribute("data-ledger"), body.get_attribute("data-user")]


def test_a_signature_whose_answer_is_lost_is_sent_again_and_is_the_same(
    alice: Browser,
) -> None:
    alice.draft(TITLE)
    alice.expect_problem("net::ERR_FAILED")
    alice.page.route("**/sign", lambda route: (route.fetch(), route.abort())[1], times=1)
    alice.button("Approve and sign").click()
    alice.dialog().get_by_role("button", name="Sign", exact=True).click()
    expect(alice.page.get_by_role("alert")).to_contain_text("did not answer")
    alice.button("Send again").click()
    expect(alice.heading("Approved and signed")).to_be_visible()
    alice.expect_status(
        "Pending",
        "Signed by “Alice”; 2 needed. The people who can sign today cannot meet its policy.",
    )
    signatures = [json.loads(body)["jwt"] for body in alice.bodies if '"jwt"' in body]
    assert len(signatures) == 2
    assert signatures[0] == signatures[1]


def test_a_policy_may_ask_for_the_passkey_and_cancelling_is_not_failing(
    alice: Browser, bob: Browser
) -> None:
    alice.begin_draft()
    alice.page.get_by_text("More rules").click()
    alice.page.get_by_label("Ask for a passkey at every decision").check()
    path = alice.submit()
    bob.open(path)
    before = bob.assertions
    bob.refuse_user()
    bob.button("Approve and sign").click()
    bob.dialog().get_by_role("button", name="Sign", exact=True).click()
    alert = bob.page.get_by_role("alert").locator(".notice.waiting")
    expect(alert).to_contain_text("Nothing was signed")
    bob.refuse_user(refuse=False)
    bob.approve()
    assert bob.assertions == before + 1
    bob.expect_status("Pending", "Signed by “Bob”; 2 needed. Waiting for “Alice”.")


def test_the_keyboard_alone_is_enough_to_approve(alice: Browser, bob: Browser) -> None:
    alice.draft(TITLE)
    bob.open("/inbox")
    keyboard = bob.page.keyboard

    def tab_to(name: str) -> None:
        for _ in range(40):
            keyboard.press("Tab")
            if bob.evaluate("document.activeElement.textContent.trim()").startswith(name):
                return
        raise AssertionError(f"no tab stop {name}")

    tab_to("Skip to content")
    keyboard.press("Enter")
    tab_to(TITLE)
    keyboard.press("Enter")
    bob.arrive("**/statements/*-*")
    expect(bob.button("Approve and sign")).to_be_enabled()
    tab_to("Approve and sign")
    keyboard.press("Enter")
    expect(bob.dialog()).to_be_visible()
    keyboard.press("Escape")
    expect(bob.dialog()).to_be_hidden()
    expect(bob.page.locator("[data-action=approve]")).to_be_focused()
    keyboard.press("Enter")
    expect(bob.dialog().get_by_role("button", name="Sign", exact=True)).to_be_focused()
    keyboard.press("Enter")
    expect(bob.heading("Approved and signed")).to_be_focused()
    expect(bob.page.get_by_role("status")).to_contain_text("Approved and signed, at position")


def test_live_updates_do_not_move_the_focus_or_close_what_is_open(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft(TITLE)
    alice.approve()
    bob.open(path)
    bob.page.locator("#decisions summary").first.click()
    alice.open(path)
    bob.button("Reject…").focus()
    second = alice.context.new_page()
    second.goto(alice.page.url)
    second.close()
    other = bob.context.new_page()
    other.goto(bob.page.url)
    other.get_by_role("button", name="Approve and sign").click()
    other.get_by_role("button", name="Sign", exact=True).click()
    bob.page.bring_to_front()
    bob.expect_status("Approved", "Signed by “Alice” and “Bob”; 2 needed.")
    expect(bob.page.locator("#decisions details").first).to_have_attribute("open", "")
    # The button that had the focus is gone: the focus stays in the page, at its main part.
    assert bob.evaluate("document.activeElement.id") == "main"


def test_a_lost_connection_is_said_and_the_page_catches_up(alice: Browser, bob: Browser) -> None:
    path = alice.draft(TITLE)
    bob.open(path)
    bob.expect_problem("ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK_CHANGED")
    expect(bob.button("Approve and sign")).to_be_enabled()
    bob.context.set_offline(True)
    expect(bob.page.get_by_text("Live updates paused, reconnecting.")).to_be_visible()
    alice.approve()
    bob.context.set_offline(False)
    expect(bob.page.get_by_text("Live updates paused, reconnecting.")).to_be_hidden()
    bob.expect_status("Pending", "Signed by “Alice”; 2 needed. Waiting for “Bob”.")
