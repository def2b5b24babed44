"""A recovery that waits: every page of an administrator says so, and one of them can cancel it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.authenticator import Passkey
from tests.support.recovering import recover, set_codes
from tests.support.server import Server
from tests.support.spoken import spoken


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_an_administrator_is_told_on_every_page_and_cancels_it_on_that_of_people(
    company: Company,
) -> None:
    root, dora = company.root, company.actor("Dora", "investor")
    assert set_codes(dora).status_code == 201
    root.open("/inbox")
    told = root.page.get_by_text("Somebody used a recovery code of “Dora”.")
    expect(told).to_have_count(0)
    answer = recover(dora, Passkey(origin=dora.passkey.origin))
    assert answer.status_code == 201
    for path in ("/inbox", "/statements", "/governance", "/people"):
        root.open(path)
        expect(told).to_have_count(1)
        assert violations(root) == []
    root.button("Cancel this recovery").click()
    expect(told).to_have_count(0)
    root.open("/inbox")
    expect(told).to_have_count(0)


def test_nobody_else_is_told_of_another_person_s_recovery(company: Company) -> None:
    dora, guest = company.actor("Dora", "investor"), company.invite("investor", "Guest")
    assert set_codes(dora).status_code == 201
    assert recover(dora, Passkey(origin=dora.passkey.origin)).status_code == 201
    guest.open("/inbox")
    expect(guest.page.get_by_text("Somebody used")).to_have_count(0)


def test_a_passkey_that_waits_names_nobody_in_governance(company: Company) -> None:
    root, ben = company.root, company.actor("Ben", "administrator")
    waiting = Passkey(origin=ben.passkey.origin)
    assert set_codes(ben).status_code == 201
    assert recover(ben, waiting).status_code == 201
    root.open("/governance")
    root.page.get_by_label("How many approvals").fill("2")
    keepers = root.page.locator("#keepers")
    expect(keepers).to_contain_text(spoken(ben.passkey.cose_sha256))
    expect(keepers).not_to_contain_text(spoken(waiting.cose_sha256))
    expect(keepers.get_by_label("Ben").get_by_role("option")).to_have_count(1)
