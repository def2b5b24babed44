"""Keyboard shortcuts: they hasten, they never decide, and they can be switched off."""

import json

from playwright.sync_api import expect

from tests.browser.people import Browser


def test_shortcuts_lead_on_and_none_fires_while_somebody_types(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft("First")
    alice.draft("Second")
    keyboard = bob.page.keyboard
    bob.open("/account")
    expect(bob.button("Keyboard shortcuts")).to_be_visible()
    keyboard.press("g")
    keyboard.press("i")
    bob.arrive("**/inbox")
    expect(bob.button("Keyboard shortcuts")).to_be_visible()
    bob.page.wait_for_load_state("networkidle")
    keyboard.press("j")
    expect(bob.page.get_by_role("link", name="First")).to_be_focused()
    keyboard.press("j")
    expect(bob.page.get_by_role("link", name="Second")).to_be_focused()
    keyboard.press("k")
    keyboard.press("Enter")
    bob.arrive(f"**{path}")
    bob.page.wait_for_load_state("networkidle")
    keyboard.press("r")
    expect(bob.page.locator("#bytes")).to_be_focused()
    keyboard.press("h")
    expect(bob.page.locator("#digest-title")).to_be_focused()
    keyboard.press("/")
    bob.arrive("**/statements#q")
    expect(bob.page.locator("#q")).to_be_focused()
    keyboard.type("gi?j")
    expect(bob.page.locator("#q")).to_have_value("gi?j")
    expect(bob.page.get_by_role("dialog")).to_be_hidden()


def test_shortcuts_are_listed_and_can_be_switched_off(alice: Browser) -> None:
    alice.open("/audit")
    alice.page.wait_for_load_state("networkidle")
    alice.page.keyboard.press("?")
    dialog = alice.dialog()
    expect(dialog.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    expect(dialog).to_contain_text("None of them signs or rejects")
    dialog.get_by_label("Use these shortcuts in this browser").uncheck()
    dialog.get_by_role("button", name="Close").click()
    for reload in (False, True):
        if reload:
            alice.open("/audit")
            alice.page.wait_for_load_state("networkidle")
        alice.page.keyboard.press("?")
        expect(alice.page.get_by_role("dialog")).to_be_hidden()
    alice.button("Keyboard shortcuts").click()
    dialog.get_by_label("Use these shortcuts in this browser").check()
    alice.page.keyboard.press("Escape")
    alice.page.keyboard.press("?")
    expect(dialog).to_be_visible()


def test_a_long_statement_has_an_index_and_says_how_far_one_has_come(
    alice: Browser, bob: Browser
) -> None:
    clauses = {f"clause {n}": "It is agreed as follows. " * 40 for n in range(1, 9)}
    bob.open(alice.draft("A long contract", json.dumps(clauses)))
    expect(bob.page.locator("#come")).to_contain_text("of 8 parts have been on your screen.")
    bob.page.get_by_text("Index of the 8 parts").click()
    bob.page.get_by_role("navigation", name="Index of the statement").get_by_role(
        "link", name="clause 8"
    ).click()
    expect(bob.page.locator(":target dt")).to_have_text("clause 8")
    bob.page.locator("#policy-title").scroll_into_view_if_needed()
    expect(bob.page.locator("#come")).to_have_text("8 of 8 parts have been on your screen.")
    bob.open(alice.draft("A short one"))
    expect(bob.page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    expect(bob.page.locator("#contents, #come")).to_have_count(0)


def test_a_rejection_names_the_place_that_it_is_about(alice: Browser, bob: Browser) -> None:
    path = alice.draft("Terms", '{"terms": {"valuation": "8000000", "a: b": 1}}')
    bob.open(path)
    bob.button("Reject…").click()
    dialog = bob.dialog()
    for place in ("/terms/valuation", "/terms/a: b"):
        dialog.get_by_label("About a place in the statement").select_option(place)
        dialog.get_by_role("button", name="Add it to the reason").click()
        expect(bob.reason()).to_be_focused()
        bob.page.keyboard.type("too low for us.")
    bob.button("Sign the rejection").click()
    expect(bob.heading("Rejection signed")).to_be_visible()
    alice.open(path)
    quote = alice.page.locator("#decisions blockquote")
    expect(quote).to_have_text("/terms/valuation: too low for us.\n/terms/a: b: too low for us.")
    expect(quote.get_by_role("link")).to_have_text(["/terms/valuation", "/terms/a: b"])
    quote.get_by_role("link").first.click()
    expect(alice.page.locator(":target > dt")).to_have_text("valuation")
