"""The append-only log on PostgreSQL, with the contract of `store.ports.log`.

Sealed: the server shows a commit to others only once it is durable, and on the standbys that
`synchronous_standby_names` asks for. So everything that a reader sees is sealed, with one
exception: after a crash, the server recovers commits that were written and perhaps not yet durable.
A crash ends every connection, and each new one commits something before it reads.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

import psycopg

from ledger.errors import NotFoundError, UnavailableError
from ledger.store.ports.log import AppendResult, NotStored, ReadAddress, Unknown, Write
from ledger.store.postgres import schema
from ledger.store.postgres.append_columns import APPEND, AppendColumns
from ledger.store.postgres.connections import LONG_S, READ_S, DatabaseConnection
from ledger.store.postgres.database_errors import DoubtError, UnreachableError
from ledger.store.postgres.endorsements import PostgresEndorsements
from ledger.store.postgres.identity import LogIdentity
from ledger.store.postgres.queries import PostgresQueries
from ledger.store.postgres.standby import Standby
from ledger.store.postgres.timed_connection import STATEMENT_S
from ledger.store.postgres.tree import PostgresTree

# How long a batch whose outcome is not known is sent again, and how long a server that cannot be
# reached is waited for: a restart, or the choice of another primary.
DOUBT_S = 30.0
REACH_S = 3.0
RETRY_S = 0.05
_SIZE_AND_LEAF = (
    "SELECT h.size, (SELECT e.leaf FROM ledger.ev e WHERE e.pos = h.size) FROM ledger.log_head h"
)


class PostgresLog(PostgresQueries):
    """The log in one database, which any number of processes may share."""

    def __init__(self, url: str, *, quorum: bool = False, reads: str | None = None) -> None:
        """With `quorum`, append nothing while the server names no synchronous standby.

        `reads` is the URL of a standby for long reads.
        """
        self._url = url
        self._quorum = quorum
        self._identity = LogIdentity()
        require = self._identity.require
        self._writer = DatabaseConnection(url, limit_s=STATEMENT_S, require=require)
        try:
            schema.create(self._writer)
            schema.require_format(self._writer)
            schema.require_unchanged(self._writer)
            super().__init__(self._reading_connection())
            self._standby: Standby | None = None
            self._lock = Lock()
            self._anchor: tuple[int, bytes] | None = None
            self.sync_s: float | None = None
            self._epoch = self.head().epoch
            self._know()
            if reads is not None:
                self._standby = Standby(reads, self._connection, self._identity)
        except BaseException:
            self._writer.close()
            raise

    def _reading_connection(self) -> DatabaseConnection:
        require = self._identity.require
        return DatabaseConnection(self._url, limit_s=READ_S, seals=True, require=require)

    def _know(self) -> None:
        """Remember which ledger this is, once it has an event."""
        if not self._identity.is_known:
            for (leaf,) in self._connection.rows("SELECT leaf FROM ledger.ev WHERE pos = 1"):
                self._identity.learn(leaf)

    @property
    def address(self) -> str:
        """The URL, with its password, for `store.engines.open_log` in another process."""
        return self._url

    def reader(self) -> PostgresQueries:
        """Return a reader of its own for another thread; the caller closes it."""
        return PostgresQueries(self._reading_connection())

    def tree(self) -> PostgresTree:
        """Return the tree of this log; the caller closes it."""
        return PostgresTree(self._reading_connection())

    def endorsements(self) -> PostgresEndorsements:
        """Return the endorsements of this log's checkpoints; the caller closes them."""
        return PostgresEndorsements(self._reading_connection())

    def close(self) -> None:
        """Close the connections after running writes finish."""
        self._writer.close()
        if self._standby is not None:
            self._standby.close()
        super().close()

    # --- long reads ----------------------------------------------------------------------------

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after `after`, from a standby if it can."""
        rows = None if self._standby is None else self._standby.read(after, limit)
        return super().read(after, limit) if rows is None else rows

    def reading(self, checkpoint: int = 0) -> ReadAddress:
        """Return where long reads go: to a standby that has everything up to now."""
        ((size, leaf),) = self._connection.rows(_SIZE_AND_LEAF) or [(0, None)]
        is_there = self._standby is not None and self._standby.reaches(size, leaf, checkpoint)
        address = self._standby.url if self._standby is not None and is_there else self._url
        return ReadAddress(address, size)

    # --- appending -----------------------------------------------------------------------------

    def append(self, writes: Sequence[Write]) -> list[AppendResult]:
        """Append a batch in one durable transaction; return one result per write, in order.

        If the connection is lost, nobody can know whether the batch was committed. The same batch
        is sent again: its keys tell which writes were stored, and its own commit waits as the first
        one should have.
        """
        batch = AppendColumns(writes)
        columns = batch.columns()
        with self._lock:
            began_s = time.monotonic()
            doubt: DoubtError | None = None
            while True:
                position, leaf = self._anchor or (0, b"")
                first = (position, leaf, self._epoch, self._quorum)
                sent_s = time.perf_counter()
                failed: Exception
                try:
                    rows = self._writer.change(APPEND, *first, *columns)
                except DoubtError as error:
                    failed = doubt = error
                except (UnreachableError, UnavailableError) as error:
                    failed = error
                except psycopg.Error as error:  # the server has undone it
                    failed = error
                    if doubt is None:
                        return [NotStored(error)] * len(writes)
                else:
                    self.sync_s = time.perf_counter() - sent_s
                    results, newest = batch.results(rows, writes)
                    self._anchor = newest or self._anchor
                    with suppress(UnavailableError):  # what is stored is stored
                        self._know()
                    return results
                if time.monotonic() - began_s > (REACH_S if doubt is None else DOUBT_S):
                    return [Unknown(doubt) if doubt else NotStored(failed)] * len(writes)
                time.sleep(RETRY_S)

    def seal(self) -> int:
        """Make everything stored durable by a commit of its own; return the newest position.

        Raises UnavailableError `storage_failed`.
        """
        ((size,),) = self._writer.require_change("SELECT ledger.seal_log()")
        if size is None:
            raise UnavailableError("storage_failed", "the log has no head")
        return int(size)


class PostgresReader(PostgresQueries):
    """The log in one database, for reading only; for one thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        super().__init__(DatabaseConnection(url, reads_only=True, limit_s=LONG_S))
        try:
            if not schema.exists(self._connection):
                raise NotFoundError("not_founded", "the database has no ledger")
        except BaseException:
            self.close()
            raise

    def tree(self) -> PostgresTree:
        """Return the tree of this log; the caller closes it."""
        return PostgresTree(DatabaseConnection(self._url, reads_only=True, limit_s=LONG_S))

    def endorsements(self) -> PostgresEndorsements:
        """Return the endorsements of this log's checkpoints; the caller closes them."""
        return PostgresEndorsements(DatabaseConnection(self._url, reads_only=True, limit_s=LONG_S))
