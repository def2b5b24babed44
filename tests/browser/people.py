"""People at their browsers: one context each, with a passkey authenticator of its own."""

import re
from typing import Any, Literal

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Route,
    expect,
)

from tests.browser.page_modules import PageModules

AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
DRAWN = """new Promise((done) => {
    new PerformanceObserver(() => done()).observe({ type: "paint", buffered: true });
})"""


class Browser(PageModules):
    """One person's browser. It notices what must never happen on any page."""

    def __init__(
        self,
        context: BrowserContext,
        origin: str,
        *,
        passkeys: bool = True,
        prf: bool = False,
        lacking: str = "",
        scripts: bool = True,
    ) -> None:
        self.context = context
        self.origin = origin
        self.page = context.new_page()
        self._scripts = scripts
        self.assertions = 0
        self.problems: list[str] = []
        # What its authenticators have and lack beside what AUTHENTICATOR says.
        self._also = {"hasPrf": prf} | ({lacking: False} if lacking else {})
        self.bodies: list[str] = []
        self._expected: list[str] = []
        context.on("request", self._notice_request)
        context.on("console", self._notice_message)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        if passkeys:
            self._plug_in_authenticator()

    def _plug_in_authenticator(self) -> None:
        self._devtools = self.context.new_cdp_session(self.page)
        self._devtools.on("WebAuthn.credentialAsserted", self._count_assertion)
        self._devtools.send("WebAuthn.enable")
        self._authenticator = self._add_authenticator()

    def _add_authenticator(self, transport: str = "internal") -> str:
        options = {"options": AUTHENTICATOR | {"transport": transport} | self._also}
        added = self._devtools.send("WebAuthn.addVirtualAuthenticator", options)
        return str(added["authenticatorId"])

    def _tell(self, authenticator: str, command: str, **more: object) -> dict[str, Any]:
        """Send a command of the browser's WebAuthn domain to one authenticator."""
        return self._devtools.send(f"WebAuthn.{command}", {"authenticatorId": authenticator} | more)

    def plug_in_security_key(self, transport: str = "usb") -> None:
        """Plug in a security key, beside the device's own authenticator; it is touched at once.

        With `cable` it is a telephone, which the browser reaches by the hybrid transport.
        """
        self._security_key = self._add_authenticator(transport)

    def touch_security_key(self, *, touch: bool) -> None:
        """Touch the security key at every prompt from now on, or leave it alone."""
        self._tell(self._security_key, "setAutomaticPresenceSimulation", enabled=touch)

    def lose_device(self) -> None:
        """Lose the device's own authenticator, with its passkeys."""
        self._tell(self._authenticator, "removeVirtualAuthenticator")

    def passkeys(self, *, on_security_key: bool = False) -> int:
        """Return how many passkeys the device's own authenticator has, or the security key."""
        authenticator = self._security_key if on_security_key else self._authenticator
        return len(self._tell(authenticator, "getCredentials")["credentials"])

    def copy_passkeys(self, other: "Browser") -> None:
        """Give another browser this one's passkeys, as a password manager does."""
        for credential in self._tell(self._authenticator, "getCredentials")["credentials"]:
            other.hold_passkey(credential)

    def hold_passkey(self, credential: dict[str, Any]) -> None:
        """Have the device's own authenticator hold a passkey that was made elsewhere."""
        self._tell(self._authenticator, "addCredential", credential=credential)

    def _count_assertion(self, _: Any) -> None:
        self.assertions += 1

    def refuse_user(self, *, refuse: bool = True) -> None:
        """Let the person fail, or pass, the device's check."""
        self._tell(self._authenticator, "setUserVerified", isUserVerified=not refuse)

    def _notice_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "data:", "blob:")):
            self.problems.append(f"asked another server: {request.url}")
        if request.post_data:
            self.bodies.append(request.post_data)

    def _notice_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.text} ({message.location['url']})")

    def expect_problem(self, pattern: str) -> None:
        """Say that one kind of console message belongs to this test."""
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        """Return what went wrong and was not announced by the test."""
        known = self._expected
        return [each for each in self.problems if not any(re.search(one, each) for one in known)]

    # --- what people do --------------------------------------------------------------------------

    def open(self, path: str) -> Page:
        """Go to a page of the ledger."""
        return self.open_link(self.origin + path)

    def arrive(self, url: str) -> None:
        """Wait until a page is drawn that something else led to."""
        self.page.wait_for_url(url)
        self._see()

    def open_link(self, link: str) -> Page:
        """Go to a page and wait until it is drawn: before that, Chromium may drop clicks."""
        self.page.goto(link)
        if self._scripts:
            self._see()
        return self.page

    def _see(self) -> None:
        try:
            self.page.evaluate(DRAWN)
        except Error as error:  # the page went on to another one by itself
            if "context was destroyed" not in error.message:
                raise

    def register(self, name: str, role: Literal["Creator", "Investor"]) -> None:
        """Register, and arrive in the inbox."""
        self.open("/register")
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_label(re.compile(f"^{role}")).check()
        self.button("Register with a passkey").click()
        self.leave_codes()

    def leave_codes(self, *, timeout_ms: float = 30_000) -> None:
        """Leave out the last step of registration, before it is drawn, and go to the inbox."""
        codes = "**/account/codes?next=*"
        self.page.wait_for_url(codes, wait_until="commit", timeout=timeout_ms)
        self.open("/inbox")

    def draft(self, title: str, content: str | None = None) -> str:
        """Draft a statement with the default policy; return its path."""
        self.begin_draft(title)
        if content is not None:
            self.page.get_by_label("Content").fill(content)
        return self.submit()

    def begin_draft(self, title: str = "Series A investment terms") -> None:
        """Open the form for a draft, with the sample terms in it."""
        self.open("/draft")
        self.button("Use a sample").click()
        self.page.get_by_label("Title").fill(title)

    def draft_for(self, title: str, *names: str) -> str:
        """Draft a statement that two of these people have to approve; return its path."""
        self.begin_draft(title)
        for role in ("creator", "investor"):
            self.page.locator(f"#of-{role}").uncheck()
        self.page.get_by_text("Name people").click()
        for name in names:
            self.page.locator("#at-once").get_by_label(name).check()
        return self.submit()

    def submit(self) -> str:
        """Check and submit what the form holds; return the statement's path."""
        self.button("Check and submit").click()
        self.button("Sign and submit").click()
        self.arrive("**/statements/*-*")
        return self.page.url.removeprefix(self.origin)

    def approve(self) -> None:
        """Approve the statement that is open, and wait for the receipt."""
        self.button("Approve and sign").click()
        self.dialog().get_by_role("button", name="Sign", exact=True).click()
        expect(self.heading("Approved and signed")).to_be_visible()

    def accept_governance(self) -> None:
        """Accept the first governance policy that the open page asks for."""
        with self.page.expect_navigation():  # the page shows itself anew
            self.button("Accept with your passkey").first.click()

    def set_up(self) -> None:
        """Make and attest a key for this browser."""
        self.button("Set up this browser").click()
        expect(self.page.locator("#setup")).to_be_hidden()

    def confirm_with_own_device(self) -> None:
        """Leave the security key alone at the prompts that confirm an act."""

        def confirming(route: Route) -> None:
            self.touch_security_key(touch=False)
            route.continue_()

        self.page.route("**/api/jwt-keys/options", confirming)

    def add_passkey(self, transport: str = "usb") -> None:
        """Add a passkey on a security key, and confirm it with the device's own."""
        self.open("/account")
        cards = self.page.locator("#passkeys .card")
        expect(cards.first).to_be_visible()
        before = cards.count()
        self.plug_in_security_key(transport)
        self.confirm_with_own_device()
        self.button("Add a passkey…").click()
        self.button("Begin").click()
        expect(cards).to_have_count(before + 1)
        self.page.unroute("**/api/jwt-keys/options")
        self.touch_security_key(touch=True)

    def end_key(self) -> None:
        """End this browser's signing key, which nobody else can have."""
        self.open("/account")
        here = self.page.locator("#keys .card:has([data-here]:not([hidden]))")
        here.get_by_role("link", name="End…").click()
        self.page.get_by_label("Nobody else can have it.").check()
        self.button("End this key").click()
        expect(self.page.get_by_text("It signs nothing any more.")).to_be_visible()

    # --- what people see -------------------------------------------------------------------------

    def button(self, name: str) -> Locator:
        """Return the button with this name."""
        return self.page.get_by_role("button", name=name)

    def heading(self, name: str) -> Locator:
        """Return the heading with this name."""
        return self.page.get_by_role("heading", name=name)

    def dialog(self) -> Locator:
        """Return the open dialog."""
        return self.page.get_by_role("dialog")

    def reason(self) -> Locator:
        """Return the field for the reason in the open dialog."""
        return self.dialog().get_by_role("textbox", name="Reason")

    def expect_status(self, status: str, sentence: str) -> None:
        """Wait until the statement that is open has this status and progress."""
        expect(self.page.locator("#progress .badge")).to_have_text(status)
        expect(self.page.locator("#progress-sentence")).to_have_text(sentence)
