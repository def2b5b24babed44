"""The audit page: any moment of the past, by address, by number, by slider."""

import re

from playwright.sync_api import Route, expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server


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


def test_the_slider_moves_in_place_with_the_keyboard_and_says_where_it_is(alice: Browser) -> None:
    alice.draft("Old terms")
    alice.open("/audit")
    slider = alice.page.get_by_label("Move through time")
    newest = int(slider.get_attribute("max") or "")
    expect(slider).to_have_attribute(
        "aria-valuetext", re.compile(rf"^Position {newest} of {newest},.*drafted “Old terms”$")
    )
    alice.evaluate("window.sameDocument = true")
    slider.focus()
    for key, position in (("ArrowLeft", newest - 1), ("Home", 1), ("PageUp", min(11, newest))):
        alice.page.keyboard.press(key)
        expect(alice.page.locator("#here")).to_contain_text(f"Position {position} of {newest},")
        expect(alice.page.get_by_label("Position", exact=True)).to_have_value(str(position))
    alice.page.keyboard.press("Home")
    expect(alice.page.locator("#past")).to_contain_text("You are looking at position 1")
    assert alice.page.url.endswith("?at=1")
    expect(alice.page).to_have_title(f"Position 1 of {newest} · Ledger")
    statements = alice.page.get_by_role("navigation", name="Main").get_by_role("link").nth(1)
    expect(slider).to_be_focused()
    alice.button("Play").click()
    expect(alice.page.locator("#here")).to_contain_text("Position 2 of")
    alice.button("Pause").click()
    alice.page.get_by_role("link", name="One event later").click()
    expect(alice.page.locator("#here")).not_to_contain_text("Position 2 of")
    expect(alice.page.get_by_role("link", name="One event later")).to_be_focused()
    assert alice.evaluate("window.sameDocument")
    alice.open("/audit?at=2")
    expect(statements).to_have_attribute("href", "/statements?at=2")


def test_a_registration_is_one_row_with_its_events_inside(alice: Browser) -> None:
    alice.open("/audit")
    row = alice.page.locator("#events-title ~ .timeline > li", has_text="“Alice” registered")
    expect(row).to_contain_text("“Alice” registered as creator, with a passkey and a signing key")
    row.get_by_text("events of the registration").click()
    expect(row.get_by_text("“Alice” attested a signing key")).to_be_visible()


def test_events_are_found_by_person_statement_and_day(alice: Browser, bob: Browser) -> None:
    path = alice.draft("Lease of the mill")
    alice.draft("Old terms")
    bob.open(path)
    bob.approve()
    rows = alice.page.locator("#events-title ~ .timeline > li")

    def found(query: str) -> list[str]:
        alice.open(f"/audit?{query}")
        return [text.split("\n")[0] for text in rows.all_inner_texts()]

    approved, drafted = "“Bob” approved “Lease of the mill” (1 approval)", "“Alice” drafted “{}”"
    assert found("statement=lease") == [approved, drafted.format("Lease of the mill")]
    assert found("actor=Bob&kind=statement-signed.v1") == [approved]
    assert len(found("actor=Bob")) == 5
    assert found("actor=Nobody") == []
    expect(alice.page.get_by_text("Nobody had this id or name")).to_be_visible()
    assert found("from=2000-01-01&to=2000-01-02") == []
    assert found("from=1&to=1") == ["The ledger was created"]
    assert found("from=soon") == []
    expect(alice.page.get_by_text("From is not a position or a day")).to_be_visible()
    assert found("type=ledger/change") == []
    assert len(found("from=2000-01-01")) > 5


def test_an_auditor_compares_reads_raw_events_asks_and_rechecks(
    server: Server, open_browser: OpenBrowser
) -> None:
    with Company(server, open_browser) as company:
        eve, cal = company.invite("auditor", "Eve"), company.invite("creator", "Cal")
        path = cal.draft("Lease of the mill")
        eve.open("/audit")
        newest = int(eve.evaluate("document.body.dataset.position"))
        eve.open(f"/audit?at={newest}&compare={newest - 4}")
        changed = eve.page.get_by_role("region", name="What changed between positions")
        expect(changed.get_by_role("row", name="Lease of the mill")).to_contain_text("Not there")
        expect(changed.get_by_role("row", name="Cal")).to_contain_text("creator; 1 key, 1 passkey")
        raw = eve.page.locator(f"#e-{newest} details")
        raw.locator("summary").click()
        expect(raw).to_contain_text("This browser hashed the body: the entry commits to it.")
        expect(raw.locator("pre").first).to_contain_text('"type":"statement-drafted.v1"')
        says = eve.page.locator("#recheck-says")
        eve.button("Re-check in this browser").click()
        expect(says).to_contain_text(f"Positions 1 to {newest} were re-checked in this browser")
        # No other script starts a worker here, nor one from another address.
        eve.expect_problem("TrustedScriptURL|TrustedTypePolicy")
        for attempt in ("new Worker('/log/checkpoint')", "trustedTypes.createPolicy('x', {})"):
            refused = f"(() => {{ try {{ {attempt}; }} catch ({{ name }}) {{ return name; }} }})()"
            assert eve.evaluate(refused) == "TypeError"
        # A server that changes history: the worker names the first entry that differs.
        eve.context.route("**/log/tile/entries/**", _changed)
        eve.button("Re-check again").click()
        expect(says).to_contain_text("The entry at position 2 is not the one in the tree.")
        eve.page.get_by_role("link", name="Ask the log").click()
        eve.arrive("**/audit/questions")
        for question, told in (("approvals", path.rpartition("/")[2]), ("acts", "Cal")):
            eve.page.get_by_label("Question").select_option(question)
            eve.page.get_by_label("About").fill(told)
            eve.button("Ask").click()
            eve.arrive(f"**question={question}&**")
        expect(
            eve.page.get_by_role("cell", name="“Cal” drafted “Lease of the mill”")
        ).to_be_visible()
        with eve.page.expect_download() as kept:
            eve.page.get_by_role("link", name="CSV").click()
        assert "Lease of the mill" in kept.value.path().read_text("utf-8")
        eve.page.get_by_label("Question").select_option("figures")
        eve.button("Ask").click()
        expect(eve.page.get_by_role("img", name="Statements by month")).to_be_visible()
        assert eve.evaluate("document.querySelector('img.picture').naturalWidth") > 0
        eve.open("/audit/questions?question=acts")
        expect(eve.page.get_by_text("This question is about something")).to_be_visible()
        found = []
        for page in ("/audit/questions?question=events", f"/audit?compare=1&at={newest}"):
            eve.open(page)
            for view in each_view(eve):
                found += faults(eve, f"{page} {view}")
        assert found == []


def _changed(route: Route) -> None:
    answer = route.fetch()
    raw = bytearray(answer.body())
    second = 2 + int.from_bytes(raw[:2], "big")
    raw[second + 12] ^= 1
    route.fulfill(response=answer, body=bytes(raw))


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
