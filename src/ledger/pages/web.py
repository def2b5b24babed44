"""What the pages need from the application, and nothing else of it."""

from typing import Any, NamedTuple
from urllib.parse import quote

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect, Template

from ledger.domain.charter import Charter
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest
from ledger.http.sessions import Sessions
from projections import users
from projections.users import User

ROWS = 25  # of a list on a page


class Web(NamedTuple):
    """The application as its pages see it: what the ledger is, what is read, and who is asking."""

    charter: Charter
    models: ReadModels
    sessions: Sessions

    def session_user(self, request: AnyRequest) -> User | None:
        """Return the signed-in person as the read models know them."""
        user = self.sessions.user(request)
        if user is None:
            return None
        with self.models.views() as (db, at):
            return users.by_id(db, user, at=at, now=self.models.now())


FromWeb = NamedDependency[SkipValidation[Web]]


def to_sign_in(request: AnyRequest) -> Redirect:
    """Return the way to sign in and back to where the request was going."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Redirect(f"/signin?next={quote(request.url.path + query, safe='')}")


def page(name: str, web: Web, *, me: User | None = None, **more: Any) -> Template:
    """Return one page; it is never stored, because after signing out nobody may see it again."""
    return Template(
        f"{name}.html",
        context={"page": name, "ledger": web.charter.ledger, "me": me, "position": 0, **more},
        headers={"Cache-Control": "no-store"},
    )
