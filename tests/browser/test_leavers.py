"""People who come and go, from the administrators' side: to the last day, and one of two gone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.company import Company, change, row, sign
from tests.browser.conftest import OpenBrowser
from tests.support.authenticator import Passkey
from tests.support.server import Server


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_the_page_follows_a_person_from_the_invitation_to_the_last_day(company: Company) -> None:
    root = company.root
    guest = company.invite("investor", "Guest")
    dora = company.actor("Dora", "investor")
    assert dora.add_passkey(Passkey(origin=dora.passkey.origin)).status_code == 201
    root.open("/people")
    expect(row(root, "Dora")).to_contain_text("2 passkeys")
    change(root, "Guest", "grant-role", "creator")
    sign(root)
    expect(row(root, "Guest")).to_contain_text("creator")
    guest.draft("Terms of Guest")
    change(root, "Guest", "deactivate")
    expect(root.dialog()).to_contain_text("no change can name them any more")
    sign(root)
    expect(row(root, "Guest")).to_contain_text("Deactivated")
    root.page.get_by_role("link", name="Guest", exact=True).first.click()
    expect(root.page.get_by_text("Their creator is deactivated")).to_be_visible()
    guest.open("/inbox")
    guest.arrive("**/signin**")
    guest.expect_problem("status of 403")  # the page offers their passkey, which is refused


def test_without_one_of_two_administrators_the_refusal_says_what_to_do_first(
    company: Company,
) -> None:
    root = company.root
    company.actor("Ben", "administrator")
    company.set_governance(2)
    root.expect_problem("status of 409")
    root.open("/people")
    change(root, "Ben", "deactivate")
    expect(root.page.locator("#effect")).to_contain_text("Give somebody else the role first")
    root.page.keyboard.press("Escape")
    root.page.get_by_role("link", name="Governance").first.click()
    expect(root.page.locator("#strength")).to_contain_text("Without “Root” or “Ben”, nobody could")
    expect(root.page.locator("#strength")).to_contain_text("Give somebody else a role that governs")
    root.page.locator("#gone summary").click()
    expect(root.page.locator("#gone")).to_contain_text("comes back with a recovery code")


def test_two_of_three_administrators_send_the_third_away(company: Company) -> None:
    root, ben, dora = (
        company.root,
        company.actor("Ben", "administrator"),
        company.actor("Dora", "administrator"),
    )
    company.set_governance(2)
    root.open("/governance")
    expect(root.page.locator("#strength")).to_be_empty()
    root.open("/people")
    change(root, "Ben", "deactivate")
    expect(root.dialog()).to_contain_text("it waits for 1 more person (2 administrators)")
    sign(root)
    root.page.locator("#done").get_by_role("link", name="Open the change").click()
    root.arrive("**/statements/*")
    expect(root.button("Withdraw…")).to_be_enabled()
    expect(root.page.get_by_role("link", name="Draft a new version")).to_have_count(0)
    statement = root.page.url.rpartition("/")[2]
    document = dora.client.get(f"/api/statements/{statement}/document").text
    jws = dora.approval(document)
    approved = dora.post_sign(statement, jws, assertion=dora.confirm(jws))
    assert approved.json()["status"] == "approved"
    assert ben.sign_in().json()["code"] == "person_deactivated"
    root.open("/governance")
    expect(root.page.locator("#strength")).to_contain_text("Without “Root” or “Dora”, nobody could")
