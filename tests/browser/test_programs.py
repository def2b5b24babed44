"""A program gets a key of its own: the account page and `ledger login`, as people use them."""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.people import Browser
from tests.support.server import Server


def test_a_terminal_signs_in_by_a_passkey_and_approves_what_waits(
    alice: Browser, bob: Browser, server: Server, tmp_path: Path
) -> None:
    login = ["--login", str(tmp_path / "login.json")]
    ledger = [sys.executable, "-m", "ledger"]
    path = alice.draft("Series A investment terms")
    bob.open("/account")
    bob.button("Add a program…").click()
    expect(bob.page.locator("#program-command")).to_contain_text("ledger login")
    command = str(bob.page.locator("#program-command").text_content()).split()
    assert command[:3] == ["ledger", "login", server.origin]
    bob.page.get_by_label("The line that the command prints").fill("eyJ.a.b.c")
    bob.button("Confirm with your passkey").click()
    expect(bob.page.get_by_text("This line does not answer the command above.")).to_be_visible()
    assert violations(bob) == []
    running = subprocess.Popen(
        [*ledger, *command[1:], *login], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    answer = running.stdout.readline().strip()
    bob.page.get_by_label("The line that the command prints").fill(answer)
    bob.page.get_by_label("Name of this program").fill("Terminal")
    bob.button("Confirm with your passkey").click()
    card = bob.page.locator("#keys .card", has=bob.page.get_by_text("Terminal"))
    expect(card.first).to_contain_text("A program.")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "Statements that wait: 1" in said
    shown = run([*ledger, "list", *login])
    statement = path.rsplit("/", 1)[1]
    assert statement in shown
    digest = next(
        line.split()[1]
        for line in run([*ledger, "show", statement, *login]).splitlines()
        if line.startswith("SHA-256:")
    )
    assert "Recorded at position" in run([*ledger, "sign", statement, "--digest", digest, *login])


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
