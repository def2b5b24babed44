"""What the pages need from the application."""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect, Template

from ledger.commands.people import PeopleCommands
from ledger.domain.charter import Charter
from ledger.domain.vocabulary import RegistrationMode
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest
from ledger.http.sessions import Sessions
from projections import users
from projections.users import User

ROWS = 25  # in a list on a page


class Web(NamedTuple):
    """The application as the pages see it: the ledger, its read models, and the session.

    `registration` returns who may register now, given who might at the start.
    """

    charter: Charter
    models: ReadModels
    sessions: Sessions
    registration: Callable[[RegistrationMode], RegistrationMode]
    people: PeopleCommands

    def registration_mode(self) -> RegistrationMode:
        """Return who may register now."""
        return self.registration(self.charter.registration)

    def session_user(self, request: AnyRequest) -> User | None:
        """Return the signed-in person from the read models."""
        user = self.sessions.user(request)
        if user is None:
            return None
        with self.models.views() as (db, at):
            return users.by_id(db, user, at=at, now=self.models.now())


FromWeb = NamedDependency[SkipValidation[Web]]


def to_sign_in(request: AnyRequest) -> Redirect:
    """Return a redirect to the sign-in page, which leads back to this request."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Redirect(f"/signin?next={quote(request.url.path + query, safe='')}")


def page(name: str, web: Web, *, me: User | None = None, **more: Any) -> Template:
    """Return a page that browsers must not store: after sign-out nobody may see it again."""
    always = {
        "page": name,
        "ledger": web.charter.ledger,
        "origin": web.charter.party.origin,
        "now": web.models.now(),
        "position": 0,
    }
    return Template(
        f"{name}.html",
        context={**always, "me": me, **more},
        headers={"Cache-Control": "no-store"},
    )
