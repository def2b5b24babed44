"""The events that the audit page shows: its filters, and a registration as one row."""

import re
import sqlite3
from collections.abc import Sequence

import msgspec

from ledger import clock
from ledger.domain.document import parse_uuid
from ledger.domain.readers import Reader
from ledger.errors import MalformedError
from ledger.pages.told_events import told_event
from projections import statements, timeline, users
from projections.paging import Page, encode_cursor
from projections.summaries import StatementSummary, summaries
from projections.timeline import TimelineItem

_REGISTERED = "user-registered.v1"
_MOST_IN_ROW = 8  # events that a registration records
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class AuditFilters(msgspec.Struct, frozen=True):
    """The filters of the audit page, as its address has them; empty for none.

    `kind` is a type of event, `type` a type of statement, `first` and `last` positions or days.
    """

    kind: str = ""
    actor: str = ""
    statement: str = ""
    type: str = ""
    first: str = ""
    last: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """The parameters of an address that has these filters."""
        names = {"first": "from", "last": "to"}
        given = msgspec.structs.asdict(self)
        return {names.get(name, name): value for name, value in given.items() if value}


class FilteredEvents(msgspec.Struct, frozen=True):
    """A page of events, and what the filters turned out to be.

    `unknown` has the filters that nothing matches: there are no events then.
    """

    rows: list[list[TimelineItem]]
    next: str | None
    unknown: list[str]
    actor: str | None = None
    statement: StatementSummary | None = None
    first: int = 1
    last: int = 0

    @property
    def items(self) -> list[TimelineItem]:
        """Every event that is shown."""
        return [item for row in self.rows for item in row]


def filtered(  # noqa: PLR0913  # the filters, the position, and the page
    db: sqlite3.Connection,
    reader: Reader,
    filters: AuditFilters,
    *,
    at: int,
    now: str,
    limit: int,
    cursor: str | None,
) -> FilteredEvents:
    """Return the events of a page, newest first; raise MalformedError `cursor_invalid`."""
    actor = _person(db, filters.actor, at, now)
    statement = _statement(db, reader, filters.statement, at, now)
    first, last = _position(db, filters.first, at), _position(db, filters.last, at)
    found = {"actor": actor, "statement": statement, "from": first, "to": last}
    given = {"actor": filters.actor, "statement": filters.statement}
    given |= {"from": filters.first, "to": filters.last}
    unknown = [name for name, value in given.items() if value and found[name] is None]
    if unknown:
        return FilteredEvents([], None, unknown)
    highest = at if last is None else min(at, last[1])
    lowest = 1 if first is None else first[0] + 1
    told = timeline.page(
        db,
        reader,
        at=highest,
        after=lowest - 1,
        limit=limit,
        cursor=cursor,
        stream=None if statement is None else statement.id,
        actor=actor,
        type=filters.kind or None,
        of_type=filters.type or None,
        tell=told_event,
    )
    shown = _completed(db, reader, told) if filters == AuditFilters() else told
    rows = in_rows(shown.items) if filters == AuditFilters() else [[each] for each in shown.items]
    return FilteredEvents(rows, shown.next, [], actor, statement, lowest, highest)


def in_rows(items: Sequence[TimelineItem]) -> list[list[TimelineItem]]:
    """Return events in rows, newest first: those of one registration share one, the oldest first.

    A registration records its events at once, in the stream of the new person.
    """
    rows: list[list[TimelineItem]] = []
    for item in items:
        row = rows[-1] if rows else []
        if row and row[0].type != _REGISTERED and _is_before(item, row[0]):
            row.insert(0, item)
        else:
            rows.append([item])
    # What belongs together only because somebody is registered is apart where nobody is.
    return [
        part
        for row in rows
        for part in ([row] if row[0].type == _REGISTERED else [[each] for each in reversed(row)])
    ]


def _is_before(item: TimelineItem, following: TimelineItem) -> bool:
    return (item.stream, item.at, item.position + 1) == (
        following.stream,
        following.at,
        following.position,
    )


def _completed(
    db: sqlite3.Connection, reader: Reader, told: Page[TimelineItem]
) -> Page[TimelineItem]:
    """Return a page with the rest of a registration in which it ends."""
    if told.next is None or not told.items or told.items[-1].statement_id is not None:
        return told
    items = [*told.items]
    lowest = items[-1].position
    further = [*range(max(lowest - _MOST_IN_ROW, 1), lowest)]
    for item in timeline.items(db, further, reader, told_event):
        if items[-1].type == _REGISTERED or not _is_before(item, items[-1]):
            break
        items.append(item)
    if items[-1].type != _REGISTERED:
        return told
    last = items[-1].position
    return Page(items, encode_cursor(timeline.NAME, last) if last > 1 else None, told.position)


def _person(db: sqlite3.Connection, asked: str, at: int, now: str) -> str | None:
    if not asked:
        return None
    try:
        found = users.by_id(db, str(parse_uuid(asked)), at=at, now=now)
    except MalformedError:
        found = users.by_name(db, asked, at=at, now=now)
    return None if found is None else found.id


def _statement(
    db: sqlite3.Connection, reader: Reader, asked: str, at: int, now: str
) -> StatementSummary | None:
    """Return the statement with an id, or the newest one with such a title."""
    if not asked:
        return None
    try:
        number = statements.find(db, str(parse_uuid(asked)), reader, at=at)
    except MalformedError:
        found = statements.page(db, reader, at=at, now=now, limit=1, q=asked).items
    else:
        found = [] if number is None else summaries(db, [number], at=at, now=now)
    return found[0] if found else None


def _position(db: sqlite3.Connection, asked: str, newest: int) -> tuple[int, int] | None:
    """Return the position before a position or a day, and its last one; None if it is neither."""
    if asked.isascii() and asked.isdigit() and len(asked) < 16:
        return int(asked) - 1, int(asked)
    if not _DAY.fullmatch(asked):
        return None
    try:
        begin_ms = clock.to_ms(clock.from_rfc3339(f"{asked}T00:00:00Z"))
    except MalformedError:
        return None
    before, last = (clock.to_text(begin_ms + part - 1) for part in (0, clock.DAY_MS))
    return (
        timeline.position_at(db, before, newest=newest),
        timeline.position_at(db, last, newest=newest),
    )
