"""All rows of the operational state in the database, for a copy of the ledger."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from ledger.errors import UnavailableError
from ledger.store.ports.messages import ATTEMPT_S, LEASE_S
from ledger.store.ports.transfer import (
    MESSAGE_TABLES,
    STATE_PAGE_ROWS,
    STATE_TABLES,
    StatePage,
    StatePages,
)
from ledger.store.postgres.connections import LONG_S, DatabaseConnection, bulk_connection

_TABLES = (*STATE_TABLES, *MESSAGE_TABLES)
_COLUMNS = {"once": "name, expires_ms"}  # without the mark of the call that took the name
_NO_CALL = b""
# Numbers of messages stay, because pages of deliveries go by them; the next one comes after them.
_NUMBERS = {"message": " OVERRIDING SYSTEM VALUE"}
_GO_ON = (
    "SELECT setval(pg_get_serial_sequence('ledger.message', 'number'), max(number))"
    " FROM ledger.message"
)
# A lease that was not prolonged is over before the last attempt of its holder may be.
_HELD = (
    "SELECT 1 FROM ledger.outbox_lease WHERE holder <> %s"
    " AND until > clock_timestamp() - make_interval(secs => %s)"
)
_HOLD = (
    "INSERT INTO ledger.outbox_lease VALUES(1, %s, 'infinity')"
    " ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until"
)
# What an old server must not change any more: it would not go along. The results of its last
# attempts do.
_RESULTS = ("outbox", "message")
_SHARED = tuple(each for each in _TABLES if each not in _RESULTS)
_SERVERS = (
    "SELECT DISTINCT CASE grantee WHEN 'PUBLIC' THEN grantee ELSE quote_ident(grantee) END"
    " FROM information_schema.role_table_grants"
    " WHERE table_schema = 'ledger' AND grantee <> current_user"
)
# Holders of the lease that no server is: theirs are random.
_MOVING, _MOVED = "moving", "moved"
# A server that loses the lease notices it by then, and its last attempts are over.
_OVER_S = LEASE_S + ATTEMPT_S


def stored(url: str) -> Generator[StatePage, None, None]:
    """Yield the rows of each table, all of one moment; raise as `DatabaseConnection.rows`."""
    with (
        closing(DatabaseConnection(url, reads_only=True, limit_s=LONG_S)) as database,
        database.snapshot(),
    ):
        for table in _TABLES:
            columns = _COLUMNS.get(table, "*")
            database.rows(
                f"DECLARE {table}_rows NO SCROLL CURSOR FOR SELECT {columns} FROM ledger.{table}"  # noqa: S608  # from the port
            )
            while page := database.rows(f"FETCH {STATE_PAGE_ROWS} FROM {table}_rows"):
                yield table, page


def replace(url: str, pages: StatePages) -> None:
    """Replace the rows of every table, all or none; raise UnavailableError `storage_failed`."""
    with _errors(), bulk_connection(url) as connection, connection.transaction():
        for table in _TABLES:
            connection.execute(f"DELETE FROM ledger.{table}".encode())  # noqa: S608  # from the port
        # A database that was emptied can still say that its messages are sent elsewhere.
        connection.execute(b"DELETE FROM ledger.outbox_lease")
        for table, page in pages:
            given = [(*row, _NO_CALL) for row in page] if table == "once" else page
            marks = ", ".join(["%s"] * len(given[0]))
            numbers = _NUMBERS.get(table, "")
            insert = f"INSERT INTO ledger.{table}{numbers} VALUES({marks})"  # from the port
            with connection.cursor() as cursor:
                cursor.executemany(insert.encode(), given)
        connection.execute(_GO_ON.encode())


def stop_servers(url: str) -> None:
    """Take from servers that still run the right to send messages and to change what they share.

    Returns once what they had begun to send is over. A server that runs as the owner of the tables
    loses the first right alone. Raises UnavailableError `storage_failed`.

    Crash point: until the wait is over the lease says so, and the next call waits again.
    """
    with _errors(), bulk_connection(url) as connection:
        with connection.transaction():
            connection.execute(b"LOCK TABLE ledger.outbox_lease IN EXCLUSIVE MODE")
            was_held = connection.execute(_HELD.encode(), [_MOVED, ATTEMPT_S]).fetchone()
            connection.execute(_HOLD.encode(), [_MOVING])
            _revoke(connection, _SHARED)
        if was_held:
            time.sleep(_OVER_S)
        with connection.transaction():
            connection.execute(_HOLD.encode(), [_MOVED])
            _revoke(connection, _RESULTS)


def _revoke(connection: psycopg.Connection[Any], tables: Sequence[str]) -> None:
    """Let no role but this one change tables, nor write the access record."""
    named = ", ".join(f"ledger.{table}" for table in tables)
    for (role,) in connection.execute(_SERVERS.encode()).fetchall():
        revoked = f"REVOKE INSERT, UPDATE, DELETE ON {named} FROM {role}"  # quoted
        connection.execute(revoked.encode())
        revoked = f"REVOKE EXECUTE ON FUNCTION ledger.note_access FROM {role}"  # quoted
        connection.execute(revoked.encode())


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise UnavailableError("storage_failed", "the database cannot be used now") from error
