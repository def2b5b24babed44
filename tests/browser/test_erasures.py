"""The page of erasures: an administrator sees what a change destroys, signs it, and it is gone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company, sign
from tests.browser.conftest import OpenBrowser
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_an_administrator_erases_a_final_statement_after_its_effect_was_shown(
    company: Company,
) -> None:
    root, cal = company.root, company.actor("Cal", "creator")
    pending = cal.draft(title="Terms that wait")
    terms = cal.draft(title="Terms with a name")
    assert cal.withdraw(terms).status_code == 201
    root.open("/erasures")
    root.expect_problem("status of 409")
    root.page.get_by_label("The statement's id").fill(pending.id)
    root.button("Show what it does…").click()
    expect(root.dialog()).to_contain_text("the statement is pending")
    root.dialog().get_by_role("button", name="Not now").click()
    root.open(f"/erasures?statement={terms.id}")
    root.button("Show what it does…").click()
    expect(root.dialog()).to_contain_text("are destroyed for ever")
    sign(root)
    expect(root.page.locator("#erased")).to_contain_text("was withdrawn: 2 bodies destroyed")
    found: list[str] = []
    for view in each_view(root):
        found += faults(root, view)
    assert found == []
    root.page.get_by_label("The id of the statement to hold").fill(pending.id)
    root.button("Show what the hold does…").click()
    expect(root.dialog()).to_contain_text("and 1 more item")
    expect(root.dialog()).to_contain_text("until another change releases the hold")
    sign(root)
    held = root.page.locator("#held")
    expect(held).to_contain_text(f"The statement {pending.id[:8]} is held by a change")
    for view in each_view(root):
        found += faults(root, view)
    assert found == []
    shown = cal.client.get(f"/statements/{pending.id}").text
    assert "Nobody can erase this statement: it is held by" in shown
    root.button(f"Release the hold on the statement {pending.id[:8]}").click()
    expect(root.dialog()).to_contain_text("A change can erase it again")
    sign(root)
    expect(held).not_to_contain_text(pending.id[:8])
    # The name is held still, which keeps nobody from holding the statement again.
    root.page.get_by_label("The id of the statement to hold").fill(pending.id)
    root.button("Show what the hold does…").click()
    expect(root.dialog()).to_contain_text("Your approval is enough")
    expect(root.dialog()).not_to_contain_text("more item")
    sign(root)
    expect(held).to_contain_text(f"The statement {pending.id[:8]} is held by a change")
    root.open(f"/statements/{terms.id}")
    expect(root.heading("An erased statement")).to_be_visible()
    expect(root.page.locator("main")).not_to_contain_text("Terms with a name")
    root.page.get_by_role("link", name="Open the change").click()
    expect(root.page.locator("main")).to_contain_text("Erase the statement")
