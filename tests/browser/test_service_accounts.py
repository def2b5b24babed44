"""A service account: its owner adds it, a program works with it, and it ends."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ledger.client import ApprovalRules, kept, requires_approval
from ledger.errors import ConflictError, RefusedError
from tests.browser.accessible import violations
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.browser.test_programs import run
from tests.support.server import Server

POLICY = {"threshold": 1, "of": ["role:investor"], "assurance": "passkey"}
LEDGER = [sys.executable, "-m", "ledger"]


def add_account(owner: Browser, login: list[str], *, uses: bool = False) -> str:
    """Add an account that drafts and reports; return what the program said."""
    owner.open("/account")
    owner.button("Add a service account…").click()
    dialog = owner.page.locator("#service-dialog")
    dialog.get_by_label("Account").fill("deploy")
    if not uses:
        dialog.get_by_label("Use approved statements").uncheck()
    dialog.get_by_label("Statements without a type").check()
    assert violations(owner) == []
    dialog.get_by_role("button", name="Continue").click()
    expect(owner.page.locator("#program-command")).to_contain_text("ledger login")
    command = str(owner.page.locator("#program-command").text_content()).split()
    assert command[3].count(".") == 2
    running = subprocess.Popen(
        [*LEDGER, *command[1:], *login], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    answer = running.stdout.readline().strip()
    owner.page.get_by_label("The line that the command prints").fill(answer)
    owner.button("Confirm with your passkey").click()
    card = owner.page.locator("#services .card").first
    acts = "Draft statements · Report outcomes of uses"
    acts += " · Use approved statements" if uses else ""
    expect(card).to_contain_text(f"For statements without a type: {acts}")
    _, said = running.communicate(timeout=60)
    return said


def test_an_owner_adds_a_service_account_which_drafts_and_ends_itself(
    alice: Browser, server: Server, tmp_path: Path
) -> None:
    login = ["--login", str(tmp_path / "login.json")]
    alice.open("/account")
    alice.button("Add a service account…").click()
    dialog = alice.page.locator("#service-dialog")
    dialog.get_by_label("Account").fill("deploy")
    dialog.get_by_role("button", name="Continue").click()
    expect(alice.page.get_by_text("Choose at least one thing that it may do")).to_be_visible()
    assert "This terminal works as the service account deploy." in add_account(alice, login)
    assert violations(alice) == []
    assert "deploy  (of" in run([*LEDGER, "service", "list", *login])
    content = tmp_path / "content.json"
    content.write_text('{"amount":1}')
    policy = ["--policy", '{"threshold":1,"of":["role:investor"]}']
    run([*LEDGER, "draft", str(content), "--title", "By a machine", *policy, *login])
    assert run([*LEDGER, "service", "end", *login]) == ""
    alice.page.reload()
    expect(alice.page.locator("#services .card").first).to_contain_text("Revoked")


def test_an_agents_call_waits_for_a_passkey_in_a_browser_and_goes_on_once(
    alice: Browser, bob: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "login.json"
    add_account(alice, ["--login", str(path)], uses=True)
    rules = ApprovalRules(policy=POLICY, within_s=120)
    ran = []

    @requires_approval(kept(path), tmp_path / "calls", rules, action="deploy")
    def deploy(version: str) -> str:
        ran.append(version)
        return f"deployed {version}"

    statement = deploy.propose("1.4.2").id
    with ThreadPoolExecutor() as pool:
        call = pool.submit(deploy, "1.4.2")
        bob.open(f"/statements/{statement}")
        drafted = "Created by deploy, a service account of “Alice”,"
        expect(bob.page.get_by_text(drafted)).to_be_visible()
        assert ran == []
        bob.approve()
        assert call.result(timeout=120) == "deployed 1.4.2"
    with pytest.raises(ConflictError, match="used_up"):
        deploy.under(statement)("1.4.2")
    with pytest.raises(RefusedError, match="arguments_differ"):
        deploy.under(statement)("1.4.3")
    assert ran == ["1.4.2"]
    bob.page.reload()
    expect(bob.page.locator("#uses")).to_contain_text("deploy (service account of “Alice”) used it")


def test_an_administrator_sees_and_ends_a_service_account(
    server: Server, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with Company(server, open_browser) as company:
        root = company.root
        add_account(root, ["--login", str(tmp_path / "login.json")])
        root.open("/people")
        line = root.page.locator("#services tbody tr")
        expect(line).to_contain_text("For statements without a type: Draft statements · Report")
        expect(line).to_contain_text("Root")
        assert violations(root) == []
        line.get_by_role("link", name="Root").click()
        expect(root.page.get_by_role("heading", level=1)).to_have_text("Root")
        assert violations(root) == []
        line.get_by_role("button", name="End").click()
        expect(line.get_by_role("button")).to_have_count(0)
