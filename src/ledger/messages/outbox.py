"""The outbox: a follower of the log that turns events into messages, with a position of its own.

A step keeps the messages of a batch and its position in one transaction. Crash points: before it,
the batch is read again and gives the same messages; after it, they wait to be sent; after an
attempt and before it is noted, the message is sent again with the same id. So every message is sent
at least once, and a receiver knows a repetition by its id.

One process at a time has the lease and sends. Two that believe they have it (a process that was
stopped for longer than the lease) repeat messages; they lose none.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from ledger import clock
from ledger.domain import events
from ledger.domain.entry import leaf_hash
from ledger.domain.events import BodiesErased, Event, LedgerRestored, NameErased
from ledger.messages import hearing
from ledger.messages.hearing import Stored
from ledger.messages.mail_hearing import MailMaker
from ledger.messages.told_content import ContentTeller
from ledger.store.log import Log
from ledger.store.ports.messages import Mailbox, Message, MessageStore, OutboxPlace, Webhook
from projections import erasures
from projections.follower import Follower, Views

BATCH = 256
# Deadlines are looked at for at most this long at once.
WINDOW_MS = 3_600_000
VIEWS_WAIT_S = 5.0

_log = logging.getLogger("ledger.messages")


class BlockNews(Protocol):
    """Whom the organisation's directory blocks, as far as administrators were not told."""

    def untold(self, *, limit: int) -> list[tuple[str, int]]:
        """Return people and since when, in ms; may raise UnavailableError `state_unavailable`."""
        ...

    def told(self, person: str, since_ms: int) -> None:
        """Keep that administrators were told of the block of this time."""
        ...


class Models(msgspec.Struct, frozen=True):
    """The log and the read models, as far as the outbox reads them.

    `blocked` returns the people whom the organisation's directory blocks: they hear nothing.
    `blocks` says of which of them administrators were not told; None without a directory.
    """

    log: Log
    views: Views
    follower: Follower
    now_ms: Callable[[], int]
    blocked: Callable[[], frozenset[str]] = frozenset
    blocks: BlockNews | None = None


class Receivers(msgspec.Struct, frozen=True):
    """Everybody who is told something."""

    webhooks: Sequence[Webhook]
    mailboxes: Sequence[Mailbox]

    @property
    def first(self) -> tuple[int, int] | None:
        """The position and the time after which the first of them is told; None without one.

        A webhook that is paused counts, too: what was kept for it is forgotten with an erasure.
        """
        found = [(each.since, each.made_ms) for each in self.webhooks]
        found += [(each.since, each.verified_ms) for each in self.mailboxes if each.verified_ms]
        return None if not found else (min(at for at, _ in found), min(ms for _, ms in found))


