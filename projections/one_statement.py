"""One statement as of a position: its document, decisions and progress."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ledger.domain.document import DocumentType
from ledger.domain.events import StatementDrafted, StatementSigned
from ledger.domain.late_acts import late_signed_at
from ledger.domain.policy import Policy
from ledger.domain.readers import Reader
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import ReadBy
from ledger.errors import CorruptError
from projections import decisions, floor, losses, progress, readers, stops, timeline, uses, versions
from projections.decisions import Decision
from projections.facts import LogReader, find_stream
from projections.outlook import Outlook, to_meet, worst
from projections.progress import Progress, ShownAt
from projections.rows import json_list
from projections.summaries import StatementSummary, summaries
from projections.uses import Use
from projections.versions import Version


class StatementDetail(StatementSummary, frozen=True, rename="camel"):
    """A statement with its document, decisions and progress.

    `outlook` says of a pending one whether today's people can meet its policy. `versions` are those
    that supersede one another and that the reader may read, this one too. A version of an approved
    statement also has to meet what that one's policy asks of it: `replaced`, with its progress.
    `usable` says who may use it, `uses` who did, and `uses_left` how many uses are left. One that
    `precedes_loss` is older than a loss: none of its uses is left, and it ended if it was pending.
    `earlier_decisions` counts those that `decisions` leaves out: the oldest of many.
    `late_signed_at` is when the creator signed a draft that a restore had lost.
    """

    document: str
    content: str
    policy: dict[str, Any]
    type: DocumentType | None
    read_by: ReadBy
    readers: list[str] | None
    supersedes: str | None
    superseded_by: str | None
    versions: list[Version]
    replaced: dict[str, Any] | None
    replaced_progress: Progress | None
    final_at: str | None
    decisions: list[Decision]
    earlier_decisions: int
    progress: Progress
    outlook: Outlook | None
    usable: Usable | None
    uses: list[Use]
    uses_left: int | None
    precedes_loss: bool
    late_signed_at: str | None


def by_id(
    db: sqlite3.Connection, log: LogReader, statement_id: str, reader: Reader, *, at: int, now: str
) -> StatementDetail | None:
    """Return the statement as of a position, None if not drafted by then or not readable."""
    number = find(db, statement_id, reader, at=at)
    return None if number is None else of_number(db, log, number, reader, at=at, now=now)


def of_number(
    db: sqlite3.Connection, log: LogReader, number: int, reader: Reader, *, at: int, now: str
) -> StatementDetail:
    """Return the statement with a stream number that `find` returned, as of a position."""
    (summary,) = summaries(db, [number], at=at, now=now)
    drafted = _drafted(log, number)
    raw = drafted.document.encode()
    members = msgspec.json.decode(raw)
    rules = msgspec.convert(members["policy"], Policy)
    below = floor.is_below(db, number, rules, floor.in_force(db, at=at))
    moment = ShownAt(at, now, summary.status == "pending", below)
    creator, by_whom = summary.creator.id, decisions.decided_by(db, [number], at=at)[number]
    replaced = versions.replaced_by(db, number)
    standing, *others = [
        progress.standing(db, each, creator, given, moment)
        for each, given in to_meet(rules, replaced, creator, by_whom)
    ]
    other = others[0] if others else None
    superseded, ended = members.get("supersedes"), versions.end_of(db, number, at=at)
    every = versions.all_of(db, summary.id, readers.given(db, reader), at=at)
    named = {each.id for each in every}
    usable = msgspec.convert(members.get("usable"), Usable | None)
    used = uses.of_statement(db, number, at=at)
    is_older = losses.precedes(db, number, at=at)
    decided = decisions.of_statement(db, log, number, size=len(raw), at=at, now=now)
    return StatementDetail(
        **msgspec.structs.asdict(summary),
        document=raw.decode(),
        content=members["content"],
        policy=members["policy"],
        type=msgspec.convert(members.get("type"), DocumentType | None),
        read_by=readers.read_by(db, number),
        readers=members.get("readers"),
        supersedes=None if superseded is None else superseded["statement"],
        superseded_by=ended[1] if ended is not None and ended[1] in named else None,
        versions=every,
        replaced=None if replaced is None else msgspec.to_builtins(replaced),
        replaced_progress=progress.of_policy(db, replaced, other) if replaced and other else None,
        final_at=stops.final_at(db, summary, at)
        if ended is None
        else timeline.time_of(db, ended[0]),
        decisions=decided,
        earlier_decisions=decisions.count(db, number, at=at) - len(decided),
        progress=progress.of_policy(db, rules, standing),
        outlook=worst(standing.outlook, None if other is None else other.outlook),
        usable=usable,
        uses=used,
        uses_left=None if usable is None else _left(usable, used, is_void=is_older),
        precedes_loss=is_older,
        late_signed_at=late_signed_at(drafted),
    )


def _left(usable: Usable, used: list[Use], *, is_void: bool) -> int:
    return 0 if is_void else usable.times - sum(not each.freed for each in used)


class _Content(msgspec.Struct):
    content: str


def content(log: LogReader, number: int) -> str:
    """Return the content of the statement with this stream number, as it was drafted."""
    return msgspec.json.decode(document(log, number), type=_Content).content


def document(log: LogReader, number: int) -> bytes:
    """Return the exact bytes of the document of the statement with this stream number."""
    return _drafted(log, number).document.encode()


def _drafted(log: LogReader, number: int) -> StatementDrafted:
    (recorded,) = log.events_at([number])
    if not isinstance(recorded.event.body, StatementDrafted):
        raise CorruptError("event_unexpected", f"no draft at position {number}")
    return recorded.event.body


def sizes(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return the bytes of documents by stream number, without reading them."""
    return dict(db.execute(_SIZES, (json_list(numbers),)))


_SIZES = "SELECT id, size FROM statement_text WHERE id IN (SELECT value FROM json_each(?))"


def shared_approvals(
    db: sqlite3.Connection, log: LogReader, number: int, *, at: int
) -> Iterator[str]:
    """Return the compact JWSs of a statement's approvals in the shared form, in log order.

    Each has the document in it: they are read one after the other.
    """
    for position in decisions.positions(db, number, decisions.SHARED, at=at):
        (recorded,) = log.events_at([position])
        if isinstance(recorded.event.body, StatementSigned):
            yield recorded.event.body.jws


def find(db: sqlite3.Connection, name: str | bytes, reader: Reader, *, at: int) -> int | None:
    """Return the stream number of a statement drafted by a position that a person may read.

    `name` is its id, or the SHA-256 of its document (32 bytes). The document says the id, so no
    other statement has this digest.
    """
    number = find_stream(db, name) if isinstance(name, str) else _of_digest(db, name)
    found = () if number is None or number > at else readers.readable(db, reader, [number])
    return next(iter(found), None)


# Its index has 8 bytes of each digest.
BY_DIGEST = (
    "SELECT id FROM statement_text"
    " WHERE substr(sha256, 1, 8) = substr(:sha256, 1, 8) AND sha256 = :sha256"
)


def _of_digest(db: sqlite3.Connection, sha256: bytes) -> int | None:
    found = db.execute(BY_DIGEST, {"sha256": sha256}).fetchone()
    return None if found is None else found[0]
