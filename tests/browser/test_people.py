"""The page of people: invitations, roles and standing, each act with its effect first."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from ledger.domain.policy import Node
from tests.browser.accessible import each_view, faults
from tests.browser.company import Company, change, row, sign
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_an_invitation_is_used_once_and_the_page_says_so(
    company: Company, open_browser: OpenBrowser
) -> None:
    root = company.root
    root.open("/people")
    expect(root.page.get_by_text("You are the only one.")).to_be_visible()
    expect(root.page.get_by_text("Nobody was invited yet.")).to_be_visible()
    link = company.link("auditor")
    expect(root.page.locator("#invitations .badge")).to_have_text("Open")
    company.join(link, "Guest")
    root.open("/people")
    expect(row(root, "Guest")).to_contain_text(str(datetime.now(UTC).year))
    expect(row(root, "Guest")).to_contain_text("last act")
    used = root.page.locator("#invitations tbody tr")
    expect(used).to_contain_text("Used")
    expect(used).to_contain_text("by “Guest”")
    expect(used).to_contain_text("Root")
    expect(used.get_by_role("button")).to_have_count(0)
    stranger = open_browser()
    stranger.expect_problem("status of 409")
    stranger.open_link(link)
    expect(stranger.page.get_by_role("alert")).to_contain_text("used already")
    expect(stranger.page.get_by_label("Your name")).not_to_be_visible()


def test_an_invitation_says_who_invites_as_what_where_and_until_when(
    company: Company, open_browser: OpenBrowser
) -> None:
    guest = open_browser()
    guest.open_link(company.link("auditor"))
    invited = guest.page.locator("#invited")
    expect(invited).to_contain_text("“Root” invites you to this ledger")
    expect(invited).to_contain_text("auditor Reads everything and signs nothing.")
    expect(invited).to_contain_text(f"localhost:{company.server.port}")
    expect(invited).to_contain_text("once, until")
    expect(guest.page.get_by_text("The log keeps them for ever.")).to_be_visible()


def test_an_invitation_at_another_address_leads_to_the_ledger_s_own_before_any_prompt(
    company: Company, open_browser: OpenBrowser
) -> None:
    link = company.link("investor")
    guest = open_browser()
    guest.expect_problem("asked another server")
    guest.open_link(link.replace("localhost", "127.0.0.1"))
    expect(guest.page.get_by_role("alert")).to_contain_text("work only at its own address")
    expect(guest.button("Register with a passkey")).to_be_disabled()
    there = guest.page.get_by_role("link", name=f"Open it at {company.server.origin}")
    assert there.get_attribute("href") == link


def test_a_new_link_is_printed_without_the_people_of_the_page(company: Company) -> None:
    root = company.root
    link = company.link("investor")
    root.page.emulate_media(media="print")
    expect(root.page.get_by_text(link)).to_be_visible()
    expect(root.page.locator("#invitation")).to_contain_text("Root")
    expect(root.page.locator("#everybody")).to_be_hidden()
    expect(root.page.get_by_role("button")).to_have_count(0)


def test_a_cancelled_invitation_admits_nobody(company: Company, open_browser: OpenBrowser) -> None:
    root = company.root
    link = company.link("investor")
    root.button("Cancel…").click()
    expect(root.dialog()).to_contain_text("Its link no longer works.")
    sign(root)
    expect(root.page.locator("#invitations .badge")).to_have_text("Cancelled")
    stranger = open_browser()
    stranger.expect_problem("status of 409")
    stranger.open_link(link)
    expect(stranger.page.get_by_role("alert")).to_contain_text("cancelled")
    expect(stranger.page.get_by_label("Your name")).not_to_be_visible()


def test_a_role_is_given_and_ended_and_the_page_shows_it(company: Company) -> None:
    root, guest = company.root, company.invite("investor", "Guest")
    root.open("/people")
    change(root, "Guest", "grant-role", "creator")
    expect(root.dialog()).to_contain_text("Your approval is enough")
    before = root.assertions
    sign(root)
    shown = row(root, "Guest")
    expect(shown).to_contain_text("investor, creator")
    assert root.assertions == before + 1
    guest.open("/inbox")
    expect(guest.page.get_by_role("link", name="New statement").first).to_be_visible()
    change(root, "Guest", "end-role", "investor")
    sign(root)
    expect(shown).not_to_contain_text("investor")


def test_the_effect_on_pending_statements_is_shown_before_the_signature(company: Company) -> None:
    root, alice = company.root, company.invite("creator", "Alice")
    company.invite("investor", "Guest")
    alice.draft("Series A")
    root.open("/people")
    change(root, "Guest", "end-role", "investor")
    effect = root.page.locator("#effect")
    expect(effect).to_contain_text("Approvals that they gave before keep counting.")
    expect(effect).to_contain_text("1 pending statement can no longer be approved")
    expect(effect.get_by_role("link", name="Series A")).to_be_visible()
    root.page.keyboard.press("Escape")
    expect(row(root, "Guest")).to_contain_text("investor")


def test_what_would_leave_nobody_to_govern_is_refused_before_the_signature(
    company: Company,
) -> None:
    root = company.root
    root.open("/people")
    change(root, "Root", "end-role", "administrator")
    expect(root.page.locator("#effect")).to_contain_text("nobody could administer the ledger")
    button = root.dialog().get_by_role("button", name="Sign with your passkey")
    expect(button).to_be_disabled()
    root.expect_problem("status of 409")


def test_a_person_is_suspended_at_once_reinstated_and_deactivated(company: Company) -> None:
    root, guest = company.root, company.invite("investor", "Guest")
    root.open("/people")
    shown = row(root, "Guest")
    change(root, "Guest", "suspend")
    root.reason().fill("Left the company.")
    expect(root.dialog()).to_contain_text("It takes effect at once, by you alone")
    sign(root)
    expect(shown.locator(".badge")).to_have_text("Suspended")
    guest.open("/inbox")
    guest.arrive("**/signin**")
    guest.expect_problem("status of 403")  # the page offers their passkey, which is refused
    change(root, "Guest", "reinstate")
    sign(root)
    expect(shown.locator(".badge")).to_have_text("Active")
    change(root, "Guest", "deactivate")
    expect(root.dialog()).to_contain_text("They never decide or sign in again")
    sign(root)
    expect(shown.locator(".badge")).to_have_text("Deactivated")
    expect(shown.get_by_role("button")).to_have_count(0)


def test_a_role_is_defined_held_and_closed(company: Company) -> None:
    root = company.root
    company.invite("investor", "Guest")
    root.open("/roles")
    root.page.get_by_label("Name", exact=True).fill("board")
    root.button("Define…").click()
    sign(root)
    board = root.page.locator("#roles [data-role=board]")
    expect(board).to_contain_text("0 people")
    root.open("/people")
    change(root, "Guest", "grant-role", "board")
    sign(root)
    expect(row(root, "Guest")).to_contain_text("board")
    root.open("/roles")
    expect(board).to_contain_text("1 person: “Guest”")
    board.get_by_role("button").click()
    expect(root.dialog()).to_contain_text("its name is never used again")
    sign(root)
    expect(board).to_contain_text("closed")


def test_with_two_administrators_a_change_waits_and_the_second_one_completes_it(
    company: Company,
) -> None:
    root, ben = company.root, company.invite("administrator", "Ben")
    company.invite("investor", "Guest")
    company.set_governance(2)
    root.open("/people")
    change(root, "Guest", "grant-role", "creator")
    expect(root.dialog()).to_contain_text("it waits for 1 more person (2 administrators)")
    sign(root)
    expect(root.page.locator("#done")).to_contain_text("It waits for others.")
    waiting = root.page.locator("#waiting")
    expect(waiting).to_contain_text("Give “Guest” the role creator")
    expect(waiting).to_contain_text("1 of 2 approved")
    ben.open("/people")
    ben.page.get_by_role("link", name="Give “Guest” the role creator").click()
    expect(ben.page.locator("#content")).to_contain_text("Give “Guest” the role creator")
    ben.approve()
    root.open("/people")
    expect(root.page.locator("#waiting")).to_be_empty()
    expect(row(root, "Guest")).to_contain_text("creator")


def test_only_those_who_administer_see_the_page(alice: Browser) -> None:
    expect(alice.page.get_by_role("link", name="People")).to_have_count(0)
    alice.expect_problem("status of 403")
    alice.open("/people")
    expect(alice.heading("You may not do this")).to_be_visible()


def test_who_governs_by_name_finds_the_page_too(company: Company, alice: Browser) -> None:
    root = company.root
    root.open("/governance")
    root.page.locator("#named summary").click()
    root.page.get_by_label("Alice").check()
    root.button("Show what it does…").click()
    sign(root)
    user = alice.evaluate("document.body.dataset.user")
    change = root.page.locator("#done").get_by_role("link", name="Open the change")
    path = change.get_attribute("href") or ""
    policy = Node(1, ("role:administrator", f"user:{user}"))
    company.complete(path.rpartition("/")[2], policy)
    alice.open("/inbox")
    alice.page.get_by_role("link", name="People").click()
    expect(alice.heading("People")).to_be_visible()


def test_the_page_works_by_keyboard_alone(company: Company) -> None:
    root = company.root
    company.invite("investor", "Guest")
    root.open("/people")
    button = row(root, "Guest").get_by_role("button")
    expect(button).to_be_enabled()
    button.focus()
    root.page.keyboard.press("Enter")
    expect(root.dialog().get_by_label("What to change")).to_be_focused()
    root.page.keyboard.press("Escape")
    expect(root.dialog()).to_have_count(0)
    expect(button).to_be_focused()


def test_the_page_breaks_no_accessibility_rule_and_fits_a_narrow_screen(company: Company) -> None:
    root = company.root
    guest = company.invite("investor", "Guest")
    company.link("auditor")
    found = []
    for view in each_view(root):
        root.open("/people")
        change(root, "Guest", "suspend")
        expect(root.page.locator("#effect")).to_contain_text("at once")
        found += faults(root, f"{view} dialog")
        root.page.keyboard.press("Escape")
        found += faults(root, view)
    assert found == []
    assert guest.unexpected() == []
