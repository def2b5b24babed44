"""The offline verifier as somebody opens it from a disk."""

from typing import Any

from playwright.sync_api import Browser as Chromium

from tests.browser.make_verifier import PAGE
from tests.browser.people import Browser
from tests.support.dossier import AT

# All but what goes into the checks, which is long.
REPORT = """() => JSON.parse(
    JSON.stringify(document.getElementById("result").report),
    (name, value) => (name === "inputs" ? [] : value),
)"""


class Verifier(Browser):
    """A browser with the page open; it notices every request."""

    def __init__(self, chromium: Chromium, **options: Any) -> None:
        context = chromium.new_context(**options)
        # The ledger's clock of the samples: what is pending in them has not ended.
        context.clock.set_fixed_time(AT)
        super().__init__(context, "file://", passkeys=False)
        self.requests: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        self.open(str(PAGE))

    def check(self, raw: bytes, *keys: str, name: str = "bundle.zip") -> dict[str, Any]:
        """Give a file to the page; return its report."""
        self.evaluate("delete document.getElementById('result').dataset.verdict")
        self.evaluate(
            "(keys) => { document.getElementById('key').value = keys.join('\\n'); }", list(keys)
        )
        self.page.set_input_files(
            "#file", {"name": name, "mimeType": "application/zip", "buffer": raw}
        )
        return self.report()

    def report(self) -> dict[str, Any]:
        """Return the report of the running verification."""
        self.page.locator("#result[data-verdict]").wait_for()
        found: dict[str, Any] = self.evaluate(REPORT)
        return found
