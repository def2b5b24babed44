"""The offline verifier has no way out: neither from a disk nor from a server."""

import socketserver
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from threading import Thread

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.browser.make_verifier import PAGE
from tests.browser.offline import Verifier
from tests.browser.people import Browser
from tests.support.server import Server
from tests.vectors.evidence.cases import good

EVERY_WAY_OUT = """async (address) => {
    const refused = [];
    addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
    const tries = [
        () => fetch(`http://${address}/`),
        () => navigator.sendBeacon(`http://${address}/`, "x"),
        () => new WebSocket(`ws://${address}/`),
        () => new EventSource(`http://${address}/`),
        () => { const image = new Image(); image.src = `http://${address}/x.png`; },
        () => {
            const frame = document.createElement("iframe");
            frame.src = `http://${address}/`;
            document.body.append(frame);
        },
    ];
    for (const one of tries) { try { await one(); } catch { /* refused */ } }
    await new Promise((resume) => setTimeout(resume, 100));
    return refused;
}"""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """Return the address of a server, and what it was sent."""
    reached: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # Chromium connects before it asks the policy about a frame, and then says nothing.
            self.request.settimeout(0.5)
            with suppress(TimeoutError):
                reached.append(self.request.recv(1000))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", reached
        server.shutdown()
        thread.join()


def test_there_is_no_way_out(verifier: Verifier, listener: tuple[str, list[bytes]]) -> None:
    address, reached = listener
    verifier.expect_problem("Content Security Policy|violates|asked another server")
    verifier.check(good("statement"))
    assert verifier.requests == [f"file://{PAGE}"]
    refused = verifier.evaluate(EVERY_WAY_OUT, address)
    assert {"connect-src", "frame-src", "img-src"} == set(refused)
    assert set(reached) <= {b""}
    verifier.requests.clear()  # they were asked for, and went nowhere


def test_the_page_shows_that_it_cannot_reach_the_network(verifier: Verifier) -> None:
    verifier.expect_problem("Content Security Policy|violates")
    verifier.button("Try it").click()
    expect(verifier.page.locator("#proved")).to_contain_text("your browser refused")


def test_the_server_serves_the_same_page_and_lets_it_reach_nothing_either(
    chromium: Chromium, server: Server
) -> None:
    context = chromium.new_context()
    browser = Browser(context, server.origin, passkeys=False)
    browser.expect_problem("Content Security Policy|violates")
    browser.open("/")
    browser.page.get_by_role("link", name="Verify a bundle").click()
    browser.button("Check a sample").click()
    expect(browser.heading("Verified")).to_be_visible()
    assert browser.unexpected() == []
    answer = context.request.get(f"{server.origin}/verify")
    assert answer.body() == PAGE.read_bytes()
    sent = answer.headers["content-security-policy"]
    assert sent.endswith("; frame-ancestors 'none'")
    assert sent.removesuffix("; frame-ancestors 'none'") in unescape(PAGE.read_text("utf-8"))
    refused = browser.evaluate(EVERY_WAY_OUT, server.origin.removeprefix("http://"))
    assert {"connect-src", "frame-src", "img-src"} == set(refused)
    context.close()
