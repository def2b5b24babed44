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

from ledger import clock
from ledger.clock import LAST_MS
from ledger.domain.document import ends_ms
from ledger.domain.events import (
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.policy import Node, Policy, min_people
from ledger.domain.vocabulary import Status
from ledger.errors import CorruptError
from ledger.sqlite.bulk_insert import write
from projections import decisions, progress, questioned, retracted, search, spans, timeline
from projections.decisions import (
    Decision as Decision,  # re-exported: it is part of a StatementDetail
)
from projections.facts import OPEN, Batch, LogReader, find_stream
from projections.outlook import Outlook
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.progress import MemberProgress as MemberProgress
from projections.progress import Progress as Progress
from projections.progress import ShownAt
from projections.summaries import STATUS_AT, summaries
from projections.summaries import StatementSummary as StatementSummary
from projections.users import uuid_text

NAME = "statements"
VERSION = 5
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement(id INTEGER PRIMARY KEY, creator INTEGER NOT NULL,"
    " creator_may_sign INTEGER NOT NULL, expires_at TEXT NOT NULL, final INTEGER NOT NULL,"
    " status TEXT) STRICT",
    "CREATE TABLE statement_text(id INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " created_at TEXT NOT NULL, needed INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " supersedes BLOB) STRICT",
    decisions.TABLE,
    *questioned.TABLES,
    *retracted.TABLES,
    *spans.TABLES,
    search.TABLE,
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX statement_by_creator ON statement(creator)",
    "CREATE INDEX statement_by_status ON statement(status) WHERE status IS NOT NULL",
    "CREATE INDEX statement_by_superseded ON statement_text(supersedes)"
    " WHERE supersedes IS NOT NULL",
)


class StatementDetail(StatementSummary, frozen=True, rename="camel"):
    """A statement with its document, decisions and progress.

    `outlook` says of a pending one whether today's people can meet its policy.
    """

    document: str
    content: str
    policy: dict[str, Any]
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
    narrow, texts, titles = [], [], []
    for fact in drafts:
        document, number = fact.body.document, fact.stream
        rules: Policy = document.policy
        final = finals.pop(number, (OPEN, None))
        ends = clock.to_text(min(ends_ms(document.created_at, rules), LAST_MS))
        narrow.append((number, fact.actor, rules.creator_may_sign, ends, *final))
        older = None if document.supersedes is None else UUID(document.supersedes).bytes
        digest = fact.body.sha256
        texts.append(
            (number, document.title, document.created_at, _needed(rules.root), digest, older)
        )
        titles.append((number, search.words(document.title)))
    write(db, "INSERT INTO statement {rows}", narrow)
    write(db, "INSERT INTO statement_text {rows}", texts)
    write(db, "INSERT INTO title_word(rowid, words) {rows}", titles)
    decisions.fold(db, batch)
    closed = [(number, final, status) for number, (final, status) in finals.items()]
    write(db, _CLOSE, closed)
    spans.refresh(db, [*finals, *(fact.stream for fact in drafts)])


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
    found, last = _find(db, question, given, limit)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(summaries(db, found, at=at, now=now), further, at)


# The most selective condition uses its index; the others filter the rows it finds.
_MATCHES = (
    f"SELECT s.id, (:status IS NULL OR {STATUS_AT} = :status)"
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
_ALL = f"{_MATCHES} FROM statement s WHERE s.id < :below ORDER BY s.id DESC"


def _find(
    db: sqlite3.Connection, question: search.Question | None, given: dict[str, Any], limit: int
) -> tuple[list[int], int | None]:
    if question is not None:
        rows = db.execute(_BY_TITLE, given | {"match": question.match})
        return collect(
            ((number, matches and question.fits(title)) for number, matches, title in rows), limit
        )
    status: Status | None = given["status"]
    if status == "pending" or status == "expired":
        matches = ":creator IS NULL OR s.creator = :creator"
        return spans.search(db, status, matches, given, limit)
    if given["creator"] is not None:
        return collect(db.execute(_BY_CREATOR, given), limit)
    if given["status"] is not None:
        return collect(db.execute(_BY_STATUS, given), limit)
    return collect(db.execute(_ALL, given), limit)


def by_id(
    db: sqlite3.Connection, log: LogReader, statement_id: str, *, at: int, now: str
) -> StatementDetail | None:
    """Return the statement as of a position, None if not drafted by then."""
    number = _number(db, statement_id, at)
    if number is None:
        return None
    (summary,) = summaries(db, [number], at=at, now=now)
    raw = _document(log, number)
    document = msgspec.json.decode(raw)
    rules = msgspec.convert(document["policy"], Policy)
    decided = decisions.of_statement(db, log, number, at=at, now=now)
    pending = summary.status == "pending"
    moment = ShownAt(at, now, pending)
    standing = progress.standing(
        db, rules, summary.creator.id, decisions.decided_by(db, number, at=at), moment
    )
    return StatementDetail(
        **msgspec.structs.asdict(summary),
        document=raw.decode(),
        content=document["content"],
        policy=document["policy"],
        supersedes=document.get("supersedes"),
        superseded_by=_superseded_by(db, statement_id, at),
        final_at=_final_at(db, summary),
        decisions=decided,
        progress=progress.of_policy(db, rules, standing),
        outlook=standing.outlook,
    )


def document(db: sqlite3.Connection, log: LogReader, statement_id: str, *, at: int) -> bytes | None:
    """Return the document's exact bytes, None if not drafted by then."""
    number = _number(db, statement_id, at)
    return None if number is None else _document(log, number)


def shared_approvals(
    db: sqlite3.Connection, log: LogReader, statement_id: str, *, at: int
) -> list[str]:
    """Return the compact JWSs of the approvals in the shared form, in log order."""
    number = _number(db, statement_id, at)
    if number is None:
        return []
    positions = decisions.positions(db, number, decisions.SHARED, at=at)
    bodies = [recorded.event.body for recorded in log.events_at(positions)]
    return [body.jws for body in bodies if isinstance(body, StatementSigned)]


def _number(db: sqlite3.Connection, statement_id: str, at: int) -> int | None:
    """Return the stream number of a statement drafted by a position."""
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


def _final_at(db: sqlite3.Connection, summary: StatementSummary) -> str | None:
    if summary.status == "pending":
        return None
    if summary.status == "expired":
        return summary.expires_at
    row = db.execute("SELECT final FROM statement WHERE id = ?", (summary.position,)).fetchone()
    return timeline.time_of(db, row[0])
