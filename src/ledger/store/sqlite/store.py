"""The append-only store on SQLite, in one file, with the contract of `store.writes`."""

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.entry import leaf_hash
from ledger.domain.events import FROZEN, TAKEN
from ledger.errors import ConflictError, LedgerError, StaleError, UnavailableError
from ledger.sqlite.bulk_insert import write as write_rows
from ledger.sqlite.files import ReadConnection, closed_on_error, open_private
from ledger.store.sqlite.queries import MAX_CACHED, Queries, end_of, stored_receipt
from ledger.store.sqlite.schema import create
from ledger.store.writes import CommitOutcome, Receipt, Write

# Looks up all keys of a batch in one step: `keys` concatenated, `count` of them.
_KNOWN = """
    WITH RECURSIVE turn(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM turn WHERE n + 1 < :count)
    SELECT key, pos, cmd.n, answer
    FROM turn CROSS JOIN cmd ON key = substr(:keys, 32 * turn.n + 1, 32)
"""


class SqliteLog(Queries):
    """The log in one SQLite file of mode 0600, which any number of processes may share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        create(path)
        self._lock = Lock()
        self._writer = self._connect()
        super().__init__(self.reader())
        # Stream versions as of `_size`. A commit by another process invalidates them.
        self._versions: OrderedDict[bytes, int] = OrderedDict()
        self._size = -1
        self.sync_s: float | None = None  # duration of COMMIT in the last batch

    def reader(self) -> ReadConnection:
        """Return another read connection; the caller closes it."""
        return ReadConnection(self._connect())

    def _connect(self) -> sqlite3.Connection:
        connection = open_private(self.path)
        with closed_on_error(connection):
            connection.executescript(
                "PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY"
            )
        return connection

    def close(self) -> None:
        """Close the file after running writes finish."""
        with self._lock:
            self._writer.close()
        self._reader.close()

    # --- appending -----------------------------------------------------------------------------

    def commit(self, writes: Sequence[Write]) -> list[CommitOutcome]:
        """Append a batch in one durable transaction; return one outcome per write, in order.

        An outcome can be an error: StaleError; ConflictError `…_known`, `…_held` or `…_used` for a
        name that is taken; UnavailableError `storage_failed` for the whole batch.
        """
        with self._lock:
            try:
                return self._commit(writes)
            except sqlite3.Error as error:
                self._rollback()
                failure = UnavailableError("storage_failed", "nothing was stored; try again")
                failure.__cause__ = error
                return [failure] * len(writes)
            except BaseException:  # a bug must not leave the file locked
                self._rollback()
                raise

    def _rollback(self) -> None:
        self._versions.clear()
        self._size = -1
        self._end_transaction()

    def _end_transaction(self) -> None:
        # A closed connection raises even when asked whether it is in a transaction.
        with suppress(sqlite3.ProgrammingError):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _commit(self, writes: Sequence[Write]) -> list[CommitOutcome]:
        self._writer.execute("BEGIN IMMEDIATE")
        (size,) = self._writer.execute("SELECT size FROM log_head").fetchone()
        if size != self._size:
            self._versions.clear()
        batch = _Batch(size, frozen=self.claimed(FROZEN, connection=self._writer) is not None)
        batch.known = self._known(writes)
        outcomes = [self._place(write, batch) for write in writes]
        if batch.events:
            write_rows(self._writer, "INSERT INTO ev {rows}", batch.events)
            write_rows(self._writer, "INSERT INTO cmd {rows}", batch.commands)
            write_rows(self._writer, "INSERT INTO claim {rows}", batch.claims)
            self._writer.execute("UPDATE log_head SET size = ?", (batch.size,))
        # Commit also for a batch of repetitions alone: each is acknowledged after a commit.
        began_s = time.perf_counter()
        self._writer.execute("COMMIT")
        self.sync_s = time.perf_counter() - began_s
        self._size = batch.size
        while len(self._versions) > MAX_CACHED:
            self._versions.popitem(last=False)
        return outcomes

    def _place(self, write: Write, batch: "_Batch") -> CommitOutcome:
        """Assign the write its positions in the batch, or return why it is refused."""
        if write.key in batch.receipts:
            return msgspec.structs.replace(batch.receipts[write.key], repeated=True)
        if write.key in batch.known:
            return batch.known[write.key]
        refusal = self._refusal(write, batch)
        if refusal is not None:
            return refusal
        for event in write.events:
            batch.size += 1
            stream = _stream_bytes(event.originator_id)
            version = event.originator_version
            self._versions[stream] = version
            row = (batch.size, stream, version, event.topic, event.state, leaf_hash(event.state))
            batch.events.append(row)
        count = len(write.events)
        batch.commands.append((write.key, batch.size - count + 1, count, write.answer))
        for name, stream_id in write.claims:
            batch.claims.append((name, stream_id.bytes, batch.size))
            batch.names.add(name)
        receipt = Receipt(position=batch.size, answer=write.answer, count=count)
        batch.receipts[write.key] = receipt
        return receipt

    def _refusal(self, write: Write, batch: "_Batch") -> LedgerError | None:
        if batch.frozen or FROZEN in batch.names:
            return ConflictError(*TAKEN[FROZEN])
        for stream_id, version in write.reads:
            if self._version(stream_id.bytes) != version:
                return StaleError("stale", "a stream that the decision read has changed")
        expected: dict[bytes, int] = {}
        for event in write.events:
            stream = _stream_bytes(event.originator_id)
            expected[stream] = expected.get(stream, self._version(stream)) + 1
            if event.originator_version != expected[stream]:
                return StaleError("stale", "the stream has changed")
        for name, _ in write.claims:
            if name in batch.names or self.claimed(name, connection=self._writer) is not None:
                return ConflictError(*TAKEN[name.partition("/")[0]])
        for prefix, count in write.counts:
            pending = sum(name.startswith(prefix) for name in batch.names)
            if self._count(prefix) + pending != count:
                return StaleError("stale", "the number of people has changed")
        return None

    def _version(self, stream: bytes) -> int:
        version = self._versions.get(stream)
        if version is None:
            (version,) = self._writer.execute(
                "SELECT coalesce(max(originator_version), 0) FROM ev WHERE originator_id = ?",
                (stream,),
            ).fetchone()
            self._versions[stream] = version
        else:
            self._versions.move_to_end(stream)
        return version

    def _count(self, prefix: str) -> int:
        query = "SELECT count(*) FROM claim WHERE name >= ? AND name < ?"
        (count,) = self._writer.execute(query, (prefix, end_of(prefix))).fetchone()
        return int(count)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open one durable transaction for tiles, checkpoints and endorsements.

        Raises UnavailableError `storage_failed` after a rollback.
        """
        with self._lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                raise UnavailableError("storage_failed", "nothing was stored") from error
            finally:
                self._end_transaction()

    def _known(self, writes: Sequence[Write]) -> dict[bytes, Receipt]:
        """Return the receipts of those writes that the log already contains."""
        keys = b"".join(write.key for write in writes)
        found = self._writer.execute(_KNOWN, {"keys": keys, "count": len(writes)})
        return {key: stored_receipt(*row) for key, *row in found}


class _Batch:
    """The rows of the current transaction."""

    def __init__(self, size: int, *, frozen: bool) -> None:
        self.size = size
        self.frozen = frozen
        self.events: list[tuple[Any, ...]] = []
        self.commands: list[tuple[bytes, int, int, bytes]] = []
        self.claims: list[tuple[str, bytes, int]] = []
        self.names: set[str] = set()
        self.receipts: dict[bytes, Receipt] = {}
        self.known: dict[bytes, Receipt] = {}


def _stream_bytes(stream: UUID | str) -> bytes:
    return stream.bytes if isinstance(stream, UUID) else UUID(stream).bytes
