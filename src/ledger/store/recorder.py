"""The eventsourcing library's recorder interface, implemented on the store."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    NotSupportedError,
    RecordConflictError,
    StoredEvent,
    Subscription,
)

from ledger.domain.entry import cut, entry_ms
from ledger.domain.receipts import own_key
from ledger.errors import StaleError
from ledger.store.ports.log import LogStore, Write
from ledger.store.results import require_stored


class Recorder(ApplicationRecorder):
    """The library's recorder. The ledger's commands use the port directly."""

    def __init__(self, store: LogStore) -> None:
        self.store = store

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append events as one write; raise RecordConflictError if the stream has changed."""
        key = own_key([each.state for each in stored_events])
        # The key depends on the time, so the log must not change it.
        until_ms = min(entry_ms(cut(each.state)[0]) for each in stored_events) + 1
        write = Write(key=key, events=tuple(stored_events), until_ms=until_ms)
        (result,) = self.store.append([write])
        try:
            stored = require_stored(result)
        except StaleError as error:
            raise RecordConflictError(error.detail) from error
        return range(stored.position - stored.count + 1, stored.position + 1)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of a stream with versions in (gt, lte]."""
        stream = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
        most = -1 if limit is None else limit
        rows = self.store.stream(stream, gt=gt or 0, lte=lte, desc=desc, limit=most)
        return [StoredEvent(stream, *row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events by position as the library's notifications."""
        if topics:
            raise NotSupportedError("the log cannot be filtered by topic")
        first = (start or 0) + (0 if inclusive_of_start else 1)
        return [
            Notification(stream, version, tag, state, position)
            for position, stream, version, tag, state in self.store.rows(first, stop, limit)
        ]

    def max_notification_id(self) -> int | None:
        """Return the newest position, None for an empty log."""
        return self.store.head().sealed or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Refuse: SQLite cannot wait for other processes' commits; the follower polls."""
        raise NotSupportedError("SQLite has no subscriptions")
