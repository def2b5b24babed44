"""Statements: what they ask, what was decided, where they stand, at every position.

`statement` is the narrow table that lists are found in: a statement is pending from its own id
(the position of its draft) up to `final`, and has `status` from there on. What only a page shows
is in `statement_text`. Documents and signatures stay in the log.
"""

import sqlite3
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from ledger.errors import CorruptError
from ledger.events import (
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.policy import Policy
from projections import decisions, progress, search, spans, timeline
from projections.decisions import Decision as Decision  # re-exported: it is part of a Statement
from projections.facts import OPEN, Batch, LogReader, find_stream
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.progress import MemberProgress as MemberProgress
from projections.progress import Progress as Progress
from projections.rows import json_list, write
from projections.users import Person, uuid_text

NAME = "statements"
VERSION = 1
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement(id INTEGER PRIMARY KEY, creator INTEGER NOT NULL,"
    " creator_may_sign INTEGER NOT NULL, expires_at TEXT, final INTEGER NOT NULL,"
    " status TEXT) STRICT",
    "CREATE TABLE statement_text(id INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " created_at TEXT NOT NULL, threshold INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " supersedes BLOB) STRICT",
    decisions.TABLE,
    spans.TABLE,
    search.TABLE,
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX statement_by_creator ON statement(creator)",
    "CREATE INDEX statement_by_status ON statement(status) WHERE status IS NOT NULL",
    "CREATE INDEX statement_by_superseded ON statement_text(supersedes)"
    " WHERE supersedes IS NOT NULL",
)

Status = Literal["pending", "approved", "rejected", "withdrawn", "expired"]


class StatementSummary(msgspec.Struct, frozen=True, rename="camel"):
    """A statement in a list; `approvals` and `rejections` count people."""

    id: str
    title: str
    creator: Person
    created_at: str
    status: Status
    approvals: int
    rejections: int
    threshold: int
    expires_at: str | None
    sha256: str
    position: int
    changed_position: int


class Statement(StatementSummary, frozen=True, rename="camel"):
    """A statement with its document, decisions and progress."""

    document: str
    content: str
    policy: dict[str, Any]
    supersedes: str | None
    superseded_by: list[str]
    final_at: str | None
    decisions: list[Decision]
    progress: Progress


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add drafts and decisions, close what became final."""
    finals: dict[int, tuple[int, str]] = {}
    for body in (StatementSigned, StatementRejected):
        for fact in batch.of(body):
            if fact.body.status != "pending":
                # The first final status stays: approvals that follow one repeat it.
                finals.setdefault(fact.stream, (fact.position, fact.body.status))
    for fact in batch.of(StatementWithdrawn):
        finals[fact.stream] = (fact.position, "withdrawn")
    drafts = batch.of(StatementDrafted)
    narrow, texts, titles = [], [], []
    for fact in drafts:
        document, number = fact.body.document, fact.stream
        rules: Policy = document.policy
        final, status = finals.pop(number, (OPEN, None))
        row = (number, fact.actor, rules.creator_may_sign, rules.expires_at, final, status)
        narrow.append(row)
        older = None if document.supersedes is None else UUID(document.supersedes).bytes
        digest = fact.body.sha256
        texts.append((number, document.title, document.created_at, rules.threshold, digest, older))
        titles.append((number, search.words(document.title)))
    write(db, "INSERT INTO statement {rows}", narrow)
    write(db, "INSERT INTO statement_text {rows}", texts)
    write(db, "INSERT INTO title_word(rowid, words) {rows}", titles)
    decisions.fold(db, batch)
    closed = [(number, final, status) for number, (final, status) in finals.items()]
    write(db, _CLOSE, closed)
    spans.refresh(db, [*finals, *(fact.stream for fact in drafts)])


_CLOSE = (
    "UPDATE statement SET final = v.column2, status = v.column3 FROM ({rows}) v"
    f" WHERE statement.id = v.column1 AND statement.final = {OPEN}"
)

_STATUS = (
    "CASE WHEN s.final <= :at THEN s.status"
    " WHEN s.expires_at <= :now THEN 'expired' ELSE 'pending' END"
)


def page(  # noqa: PLR0913  # the route's parameters
    db: sqlite3.Connection,
    *,
    at: int,
    now: str,
    limit: int,
    cursor: str | None = None,
    status: str | None = None,
    q: str | None = None,
    creator: str | None = None,
) -> Page[StatementSummary]:
    """Return statements as of a position, newest first: of a status, title, creator if given.

    `now` is the time at which pending ones count as expired. Raises MalformedError
    `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    given: dict[str, Any] = {
        "at": at,
        "now": now,
        "below": below,
        "status": status,
        "match": search.match(q) if q and q.strip() else None,
        "creator": None if creator is None else find_stream(db, creator),
    }
    if (q and q.strip() and given["match"] is None) or (creator and given["creator"] is None):
        return Page([], None, at)
    found, behind = _find(db, given, limit)
    further = None if behind is None else encode_cursor(NAME, behind)
    return Page(summaries(db, found, at=at, now=now), further, at)


# The narrowest condition finds statements through its index, the others only tick them off.
_MATCHES = (
    f"SELECT s.id, (:status IS NULL OR {_STATUS} = :status)"
    " AND (:creator IS NULL OR s.creator = :creator) "
)
_BY_TITLE = (
    f"{_MATCHES} FROM title_word t CROSS JOIN statement s ON s.id = t.rowid"
    " WHERE t.title_word MATCH :match AND t.rowid < :below ORDER BY t.rowid DESC"
)
_BY_CREATOR = (
    f"{_MATCHES} FROM statement s WHERE s.creator = :creator AND s.id < :below ORDER BY s.id DESC"
)
_BY_STATUS = (
    f"{_MATCHES} FROM statement s WHERE s.status = :status AND s.id < :below ORDER BY s.id DESC"
)
_ALL = f"{_MATCHES} FROM statement s WHERE s.id < :below ORDER BY s.id DESC"


def _find(
    db: sqlite3.Connection, given: dict[str, Any], limit: int
) -> tuple[list[int], int | None]:
    if given["match"] is not None:
        return collect(db.execute(_BY_TITLE, given), limit)
    if given["status"] in spans.STATUSES:
        matches = ":creator IS NULL OR s.creator = :creator"
        return spans.search(db, given["status"], matches, given, limit)
    if given["creator"] is not None:
        return collect(db.execute(_BY_CREATOR, given), limit)
    if given["status"] is not None:
        return collect(db.execute(_BY_STATUS, given), limit)
    return collect(db.execute(_ALL, given), limit)


_SUMMARIES = f"""
SELECT s.id, i.uuid, x.title, c.uuid, u.name, x.created_at, {_STATUS},
    coalesce(sum(d.kind <= {decisions.INDIVIDUAL}), 0),
    coalesce(sum(d.kind = {decisions.REJECTION}), 0),
    x.threshold, s.expires_at, x.sha256, coalesce(max(d.position), s.id)
FROM statement s
JOIN statement_text x ON x.id = s.id
JOIN stream i ON i.id = s.id
JOIN stream c ON c.id = s.creator
JOIN user u ON u.id = s.creator
LEFT JOIN decision d ON d.statement = s.id AND d.position <= :at
WHERE s.id IN (SELECT value FROM json_each(:ids)) AND s.id <= :at
GROUP BY s.id ORDER BY s.id DESC
"""


def summaries(
    db: sqlite3.Connection, numbers: list[int], *, at: int, now: str
) -> list[StatementSummary]:
    """Return the statements of these stream numbers as of a position, newest first."""
    given = {"ids": json_list(numbers), "at": at, "now": now}
    return [StatementSummary(**_members(row)) for row in db.execute(_SUMMARIES, given)]


def _members(row: tuple[Any, ...]) -> dict[str, Any]:
    uuid, creator, name, digest = row[1], row[3], row[4], row[11]
    return {
        "id": uuid_text(uuid),
        "title": row[2],
        "creator": Person(uuid_text(creator), name),
        "created_at": row[5],
        "status": row[6],
        "approvals": row[7],
        "rejections": row[8],
        "threshold": row[9],
        "expires_at": row[10],
        "sha256": digest.hex(),
        "position": row[0],
        "changed_position": row[12],
    }


def by_id(
    db: sqlite3.Connection, log: LogReader, statement_id: str, *, at: int, now: str
) -> Statement | None:
    """Return the statement as of a position, None if not drafted by then."""
    number = _number(db, statement_id, at)
    if number is None:
        return None
    row = db.execute(_SUMMARIES, {"ids": json_list([number]), "at": at, "now": now}).fetchone()
    members = _members(row)
    raw = _document(log, number)
    document = msgspec.json.decode(raw)
    rules = msgspec.convert(document["policy"], Policy)
    decided = decisions.of_statement(db, log, number, at=at)
    pending = members["status"] == "pending"
    standing = progress.standing(rules, members["creator"].id, decided, pending=pending, at=at)
    return Statement(
        **members,
        document=raw.decode(),
        content=document["content"],
        policy=document["policy"],
        supersedes=document.get("supersedes"),
        superseded_by=_superseded_by(db, statement_id, at),
        final_at=_final_at(db, number, members),
        decisions=decided,
        progress=progress.tree(db, rules, standing),
    )


def document(db: sqlite3.Connection, log: LogReader, statement_id: str, *, at: int) -> bytes | None:
    """Return the document's exact bytes, None if not drafted by then."""
    number = _number(db, statement_id, at)
    return None if number is None else _document(log, number)


def shared_approvals(
    db: sqlite3.Connection, log: LogReader, statement_id: str, *, at: int
) -> list[str]:
    """Return the compact JWSs of the approvals in the shared form, in the order of the log."""
    number = _number(db, statement_id, at)
    if number is None:
        return []
    positions = decisions.positions(db, number, decisions.SHARED, at=at)
    bodies = [recorded.event.body for recorded in log.events_at(positions)]
    return [body.jws for body in bodies if isinstance(body, StatementSigned)]


def _number(db: sqlite3.Connection, statement_id: str, at: int) -> int | None:
    """Return the number of a statement that was drafted by a position."""
    row = db.execute(
        "SELECT id FROM statement WHERE id = ? AND id <= ?", (find_stream(db, statement_id), at)
    ).fetchone()
    return None if row is None else int(row[0])


def _document(log: LogReader, number: int) -> bytes:
    (recorded,) = log.events_at([number])
    if not isinstance(recorded.event.body, StatementDrafted):
        raise CorruptError("event_unexpected", f"no draft at position {number}")
    return recorded.event.body.document.encode()


def _superseded_by(db: sqlite3.Connection, statement_id: str, at: int) -> list[str]:
    rows = db.execute(
        "SELECT i.uuid FROM statement_text x JOIN stream i ON i.id = x.id"
        " WHERE x.supersedes = ? AND x.id <= ? ORDER BY x.id",
        (UUID(statement_id).bytes, at),
    )
    return [uuid_text(uuid) for (uuid,) in rows]


def _final_at(db: sqlite3.Connection, number: int, members: dict[str, Any]) -> str | None:
    if members["status"] == "pending":
        return None
    if members["status"] == "expired":
        return cast("str", members["expires_at"])
    (final,) = db.execute("SELECT final FROM statement WHERE id = ?", (number,)).fetchone()
    return timeline.time_of(db, final)
