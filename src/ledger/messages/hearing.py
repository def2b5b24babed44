"""Who hears what: a webhook is told what its owner may read, as long as they administer.

It reads the read models. Who may read a statement is asked of them as they are now, like every
other question of who reads: a role that ended hears nothing more, also of earlier events.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence

import msgspec

from ledger import clock
from ledger.domain.entry import leaf_hash
from ledger.domain.events import ErasedEvent, Event
from ledger.domain.vocabulary import ADMINISTRATOR, Status
from ledger.messages.outline import EXPIRED, EXPIRING, Outline, kinds_of, message_id, webhook_body
from ledger.store.ports.messages import Message, Webhook
from projections import readers, users
from projections.facts import OPEN, find_stream
from projections.users import uuid_text

REMINDER_MS = 86_400_000

_STATEMENT = (
    "SELECT s.final, s.status, x.sha256 FROM statement s JOIN statement_text x ON x.id = s.id"
    " WHERE s.id = ?"
)
# Those that end after a time and up to another one, and were pending until then.
_ENDING = (
    "SELECT i.uuid, s.id, s.expires_at, x.sha256 FROM statement s"  # noqa: S608  # constants
    " JOIN statement_text x ON x.id = s.id JOIN stream i ON i.id = s.id"
    f" WHERE s.final = {OPEN} AND s.expires_at > ? AND s.expires_at <= ?"
    " ORDER BY s.expires_at, s.id"
)


class Stored(msgspec.Struct, frozen=True):
    """An event with its position and leaf hash."""

    position: int
    leaf: bytes
    event: Event | ErasedEvent


def read(position: int, state: bytes, event: Event | ErasedEvent) -> Stored:
    """Return a stored event with what identifies it."""
    return Stored(position, leaf_hash(state), event)


def administers(db: sqlite3.Connection, user: str, *, at: int, now: str) -> bool:
    """Tell whether a person is an active administrator."""
    found = users.by_id(db, user, at=at, now=now)
    return found is not None and ADMINISTRATOR in found.roles and found.standing == "active"


def may_read(db: sqlite3.Connection, person: str, statements: Collection[str]) -> frozenset[str]:
    """Return those of these statements, by id, that a person may read now."""
    numbers = {find_stream(db, each): each for each in statements}
    known = [number for number in numbers if number is not None]
    found = readers.readable(db, readers.of(db, person), known)
    return frozenset(numbers[number] for number in found)


def told(db: sqlite3.Connection, stored: Stored) -> list[Outline]:
    """Return what messages about an event tell; the read models must have reached it."""
    event, position = stored.event, stored.position
    sha256: str | None = None
    status: Status | None = None
    ended: Status | None = None
    stream = str(event.stream)
    number = find_stream(db, stream)
    row = None if number is None else db.execute(_STATEMENT, (number,)).fetchone()
    if row is not None and not isinstance(event, ErasedEvent):
        final, last, digest = row
        sha256 = digest.hex()
        status = last if final <= position else "pending"
        ended = last if final == position else None
    return [
        Outline(kind, event.at, stream, position, stored.leaf, status, sha256)
        for kind in kinds_of(event, ended)
    ]


def ending(db: sqlite3.Connection, *, after_ms: int, until_ms: int) -> list[tuple[int, Outline]]:
    """Return what is told of pending statements that end, each with its stream's number.

    A statement is told of REMINDER_MS before its end, unless it was drafted later than that, and at
    its end. The leaf hash of these messages is empty.
    """
    found: list[tuple[int, Outline]] = []
    kinds: tuple[tuple[str, Status, int], ...]
    kinds = ((EXPIRING, "pending", REMINDER_MS), (EXPIRED, "expired", 0))
    for kind, status, ahead_ms in kinds:
        after, until = clock.to_text(after_ms + ahead_ms), clock.to_text(until_ms + ahead_ms)
        found += [
            (number, Outline(kind, ends_at, uuid_text(uuid), number, b"", status, digest.hex()))
            for uuid, number, ends_at, digest in db.execute(_ENDING, (after, until))
        ]
    return found


def for_webhooks(
    db: sqlite3.Connection,
    ledger: str,
    webhooks: Sequence[Webhook],
    news: Iterable[Outline],
    *,
    now_ms: int,
) -> list[Message]:
    """Return the messages of webhooks about these news, in order."""
    heard = [*news]
    numbers = {each.stream: find_stream(db, each.stream) for each in heard if each.of_statement}
    known = [number for number in numbers.values() if number is not None]
    made: list[tuple[int, Message]] = []
    for webhook in webhooks:
        if webhook.paused:
            continue
        readable = readers.readable(db, readers.of(db, webhook.owner), known)
        for order, each in enumerate(heard):
            is_new = each.position > webhook.since or not each.leaf
            if is_new and (not each.of_statement or numbers[each.stream] in readable):
                made.append((order, _to_webhook(ledger, webhook, each, now_ms)))
    return [message for _, message in sorted(made, key=lambda pair: pair[0])]


def _to_webhook(ledger: str, webhook: Webhook, news: Outline, now_ms: int) -> Message:
    return Message(
        message_id(ledger, news, "webhook", webhook.id),
        "webhook",
        webhook.id,
        news.stream,
        news.kind,
        news.position,
        webhook_body(ledger, news),
        now_ms,
        now_ms,
    )
