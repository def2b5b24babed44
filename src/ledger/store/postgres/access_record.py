"""The access record in the database of the log: read its lines."""

from collections.abc import Iterable
from contextlib import closing
from typing import Any

from ledger.store.ports.operations import MOST_ACCESSES, Access
from ledger.store.postgres.connections import LONG_S, DatabaseConnection

LINES = """
    SELECT id, at_ms, person, kind, nullif(about, '') FROM ledger.access
    WHERE %s::bigint IS NULL OR id < %s::bigint ORDER BY id DESC LIMIT %s
"""


def lines(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, Access]]:
    """Return the lines of rows of `LINES`, with their numbers."""
    return [(number, Access(*more)) for number, *more in rows]


def stored(url: str) -> list[Access]:
    """Return all lines, reading only, the newest first; raise as `DatabaseConnection.rows`."""
    with closing(DatabaseConnection(url, reads_only=True, limit_s=LONG_S)) as database:
        return [access for _, access in lines(database.rows(LINES, None, None, MOST_ACCESSES))]
