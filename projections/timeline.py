"""The timeline: every event in words and with its time, newest first."""

import sqlite3
import zlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec

from ledger import clock
from ledger.domain.event_words import EventFacts, event_sentence
from ledger.domain.events import BODIES, StatementDrafted, StatementSigned, UserRegistered
from ledger.domain.readers import Reader
from ledger.domain.vocabulary import OPERATOR
from ledger.sqlite.bulk_insert import write
from projections import readers
from projections.decisions import INDIVIDUAL, RETRACTION
from projections.facts import Batch, find_stream
from projections.paging import EXAMINED, Page, collect, decode_cursor, encode_cursor
from projections.readers import READABLE
from projections.rows import json_list
from projections.users import NamedPerson, uuid_text

NAME = "timeline"
# `type` is an index into TYPES; `word` is the one detail the summary needs.
TABLES: tuple[str, ...] = (
    "CREATE TABLE timeline(position INTEGER PRIMARY KEY, at TEXT NOT NULL,"
    " type INTEGER NOT NULL, stream INTEGER NOT NULL, actor INTEGER, word TEXT) STRICT",
    # Few: acts that a restore had lost, and when their people signed them.
    "CREATE TABLE late_act(position INTEGER PRIMARY KEY, signed_at TEXT NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX timeline_by_stream ON timeline(stream)",
    "CREATE INDEX timeline_by_actor ON timeline(actor)",
    "CREATE INDEX timeline_by_type ON timeline(type)",
)

TYPES = tuple(BODIES)
# Rows store indexes into TYPES, so a changed TYPES is a new version.
VERSION = zlib.crc32(f"5 {TYPES}".encode())
_LATE = (StatementDrafted.TAG, StatementSigned.TAG)  # the events that can be late acts
_CODES = {tag: code for code, tag in enumerate(TYPES)}
TellEvent = Callable[[EventFacts], str]


class TimelineItem(msgspec.Struct, frozen=True, rename="camel"):
    """One event in words; `actor` is None for acts of the ledger and effects of changes.

    `summary` is its sentence, in English unless a page asked for another language.

    `account` is the name of the actor's service account that acted, None without one.
    `late_signed_at` is when the person signed an act that a restore had lost.
    """

    position: int
    at: str
    type: str
    stream: str
    actor: NamedPerson | None
    summary: str
    statement_id: str | None
    account: str | None = None
    late_signed_at: str | None = None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add every event of the batch."""
    rows: list[tuple[Any, ...]] = []
    late: list[tuple[int, str]] = []
    for tag, facts in batch.by_type.items():
        code, word = _CODES[tag], _WORDS[BODIES[tag].MEANING.words.detail]
        rows += [
            (fact.position, fact.at, code, fact.stream, fact.actor, word(fact.body))
            for fact in facts
        ]
        if tag in _LATE:
            signed = ((fact.position, fact.body.late_signed_at) for fact in facts)
            late += [(position, at) for position, at in signed if at is not None]
    rows += [
        (each.position, each.at, _CODES[each.type], each.stream, None, None)
        for each in batch.erased
    ]
    rows.sort()
    write(db, "INSERT INTO timeline {rows}", rows)
    write(db, "INSERT INTO late_act {rows}", late)


def _no_word(_: Any) -> None:
    return None


def _role(body: Any) -> str | None:
    role: str | None = body.role_in_words if isinstance(body, UserRegistered) else body.role
    return role


def _final(body: Any) -> str | None:
    return None if body.status == "pending" else body.status


# How each kind of detail that an event declares is stored.
_WORDS: dict[
    Literal["outcome", "role", "standing", "status"] | None, Callable[[Any], str | None]
] = {
    None: _no_word,
    "outcome": attrgetter("outcome"),
    "role": _role,
    "standing": attrgetter("standing"),
    "status": _final,
}


def time_of(db: sqlite3.Connection, at: int) -> str:
    """Return the time of the entry at a position; 1970 for position 0."""
    row = db.execute(
        "SELECT at FROM timeline WHERE position <= ? ORDER BY position DESC LIMIT 1", (at,)
    ).fetchone()
    return row[0] if row else clock.to_text(0)


def last_acts(db: sqlite3.Connection, people: Sequence[int], *, at: int) -> dict[int, str]:
    """Return when each of these people, by stream number, last acted as of a position."""
    found: dict[int, str] = {}
    for number in people:
        query = "SELECT max(position) FROM timeline WHERE actor = ? AND position <= ?"
        (position,) = db.execute(query, (number, at)).fetchone()
        if position is not None:
            found[number] = time_of(db, position)
    return found


def position_at(db: sqlite3.Connection, time: str, *, newest: int) -> int:
    """Return the position of the last event that is not later than a time; 0 if there is none.

    A binary search: times never decrease along the log.
    """
    return bisect_right(range(1, newest + 1), time, key=lambda position: time_of(db, position))


def streams_between(
    db: sqlite3.Connection, first: int, last: int, *, limit: int
) -> tuple[list[int], bool]:
    """Return the streams with an event after one position up to another, the newest first.

    It returns `limit` of them at most, of the newest EXAMINED events, and whether there are more.
    """
    query = (
        "SELECT stream FROM timeline WHERE position > ? AND position <= ?"
        " ORDER BY position DESC LIMIT ?"
    )
    rows = [number for (number,) in db.execute(query, (first, last, EXAMINED + 1))]
    found = [*dict.fromkeys(rows)]
    return found[:limit], len(found) > limit or len(rows) > EXAMINED


def page(  # noqa: PLR0913  # the route's parameters
    db: sqlite3.Connection,
    reader: Reader,
    *,
    at: int,
    limit: int,
    cursor: str | None = None,
    stream: str | None = None,
    actor: str | None = None,
    type: str | None = None,
    after: int = 0,
    of_type: str | None = None,
    tell: TellEvent = event_sentence,
) -> Page[TimelineItem]:
    """Return events up to a position, newest first, filtered by stream, actor and type.

    With `after`, only later ones; with `of_type`, only those of statements of this type. `tell`
    writes the summaries.

    Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    wanted = {
        "stream": None if stream is None else find_stream(db, stream),
        "actor": None if actor is None else find_stream(db, actor),
        "type": None if type is None else _CODES.get(type),
    }
    given = {"stream": stream, "actor": actor, "type": type}
    if any(given[name] is not None and wanted[name] is None for name in given):
        return Page([], None, at)
    # The most selective condition uses its index; the others filter the rows it finds.
    driver = next((name for name in _narrowest(wanted["type"]) if wanted[name] is not None), None)
    bounds = {"below": below, "after": after, "of_type": of_type}
    rows = db.execute(_SCANS[driver], wanted | bounds | readers.given(db, reader))
    positions, last = collect(rows, limit)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(items(db, positions, reader, tell), further, at)


