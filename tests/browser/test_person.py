"""The page of one person: a key declared compromised, and what a leaver left withdrawn."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company, row, sign
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def visit(browser: Browser, name: str) -> None:
    """Open the page of a person from that of all people."""
    browser.open("/people")
    row(browser, name).get_by_role("link", name=name).click()
    expect(browser.page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_passkey_is_declared_compromised_with_the_key_that_it_attested(company: Company) -> None:
    root, dora = company.root, company.actor("Dora", "investor")
    visit(root, "Dora")
    passkey = root.page.locator(f"[data-reference='passkey:{dora.passkey.id}']").first
    passkey.get_by_role("button", name="Compromised…").click()
    expect(root.dialog()).to_contain_text("are in question: they count for nothing later")
    root.dialog().get_by_label("Signing key").check()
    sign(root)
    held = root.page.locator("#held")
    expect(held.locator(".badge.rejected")).to_have_count(2)
    root.open("/people")
    expect(row(root, "Dora")).to_contain_text("Cannot act: no passkey and no key")


def test_what_a_deactivated_person_left_is_withdrawn(company: Company) -> None:
    root, cal = company.root, company.actor("Cal", "creator")
    terms = cal.draft(title="Terms of Cal")
    visit(root, "Cal")
    expect(root.page.get_by_role("link", name="Terms of Cal")).to_be_visible()
    expect(root.button("Withdraw…")).to_have_count(0)
    assert company.change({"deactivate": {"user": cal.user}})["status"] == "approved"
    visit(root, "Cal")
    expect(root.page.get_by_text("They never decide or sign in again.")).to_be_visible()
    expect(root.button("Compromised…")).to_have_count(0)
    root.button("Withdraw…").click()
    expect(root.dialog()).to_contain_text("Nobody can approve it afterwards.")
    sign(root)
    expect(root.page.get_by_text("No statement of theirs waits")).to_be_visible()
    root.open(f"/statements/{terms.id}")
    expect(root.page.locator("#progress .badge")).to_have_text("Withdrawn")


def test_only_those_who_administer_see_the_page(company: Company, alice: Browser) -> None:
    user = company.root.evaluate("document.body.dataset.user")
    alice.expect_problem("status of 403")
    alice.open(f"/people/{user}")
    expect(alice.heading("You may not do this")).to_be_visible()
    company.root.expect_problem("status of 404")
    company.root.open("/people/nobody")
    expect(company.root.heading("There is nothing here")).to_be_visible()


def test_the_page_breaks_no_accessibility_rule_and_fits_a_narrow_screen(company: Company) -> None:
    root, found = company.root, []
    cal = company.actor("Cal", "creator")
    cal.draft(title="Terms of Cal")
    visit(root, "Cal")
    for view in each_view(root):
        root.page.reload()
        found += faults(root, view)
        root.button("Compromised…").first.click()
        expect(root.page.locator("#effect")).to_contain_text("in question")
        found += faults(root, f"{view} dialog")
    assert found == []
