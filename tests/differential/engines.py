"""The engines that run the verifier's modules: a page in Chromium, and Playwright's Node.js."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import playwright
from playwright.sync_api import Page, Route, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.install_browser import find_browser
from tests.browser.verifier_modules import SITE, opened

Engine = Callable[[str, Sequence[dict[str, Any]]], list[str]]
_HERE = Path(__file__).parent
_IN_PAGE = """async ([kind, inputs]) => {
    const { verdicts } = await import("/differential/verdicts.js");
    return verdicts((path) => import(`/verify/${path}.js`), kind, inputs);
}"""


def in_page(page: Page) -> Engine:
    """Return an engine that runs the modules of the open page."""

    def answer(route: Route) -> None:
        source = (_HERE / "verdicts.js").read_text("utf-8")
        route.fulfill(body=source, content_type="text/javascript")

    page.route(f"{SITE}differential/verdicts.js", answer)

    def run(kind: str, inputs: Sequence[dict[str, Any]]) -> list[str]:
        found: list[str] = page.evaluate(_IN_PAGE, [kind, list(inputs)])
        return found

    return run


@contextmanager
def chromium() -> Iterator[Engine]:
    """Start Chromium."""
    with sync_playwright() as driver:
        path = find_browser()
        assert path is not None, "run tests/browser/install_browser.py first"
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        with opened(browser) as page:
            yield in_page(page)
        browser.close()


@contextmanager
def node() -> Iterator[Engine]:
    """Start Node.js."""
    program = shutil.which("node", path=Path(playwright.__file__).parent / "driver")
    assert program is not None
    with subprocess.Popen(
        [program, "--no-warnings", str(_HERE / "node.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def run(kind: str, inputs: Sequence[dict[str, Any]]) -> list[str]:
            stdin.write(json.dumps({"kind": kind, "inputs": list(inputs)}) + "\n")
            stdin.flush()
            found: list[str] = json.loads(stdout.readline())
            return found

        yield run
        stdin.close()
