"""A re-enrolment at the pages: its link is shown once and used; what waits is shown and ended."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.accessible import violations
from tests.browser.company import Company, sign
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server

WAITS = "Your new passkey works from"


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def open_link(root: Browser, user: str, name: str) -> str:
    """Have an administrator open a link for somebody; return it."""
    root.open(f"/people/{user}")
    root.button("Let them come back…").click()
    expect(root.dialog()).to_contain_text(f"Let “{name}” come back with a new passkey")
    sign(root)
    expect(root.heading("Give this link to the person themselves")).to_be_focused()
    return root.page.locator("[data-link]").inner_text()


def use(browser: Browser, link: str, name: str) -> None:
    browser.open_link(link)
    expect(browser.page.get_by_text(f"This link lets “{name}” make a new passkey")).to_be_visible()
    browser.button("Make the passkey").click()
    expect(browser.heading(WAITS)).to_be_focused(timeout=30_000)


def returning(root: Browser) -> Locator:
    return root.page.locator("[data-returning]")


def test_a_link_is_opened_used_and_shown_to_everybody_who_can_stop_it(
    company: Company, open_browser: OpenBrowser
) -> None:
    root, dora = company.root, company.actor("Dora", "investor")
    link = open_link(root, dora.user, "Dora")
    assert "/recover#re-enrolment=" in link
    root.open(f"/people/{dora.user}")
    expect(root.page.get_by_text("A link is open until")).to_be_visible()
    assert violations(root) == []
    back = open_browser()
    use(back, link, "Dora")
    assert violations(back) == []
    told = root.page.get_by_text("Somebody used the link that lets “Dora” come back.")
    for path in ("/inbox", "/people"):
        root.open(path)
        expect(told).to_have_count(1)
        assert violations(root) == []
    root.open(f"/people/{dora.user}")
    expect(returning(root)).to_have_count(1)
    root.button("Cancel the re-enrolment").click()
    expect(returning(root)).to_have_count(0)
    expect(root.page.locator("#done")).to_contain_text("It is cancelled")


def test_an_open_link_is_closed(company: Company, open_browser: OpenBrowser) -> None:
    root, dora = company.root, company.actor("Dora", "investor")
    link = open_link(root, dora.user, "Dora")
    root.open(f"/people/{dora.user}")
    root.button("Close the link").click()
    expect(root.page.get_by_text("A link is open until")).to_have_count(0)
    back = open_browser()
    back.expect_problem("422")
    back.open_link(link)
    expect(back.button("Make the passkey")).to_be_disabled()


def test_under_two_the_new_passkey_is_compared_and_admitted(
    company: Company, open_browser: OpenBrowser
) -> None:
    root, ben = company.root, company.actor("Ben", "administrator")
    dora = company.actor("Dora", "investor")
    link = open_link(root, dora.user, "Dora")
    company.set_governance(2)
    back = open_browser()
    use(back, link, "Dora")
    words = back.page.locator("[data-words]").inner_text()
    assert len(words.split()) == 8
    root.open(f"/people/{dora.user}")
    expect(returning(root)).to_contain_text(words)
    root.button("Admit this passkey…").click()
    expect(root.dialog()).to_contain_text("Admit the new passkey of “Dora”")
    sign(root)
    expect(root.page.locator("#done")).to_contain_text("waits")
    items = ben.client.get("/api/inbox").json()["items"]
    assert [each["title"] for each in items] == [f"Admit the new passkey of {dora.user[:8]}"]
