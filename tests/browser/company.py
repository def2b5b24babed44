"""An organisation at its browsers: administrators, and people whom they invited."""

import re
from contextlib import ExitStack
from typing import Any, Self
from uuid import uuid4

from playwright.sync_api import Locator, TimeoutError, expect

from ledger import clock
from ledger.domain.policy import Node
from tests.browser import registered
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.actor import Actor, now_ms
from tests.support.links import link_jwk
from tests.support.server import Server


class Company:
    """A ledger's administrators and members, each with a browser."""

    def __init__(self, server: Server, open_browser: OpenBrowser) -> None:
        self.server = server
        self._open = open_browser
        self._clients = ExitStack()
        self._browsers: list[Browser] = []
        self._actors: list[Actor] = []
        (link,) = re.findall(r"/register#invitation=(\S+)", server.output)
        self.root = open_browser()
        self._ledger = registered.register(self.root, server, "Root", "administrator", link).ledger
        self._browsers.append(self.root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clients.close()

    def join(self, link: str, name: str) -> Browser:
        """Register somebody with the link of an invitation."""
        browser = self._open()
        register(browser, link, name)
        self._browsers.append(browser)
        return browser

    def invite(self, role: str, name: str) -> Browser:
        """Have the first administrator invite somebody, who registers."""
        self._invite(role, name)
        browser = self._open()
        registered.register(browser, self.server, name, role, name)
        self._browsers.append(browser)
        return browser

    def link(self, role: str) -> str:
        """Have the first administrator make an invitation; return its link."""
        root = self.root
        root.open("/people")
        root.page.get_by_label("Role", exact=True).first.select_option(role)
        root.button("Make an invitation").click()
        sign(root)
        expect(root.heading("Invitation link")).to_be_focused()
        return root.page.locator("[data-link]").inner_text()

    def change(self, *items: dict[str, Any]) -> dict[str, Any]:
        """Have the first administrator make a change, past the pages; return the answer."""
        self.root.open("/people")
        answer: dict[str, Any] = self.root.evaluate(
            """async ([changes, keystore, items]) => {
                const { makeChange } = await import(changes);
                const { user, ledger } = document.body.dataset;
                const [key] = await (await import(keystore)).keysOf(ledger, user);
                return makeChange(key, { ledger, user }, items, () => {});
            }""",
            [*map(self.root.module, ("changes", "keystore")), list(items)],
        )
        return answer

    def actor(self, name: str, role: str) -> Actor:
        """Have the first administrator invite somebody, who registers without a browser."""
        client = self._clients.enter_context(self.server.client())
        found = Actor(client, name, self.server.origin)
        self._invite(role, name)
        self._actors.append(found.register(role, name))
        return found

    def _invite(self, role: str, name: str) -> None:
        """Have the first administrator invite somebody; the link's secret is that of the name."""
        invitation = {
            "invitation": str(uuid4()),
            "role": role,
            "key": link_jwk(name, self._ledger),
            "expiresAt": clock.to_text(now_ms() + 3_600_000),
        }
        assert self.change({"invite": invitation})["status"] == "approved"

    def complete(self, change: str, policy: Node) -> None:
        """Have everybody accept the policy of a change, and the first administrator approve it."""
        for actor in self._actors:
            actor.accept_governance(policy, change)  # refused for who fills no place
        for browser in self._browsers:
            browser.open("/governance")
            if browser.page.locator("#acceptances button").count():
                browser.accept_governance()
        self.root.open(f"/statements/{change}")
        self.root.approve()

    def set_governance(self, threshold: int) -> None:
        """Ask this many administrators to approve every change from now on."""
        self.root.open("/people")
        answer = self.root.evaluate(
            """async ([changes, keystore, api, threshold]) => {
                const { makeChange } = await import(changes);
                const { get } = await import(api);
                const { user, ledger } = document.body.dataset;
                const [key] = await (await import(keystore)).keysOf(ledger, user);
                const { policySha256 } = await get("/api/governance");
                const policy = { threshold, of: ["role:administrator"] };
                const digest = async (text) => {
                    const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
                    const bytes = Uint8Array.from(raw, (each) => each.charCodeAt(0));
                    const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
                    return Array.from(found, (n) => n.toString(16).padStart(2, "0")).join("");
                };
                const { items } = await get("/api/users");
                const people = [];
                for (const { id, roles, kids } of items) {
                    if (!roles.includes("administrator")) continue;
                    const { attestation } = await get(`/api/jwt-keys/${kids[0]}`);
                    people.push({ user: id, cose: await digest(attestation.passkeyPublicKey) });
                }
                const item = { "set-governance": { policy, people, was: policySha256 } };
                return makeChange(key, { ledger, user }, [item], () => {});
            }""",
            [*map(self.root.module, ("changes", "keystore", "api")), threshold],
        )
        assert answer["status"] == "pending"
        self.complete(answer["statementId"], Node(threshold, ("role:administrator",)))


def register(browser: Browser, link: str, name: str) -> None:
    """Register with the link of an invitation, and arrive in the inbox."""
    browser.open_link(link)
    browser.page.get_by_label("Your name").fill(name)
    button = browser.button("Register with a passkey")
    button.click()
    try:
        browser.leave_codes(timeout_ms=15_000)
    except TimeoutError:
        # Now and then no click reaches the page: it shows no error and sends no request. The
        # second comes from the page itself, and is ignored while the first is at work. What the
        # page shows is printed, for the case that this is not the reason.
        print(browser.page.locator("main").inner_text(), browser.bodies, sep="\n")
        button.evaluate("(each) => each.click()")
        browser.leave_codes(timeout_ms=60_000)


def sign(browser: Browser) -> None:
    """Confirm the open dialog once it says what the change does."""
    button = browser.dialog().get_by_role("button", name="Sign with your passkey")
    expect(button).to_be_enabled()
    button.click()


def row(browser: Browser, name: str) -> Locator:
    """Return the row of a person."""
    return browser.page.locator("#everybody tr").filter(has_text=name)


def change(browser: Browser, name: str, act: str, role: str | None = None) -> None:
    """Open the dialog for a person, and choose an act."""
    row(browser, name).get_by_role("button", name="Change…").click()
    browser.dialog().get_by_label("What to change").select_option(act)
    if role is not None:
        browser.dialog().get_by_label("Role", exact=True).select_option(role)
