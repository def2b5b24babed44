"""The floor in a browser: set from the page of governance, and told on the page of a draft."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.company import Company, sign
from tests.browser.conftest import OpenBrowser
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_a_floor_is_set_by_a_change_and_told_where_people_draft(company: Company) -> None:
    root, cal = company.root, company.invite("creator", "Cal")
    root.open("/governance")
    floor = root.page.locator("#floor")
    expect(floor).to_contain_text("A policy can leave out the passkey.")
    root.page.get_by_text("Propose another floor").click()
    form = root.page.locator("#propose-floor")
    form.get_by_label("Every decision asks for a passkey").check()
    form.get_by_label("closes after this many days").fill("1.5")
    form.get_by_role("button").click()
    dialog = root.dialog()
    expect(dialog).to_contain_text("every decision asks for a passkey; a statement without an end")
    expect(dialog).not_to_contain_text("register without an invitation")
    sign(root)
    expect(floor).to_contain_text("Every decision asks for a passkey.")
    expect(floor).to_contain_text("36 hours after its draft")
    floor.get_by_text("How it was set").click()
    expect(floor.get_by_role("link", name="The change")).to_be_visible()
    # Where people draft, the floor is set from the start, and a policy below it is no draft.
    cal.begin_draft()
    expect(cal.page.locator("#expires option").first).to_have_text("after 36 hours")
    cal.page.get_by_text("More rules").click()
    expect(cal.page.get_by_label("Ask for a passkey at every decision")).to_be_disabled()
    expect(cal.page.get_by_label("Ask for a passkey at every decision")).to_be_checked()
    cal.page.get_by_text("The policy as JSON").click()
    cal.page.get_by_label("Write it by hand").check()
    cal.page.get_by_label("Policy JSON").fill('{"threshold":1,"of":["role:investor"]}')
    expect(cal.page.locator("#sentence")).to_have_text(
        "This ledger asks for a passkey with every decision."
    )
    # In the form, what the floor fixes stays as the floor has it.
    expect(cal.page.locator("#kept")).to_contain_text("Saved in this browser at")
    cal.page.reload()
    expect(cal.page.locator("#sentence")).to_have_text(
        "Approved once 1 investor has signed. Every decision asks for a passkey."
    )
