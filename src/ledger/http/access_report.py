"""The route of the access report: everything a person did, and everything done to their data.

It is for the person themself, who may know all that is kept of them, and for auditors, who answer
such questions for others. A person's own report leaves out statements that they cannot read.
"""

import asyncio
import sqlite3
from functools import cache, partial
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from ledger.audit.access_report import MayRead, everyone_may
from ledger.audit.answers import AnswerTable
from ledger.commands.access_report import access_report, kept_outside
from ledger.domain.readers import Reader
from ledger.http.accesses import require_auditor
from ledger.http.context import FromAccess, FromReadModels, FromSite, SignedIn
from ledger.http.problems import answers
from ledger.http.questions import MOST_ROWS, TURNS, AnsweredQuestion
from ledger.http.read_models import ReadModels
from ledger.http.turns import LongRead, Turns
from ledger.settings import Settings
from projections import readers, statements

# Of people's own reports: members who ask for theirs again and again keep no auditor waiting.
OWN = Turns(1, "another report is being made; try later")


@get("/api/access-report", responses=answers(400, 401, 403, 404, 429, 503))
async def report(
    site: FromSite,
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    about: Annotated[
        str | None,
        QueryParameter(max_length=256, description="A person's id or name; without it, one's own"),
    ] = None,
) -> AnsweredQuestion:
    """Return the access report of the person who asks; for auditors, of anybody."""
    is_own = about is None or about == user
    if not is_own:
        await asyncio.to_thread(require_auditor, models, user)
    read = partial(_report, settings=site.settings, models=models, about=about or user)
    turns, reader = (OWN, user) if is_own else (TURNS, None)
    person, tables = await turns.now(partial(read, reader=reader))
    if not is_own:
        await asyncio.to_thread(access.reported, user, person)
    return AnsweredQuestion(tables, None)


def _report(
    log: LongRead,
    *,
    settings: Settings,
    models: ReadModels,
    about: str,
    reader: str | None,
) -> tuple[str, list[AnswerTable]]:
    address = settings.log_address
    with (
        log.rows(address) as rows,
        rows.snapshot(),
        kept_outside(address, settings.data) as kept,
        models.views() as (db, at),
    ):
        may_read = everyone_may if reader is None else _readable(db, readers.of(db, reader), at=at)
        return access_report(rows, about, kept, may_read=may_read, most=MOST_ROWS)


def _readable(db: sqlite3.Connection, reader: Reader, *, at: int) -> MayRead:
    """Return what tells whether a person may read a statement, which asks once for each."""

    @cache
    def may_read(statement: str) -> bool:
        return statements.find(db, statement, reader, at=at) is not None

    return may_read
