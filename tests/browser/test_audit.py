"""The audit page: any moment of the past, by address, by number, by slider."""

from playwright.sync_api import expect

from tests.browser.people import Browser


def position_of(browser: Browser, words: str) -> int:
    row = browser.page.locator("#events-title ~ .timeline li", has_text=words).first
    return int((row.get_attribute("id") or "").removeprefix("e-"))


def test_the_past_is_shown_as_it_was(alice: Browser, bob: Browser) -> None:
    path = alice.draft("Lease of the mill")
    alice.approve()
    bob.open(path)
    bob.approve()
    bob.open("/audit")
    last = position_of(bob, "“Bob” approved “Lease of the mill”")
    world = bob.page.locator("#world-title ~ table").first
    expect(world.locator("tr", has_text="Lease of the mill")).to_contain_text("Approved")
    bob.open(f"/audit?at={last - 1}")
    expect(bob.page).to_have_title(f"Position {last - 1} of {last} · Ledger")
    expect(bob.page.locator("#past")).to_contain_text("Not the present.")
    expect(world.locator("tr", has_text="Lease of the mill")).to_contain_text("Pending")
    bob.page.get_by_role("link", name="One event later").click()
    expect(world.locator("tr", has_text="Lease of the mill")).to_contain_text("Approved")


def test_the_slider_moves_with_the_keyboard_and_says_where_it_is(alice: Browser) -> None:
    alice.draft("Old terms")
    alice.open("/audit")
    slider = alice.page.get_by_label("Move through time")
    newest = int(slider.get_attribute("max") or "")
    expect(slider).to_have_attribute("aria-valuetext", f"Position {newest} of {newest}")
    slider.focus()
    alice.page.keyboard.press("ArrowLeft")
    alice.arrive(f"**/audit?at={newest - 1}*")
    expect(alice.page.get_by_label("Position", exact=True)).to_have_value(str(newest - 1))


def test_a_time_leads_to_the_position_of_then(alice: Browser) -> None:
    alice.draft("Terms of then")
    alice.open("/audit")
    newest = int(alice.page.get_by_label("Move through time").get_attribute("max") or "")
    first = alice.page.get_by_label("Or a time, in UTC").get_attribute("min") or ""
    alice.open(f"/audit?time={first}")
    shown = int(alice.page.get_by_label("Position", exact=True).input_value())
    assert 1 <= shown < newest
    alice.open("/audit?time=yesterday")
    expect(alice.page.get_by_label("Position", exact=True)).to_have_value(str(newest))


def test_events_are_shown_by_kind(alice: Browser) -> None:
    alice.draft("Terms for one kind")
    alice.open("/audit")
    alice.page.get_by_label("Events").select_option("statement-drafted.v1")
    alice.button("Show").click()
    alice.arrive("**kind=statement-drafted.v1")
    rows = alice.page.locator("#events-title ~ .timeline li")
    expect(rows.first).to_contain_text("Terms for one kind")
    expect(rows.filter(has_text="registered")).to_have_count(0)


def test_lists_and_statements_show_the_past_that_their_address_names(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft("Terms")
    alice.open(path)
    alice.approve()
    alice.open(path)
    newest = int(alice.evaluate("document.body.dataset.position"))
    alice.open(f"/audit?at={newest - 1}")
    alice.page.locator("#events-title ~ ol a", has_text="Terms").first.click()
    alice.arrive(f"**{path}?at={newest - 1}")
    expect(alice.page.locator("#past")).to_contain_text(f"You are looking at position {newest - 1}")
    alice.expect_status("Pending", "Signed by nobody yet; 2 needed. Waiting for “Alice” and “Bob”.")
    expect(alice.page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    expect(alice.page.get_by_role("region", name="Your decision")).to_have_count(0)
    expect(alice.button("Withdraw…")).to_have_count(0)
    alice.open(f"/statements?at={newest - 1}")
    expect(alice.page.get_by_role("row", name="Terms")).to_contain_text("0 of 2")
    alice.page.get_by_role("link", name="Terms").click()
    alice.arrive(f"**{path}?at={newest - 1}")
    alice.page.get_by_role("link", name="Back to the present").click()
    alice.arrive(f"**{path}")
    expect(alice.page.locator(".actions-says")).to_contain_text("You approved this.")
    alice.open(f"/statements?at={newest - 2}")
    expect(alice.page.get_by_role("link", name="Terms")).to_have_count(0)
    alice.expect_problem("status of 404")
    alice.open(f"{path}?at={newest - 2}")
    expect(alice.page.locator("h1")).to_have_text("There is nothing here")
