"""After a restore that lost entries: one tap lets a key sign again, another one governs again."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.operators import REASON, ledger, lose_log
from tests.support.server import Server


def lose(server: Server, company: Company, backup: Path) -> None:
    """Back the ledger up, invite somebody, and restore the backup: the invitation is lost."""

    def run(*arguments: str | Path) -> None:
        done = ledger(server, *arguments)
        assert done.returncode == 0, done.stderr

    run("backup", backup)
    company.actor("Dora", "investor")
    name = company.root.evaluate("document.body.dataset.ledger")
    company.root.page.goto("about:blank")  # no page waits for the server meanwhile
    server.kill()
    lose_log(server)
    run("restore", backup, "--reason", REASON, "--confirm", name)
    server.start()


def test_an_administrator_signs_and_governs_again_after_two_taps(
    server: Server, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with Company(server, open_browser) as company:
        root = company.root
        root.open("/inbox")
        lose(server, company, tmp_path / "backup")
        root.open("/inbox")  # its session is over, and the browser offers the passkey by itself
        banner = root.page.locator("#reaffirm")
        expect(banner).to_contain_text("lost entries")
        expect(root.page.locator("#setup")).to_be_hidden()
        assert violations(root) == []
        root.open("/account")
        expect(root.page.locator("#keys")).to_contain_text("Waits for you")
        assert violations(root) == []
        banner.get_by_role("button", name="Reaffirm with your passkey").click()
        expect(banner).to_have_count(0)
        expect(root.page.locator("#keys")).to_contain_text("Active")
        root.accept_governance()
        guest = company.invite("investor", "Eve")
        expect(guest.page.locator("#reaffirm")).to_have_count(0)
