"""The modules of a page, called from a test."""

import json
import re
from typing import Any

from playwright.sync_api import Page


class PageModules:
    """A browser's open page, whose modules of web/static/js/lib a test can call."""

    page: Page

    def module(self, name: str) -> str:
        """Return the address of a module of js/lib."""
        source = self.page.locator("link[rel=stylesheet]").first.get_attribute("href")
        assert source is not None
        return re.sub(r"/css/[a-z]+\.css$", f"/js/lib/{name}.js", source)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Run a function in the page."""
        return self.page.evaluate(script, argument)

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """Return what a module's function returns."""
        return self.evaluate(
            "async ([address, name, values]) => (await import(address))[name](...values)",
            [self.module(module), function, list(arguments)],
        )

    def refusal(self, module: str, function: str, *arguments: Any) -> str | None:
        """Return the code of the error that a module's function throws, None if it does not."""
        return self._thrown(module, function, json.dumps(arguments), "code")

    def error(self, module: str, function: str, source: str) -> str | None:
        """Return the name of the error that a module's function throws for a JSON value."""
        return self._thrown(module, function, f"[{source.strip('()')}]", "name")

    def _thrown(self, module: str, function: str, values: str, member: str) -> str | None:
        thrown = self.evaluate(
            """async ([address, name, values, member]) => {
                const module = await import(address);
                try { module[name](...JSON.parse(values)); } catch (error) { return error[member]; }
                return null;
            }""",
            [self.module(module), function, values, member],
        )
        return None if thrown is None else str(thrown)
