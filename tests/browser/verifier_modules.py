"""The offline verifier's modules in a page, one by one: call a function, see what it refuses."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Route

from ledger.errors import LedgerError
from tests.browser.make_verifier import WEB, texts

SITE = "https://verifier.test/"  # routed to the files of web/: there is no such server
# Calls a function for each list of arguments; bytes are {"b64"}, a vkey is {"vkey"}.
_EACH = """async ([module, name, calls]) => {
    const loaded = await import(`/verify/${module}.js`);
    const { fromBase64 } = await import("/verify/encoding.js");
    const { parseVkey } = await import("/verify/tlog/vkeys.js");
    const made = async (value) => {
        if (Array.isArray(value)) return Promise.all(value.map(made));
        if (value?.b64 !== undefined) return fromBase64(value.b64);
        return value?.vkey === undefined ? value : parseVkey(value.vkey);
    };
    const results = [];
    for (const values of calls) {
        try {
            await loaded[name](...(await made(values)));
            results.push(null);
        } catch (error) {
            results.push(error.code ?? String(error));
        }
    }
    return results;
}"""


@contextmanager
def opened(
    chromium: Chromium, changes: Mapping[str, Callable[[str], str]] = MappingProxyType({})
) -> Iterator[Page]:
    """Open a page of a site whose files are those of web/; `changes` rewrites some, by path."""

    # At once: an error in `answer` would leave the page waiting without end.
    changed = {name: change((WEB / name).read_text("utf-8")) for name, change in changes.items()}

    found = json.dumps(texts())
    blank = f'<!doctype html><script type="application/json" id="texts">{found}</script>'

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(SITE)
        if name.endswith(".js"):
            body = changed.get(name) or (WEB / name).read_text("utf-8")
            route.fulfill(body=body, content_type="text/javascript")
        else:
            route.fulfill(body=blank, content_type="text/html")

    context = chromium.new_context()
    context.route(f"{SITE}**", answer)
    page = context.new_page()
    page.goto(SITE)
    yield page
    context.close()


def raw(value: bytes) -> dict[str, str]:
    """Return bytes as an argument of a call."""
    return {"b64": base64.b64encode(value).decode()}


def codes(page: Page, module: str, function: str, calls: list[list[Any]]) -> list[str | None]:
    """Return the code that each call was refused with, None for one that was not."""
    found: list[str | None] = page.evaluate(_EACH, [module, function, calls])
    return found


def code(function: Callable[..., object], *values: object, **named: Any) -> str | None:
    """Return the same of a function in Python."""
    try:
        function(*values, **named)
    except LedgerError as error:
        return error.code
    return None
