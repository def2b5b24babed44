"""The table of routes and their quotas in docs/reference/limits.md, written from the routes.

`make reference` writes it, and a test compares it: a new route has its row before it is merged.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from litestar import Litestar
from litestar.routes import HTTPRoute

from ledger.http.quotas import Group, group_of
from ledger.server import build
from ledger.settings import read_settings

PAGE = Path(__file__).parents[2] / "docs/reference/limits.md"
TABLE = re.compile(r"(?<=<!-- begin: quotas of routes -->\n).*?(?=<!-- end -->)", re.DOTALL)
NONE = "none"
# What the page calls each group.
WORDS = {
    Group.BEGIN: "begin a ceremony",
    Group.COMPLETE: "complete a ceremony",
    Group.SIGN_IN: "sign in by key",
    Group.ADD: "add a key, a passkey or a service account",
    Group.DRAFT: "draft a statement",
    Group.DECIDE: "approve, reject, withdraw, use, report an outcome",
    Group.RETRACT: "retract an approval",
    Group.ADMINISTER: "every other request that is not a read",
    Group.SEARCH: "reads with `at`, `q` or a filter",
    Group.LOG: "the public log",
    Group.EVIDENCE: "evidence, and auditors' questions",
    Group.READ: "every other read",
    Group.LARGE: "bodies and approvals of more than 64 KiB, in pieces of 64 KiB",
    Group.REFUSED: "requests with a signature that were refused (400, 401, 403, 404, 422)",
}


def application() -> Litestar:
    """Return the application of a new ledger, which is gone by then: its routes are what counts."""
    with TemporaryDirectory(prefix="ledger-routes-") as data:
        found = build(read_settings({"LEDGER_DATA": f"{data}/data"})).application

        async def close() -> None:
            async with found.lifespan():
                pass

        asyncio.run(close())
    return found


def quotas(routes: Litestar) -> Iterator[tuple[str, str, list[Group | None]]]:
    """Yield the method and address of every route, and the groups of the requests that it takes."""
    for route in routes.routes:
        assert isinstance(route, HTTPRoute)
        path = re.sub(r":\w+}", "}", route.path)
        for method, (_, model) in sorted(route.route_handler_map.items()):
            if method != "OPTIONS":
                names = sorted(each.field_alias for each in model.expected_query_params)
                queries = [b"", *(f"{name}=1".encode() for name in names)]
                groups = [group_of(method, route.path, query) for query in queries]
                yield method, path, list(dict.fromkeys(groups))


def rendered(page: str, routes: Litestar) -> str:
    """Return the page with its table filled in."""
    rows = ["| Route | Quota |", "|---|---|"]
    for method, path, groups in sorted(quotas(routes), key=lambda each: each[1]):
        words = [NONE if group is None else WORDS[group] for group in groups]
        rows.append(f"| `{method} {path}` | {'; '.join(words)} |")
    return TABLE.sub(lambda _: "\n".join(rows) + "\n", page)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text("utf-8"), application()), "utf-8")