def _narrowest(code: int | None) -> tuple[str, ...]:
    """Return the conditions, most selective first: most events are about statements."""
    if code is None or BODIES[TYPES[code]].MEANING.stream == "statement":
        return ("stream", "actor", "type")
    return ("stream", "type", "actor")


# An event of a person or of the ledger is for everyone; one of a statement is for its readers.
_READABLE = (
    "NOT EXISTS(SELECT 1 FROM statement s WHERE s.id = t.stream"  # noqa: S608  # a constant
    f" AND NOT {READABLE})"
)
_OF_TYPE = (
    "(:of_type IS NULL"
    " OR EXISTS(SELECT 1 FROM statement k WHERE k.id = t.stream AND k.type = :of_type))"
)


def _scan(driver: str | None) -> str:
    """Return the query that uses the index of `driver` and tells which rows match the rest."""
    rest = " AND ".join(
        f"(:{name} IS NULL OR {name} IS :{name})"
        for name in ("stream", "actor", "type")
        if name != driver
    )
    source = "" if driver is None else f"{driver} = :{driver} AND "
    return (
        f"SELECT position, {rest} AND {_OF_TYPE} AND {_READABLE} FROM timeline t"  # noqa: S608  # names from here
        f" WHERE {source}position < :below AND position > :after ORDER BY position DESC"
    )


_SCANS = {driver: _scan(driver) for driver in (None, "stream", "actor", "type")}

_ITEMS = f"""
SELECT t.position, t.at, t.type, s.uuid, a.uuid, u.name, t.word, x.title, o.name, u.admitted_by,
    y.name, z.signed_at,
    (SELECT coalesce(sum(CASE WHEN d.kind <= {INDIVIDUAL} THEN 1 WHEN d.kind = {RETRACTION} THEN -1
        ELSE 0 END), 0) FROM decision d WHERE d.statement = t.stream AND d.position <= t.position)
FROM timeline t
JOIN stream s ON s.id = t.stream
LEFT JOIN stream a ON a.id = t.actor
LEFT JOIN user u ON u.id = t.actor
LEFT JOIN statement_text x ON x.id = t.stream
LEFT JOIN user o ON o.id = t.stream
LEFT JOIN account_act y ON y.position = t.position
LEFT JOIN late_act z ON z.position = t.position
WHERE t.position IN (SELECT value FROM json_each(:positions)) AND {_READABLE}
ORDER BY t.position DESC
"""  # noqa: S608  # constants


def items(
    db: sqlite3.Connection, positions: list[int], reader: Reader, tell: TellEvent = event_sentence
) -> list[TimelineItem]:
    """Return those of the events at these positions that a person may read, the newest first."""
    given = {"positions": json_list(positions)} | readers.given(db, reader)
    return [_item(row, tell) for row in db.execute(_ITEMS, given)]


def _item(row: tuple[Any, ...], tell: TellEvent) -> TimelineItem:
    position, at, _, stream, actor, actor_name, _, title, *_ = row
    told = _facts(row)
    known = actor is not None and actor_name is not None
    return TimelineItem(
        position=position,
        at=at,
        type=told.type,
        stream=uuid_text(stream),
        actor=NamedPerson(uuid_text(actor), actor_name) if known else None,
        summary=tell(told),
        statement_id=uuid_text(stream) if title is not None or told.is_erased else None,
        account=told.account,
        late_signed_at=told.late_signed_at,
    )


def _facts(row: tuple[Any, ...]) -> EventFacts:
    _, _, code, _, actor, actor_name, word, title, owner_name, by, account, late, count = row
    return EventFacts(
        type=TYPES[code],
        has_actor=actor is not None,
        who=actor_name,
        is_let_in=by == OPERATOR,
        account=account,
        whom=None if owner_name == actor_name else owner_name,
        title=title,
        detail=word,
        approvals=count,
        late_signed_at=late,
    )
