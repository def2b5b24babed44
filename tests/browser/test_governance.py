"""Governance: who approves changes is shown to everybody, and changed from a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ledger.domain.policy import Node
from tests.browser.accessible import each_view, faults, violations
from tests.browser.company import Company, change, row, sign
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server
from tests.support.spoken import spoken


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def complete(company: Company, policy: Node) -> None:
    """Have the change that the page has just drafted accepted and approved."""
    link = company.root.page.locator("#done").get_by_role("link", name="Open the change")
    path = link.get_attribute("href")
    assert path
    company.complete(path.rpartition("/")[2], policy)


def propose(browser: Browser, threshold: int) -> None:
    """Describe a policy for this many administrators, and ask what it does."""
    browser.open("/governance")
    browser.page.get_by_label("How many approvals").fill(str(threshold))
    browser.button("Show what it does…").click()


def test_everybody_sees_who_governs_and_only_who_governs_can_propose(
    company: Company, alice: Browser
) -> None:
    alice.open("/governance")
    in_force = alice.page.locator("#in-force")
    expect(in_force).to_contain_text("the approval of 1 administrator. Each approval is confirmed")
    expect(in_force.get_by_role("row").filter(has_text="Root")).to_contain_text("Active")
    expect(alice.heading("Propose another policy")).to_have_count(0)
    expect(alice.page.locator("main button:visible")).to_have_count(0)
    company.root.open("/governance")
    expect(company.root.heading("Propose another policy")).to_be_visible()
    expect(company.root.page.locator("#strength")).to_contain_text("Without “Root”, nobody could")


def test_governance_is_raised_with_the_passkeys_of_everybody_who_keeps_a_place(
    company: Company,
) -> None:
    root, ben = company.root, company.actor("Ben", "administrator")
    root.open("/governance")
    root.page.get_by_label("How many approvals").fill("2")
    expect(root.page.locator("#says")).to_have_text(
        "A change will need the approval of 2 administrators."
    )
    expect(root.page.locator("#keepers")).to_contain_text(spoken(ben.passkey.cose_sha256))
    root.button("Show what it does…").click()
    expect(root.dialog()).to_contain_text("let only “Root” and “Ben” fill its places")
    expect(root.dialog()).to_contain_text("Open invitations give no role that governs any more.")
    sign(root)
    expect(root.page.locator("#done")).to_contain_text("accepts the new policy with a passkey")
    complete(company, Node(2, ("role:administrator",)))
    root.open("/governance")
    in_force = root.page.locator("#in-force")
    expect(in_force).to_contain_text("the approval of 2 administrators")
    in_force.get_by_text("How it was set").click()
    expect(in_force.get_by_role("link", name="The change")).to_be_visible()
    expect(root.page.locator("#strength")).to_contain_text("Without “Root” or “Ben”, nobody could")


def test_a_policy_that_nobody_could_meet_is_refused_before_the_signature(company: Company) -> None:
    root = company.root
    root.expect_problem("status of 409")
    propose(root, 2)
    expect(root.page.locator("#effect")).to_contain_text("nobody could administer the ledger")
    expect(root.dialog().get_by_role("button", name="Sign with your passkey")).to_be_disabled()


def test_a_form_that_asks_for_nobody_says_what_is_missing(company: Company) -> None:
    root = company.root
    root.open("/governance")
    root.page.get_by_label("administrator", exact=True).uncheck()
    expect(root.page.locator("#says")).to_have_text(
        "Say who can sign: at least one role or person."
    )
    root.button("Show what it does…").click()
    expect(root.dialog()).to_have_count(0)


def test_another_policy_ends_the_changes_that_wait_and_says_so_first(company: Company) -> None:
    root = company.root
    company.actor("Ben", "administrator")
    company.set_governance(2)
    assert company.change({"define-role": {"role": "board"}})["status"] == "pending"
    propose(root, 1)
    effect = root.page.locator("#effect")
    expect(effect).to_contain_text("1 pending statement can no longer be approved")
    expect(effect.get_by_role("link", name="Define the role board")).to_be_visible()
    expect(effect).to_contain_text("the approval of 2 administrators, as every change")


def test_who_cannot_approve_a_change_reads_it_without_asking_what_it_does(
    company: Company, alice: Browser
) -> None:
    company.actor("Ben", "administrator")
    company.set_governance(2)
    made = company.change({"define-role": {"role": "board"}})
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    alice.open(f"/statements/{made['statementId']}")
    expect(alice.page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    expect(alice.page.locator("#does")).to_be_hidden()
    assert not [url for url in asked if url.endswith("/preview")]


def test_a_named_person_governs_beside_a_role(company: Company) -> None:
    root = company.root
    carla = company.actor("Carla", "investor")
    root.open("/governance")
    root.page.locator("#named summary").click()
    root.page.get_by_label("Carla").check()
    root.button("Show what it does…").click()
    sign(root)
    complete(company, Node(1, ("role:administrator", f"user:{carla.user}")))
    root.open("/governance")
    shown = root.page.locator("#in-force").get_by_role("row").filter(has_text="Carla")
    expect(shown).to_contain_text("by name")
    expect(shown).to_contain_text("Active")


def test_who_governs_by_another_role_suspends_an_administrator_who_does_not(
    company: Company,
) -> None:
    root, ben = company.root, company.actor("Ben", "administrator")
    user = root.evaluate("document.body.dataset.user")
    board = {"define-role": {"role": "board"}}, {"grant-role": {"user": user, "role": "board"}}
    assert company.change(*board)["status"] == "approved"
    root.open("/governance")
    root.page.get_by_label("administrator", exact=True).uncheck()
    root.page.get_by_label("board", exact=True).check()
    root.button("Show what it does…").click()
    sign(root)
    complete(company, Node(1, ("role:board",)))
    root.open("/governance")
    expect(root.page.locator("#in-force")).to_contain_text("the approval of 1 board")
    root.open("/people")
    change(root, "Ben", "suspend")
    root.reason().fill("Left the company.")
    expect(root.dialog()).to_contain_text("It takes effect at once, by you alone")
    sign(root)
    expect(row(root, "Ben").locator(".badge")).to_have_text("Suspended")
    assert ben.sign_in().json()["code"] == "person_suspended"


def test_who_may_register_is_set_by_a_change(company: Company, open_browser: OpenBrowser) -> None:
    root = company.root
    root.open("/governance")
    root.button("Let only invited people register…").click()
    expect(root.dialog()).to_contain_text("Nobody registers without an invitation any more.")
    sign(root)
    registration = root.page.locator("#registration")
    expect(registration).to_contain_text("Who may register: only invited people.")
    expect(root.button("Let everybody register…")).to_be_enabled()
    stranger = open_browser()
    stranger.open("/register")
    expect(stranger.page.get_by_text("This ledger is by invitation.")).to_be_visible()
    values = root.page.locator("#floor")
    values.get_by_text("How it was set").click()
    expect(values).to_contain_text("with the founding")


def test_a_role_that_governs_is_given_with_a_passkey_and_approved_by_another(
    company: Company,
) -> None:
    root = company.root
    ben, dora = company.invite("administrator", "Ben"), company.actor("Dora", "investor")
    company.set_governance(2)
    root.open("/people")
    offered = root.page.locator("#invite-role option")
    expect(offered.filter(has_text="administrator")).to_have_count(0)
    expect(root.page.locator("#invite")).to_contain_text("no invitation gives a role that governs")
    change(root, "Dora", "grant-role", "administrator")
    expect(root.dialog().get_by_label("Their passkey")).to_be_visible()
    expect(root.page.locator("#act-cose")).to_have_text(spoken(dora.passkey.cose_sha256))
    sign(root)
    ben.open("/people")
    ben.page.get_by_role("link", name="Give “Dora” the role administrator").click()
    expect(ben.page.locator("#does")).to_contain_text("can still be approved")
    words = spoken(dora.passkey.cose_sha256)
    expect(ben.page.locator(".items")).to_contain_text(f"The passkey of “Dora”{words}")
    ben.approve()
    root.open("/people")
    expect(row(root, "Dora")).to_contain_text("administrator")
    root.open("/governance")
    shown = root.page.locator("#in-force").get_by_role("row").filter(has_text="Dora")
    expect(shown).to_contain_text("Has not accepted it yet")
    assert dora.accept_governance(Node(2, ("role:administrator",))).status_code == 201
    root.open("/governance")
    expect(shown).to_contain_text("Active")


def test_who_was_granted_a_place_accepts_it_with_one_click_before_they_approve(
    company: Company,
) -> None:
    root, ben = company.root, company.invite("investor", "Ben")
    ben.open("/inbox")
    user = ben.evaluate("document.body.dataset.user")
    assert company.change({"grant-role": {"user": user, "role": "administrator"}})
    ben.open("/inbox")
    asked = ben.page.locator("#acceptances")
    expect(asked).to_contain_text("Accept your place in governance.")
    expect(asked).to_contain_text("the approval of 1 administrator, and you can be one of them")
    assert violations(ben) == []
    ben.accept_governance()
    expect(asked.locator("section")).to_have_count(0)
    ben.open("/people")
    change(ben, "Root", "grant-role", "creator")
    sign(ben)
    expect(row(ben, "Root")).to_contain_text("creator")
    root.open("/inbox")
    expect(root.page.locator("#acceptances section")).to_have_count(0)


def test_a_change_is_approved_only_after_its_person_has_accepted_their_place(
    company: Company,
) -> None:
    root, dora = company.root, company.invite("investor", "Dora")
    dora.open("/inbox")
    user = dora.evaluate("document.body.dataset.user")
    assert company.change({"grant-role": {"user": user, "role": "administrator"}})
    root.open("/governance")
    root.page.locator("#named summary").click()
    root.page.get_by_label("Dora").check()
    root.button("Show what it does…").click()
    sign(root)
    link = root.page.locator("#done").get_by_role("link", name="Open the change")
    dora.open(link.get_attribute("href") or "")
    asked = dora.page.locator("#acceptances section")
    expect(asked).to_have_count(2)  # the policy in force, and the one that waits
    expect(dora.button("Approve and sign")).to_have_count(0)
    expect(dora.page.locator("#actions")).to_contain_text("Accept your place in governance first")
    dora.accept_governance()
    expect(asked).to_have_count(1)
    expect(asked).to_contain_text("Open the change")
    dora.accept_governance()
    expect(asked).to_have_count(0)
    dora.approve()
    root.open("/governance")
    expect(root.page.locator("#in-force")).to_contain_text("by name")


def test_the_pages_break_no_accessibility_rule_and_fit_a_narrow_screen(company: Company) -> None:
    root, found = company.root, []
    company.actor("Ben", "administrator")
    company.set_governance(2)
    for view in each_view(root):
        for path in ("/governance", "/roles"):
            root.open(path)
            for summary in root.page.locator("main summary").all():
                summary.click()
            found += faults(root, f"{path} {view}")
    assert found == []


def test_a_policy_is_proposed_by_keyboard_alone(company: Company) -> None:
    root = company.root
    company.actor("Ben", "administrator")
    root.open("/governance")
    root.page.get_by_label("How many approvals").focus()
    root.page.keyboard.press("ArrowUp")
    root.page.keyboard.press("Enter")
    expect(root.dialog()).to_contain_text("Ask 2 administrators")
    root.page.keyboard.press("Escape")
    expect(root.dialog()).to_have_count(0)
