"""Where new keys live, set on the page Governance and offered where people make keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.company import Company, sign
from tests.browser.conftest import OpenBrowser
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_a_change_sets_where_new_keys_live_and_pages_offer_only_that(company: Company) -> None:
    root = company.root
    link = company.link("investor")
    root.open("/governance")
    shown = root.page.locator("#keys")
    expect(shown).to_contain_text("A recovery waits 1 day")
    root.page.get_by_text("Propose other rules for keys and recoveries").click()
    form = root.page.locator("#propose-keys")
    for home in ("This device", "This session", "Synced"):
        form.get_by_label(home).uncheck()
    form.get_by_role("button").click()
    expect(form.locator("#homes-fault")).to_be_visible()
    form.get_by_label("This session").check()
    form.get_by_label("A recovery waits this many days").fill("3.5")
    assert violations(root) == []
    form.get_by_role("button").click()
    dialog = root.dialog()
    expect(dialog).to_contain_text("new signing keys live with a program or in one session")
    expect(dialog).to_contain_text("a recovery waits 84 hours")
    sign(root)
    expect(shown).to_contain_text("New signing keys live with a program or in one session.")
    # The key of this device goes on; a new one has another home.
    root.open("/account")
    expect(root.page.locator("main")).to_contain_text("the charter of this ledger allows no others")
    expect(root.button("Replace this key")).to_have_count(0)
    newcomer = company._open()  # somebody who has not registered
    newcomer.open_link(link)
    page = newcomer.page
    expect(
        page.get_by_text("New signing keys live with a program or in one session")
    ).to_be_visible()
    expect(page.get_by_label("This device")).to_have_count(0)
    expect(page.get_by_label("This session")).to_be_checked()
    page.get_by_label("Your name").fill("Nora")
    newcomer.button("Register with a passkey").click()
    newcomer.leave_codes()
    newcomer.open("/account")
    expect(page.locator("#keys .card")).to_contain_text("This session.")
