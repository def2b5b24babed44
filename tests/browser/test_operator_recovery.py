"""A recovery by the operator is told on every page, and people who govern cancel it there."""

from playwright.sync_api import expect

from tests.browser.accessible import violations
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.recovering import recover_beside
from tests.support.server import Server

TITLE, CANCEL = "The operator lets people into governance", "Cancel these invitations"


def test_everybody_is_told_of_the_operators_invitations_and_who_governs_cancels_them(
    server: Server, open_browser: OpenBrowser
) -> None:
    with Company(server, open_browser) as company:
        root, bob = company.root, company.invite("investor", "Bob")
        assert recover_beside(server, "Root").returncode == 0
        bob.open("/inbox")
        expect(bob.heading(TITLE)).to_be_visible()
        expect(bob.page.locator("[aria-labelledby=operator-title]")).to_contain_text(
            "The operator says that these people can no longer act: “Root”."
        )
        expect(bob.button(CANCEL)).to_have_count(0)
        root.open("/people")
        row = root.page.locator("#invitations tbody tr").first
        expect(row.locator(".badge")).to_have_text("Waiting")
        assert violations(root) == []
        # The device asks for a passkey; a person who turns away cancels nothing.
        root.refuse_user()
        root.button(CANCEL).click()
        expect(root.page.locator("#problem")).to_contain_text("Nothing was signed.")
        expect(root.heading(TITLE)).to_be_visible()
        root.refuse_user(refuse=False)
        before = root.assertions
        root.button(CANCEL).click()
        expect(root.heading(TITLE)).to_have_count(0)
        assert root.assertions == before + 1
        expect(row.locator(".badge")).to_have_text("Cancelled")
        bob.open("/inbox")
        expect(bob.heading("Waiting for you")).to_be_visible()
        expect(bob.heading(TITLE)).to_have_count(0)
