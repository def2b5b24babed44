"""Statements as of every position: policy, decisions and status.

Lists query the narrow table `statement`. A statement is pending from its id (the position of its
draft) until `final`, and has `status` from then on. Table `statement_text` holds what only the page
of a statement shows. Documents and signatures stay in the log.
"""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.document import DocumentType
from ledger.domain.events import (
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.policy import Node, Policy, min_people
from ledger.domain.readers import Reader
from ledger.domain.vocabulary import ReadBy, Status
from ledger.errors import CorruptError
from ledger.sqlite.bulk_insert import write
from projections import (
    decisions,
    floor,
    progress,
    questioned,
    readers,
    retracted,
    search,
    spans,
    stops,
)
from projections.decisions import (
    Decision as Decision,  # re-exported: it is part of a StatementDetail
)
from projections.facts import OPEN, Batch, LogReader, find_stream
from projections.outlook import Outlook
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.progress import MemberProgress as MemberProgress
from projections.progress import Progress as Progress
from projections.progress import ShownAt
from projections.readers import READABLE
from projections.summaries import STATUS_AT, summaries
from projections.summaries import StatementSummary as StatementSummary
from projections.users import uuid_text

NAME = "statements"
VERSION = 6
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement(id INTEGER PRIMARY KEY, creator INTEGER NOT NULL,"
    " creator_may_sign INTEGER NOT NULL, for_everyone INTEGER NOT NULL, expires_at TEXT NOT NULL,"
    " final INTEGER NOT NULL, status TEXT, type TEXT) STRICT",
    "CREATE TABLE statement_text(id INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " created_at TEXT NOT NULL, needed INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " supersedes BLOB) STRICT",
    readers.TABLE,
    decisions.TABLE,
    *questioned.TABLES,
    *retracted.TABLES,
    *spans.TABLES,
    search.TABLE,
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX statement_by_type ON statement(type) WHERE type IS NOT NULL",
    "CREATE INDEX statement_by_creator ON statement(creator)",
    "CREATE INDEX statement_by_status ON statement(status) WHERE status IS NOT NULL",
    "CREATE INDEX statement_by_superseded ON statement_text(supersedes)"
    " WHERE supersedes IS NOT NULL",
    *readers.INDEXES,
)


class StatementDetail(StatementSummary, frozen=True, rename="camel"):
    """A statement with its document, decisions and progress.

    `outlook` says of a pending one whether today's people can meet its policy.
    """

    document: str
    content: str
    policy: dict[str, Any]
    type: DocumentType | None
    read_by: ReadBy
    readers: list[str] | None
    supersedes: str | None
    superseded_by: list[str]
    final_at: str | None
    decisions: list[Decision]
    progress: Progress
    outlook: Outlook | None


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add drafts and decisions; close the statements that became final."""
    finals: dict[int, tuple[int, Status]] = {}
    for position, number, status in sorted(_closings(batch)):
        # Keep the first final status: later approvals repeat it.
        finals.setdefault(number, (position, status))
    drafts = batch.of(StatementDrafted)
    narrow, texts, titles, members = [], [], [], []
    for fact in drafts:
        document, number = fact.body.document, fact.stream
        rules: Policy = document.policy
        final = finals.pop(number, (OPEN, None))
        kind = None if document.type is None else document.type.name
        limits = rules.creator_may_sign, fact.body.for_everyone, fact.body.ends_at
        narrow.append((number, fact.actor, *limits, *final, kind))
        members += readers.rows(fact)
        older = None if document.supersedes is None else UUID(document.supersedes).bytes
        digest = fact.body.sha256
        texts.append(
            (number, document.title, document.created_at, _needed(rules.root), digest, older)
        )
        titles.append((number, search.words(document.title)))
    write(db, "INSERT INTO statement {rows}", narrow)
    write(db, "INSERT INTO statement_text {rows}", texts)
    write(db, "INSERT INTO statement_member {rows}", members)
    write(db, "INSERT INTO title_word(rowid, words) {rows}", titles)
    decisions.fold(db, batch)
    closed = [(number, final, status) for number, (final, status) in finals.items()]
    write(db, _CLOSE, closed)
    stopped = stops.fold(db, batch)
    spans.refresh(db, [*finals, *stopped, *(fact.stream for fact in drafts)])


# Most policies repeat. A node can have 4,096 members, so few are kept.
@lru_cache(maxsize=64)
def _needed(root: Node) -> int:
    return min_people(root) or root.threshold


def _closings(batch: Batch) -> Iterator[tuple[int, int, Status]]:
    for body in (StatementSigned, StatementRejected):
        for fact in batch.of(body):
            if fact.body.status != "pending":
                yield fact.position, fact.stream, fact.body.status
    for fact in batch.of(StatementWithdrawn, StatementWithdrawnByChange):
        yield fact.position, fact.stream, "withdrawn"


_CLOSE = (
    "UPDATE statement SET final = v.column2, status = v.column3"  # noqa: S608  # a constant
    f" FROM ({{rows}}) v WHERE statement.id = v.column1 AND statement.final = {OPEN}"
)


def page(  # noqa: PLR0913  # the route's parameters
    db: sqlite3.Connection,
    reader: Reader,
    *,
    at: int,
    now: str,
    limit: int,
    cursor: str | None = None,
    status: Status | None = None,
    q: str | None = None,
    creator: str | None = None,
) -> Page[StatementSummary]:
    """Return statements as of a position, newest first, filtered by status, title and creator.

    A filtered page can have fewer statements than `limit`, even none, and still a cursor: those
    that its reader may not read are left out.

    Pending statements count as expired from `now` on. Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else min(at + 1, decode_cursor(NAME, cursor))
    question = search.ask(q) if q and q.strip() else None
    given: dict[str, Any] = {
        "at": at,
        "now": now,
        "below": below,
        "status": status,
        "creator": None if creator is None else find_stream(db, creator),
    }
    if (question and not question.terms) or (creator and given["creator"] is None):
        return Page([], None, at)
    found, last = _find(db, reader, question, given | readers.given(db, reader), limit)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(summaries(db, found, at=at, now=now), further, at)


# The most selective condition uses its index; the others filter the rows it finds.
_MATCHES = (
    f"SELECT s.id, {READABLE} AND (:status IS NULL OR {STATUS_AT} = :status)"
    " AND (:creator IS NULL OR s.creator = :creator) "
)
_BY_TITLE = (
    f"{_MATCHES}, x.title FROM title_word t CROSS JOIN statement s ON s.id = t.rowid"
    " JOIN statement_text x ON x.id = s.id"
    " WHERE t.title_word MATCH :match AND t.rowid < :below ORDER BY t.rowid DESC"
)
_BY_CREATOR = (
    f"{_MATCHES} FROM statement s WHERE s.creator = :creator AND s.id < :below ORDER BY s.id DESC"
)
_BY_STATUS = (
    f"{_MATCHES} FROM statement s WHERE s.status = :status AND s.id < :below ORDER BY s.id DESC"
)


def _find(
    db: sqlite3.Connection,
    reader: Reader,
    question: search.Question | None,
    given: dict[str, Any],
    limit: int,
) -> tuple[list[int], int | None]:
    if question is not None:
        rows = db.execute(_BY_TITLE, given | {"match": question.match})
        return collect(
            ((number, matches and question.fits(title)) for number, matches, title in rows), limit
        )
    status: Status | None = given["status"]
    if status == "pending" or status == "expired":
        matches = f"{READABLE} AND (:creator IS NULL OR s.creator = :creator)"
        return spans.search(db, status, matches, given, limit)
    if given["creator"] is not None:
        return collect(db.execute(_BY_CREATOR, given), limit)
    if given["status"] is not None:
        return collect(db.execute(_BY_STATUS, given), limit)
    sql, names = readers.newest(reader)
    return collect(db.execute(sql, given | names), limit)


def by_id(
    db: sqlite3.Connection, log: LogReader, statement_id: str, reader: Reader, *, at: int, now: str
) -> StatementDetail | None:
    """Return the statement as of a position, None if not drafted by then or not readable."""
    number = find(db, statement_id, reader, at=at)
    if number is None:
        return None
    (summary,) = summaries(db, [number], at=at, now=now)
    raw = document(log, number)
    members = msgspec.json.decode(raw)
    rules = msgspec.convert(members["policy"], Policy)
    decided = decisions.of_statement(db, log, number, at=at, now=now)
    pending = summary.status == "pending"
    below = floor.is_below(db, number, rules, floor.in_force(db, at=at))
    moment = ShownAt(at, now, pending, below)
    standing = progress.standing(
        db, rules, summary.creator.id, decisions.decided_by(db, number, at=at), moment
    )
    return StatementDetail(
        **msgspec.structs.asdict(summary),
        document=raw.decode(),
        content=members["content"],
        policy=members["policy"],
        type=msgspec.convert(members.get("type"), DocumentType | None),
        read_by=readers.read_by(db, number),
        readers=members.get("readers"),
        supersedes=members.get("supersedes"),
        superseded_by=_superseded_by(db, statement_id, reader, at),
        final_at=stops.final_at(db, summary, at),
        decisions=decided,
        progress=progress.of_policy(db, rules, standing),
        outlook=standing.outlook,
    )


def document(log: LogReader, number: int) -> bytes:
    """Return the exact bytes of the document of the statement with this stream number."""
    (recorded,) = log.events_at([number])
    if not isinstance(recorded.event.body, StatementDrafted):
        raise CorruptError("event_unexpected", f"no draft at position {number}")
    return recorded.event.body.document.encode()


def shared_approvals(db: sqlite3.Connection, log: LogReader, number: int, *, at: int) -> list[str]:
    """Return the compact JWSs of a statement's approvals in the shared form, in log order."""
    positions = decisions.positions(db, number, decisions.SHARED, at=at)
    bodies = [recorded.event.body for recorded in log.events_at(positions)]
    return [body.jws for body in bodies if isinstance(body, StatementSigned)]


def find(db: sqlite3.Connection, statement_id: str, reader: Reader, *, at: int) -> int | None:
    """Return the stream number of a statement drafted by a position that a person may read."""
    number = find_stream(db, statement_id)
    found = () if number is None or number > at else readers.readable(db, reader, [number])
    return next(iter(found), None)


def _superseded_by(db: sqlite3.Connection, statement_id: str, reader: Reader, at: int) -> list[str]:
    rows = db.execute(
        "SELECT i.uuid FROM statement_text x JOIN stream i ON i.id = x.id"  # noqa: S608  # a constant
        " JOIN statement s ON s.id = x.id"
        f" WHERE x.supersedes = :older AND x.id <= :at AND {READABLE} ORDER BY x.id",
        {"older": UUID(statement_id).bytes, "at": at} | readers.given(db, reader),
    )
    return [uuid_text(uuid) for (uuid,) in rows]
