"""The route of the trail: one line an event, as JSON lines, CSV or OCSF, for auditors.

It is read from the log part by part while it is sent. Between two parts it holds nothing of the
log: no memory, and no snapshot that would keep storage from being reused.
"""

import asyncio
import io
from collections.abc import AsyncGenerator
from functools import partial
from itertools import islice
from typing import Annotated, Literal, NamedTuple

import msgspec
from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from ledger.audit.selection import AskedEvents, Selection, selection
from ledger.audit.trail import Trail
from ledger.audit.trail_formats import BOM, FORMATS
from ledger.http.accesses import require_auditor
from ledger.http.context import FromAccess, FromReadModels, SignedIn
from ledger.http.paced import in_time
from ledger.http.problems import answers
from ledger.http.requests import PLACE, full_pattern
from ledger.http.turns import LongRead, Turns, from_anywhere
from ledger.store.ports.log import LogStore, ReadAddress

AT_ONCE = 2
LINES = 1_000  # of one part
CSV = "text/csv"
TrailFormat = Literal["jsonl", "csv", "ocsf"]
_MEDIA: dict[TrailFormat, str] = {
    "jsonl": "application/x-ndjson",
    "csv": CSV,
    "ocsf": "application/x-ndjson",
}
_ENDING: dict[TrailFormat, str] = {"jsonl": "jsonl", "csv": "csv", "ocsf": "ocsf.jsonl"}
TURNS = Turns(AT_ONCE, "other trails are being sent; try later")

First = Annotated[
    str | None,
    QueryParameter(name="from", pattern=full_pattern(PLACE), description="A position or a time"),
]
Last = Annotated[
    str | None,
    QueryParameter(name="to", pattern=full_pattern(PLACE), description="A position or a time"),
]
Later = Annotated[
    int, QueryParameter(name="after", ge=0, le=2**53, description="Only what is later")
]


class TrailPart(msgspec.Struct, frozen=True):
    """Some lines as bytes, and the position after which the next part begins, None at the end."""

    raw: bytes
    after: int | None


def attachment(name: str) -> dict[str, str]:
    """Return the header that makes a browser keep an answer as a file of this name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def chosen(read: LongRead, reading: ReadAddress, asked: AskedEvents) -> Selection:
    """Return the selection of a log as it is now, with an end; raise as `selection`."""
    with read.rows(reading.address) as rows, rows.snapshot():
        rows.require_format()
        found = selection(rows, asked)
        last = reading.size if found.rows.last is None else min(reading.size, found.rows.last)
    return found._replace(rows=found.rows._replace(last=last))


def read_part(
    read: LongRead,
    address: str,
    wanted: Selection,
    form: TrailFormat,
    *,
    begins: bool,
    lines: int = LINES,
) -> TrailPart:
    """Return the first lines of a selection; raise CorruptError as `Trail.lines`."""
    with read.rows(address) as rows, rows.snapshot():  # an erasure may come between two reads
        found = list(islice(Trail(rows).lines(wanted), lines))
    out = io.BytesIO(BOM if begins and form == "csv" else b"")
    out.seek(0, io.SEEK_END)
    FORMATS[form](found, out, begins=begins)
    return TrailPart(out.getvalue(), found[-1].position if len(found) == lines else None)


class _Begun(NamedTuple):
    """The first part of a trail, and what is in the others."""

    wanted: Selection
    part: TrailPart


def _begun(read: LongRead, store: LogStore, asked: AskedEvents, form: TrailFormat) -> _Begun:
    def begin(reading: ReadAddress) -> _Begun:
        wanted = chosen(read, reading, asked)
        return _Begun(wanted, read_part(read, reading.address, wanted, form, begins=True))

    return from_anywhere(store, begin)


def _next(read: LongRead, store: LogStore, wanted: Selection, form: TrailFormat) -> TrailPart:
    """Return a part after the first; where it is read from has everything up to now."""
    return from_anywhere(store, lambda at: read_part(read, at.address, wanted, form, begins=False))


async def _parts(store: LogStore, begun: _Begun, form: TrailFormat) -> AsyncGenerator[bytes]:
    wanted, part = begun
    yield part.raw
    while part.after is not None:
        wanted = wanted._replace(rows=wanted.rows._replace(after=part.after))
        part = await TURNS.next(partial(_next, store=store, wanted=wanted, form=form))
        yield part.raw


@get(
    "/api/trail",
    media_type=CSV,
    responses=answers(400, 401, 403, 404, 429, 503)
    | {
        200: ResponseSpec(
            bytes, media_type=CSV, description="The events, one a line", generate_examples=False
        )
    },
)
async def trail(  # the route's parameters
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    form: Annotated[TrailFormat, QueryParameter(name="format")] = "jsonl",
    first: First = None,
    last: Last = None,
    after: Later = 0,
    actor: Annotated[str | None, QueryParameter(max_length=256)] = None,
    statement: Annotated[str | None, QueryParameter(max_length=64)] = None,
    type: Annotated[str | None, QueryParameter(max_length=64)] = None,
) -> Stream:
    """Return the events that are asked for, one a line, as `ledger export` writes them."""
    await asyncio.to_thread(require_auditor, models, user)
    asked = AskedEvents(first, last, after, statement, actor, () if type is None else (type,))
    begun = await TURNS.now(partial(_begun, store=models.log.store, asked=asked, form=form))
    await asyncio.to_thread(access.told_trail, user, statement)
    headers = attachment(f"trail.{_ENDING[form]}")
    return Stream(
        in_time(_parts(models.log.store, begun, form)), media_type=_MEDIA[form], headers=headers
    )
