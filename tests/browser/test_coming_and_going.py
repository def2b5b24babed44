"""One person comes, loses one device after another, comes back each time, and goes."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.company import Company, change, register, row, sign
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.browser.test_re_enrolment import open_link
from tests.browser.test_re_enrolment import use as use_link
from tests.browser.test_recovery_pages import make_codes
from tests.browser.test_recovery_pages import use as use_code
from tests.support.check import check_ledger
from tests.support.server import Server

WAITING = timedelta(hours=25)


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Company:
    with Company(server, open_browser) as found:
        return found


def approve(ben: Browser, title: str) -> None:
    """Have the other administrator approve a change that waits."""
    ben.open("/inbox")
    ben.page.get_by_role("link", name=title).click()
    ben.approve()


def sign_in(browser: Browser) -> None:
    browser.open("/signin")
    browser.arrive("**/inbox")


def lose_first_device(dora: Browser) -> None:
    """Lose the device that she registered with, and end its passkey with the security key."""
    dora.open("/account")
    first = str(dora.page.locator("#passkeys .card").first.get_attribute("data-id"))
    dora.page.get_by_role("link", name="I lost a device").click()
    dora.page.locator(f'[value="passkey:{first}"]').check()
    dora.button("Continue").click()
    dora.page.get_by_label("Nobody else can have it.").check()
    dora.lose_device()
    dora.expect_problem("status of 401")
    dora.button("End this passkey").click()
    dora.arrive("**/signin?next=*")  # it had opened this session
    dora.button("Sign in with a passkey").click()
    dora.arrive("**/account/end?*")
    dora.open("/account")
    expect(dora.page.locator("#passkeys .card")).to_have_count(1)


def let_pass(server: Server, passed: timedelta, *browsers: Browser) -> None:
    """Start the server anew, later by its clock; open pages notice that it is away."""
    for browser in browsers:
        browser.expect_problem(r"net::ERR_|status of 50\d")
    server.let_pass(passed)


def test_a_person_comes_loses_every_device_twice_comes_back_and_goes(
    server: Server, company: Company, open_browser: OpenBrowser
) -> None:
    root, ben = company.root, company.invite("administrator", "Ben")
    dora = open_browser()
    register(dora, company.link("investor"), "Dora")
    user = str(dora.page.locator("body").get_attribute("data-user"))
    company.set_governance(2)

    dora.add_passkey()
    codes = make_codes(dora)
    lose_first_device(dora)

    # The security key is lost too: she has her codes, on paper.
    second = open_browser()
    use_code(second, codes[3])
    expect(second.heading("Your new passkey works from")).to_be_focused(timeout=30_000)
    let_pass(server, WAITING, root, ben, dora, second)
    sign_in(second)
    second.set_up()

    # Everything is lost, the paper too. Two administrators let her back in.
    link = open_link(root, user, "Dora")
    approve(ben, "Let “Dora” come back")
    third = open_browser()
    use_link(third, link, "Dora")
    words = third.page.locator("[data-words]").inner_text()
    root.open(f"/people/{user}")
    root.button("Admit this passkey…").click()
    sign(root)
    ben.open("/inbox")
    ben.page.get_by_role("link", name="Admit the new passkey of “Dora”").click()
    expect(ben.page.locator(".items")).to_contain_text(words)
    ben.approve()
    let_pass(server, WAITING, third)
    second.expect_problem("status of 401")
    second.expect_problem("status of 422")
    second.open("/inbox")
    second.arrive("**/signin?next=*")
    sign_in(third)
    third.set_up()

    # She leaves.
    root.open("/people")
    change(root, "Dora", "deactivate")
    sign(root)
    approve(ben, "Deactivate “Dora” for ever")
    root.open("/people")
    expect(row(root, "Dora")).to_contain_text("Deactivated")
    third.expect_problem(r"status of 4(03|22)")  # the page offers the passkey that is no good now
    third.open("/inbox")
    third.arrive("**/signin?next=*")
    check_ledger(server)
