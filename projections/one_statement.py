"""One statement as of a position: its document, decisions and progress."""

import sqlite3
from typing import Any

import msgspec

from ledger.domain.events import StatementDrafted, StatementSigned
from ledger.domain.policy import Policy
from ledger.errors import CorruptError
from projections import decisions, progress, timeline, versions
from projections.decisions import Decision
from projections.facts import LogReader, find_stream
from projections.outlook import Outlook, for_own, for_replaced, worst
from projections.progress import Progress, ShownAt
from projections.summaries import StatementSummary, summaries
from projections.versions import Version


class StatementDetail(StatementSummary, frozen=True, rename="camel"):
    """A statement with its document, decisions and progress.

    `outlook` says of a pending one whether today's people can meet its policy. `versions` are all
    that supersede one another, this one too. A version of an approved statement also has to meet
    what that one's policy asks of it: `replaced`, with its progress.
    """

    document: str
    content: str
    policy: dict[str, Any]
    supersedes: str | None
    superseded_by: str | None
    versions: list[Version]
    replaced: dict[str, Any] | None
    replaced_progress: Progress | None
    final_at: str | None
    decisions: list[Decision]
    progress: Progress
    outlook: Outlook | None


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
    creator, by_whom = summary.creator.id, decisions.decided_by(db, number, at=at)
    replaced = versions.replaced_by(db, number)
    own = by_whom if replaced is None else for_own(rules, by_whom)
    standing = progress.standing(db, rules, creator, own, moment)
    other = None
    if replaced is not None:
        counting = for_replaced(replaced, creator, by_whom)
        other = progress.standing(db, replaced, creator, counting, moment)
    superseded, ended = document.get("supersedes"), versions.end_of(db, number, at=at)
    return StatementDetail(
        **msgspec.structs.asdict(summary),
        document=raw.decode(),
        content=document["content"],
        policy=document["policy"],
        supersedes=None if superseded is None else superseded["statement"],
        superseded_by=None if ended is None else ended[1],
        versions=versions.all_of(db, statement_id, at=at),
        replaced=None if replaced is None else msgspec.to_builtins(replaced),
        replaced_progress=progress.of_policy(db, replaced, other) if replaced and other else None,
        final_at=_final_at(db, summary, None if ended is None else ended[0]),
        decisions=decided,
        progress=progress.of_policy(db, rules, standing),
        outlook=worst(standing.outlook, None if other is None else other.outlook),
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


def _final_at(
    db: sqlite3.Connection, summary: StatementSummary, superseded: int | None
) -> str | None:
    if summary.status == "pending":
        return None
    if superseded is not None:
        return timeline.time_of(db, superseded)
    if summary.status == "expired":
        return summary.expires_at
    row = db.execute("SELECT final FROM statement WHERE id = ?", (summary.position,)).fetchone()
    return timeline.time_of(db, row[0])
