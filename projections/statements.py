"""Statements as of every position: policy, decisions and status.

Lists query the narrow table `statement`. A statement is pending from its id (the position of its
draft) until `final`, and has `status` from then on. Table `statement_text` holds what only the page
of a statement shows. Documents and signatures stay in the log.
"""

import sqlite3
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from ledger.domain.events import (
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementWithdrawn,
    StatementWithdrawnByChange,
    UserNamed,
)
from ledger.domain.policy import Node, Policy, min_people
from ledger.domain.readers import Reader
from ledger.domain.vocabulary import Status
from ledger.sqlite.bulk_insert import write
from projections import (
    decisions,
    finding,
    questioned,
    readers,
    retracted,
    search,
    spans,
    stops,
    uses,
    versions,
)
from projections.decisions import (
    Decision as Decision,  # re-exported: it is part of a StatementDetail
)
from projections.facts import OPEN, Batch, asked_by, find_stream
from projections.one_statement import StatementDetail as StatementDetail
from projections.one_statement import by_id as by_id
from projections.one_statement import content as content
from projections.one_statement import document as document
from projections.one_statement import find as find
from projections.one_statement import of_number as of_number
from projections.one_statement import shared_approvals as shared_approvals
from projections.one_statement import sizes as sizes
from projections.paging import Page, collect, decode_cursor, encode_cursor
from projections.progress import MemberProgress as MemberProgress
from projections.progress import Progress as Progress
from projections.readers import READABLE
from projections.summaries import STATUS_AT, summaries
from projections.summaries import StatementSummary as StatementSummary
from projections.uses import Use as Use
from projections.versions import Version as Version

NAME = "statements"
VERSION = 12
TABLES: tuple[str, ...] = (
    "CREATE TABLE statement(id INTEGER PRIMARY KEY, creator INTEGER NOT NULL,"
    " creator_may_sign INTEGER NOT NULL, for_everyone INTEGER NOT NULL, expires_at TEXT NOT NULL,"
    " final INTEGER NOT NULL, status TEXT, type TEXT) STRICT",
    "CREATE TABLE statement_text(id INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " created_at TEXT NOT NULL, needed INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " size INTEGER NOT NULL) STRICT",
    readers.TABLE,
    decisions.TABLE,
    *questioned.TABLES,
    *retracted.TABLES,
    *versions.TABLES,
    *uses.TABLES,
    *spans.TABLES,
    search.TABLE,
)
INDEXES: tuple[str, ...] = (
    "CREATE INDEX statement_by_type ON statement(type) WHERE type IS NOT NULL",
    "CREATE INDEX statement_by_creator ON statement(creator)",
    # An inbox reads the open statements that close next.
    f"CREATE INDEX statement_open ON statement(expires_at) WHERE final = {OPEN}",
    "CREATE INDEX statement_by_status ON statement(status) WHERE status IS NOT NULL",
    # 8 of the 32 bytes find it, and keep the index small.
    "CREATE INDEX statement_by_digest ON statement_text(substr(sha256, 1, 8))",
    *versions.INDEXES,
    *readers.INDEXES,
)


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
        replaced = asked_by(fact)
        may_sign = rules.creator_may_sign or (replaced is not None and replaced.creator_may_sign)
        limits = may_sign, fact.body.for_everyone, fact.body.ends_at
        narrow.append((number, fact.actor, *limits, *final, kind))
        members += readers.rows(fact)
        needed, measured = _needed(rules.root), (fact.body.sha256, fact.body.size)
        texts.append((number, document.title, document.created_at, needed, *measured))
        titles.append((number, search.words(document.title)))
    write(db, "INSERT INTO statement {rows}", narrow)
    write(db, "INSERT INTO statement_text {rows}", texts)
    write(db, "INSERT INTO statement_member {rows}", members)
    titles += [(fact.stream, search.name_words(fact.body.name)) for fact in batch.of(UserNamed)]
    write(db, "INSERT INTO title_word(rowid, words) {rows}", titles)
    decisions.fold(db, batch)
    uses.fold(db, batch)
    closed = [(number, final, status) for number, (final, status) in finals.items()]
    write(db, _CLOSE, closed)
    ended = [*stops.fold(db, batch), *versions.fold(db, batch)]
    spans.refresh(db, [*finals, *ended, *(fact.stream for fact in drafts)])


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
    for fact in batch.of(StatementSuperseded):
        yield fact.position, fact.stream, "superseded"


# Only a late approval follows on an end: of a change that a loss ended.
_CLOSE = (
    "UPDATE statement SET final = v.column2, status = v.column3"  # noqa: S608  # a constant
    f" FROM ({{rows}}) v WHERE statement.id = v.column1 AND (statement.final = {OPEN}"
    " OR (statement.status = 'expired' AND v.column3 = 'approved'))"
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
    contents: Callable[[int], str] | None = None,
) -> Page[StatementSummary]:
    """Return statements as of a position, newest first, filtered by status and creator.

    `q` searches as `finding.found` does; with `contents`, which returns the content of a statement
    by its number, it searches there instead.

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
    given |= readers.given(db, reader)
    if q is None or question is None:
        found, last = _find(db, reader, given, limit)
    elif contents is None:
        found, last = collect(finding.found(db, question, q, _MATCHES, given), limit)
    else:
        found, last = finding.in_contents(_newest(db, reader, given), limit, question, contents)
    further = None if last is None else encode_cursor(NAME, last)
    return Page(summaries(db, found, at=at, now=now), further, at)


# The most selective condition uses its index; the others filter the rows it finds.
_MATCHES = (
    f"SELECT s.id, {READABLE} AND (:status IS NULL OR {STATUS_AT} = :status)"
    " AND (:creator IS NULL OR s.creator = :creator) "
)
_BY_CREATOR = (
    f"{_MATCHES} FROM statement s WHERE s.creator = :creator AND s.id < :below ORDER BY s.id DESC"
)
_BY_STATUS = (
    f"{_MATCHES} FROM statement s WHERE s.status = :status AND s.id < :below ORDER BY s.id DESC"
)
_SUPERSEDED = (
    f"{_MATCHES} FROM superseded e CROSS JOIN statement s ON s.id = e.statement"
    " WHERE e.statement < :below ORDER BY e.statement DESC"
)


def _newest(db: sqlite3.Connection, reader: Reader, given: dict[str, Any]) -> sqlite3.Cursor:
    """Return the newest statements of a search in contents, and whether each matches the rest."""
    sql, names = readers.newest(reader)
    # With a LIMIT, SQLite keeps the order of the inner query.
    return db.execute(
        f"{_MATCHES} FROM (SELECT id FROM ({sql}) WHERE id < :below LIMIT :read) n"  # noqa: S608
        " CROSS JOIN statement s ON s.id = n.id",
        given | names | {"read": finding.MOST_READ + 1},
    )


def _find(
    db: sqlite3.Connection,
    reader: Reader,
    given: dict[str, Any],
    limit: int,
) -> tuple[list[int], int | None]:
    status: Status | None = given["status"]
    if status == "pending" or status == "expired":
        matches = f"{READABLE} AND (:creator IS NULL OR s.creator = :creator)"
        return spans.search(db, status, matches, given, limit)
    if given["creator"] is not None:
        return collect(db.execute(_BY_CREATOR, given), limit)
    if status == "superseded":
        return collect(db.execute(_SUPERSEDED, given), limit)
    if given["status"] is not None:
        return collect(db.execute(_BY_STATUS, given), limit)
    sql, names = readers.newest(reader)
    return collect(db.execute(sql, given | names), limit)
