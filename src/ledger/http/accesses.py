"""The route of the access record, for auditors."""

import asyncio

import msgspec
from litestar import get

from ledger import clock
from ledger.errors import ForbiddenError
from ledger.http.access_record import AccessRecord
from ledger.http.answers import READ
from ledger.http.context import (
    FromAccess,
    FromPaging,
    FromReadModels,
    SignedIn,
)
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.store.ports.operations import Access, AccessKind
from projections import readers, users
from projections.paging import decode_cursor, encode_cursor
from projections.users import NamedPerson

LIST = "access-record"


class ShownAccess(msgspec.Struct, rename="camel"):
    """A line of the access record; `statementId` is null where several were shown.

    `about` is the person whose access report an auditor got, else null.
    """

    at: str
    person: NamedPerson
    kind: AccessKind
    statement_id: str | None
    about: NamedPerson | None


class AccessPage(msgspec.Struct):
    """Some lines, the newest first, and the cursor of the next page."""

    items: list[ShownAccess]
    next: str | None


def require_auditor(models: ReadModels, user: str) -> None:
    """Raise ForbiddenError `auditor_only` if a person holds no auditor's role."""
    with models.views() as (db, _):
        if not readers.of(db, user).reads_all:
            raise ForbiddenError("auditor_only", "only an auditor reads who read what")


async def shown_page(
    models: ReadModels, access: AccessRecord, *, cursor: str | None, limit: int
) -> AccessPage:
    """Return a page of the access record with people's names.

    Raises MalformedError `cursor_invalid`, UnavailableError `state_unavailable`.
    """
    before = None if cursor is None else decode_cursor(LIST, cursor)
    lines = await access.page(before=before, limit=limit + 1)
    more = encode_cursor(LIST, lines[limit - 1][0]) if len(lines) > limit else None
    items = await asyncio.to_thread(_named, models, [line for _, line in lines[:limit]])
    return AccessPage(items, more)


def _named(models: ReadModels, lines: list[Access]) -> list[ShownAccess]:
    with models.views() as (db, at):
        reported = {each.about for each in lines if each.about and _is_report(each)}
        names = users.names(db, sorted({each.person for each in lines} | reported), at=at)

    def named(person: str) -> NamedPerson:
        return NamedPerson(person, names.get(person, ""))

    return [
        ShownAccess(
            at=clock.to_text(each.at_ms),
            person=named(each.person),
            kind=each.kind,
            statement_id=None if _is_report(each) else each.about,
            about=named(each.about) if each.about and _is_report(each) else None,
        )
        for each in lines
    ]


def _is_report(line: Access) -> bool:
    return line.kind == "access-report"


@get("/api/access-record", responses=READ | answers(403))
async def access_record(
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    paging: FromPaging,
) -> AccessPage:
    """List who was shown statements in which they take no part, and every export."""
    await asyncio.to_thread(require_auditor, models, user)
    return await shown_page(models, access, cursor=paging.cursor, limit=paging.limit)
