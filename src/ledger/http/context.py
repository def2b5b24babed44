"""What routes ask for: a part of the running ledger, who asks, the position shown."""

from typing import Annotated, NamedTuple

import msgspec
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation

from ledger import clock
from ledger.commands.people import PeopleCommands
from ledger.commands.statements import StatementCommands
from ledger.domain.charter import Charter
from ledger.http.access_record import AccessRecord
from ledger.http.organisation_gate import Organisation
from ledger.http.read_models import ReadModels
from ledger.http.requests import PLACE, AnyRequest, full_pattern
from ledger.http.security_record import SecurityRecord
from ledger.http.sessions import Sessions
from ledger.messages.messenger import Messenger
from ledger.publish.public_log import PublicLog
from ledger.settings import Settings

At = Annotated[
    str | None,
    QueryParameter(
        name="at",
        pattern=full_pattern(PLACE),
        description="Show the past: as of a position, or of an RFC 3339 time",
    ),
]
MinPosition = Annotated[
    int | None,
    QueryParameter(name="minPosition", ge=0, le=2**53, description="Wait for this position"),
]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=200, description="Items a page")]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=256, description="`next`")]


class Site(NamedTuple):
    """What never changes while the server runs: its settings, and what the ledger was founded with.

    The charter is that of the start: of its log keys, `PublicLog.keys` knows the newest.
    """

    settings: Settings
    charter: Charter


FromSite = NamedDependency[SkipValidation[Site]]
FromReadModels = NamedDependency[SkipValidation[ReadModels]]
FromAccess = NamedDependency[SkipValidation[AccessRecord]]
FromSessions = NamedDependency[SkipValidation[Sessions]]
FromPublicLog = NamedDependency[SkipValidation[PublicLog]]
FromRecord = NamedDependency[SkipValidation[SecurityRecord]]
FromOrganisation = NamedDependency[SkipValidation[Organisation | None]]
FromMessenger = NamedDependency[SkipValidation[Messenger]]
FromStatements = NamedDependency[SkipValidation[StatementCommands]]
FromPeople = NamedDependency[SkipValidation[PeopleCommands]]
SignedIn = NamedDependency[SkipValidation[str]]


def signed_in(request: AnyRequest, sessions: FromSessions) -> str:
    """Provide the signed-in person's id to a route; anybody else is refused."""
    return sessions.require(request)


class Paging(msgspec.Struct, frozen=True):
    """Which part of a list."""

    limit: int
    cursor: str | None


async def moment(
    models: FromReadModels, at: At = None, min_position: MinPosition = None
) -> int | str | None:
    """Provide what to show, once `minPosition` is reached: a position, a time, None for now.

    Raises MalformedError `time_invalid`.
    """
    await models.wait_for(min_position)
    if at is None or at.isdigit():
        return None if at is None else int(at)
    return clock.from_rfc3339(at)


def paging(limit: Limit = 50, cursor: Cursor = None) -> Paging:
    """Provide which part of a list to show."""
    return Paging(limit, cursor)


Moment = NamedDependency[SkipValidation[int | str | None]]
FromPaging = NamedDependency[SkipValidation[Paging]]
# What the OpenAPI document says of routes for the signed-in.
BY_SESSION: list[dict[str, list[str]]] = [{"session": []}]
READING = {"moment": Provide(moment), "paging": Provide(paging, sync_to_thread=False)}
MEMBERS = READING | {"user": Provide(signed_in, sync_to_thread=False)}
