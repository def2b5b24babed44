"""What the pages need from the application, and nothing else of it."""

import sqlite3
from contextlib import AbstractContextManager
from typing import Any, Protocol
from urllib.parse import quote

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect, Template

from ledger.domain.vocabulary import RegistrationMode
from ledger.http.context import AnyRequest
from projections.users import User

ROWS = 25  # of a list on a page


class Web(Protocol):
    """The application as its pages see it: read models, the log's reader, and who is asking."""

    @property
    def ledger(self) -> str:
        """Return the log's origin."""

    @property
    def registration(self) -> RegistrationMode:
        """Return who may register."""

    @property
    def log(self) -> Any:
        """Return the event reader that statements are read with."""

    def views(self) -> AbstractContextManager[tuple[sqlite3.Connection, int]]:
        """Open the read models at one position."""

    def session_user(self, request: Request[Any, Any, Any]) -> User | None:
        """Return the signed-in person."""

    def now(self) -> str:
        """Return the time."""


FromWeb = NamedDependency[SkipValidation[Web]]


def to_sign_in(request: AnyRequest) -> Redirect:
    """Return the way to sign in and back to where the request was going."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Redirect(f"/signin?next={quote(request.url.path + query, safe='')}")


def page(name: str, web: Web, *, me: User | None = None, **more: Any) -> Template:
    """Return one page; it is never stored, because after signing out nobody may see it again."""
    return Template(
        f"{name}.html",
        context={"page": name, "ledger": web.ledger, "me": me, "position": 0, **more},
        headers={"Cache-Control": "no-store"},
    )
