"""What happened, in words, newest first; and when."""

import sqlite3
from bisect import bisect_right
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from ledger import clock
from ledger.domain import events
from ledger.sqlite.bulk_insert import write
from projections.facts import Batch, find_stream
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.rows import json_list
from projections.users import NamedPerson, uuid_text

NAME = "timeline"
VERSION = 1
# `type` is the place in TYPES; `word` is the one detail that the summary needs: a role, a status.
TABLES: tuple[str, ...] = (
    "CREATE TABLE timeline(position INTEGER PRIMARY KEY, at TEXT NOT NULL,"
    " type INTEGER NOT NULL, stream INTEGER NOT NULL, actor INTEGER, word TEXT) STRICT",
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX timeline_by_stream ON timeline(stream)",
    "CREATE INDEX timeline_by_actor ON timeline(actor)",
    "CREATE INDEX timeline_by_type ON timeline(type)",
)

# Stored by their places, so a new type goes to the end.
TYPES = (
    events.LedgerCreated.TAG,
    events.InvitationIssued.TAG,
    events.UserRegistered.TAG,
    events.PasskeyAdded.TAG,
    events.PasskeyRemoved.TAG,
    events.KeyAttested.TAG,
    events.KeyRevoked.TAG,
    events.RoleGranted.TAG,
    events.StatementDrafted.TAG,
    events.StatementSigned.TAG,
    events.StatementRejected.TAG,
    events.StatementWithdrawn.TAG,
    events.LogKeysAnnounced.TAG,
    events.LogKeysRetired.TAG,
    events.LogFrozen.TAG,
)
_CODES = {tag: code for code, tag in enumerate(TYPES)}


class TimelineItem(msgspec.Struct, frozen=True, rename="camel"):
    """One event in words; `actor` is None only for the ledger's own act."""

    position: int
    at: str
    type: str
    stream: str
    actor: NamedPerson | None
    summary: str
    statement_id: str | None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add every event."""
    rows: list[tuple[Any, ...]] = []
    for tag, facts in batch.by_type.items():
        code, word = _CODES[tag], _WORDS.get(tag, _no_word)
        rows += [
            (fact.position, fact.at, code, fact.stream, fact.actor, word(fact.body))
            for fact in facts
        ]
    rows.sort()
    write(db, "INSERT INTO timeline {rows}", rows)


def _no_word(_: Any) -> None:
    return None


def _final(body: Any) -> str | None:
    return None if body.status == "pending" else body.status


_WORDS: dict[str, Callable[[Any], str | None]] = {
    events.InvitationIssued.TAG: attrgetter("role"),
    events.UserRegistered.TAG: attrgetter("role"),
    events.RoleGranted.TAG: attrgetter("role"),
    events.StatementSigned.TAG: _final,
    events.StatementRejected.TAG: _final,
}


def time_of(db: sqlite3.Connection, at: int) -> str:
    """Return the time of the entry at a position; the beginning of time for position 0."""
    row = db.execute(
        "SELECT at FROM timeline WHERE position <= ? ORDER BY position DESC LIMIT 1", (at,)
    ).fetchone()
    return row[0] if row else clock.to_text(0)


def position_at(db: sqlite3.Connection, time: str, *, newest: int) -> int:
    """Return a position whose event is not later than a time, and the next one's is; 0 for none.

    Events have the times of the clock that recorded them. Where that was set back, several
    positions are such; one of them is found, in as many steps as the newest has binary digits.
    """
    return bisect_right(range(1, newest + 1), time, key=lambda position: time_of(db, position))


def page(  # noqa: PLR0913  # the route's parameters
    db: sqlite3.Connection,
    *,
    at: int,
    limit: int,
    cursor: str | None = None,
    stream: str | None = None,
    actor: str | None = None,
    type: str | None = None,
) -> Page[TimelineItem]:
    """Return what happened up to a position, of one stream, actor or type if given.

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
    # The narrowest condition finds the rows through its index, the others only tick them off.
    driver = next((name for name in _narrowest(wanted["type"]) if wanted[name] is not None), None)
    rows = db.execute(_SCANS[driver], wanted | {"below": below})
    positions, last = collect(rows, limit)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(_items(db, positions), further, at)


