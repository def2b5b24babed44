"""All rows of the operational state in the database, for a copy of the ledger."""

from contextlib import closing

import psycopg

from ledger.errors import UnavailableError
from ledger.store.ports.transfer import STATE_TABLES, StateRows
from ledger.store.postgres.connections import LONG_S, DatabaseConnection, bulk_connection

_COLUMNS = {"once": "name, expires_ms"}  # without the mark of the call that took the name
_NO_CALL = b""


def stored(url: str) -> StateRows:
    """Return the rows of each table; raise as `DatabaseConnection.rows`."""
    with (
        closing(DatabaseConnection(url, reads_only=True, limit_s=LONG_S)) as database,
        database.snapshot(),
    ):
        return {
            table: database.rows(f"SELECT {_COLUMNS.get(table, '*')} FROM ledger.{table}")  # noqa: S608  # from the port
            for table in STATE_TABLES
        }


def replace(url: str, rows: StateRows) -> None:
    """Replace the rows of every table, all or none; raise UnavailableError `storage_failed`."""
    try:
        with bulk_connection(url) as connection, connection.transaction():
            for table, width in STATE_TABLES.items():
                given = [*rows.get(table, ())]
                if table == "once":
                    given, width = [(*row, _NO_CALL) for row in given], width + 1  # one more column
                marks = ", ".join(["%s"] * width)
                connection.execute(f"DELETE FROM ledger.{table}".encode())  # noqa: S608  # from the port
                with connection.cursor() as cursor:
                    cursor.executemany(
                        f"INSERT INTO ledger.{table} VALUES({marks})".encode(),  # from the port
                        given,
                    )
    except psycopg.Error as error:
        raise UnavailableError("storage_failed", "the database cannot be used now") from error
