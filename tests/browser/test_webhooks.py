"""The page of webhooks: an administrator registers an address, and sees what was sent to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.support.webhooks import SETTINGS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server whose messages may go to this machine."""
    running = Server(tmp_path / "data", **SETTINGS)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def test_an_administrator_registers_a_webhook_tests_it_and_removes_it(
    server: Server, open_browser: OpenBrowser, receiver: Receiver
) -> None:
    with Company(server, open_browser) as company:
        root = company.root
        root.open("/webhooks")
        expect(root.page.locator("main")).to_contain_text("No webhook is registered.")
        root.page.get_by_label("Address").fill("https://localhost/hook")
        root.expect_problem("status of 422")
        root.button("Register").click()
        expect(root.page.locator("#problem")).to_contain_text("own network")
        root.page.get_by_label("Address").fill(receiver.url)
        root.button("Register").click()
        expect(root.page.locator("#once-text")).to_contain_text("whsec_")
        secret = root.page.locator("#once-text").inner_text()
        root.page.get_by_role("link", name="I have kept it").click()
        expect(root.page.locator("#once-text")).to_be_hidden()
        root.page.get_by_role("button", name="Send a test").click()
        receiver.wait_for_ids(1)
        assert receiver.received[0].verified(secret)["type"] == "webhook.test"
        root.open("/webhooks")
        root.page.get_by_text("Latest messages").click()
        expect(root.page.locator("main")).to_contain_text("webhook.test")
        found: list[str] = []
        for view in each_view(root):
            found += faults(root, view)
        assert found == []
        root.page.get_by_role("button", name="Remove").click()
        expect(root.page.locator("main")).to_contain_text("No webhook is registered.")
