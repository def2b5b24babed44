"""Browsers and servers for the tests: real ones; only the passkey authenticators are virtual."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from ledger.http.catalogue import catalogue
from tests.browser.install_browser import find_browser, find_shell
from tests.browser.offline import Verifier
from tests.browser.people import Browser
from tests.browser.registered import register
from tests.browser.verifier_modules import opened
from tests.support.server import Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=15_000)  # as long as a busy machine may need; a failure waits for it

OpenBrowser = Callable[..., Browser]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a browser test that fails run once more; the summary names it as rerun.

    Chromium loses an input event in about one of a thousand tests on a busy machine. A fault of
    ours fails both times, or it shows in the list of reruns.
    """
    item.add_marker(pytest.mark.flaky(reruns=1))


ALL_TEXTS = """(all) => {
    const place = Object.assign(document.createElement("p"), { id: "texts", hidden: true });
    place.textContent = JSON.stringify(all); // a script takes no text here
    document.getElementById("texts").replaceWith(place);
}"""


@contextmanager
def launched(playwright: Playwright, path: str | None) -> Iterator[Chromium]:
    assert path is not None, "run tests/browser/install_browser.py first"
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


# For these tests only: while Playwright runs, no other test in this thread can run a loop.
@pytest.fixture(scope="package")
def _playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def chromium(_playwright: Playwright) -> Iterator[Chromium]:
    """Return the engine, without windows where that is installed."""
    with launched(_playwright, find_shell()) as browser:
        yield browser


@pytest.fixture(scope="package")
def chromium_with_windows(_playwright: Playwright) -> Iterator[Chromium]:
    """Return the browser that people have, which offers them their passkeys."""
    with launched(_playwright, find_browser()) as browser:
        yield browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data")
    running.start()
    yield running
    running.stop()
    assert "Traceback" not in running.output, running.output


@pytest.fixture
def open_browser(chromium: Chromium, server: Server) -> Iterator[OpenBrowser]:
    """Return a function that opens one more person's browser; afterwards none has a complaint."""
    opened: list[Browser] = []

    def open_one(
        *, passkeys: bool = True, prf: bool = False, lacking: str = "", **options: Any
    ) -> Browser:
        context = chromium.new_context(**options)
        scripts = bool(options.get("java_script_enabled", True))
        browser = Browser(
            context, server.origin, passkeys=passkeys, prf=prf, lacking=lacking, scripts=scripts
        )
        opened.append(browser)
        return browser

    yield open_one
    complaints = [browser.unexpected() for browser in opened]
    for browser in opened:
        browser.context.close()
    assert complaints == [[] for _ in opened]


@pytest.fixture
def alice(open_browser: OpenBrowser, server: Server) -> Browser:
    """Return the browser of a registered creator."""
    browser = open_browser()
    register(browser, server, "Alice", "creator")
    return browser


@pytest.fixture
def bob(open_browser: OpenBrowser, server: Server, alice: Browser) -> Browser:
    """Return the browser of an investor, registered after Alice."""
    browser = open_browser()
    register(browser, server, "Bob", "investor")
    return browser


@pytest.fixture(scope="module")
def library(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser on the start page, for calling modules."""
    running = Server(tmp_path_factory.mktemp("library") / "data")
    running.start()
    context = chromium.new_context()
    browser = Browser(context, running.origin, passkeys=False)
    browser.open("/")
    # The start page has the texts of no script; the modules under test read all of them.
    browser.evaluate(ALL_TEXTS, dict(catalogue()))
    yield browser
    context.close()
    running.stop()


@pytest.fixture
def verifier(chromium: Chromium) -> Iterator[Verifier]:
    """Return the offline verifier, opened from its file; afterwards it has asked for nothing."""
    opened = Verifier(chromium)
    yield opened
    complaints = opened.unexpected()
    opened.context.close()
    assert complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "blob:"))] == []


@pytest.fixture(scope="module")
def page(chromium: Chromium) -> Iterator[Page]:
    """Return a page that can import the offline verifier's modules."""
    with opened(chromium) as page:
        yield page
