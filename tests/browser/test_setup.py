"""The first run: what is permanent, whether the address works, and a second way in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_the_page_says_what_is_permanent_and_checks_the_address(
    company: Company, server: Server
) -> None:
    root = company.root
    page = root.open("/setup")
    expect(page.locator("dl").first).to_contain_text(server.origin)
    expect(page.locator("dl").first).to_contain_text("localhost")
    expect(page.locator("#address-origin")).to_contain_text("at the ledger's web origin")
    expect(page.locator("#address-clock")).to_contain_text("agree to within")
    expect(page.locator("#address-https")).to_contain_text("stays on this machine")
    assert page.locator("#vkeys").inner_text().startswith("localhost-")


def test_a_clock_that_differs_is_told_with_what_to_do(company: Company) -> None:
    root = company.root
    root.page.add_init_script(
        "const real = Date.parse; Date.parse = (text) => real(text) - 400000;"
    )
    root.open("/setup")
    expect(root.page.locator("#address-clock")).to_contain_text("differ by 40")
    expect(root.page.locator("#address-clock")).to_contain_text("set both clocks by the network")


def test_a_single_administrator_is_told_until_there_is_a_second_way_in(company: Company) -> None:
    root = company.root
    root.open("/inbox")
    expect(root.page.get_by_text("one administrator with one passkey")).to_be_visible()
    root.page.get_by_role("link", name="Set up this ledger").click()
    expect(root.page.get_by_text("You are the only administrator")).to_be_visible()
    root.page.get_by_role("link", name="Invite a second administrator").click()
    company.invite("administrator", "Ben")
    root.open("/setup")
    expect(root.page.get_by_text("More than one person administers")).to_be_visible()
    root.open("/inbox")
    expect(root.page.get_by_text("one administrator with one passkey")).to_have_count(0)


def test_only_administrators_see_the_page(alice: Browser) -> None:
    alice.expect_problem("status of 403")
    alice.open("/setup")
    expect(alice.heading("You may not do this")).to_be_visible()


def test_the_page_breaks_no_accessibility_rule_and_fits_a_narrow_screen(company: Company) -> None:
    root, found = company.root, []
    for view in each_view(root):
        root.open("/setup")
        found += faults(root, view)
    assert found == []