class Outbox:
    """Turns events of one ledger into messages; `step` is for one thread."""

    def __init__(self, models: Models, store: MessageStore, ledger: str, *, has_mail: bool) -> None:
        """Without `has_mail` there is no mail server, and nobody gets mail."""
        self._models = models
        self._store = store
        self._ledger = ledger
        self._has_mail = has_mail
        self._is_aligned = False

    @property
    def is_ready(self) -> bool:
        """Whether there are read models to ask who hears what."""
        return self._models.follower.has_caught_up

    def step(self) -> bool:
        """Make the messages of the next events and deadlines; tell whether there may be more.

        Raises UnavailableError `messages_unavailable`, `storage_failed`; CorruptError as
        `events.read`.
        """
        receivers = Receivers(self._store.webhooks(), self._store.mailboxes())
        first = receivers.first
        if first is None or not self._is_aligned:
            self._forget_people(receivers.mailboxes)
        self._tell_of_blocks(receivers.mailboxes)
        if first is None:
            return False
        old = self._store.cursor()
        start = self._start(old, *first)
        rows = self._models.log.read(start.position, BATCH)
        batch = [Stored(at, leaf_hash(state), events.read(state)) for at, state in rows]
        newest = batch[-1].position if batch else start.position
        if not self._models.follower.wait_for(newest, VIEWS_WAIT_S):
            return False
        leaf = batch[-1].leaf if batch else start.leaf
        now_ms = self._models.now_ms()
        until_ms = min(now_ms, start.until_ms + WINDOW_MS)
        new = OutboxPlace(newest, leaf, max(until_ms, start.until_ms))
        messages = self._messages(receivers, batch, start, new, now_ms)
        messages = self._without_erased(batch, messages)
        is_past = new.until_ms < now_ms
        if not messages and not batch and old is not None and not is_past:
            return False  # nothing to keep: deadlines are looked at again the next time
        if not self._store.advance(old, new, messages):
            return True  # another process was first, or a repeated statement had moved it
        return len(rows) == BATCH or is_past

    def _messages(
        self,
        receivers: Receivers,
        batch: Sequence[Stored],
        start: OutboxPlace,
        new: OutboxPlace,
        now_ms: int,
    ) -> list[Message]:
        with self._models.views.reader() as db:
            news = [each for stored in batch for each in hearing.told(db, stored)]
            ends = hearing.ending(db, after_ms=start.until_ms, until_ms=new.until_ms)
            news += [each for _, each in ends]
            at = self._models.views.position(db)
            teller = ContentTeller(db, self._models.log, at=at)
            news = [
                msgspec.structs.replace(each, content=teller.of(each.stream))
                if each.of_statement
                else each
                for each in news
            ]
            made = hearing.for_webhooks(db, self._ledger, receivers.webhooks, news, now_ms=now_ms)
            boxes = receivers.mailboxes if self._has_mail else []
            mail = MailMaker(self._ledger, boxes, now_ms, teller.of)
            for stored in batch:
                made += mail.about(db, stored)
            now = clock.to_text(now_ms)
            return made + mail.about_ends(db, ends, at=at, now=now)

    def _without_erased(
        self, batch: Sequence[Stored], messages: Sequence[Message]
    ) -> list[Message]:
        """Forget what was kept about streams that this batch erases; return what stays of it.

        Crash point: if the batch is read again, this forgets the same once more.
        """
        erased: dict[str, int] = {}
        for each in batch:
            if not isinstance(each.event, Event):
                continue
            stream = str(each.event.stream)
            match each.event.body:
                case BodiesErased():
                    erased[stream] = each.position
                case NameErased():
                    erased[stream] = each.position
                    self._forget_person(stream)
        for stream, position in erased.items():
            self._store.forget(stream, before=position)
        return [each for each in messages if each.position >= erased.get(each.subject, 0)]

    def _tell_of_blocks(self, mailboxes: Sequence[Mailbox]) -> None:
        """Keep the letters to administrators about whom the directory blocks.

        Crash point: between the letters and the note of them, the same letters are kept once more.
        """
        blocks = self._models.blocks
        if blocks is None or not (untold := blocks.untold(limit=BATCH)):
            return
        maker = MailMaker(self._ledger, mailboxes if self._has_mail else [], self._models.now_ms())
        with self._models.views.reader() as db:
            at = self._models.views.position(db)
            letters = [letter for each in untold for letter in maker.about_block(db, *each, at=at)]
        for letter in letters:
            self._store.put(letter)
        for person, since_ms in untold:
            blocks.told(person, since_ms)

    def _forget_skipped(self, after: int, until: int) -> None:
        """Forget what was erased after one position and up to another, which are not read.

        A webhook can be resumed, or made, while the outbox has not reached an erasure yet.
        """
        log = self._models.log
        for tag in (BodiesErased.TAG, NameErased.TAG):
            for position in log.store.positions(tag, until):
                if position > after:
                    rows = log.read(position - 1, 1)
                    read = [Stored(at, leaf_hash(state), events.read(state)) for at, state in rows]
                    self._without_erased(read, ())

    def _forget_people(self, mailboxes: Sequence[Mailbox]) -> None:
        """Forget the addresses and feeds of people whose names are erased.

        Without a receiver the log is not followed, and what it said meanwhile is not read later.
        """
        people = {*(each.person for each in mailboxes), *self._store.feed_owners()}
        if not people:
            return
        with self._models.views.reader() as db:
            erased = erasures.of_names(db, people)
        for each in erased:
            self._forget_person(each)

    def _forget_person(self, person: str) -> None:
        self._store.remove_mailbox(person, keep=())
        self._store.keep_feed(person, None)

    def _start(self, old: OutboxPlace | None, since: int, made_ms: int) -> OutboxPlace:
        """Return where to go on: nobody wants what was before the first receiver."""
        position, leaf, until_ms = (0, b"", 0) if old is None else msgspec.structs.astuple(old)
        if old is not None and not self._is_aligned:
            position, leaf = self._aligned(position, leaf)
        self._is_aligned = True
        if since > position:
            self._forget_skipped(position, since)
            position, leaf = since, b""
        return OutboxPlace(position, leaf, max(until_ms, made_ms))

    def _aligned(self, position: int, leaf: bytes) -> tuple[int, bytes]:
        """Return a position that this log has: after a restore, that of the restore's own event."""
        if not leaf or self._leaf(position) == leaf:
            return position, leaf
        log = self._models.log
        restores = log.store.positions(LedgerRestored.TAG, log.head())
        found = restores[-1] - 1 if restores else log.head()
        _log.warning("the log was restored; messages go on after position %d", found)
        return min(found, position), b""

    def _leaf(self, position: int) -> bytes:
        rows = self._models.log.read(position - 1, 1)
        return leaf_hash(rows[0][1]) if rows else b""
