"""The organisation's sign-in in a browser: one's own link, and what administrators see of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.provider import settings_with_provider
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server whose organisation has a provider."""
    with settings_with_provider(tmp_path) as settings:
        running = Server(tmp_path / "data", **settings)
        running.start()
        yield running
        running.stop()


def _be_bob(route: Route) -> None:
    """Go to the provider and back: its own page would ask another server for its looks."""
    begun = route.fetch(max_redirects=0)
    back = httpx.post(begun.headers["location"], data={"sub": "bob@example.com"})
    location = {"location": back.headers["location"]}
    route.fulfill(response=begun, headers=begun.headers | location)


def test_a_person_is_linked_to_the_organisation_and_an_administrator_ends_the_link(
    server: Server, open_browser: OpenBrowser
) -> None:
    with Company(server, open_browser) as company:
        root, bob = company.root, company.invite("investor", "Bob")
        bob.context.route("**/organisation/begin**", _be_bob)
        bob.open("/account")
        bob.page.get_by_role("link", name="Sign-in of the organisation").click()
        bob.page.get_by_role("link", name="Sign in at your organisation").click()
        bob.button("Link the account").click()
        expect(bob.page.locator("main")).to_contain_text("Only an administrator unlinks it")
        root.open("/organisation")
        expect(root.page.locator("#people-title + table")).to_contain_text("Bob")
        found: list[str] = []
        for view in each_view(root):
            found += faults(root, view)
        assert found == []
        root.button("Unlink").click()
        expect(root.page.locator("main")).to_contain_text("Nobody has linked an account yet")