def _narrowest(code: int | None) -> tuple[str, ...]:
    """Return the conditions, narrowest first: most events are about statements."""
    if code is None or code >= _CODES[events.StatementDrafted.TAG]:
        return ("stream", "actor", "type")
    return ("stream", "type", "actor")


def _scan(driver: str | None) -> str:
    """Return the query that finds rows by `driver` and says whether they match the rest."""
    rest = " AND ".join(
        f"(:{name} IS NULL OR {name} IS :{name})"
        for name in ("stream", "actor", "type")
        if name != driver
    )
    source = "" if driver is None else f"{driver} = :{driver} AND "
    return (
        f"SELECT position, {rest} FROM timeline"  # noqa: S608  # names from this file
        f" WHERE {source}position < :below ORDER BY position DESC"
    )


_SCANS = {driver: _scan(driver) for driver in (None, "stream", "actor", "type")}

_ITEMS = """
SELECT t.position, t.at, t.type, s.uuid, a.uuid, u.name, t.word, x.title, o.name,
    (SELECT count(*) FROM decision d
     WHERE d.statement = t.stream AND d.position <= t.position AND d.kind <= 1)
FROM timeline t
JOIN stream s ON s.id = t.stream
LEFT JOIN stream a ON a.id = t.actor
LEFT JOIN user u ON u.id = t.actor
LEFT JOIN statement_text x ON x.id = t.stream
LEFT JOIN user o ON o.id = t.stream
WHERE t.position IN (SELECT value FROM json_each(?))
ORDER BY t.position DESC
"""


def _items(db: sqlite3.Connection, positions: list[int]) -> list[TimelineItem]:
    return [_item(row) for row in db.execute(_ITEMS, (json_list(positions),))]


def _item(row: tuple[Any, ...]) -> TimelineItem:
    position, at, code, stream, actor, actor_name, word, title, owner_name, approvals = row
    known = actor is not None and actor_name is not None
    told = _Told(
        who=actor_name or "Somebody",
        whose=owner_name if owner_name not in (None, actor_name) else "",
        title=f"“{title}”",
        word=word or "",
        approvals=approvals,
    )
    return TimelineItem(
        position=position,
        at=at,
        type=TYPES[code],
        stream=uuid_text(stream),
        actor=NamedPerson(uuid_text(actor), actor_name) if known else None,
        summary=_SUMMARIES[TYPES[code]](told),
        statement_id=None if title is None else uuid_text(stream),
    )


class _Told(msgspec.Struct):
    who: str
    whose: str
    title: str
    word: str
    approvals: int


def _signed(told: _Told) -> str:
    count = "1 approval" if told.approvals == 1 else f"{told.approvals} approvals"
    return f"{told.who} approved {told.title} ({count}{', approved' if told.word else ''})"


def _of(told: _Told) -> str:
    return f" of {told.whose}" if told.whose else ""


_SUMMARIES: dict[str, Callable[[_Told], str]] = {
    events.LedgerCreated.TAG: lambda told: "The ledger was created",
    events.LogKeysAnnounced.TAG: lambda told: "The log's keys were announced",
    events.LogKeysRetired.TAG: lambda told: "Keys of the log were retired",
    events.LogFrozen.TAG: lambda told: "The ledger was frozen",
    events.InvitationIssued.TAG: lambda told: f"{told.who} invited somebody as {told.word}",
    events.UserRegistered.TAG: lambda told: f"{told.who} registered as {told.word}",
    events.PasskeyAdded.TAG: lambda told: f"{told.who} added a passkey",
    events.PasskeyRemoved.TAG: lambda told: f"{told.who} removed a passkey{_of(told)}",
    events.KeyAttested.TAG: lambda told: f"{told.who} attested a signing key",
    events.KeyRevoked.TAG: lambda told: f"{told.who} revoked a signing key{_of(told)}",
    events.RoleGranted.TAG: lambda told: f"{told.who} made {told.whose or told.who} {told.word}",
    events.StatementDrafted.TAG: lambda told: f"{told.who} drafted {told.title}",
    events.StatementSigned.TAG: _signed,
    events.StatementRejected.TAG: lambda told: (
        f"{told.who} rejected {told.title}{' (rejected)' if told.word else ''}"
    ),
    events.StatementWithdrawn.TAG: lambda told: f"{told.who} withdrew {told.title}",
}
