"""Rows of what a server stores, in files or in a database, read and changed past the program.

A query names tables without a schema and values by `?`; both engines have the same tables, and the
same columns but for `person`, which the operational state in a file calls `user`.
"""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from ledger.data_files import LOG_FILE, is_database
from tests.support.server import Server
from tests.support.states import without_triggers
from tests.support.suite_database import of_owner

Row = tuple[Any, ...]


def rows(server: Server, query: str, *values: object, file: str = LOG_FILE) -> list[Row]:
    """Return the rows of a query; `file` has the tables, if they are in a file."""
    if is_database(server.log_address):
        url = of_owner(server.log_address)
        with psycopg.connect(url, options="-c search_path=ledger") as connection:
            return connection.execute(_in_database(query), values).fetchall()
    with closing(sqlite3.connect(server.data / file)) as db:
        return db.execute(query, values).fetchall()


def change(server: Server, query: str, *values: Row, file: str = LOG_FILE) -> None:
    """Change rows past triggers, once for each tuple of values: the thief of a storage can."""
    if is_database(server.log_address):
        past = "-c search_path=ledger -c session_replication_role=replica"
        with (
            psycopg.connect(of_owner(server.log_address), options=past) as connection,
            connection.cursor() as cursor,
        ):
            cursor.executemany(_in_database(query), values or [()])
        return
    with closing(sqlite3.connect(server.data / file)) as db, without_triggers(db):
        db.executemany(query, values or [()])


def forget_state(server: Server, file: str) -> None:
    """Delete a file of the operational state; in a database, the rows that it would have."""
    if not is_database(server.log_address):
        for path in server.data.glob(f"{file}*"):
            path.unlink()
        return
    tables = "secret, birth, open_session, passkey_use, once, wrapped_key, device, device_link"
    change(server, f"TRUNCATE {tables}")


def _in_database(query: str) -> bytes:
    return query.replace("%", "%%").replace("?", "%s").encode()
