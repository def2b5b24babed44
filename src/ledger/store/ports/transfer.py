"""The port of transfers: what an engine does to take in the rows of a log from another engine.

The rows are read as the audit reads them (`audit.source`). The target gets its head last. Until
then its rows go beyond its head, so no server starts on it, and a later transfer goes on there.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

StoredColumns = tuple[Any, ...]  # of one row of a table
# Rows beside the events: receipts of requests, names, groups; what is published of the tree.
RowKind = Literal["receipt", "claim", "member", "checkpoint", "cosignature", "stamp"]

# At least one row of a table of the operational state; pages of one table follow each other.
StatePage = tuple[str, Sequence[StoredColumns]]
StatePages = Iterable[StatePage]
STATE_PAGE_ROWS = 1_024
# The tables of the operational state; messages are in a file of their own.
STATE_TABLES = (
    "secret",
    "birth",
    "open_session",
    "passkey_use",
    "once",
    "wrapped_key",
    "device",
    "device_link",
    "access",
    "directory",
)
MESSAGE_TABLES = ("outbox", "message", "webhook", "mailbox", "mail_code", "feed")


class Extent(NamedTuple):
    """How far a log goes: its newest position, epoch and time, and the last row of each kind."""

    size: int
    epoch: int
    at_ms: int
    checkpoint: int
    cosignature: int
    stamp: int


class EventPage(NamedTuple):
    """A run of events, with the bodies that are there, and the bodies that its events erase.

    `events` are (position, stream, version, tag, entry, leaf), `bodies` (position, data), `erased`
    (position, position of the event that says so). A stream is 16 bytes.
    """

    events: Sequence[StoredColumns]
    bodies: Sequence[StoredColumns]
    erased: Sequence[StoredColumns]


class TransferTarget(Protocol):
    """A log without a head that takes in rows; for one thread.

    Each call is one durable transaction, and may raise UnavailableError `storage_failed`,
    ConflictError `database_refused` or CorruptError `file_malformed`.
    """

    def close(self) -> None:
        """Close the storage."""
        ...

    def add_events(self, page: EventPage) -> None:
        """Store events after the newest one that is there, and delete what they erase."""
        ...

    def add_rows(self, kind: RowKind, rows: Sequence[StoredColumns]) -> None:
        """Store rows of one kind; leave rows that are there.

        Their columns are those of the engines' tables: receipts are (key, position, number of
        events, answer), claims (name, stream, position), members (group, stream, position, present
        as 0 or 1), checkpoints (size, root, note, time), cosignatures (id, size, witness, line),
        and stamps (id, size, note, token, time).
        """
        ...

    def add_tiles(self, tiles: Sequence[tuple[int, int, bytes]]) -> None:
        """Store (level, number, hashes) of tiles; replace those that are there."""
        ...

    def finish(self, extent: Extent) -> None:
        """Set the head: from here on the log is complete, and servers may use it."""
        ...
