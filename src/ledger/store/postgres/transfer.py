"""A database that takes in rows from another storage, with the contract of `TransferTarget`.

Only the owner of the tables may write them. The rows of a page are in one transaction, on a
connection of its own that is never opened again: half a transaction could not be told from a whole
one.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

import psycopg

from ledger.errors import ConflictError, CorruptError, UnavailableError
from ledger.store.ports.transfer import EventPage, Extent, RowKind, StoredColumns
from ledger.store.postgres import schema
from ledger.store.postgres.connections import DatabaseConnection, bulk_connection

# Frees what the names of erased events took.
_FREE = b"""
    DELETE FROM ledger.claim c USING ledger.ev e WHERE e.pos = ANY(%s) AND e.tag = 'user-named.v1'
        AND c.stream = e.stream AND starts_with(c.name, 'name/')
"""
_COLUMNS: dict[str, tuple[str, ...]] = {
    "ev": ("bigint", "uuid", "bigint", "text", "bytea", "bytea"),
    "body": ("bigint", "bytea"),
    "erased": ("bigint", "bigint"),
    "cmd": ("bytea", "bigint", "int", "bytea"),
    "claim": ("text", "uuid", "bigint"),
    "member": ("text", "uuid", "bigint", "boolean"),
    "checkpoint": ("bigint", "bytea", "bytea", "text"),
    "cosignature": ("bigint", "bigint", "text", "bytea"),
    "stamp": ("bigint", "bigint", "bytea", "bytea", "text"),
    "tile": ("smallint", "bigint", "bytea"),
}
_TABLES: dict[RowKind, str] = {"receipt": "cmd"}
_HEAD = (
    "UPDATE ledger.log_head SET size = %s, epoch = %s, at_ms = %s, commits = commits + 1"
    " WHERE id = 1"
)
_CLOSE = (
    "UPDATE ledger.log_head SET epoch = epoch + 1, commits = commits + 1"
    " WHERE id = 1 AND epoch = %s AND (%s::bigint IS NULL OR size = %s::bigint) RETURNING 1"
)
_ALONE = b"SELECT pg_advisory_lock(hashtext('ledger.copy'))"
_MAY_WRITE = "SELECT has_table_privilege('ledger.log_head', 'UPDATE')"


class PostgresTarget:
    """The tables of one database, created or left by an earlier transfer."""

    def __init__(self, url: str) -> None:
        with closing(DatabaseConnection(url)) as database:
            schema.create(database)
            schema.require_format(database)
            schema.require_unchanged(database)
            _require_owner(database)
        with _errors():
            self._connection = bulk_connection(url)
        try:
            self._require_alone()
        except BaseException:
            self.close()
            raise

    def _require_alone(self) -> None:
        """Take the right to write the target, which ends with the connection."""
        try:
            self._connection.execute(_ALONE)
        except psycopg.errors.LockNotAvailable as error:
            detail = "another copy writes to the target: let it end"
            raise ConflictError("copy_refused", detail) from error
        except psycopg.Error as error:
            raise UnavailableError("storage_failed", "the database cannot be used now") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def add_events(self, page: EventPage) -> None:
        """Store events after the newest one, and delete what they erase."""
        with self._transaction():
            self._insert("ev", page.events)
            self._insert("body", page.bodies)
            self._insert("erased", page.erased)
            if page.erased:
                gone = [position for position, _ in page.erased]
                self._connection.execute(b"DELETE FROM ledger.body WHERE pos = ANY(%s)", [gone])
                self._connection.execute(_FREE, [gone])

    def add_rows(self, kind: RowKind, rows: Sequence[StoredColumns]) -> None:
        """Store rows of one kind; leave rows that are there."""
        with self._transaction():
            self._insert(_TABLES.get(kind, kind), rows, there="DO NOTHING")

    def add_tiles(self, tiles: Sequence[tuple[int, int, bytes]]) -> None:
        """Store tiles; replace those that are there."""
        with self._transaction():
            there = "(level, n) DO UPDATE SET hashes = excluded.hashes"
            self._insert("tile", tiles, there=there)

    def finish(self, extent: Extent) -> None:
        """Set the head, after the server has looked at the new tables for its plans."""
        with self._transaction():
            for table in _COLUMNS:
                self._connection.execute(f"ANALYZE ledger.{table}".encode())
            self._connection.execute(_HEAD.encode(), extent[:3])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _errors(), self._connection.transaction():
            yield

    def _insert(self, table: str, rows: Sequence[StoredColumns], *, there: str = "") -> None:
        if not rows:
            return
        kinds = _COLUMNS[table]
        columns = [[*column] for column in zip(*rows, strict=True)]
        for number, kind in enumerate(kinds):
            if kind == "uuid":
                columns[number] = [UUID(bytes=each) for each in columns[number]]
            elif kind == "boolean":
                columns[number] = [bool(each) for each in columns[number]]
        given = ", ".join(f"%b::{kind}[]" for kind in kinds)
        conflict = f"ON CONFLICT {there}" if there else ""
        query = f"INSERT INTO ledger.{table} SELECT * FROM unnest({given}) {conflict}"  # noqa: S608  # from this file
        values: list[Any] = columns
        self._connection.execute(query.encode(), values, binary=True)


def close_log(url: str, epoch: int, size: int | None) -> bool:
    """Raise this epoch of a log in use; return False, unchanged, if it has another one or size.

    Raises ConflictError `database_refused` for a role that does not own the tables.
    """
    with closing(DatabaseConnection(url)) as database:
        _require_owner(database)
        return bool(database.require_change(_CLOSE, epoch, size, size))


def require_owner(url: str) -> None:
    """Raise ConflictError `database_refused` for a role that may not write the tables."""
    with closing(DatabaseConnection(url, reads_only=True)) as database:
        _require_owner(database)


def _require_owner(database: DatabaseConnection) -> None:
    if database.rows(_MAY_WRITE) != [(True,)]:
        detail = "this role may not write the ledger's tables: connect as the role that owns them"
        raise ConflictError("database_refused", detail)


@contextmanager
def _errors() -> Iterator[None]:
    """Say what an error of a write means; the server has undone it, or will."""
    try:
        yield
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as error:
        detail = f"the database refuses a row: {str(error).strip()}"
        raise CorruptError("copy_mismatch", detail) from error
    except psycopg.Error as error:
        raise UnavailableError("storage_failed", "the database cannot be used now") from error
