"""SQL statements on what all servers of a ledger share beside its log: the operational state.

After a lost connection a statement is sent once more, so a restart of the database ends no session.
Therefore each statement does the same when it is repeated.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.store.postgres.connections import LOST_S, DatabaseConnection
from ledger.store.postgres.database_errors import DoubtError, UnreachableError
from ledger.store.postgres.identity import LogIdentity

STATE_S = 5.0  # less than the event loop's patience


class SharedState:
    """A connection to read and one to write.

    Every call may raise UnavailableError, and MalformedError `text_refused` for U+0000 in a text.
    """

    def __init__(self, url: str) -> None:
        identity = LogIdentity()
        self._writer = DatabaseConnection(url, limit_s=STATE_S, require=identity.require)
        self._reader = DatabaseConnection(url, limit_s=STATE_S, require=identity.require)
        for (leaf,) in self.rows("SELECT leaf FROM ledger.ev WHERE pos = 1"):
            identity.learn(leaf)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()
        self._writer.close()

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that only reads."""
        _require_storable(values)
        with _available():
            return self._reader.rows(query, *values)

    def change(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement once it is committed; after a lost connection, again."""
        _require_storable(values)
        began_s = time.monotonic()
        with _available():
            try:
                return self._writer.change(query, *values)
            except (DoubtError, UnreachableError):
                if time.monotonic() - began_s > LOST_S:
                    raise
                return self._writer.change(query, *values)


def _require_storable(values: Sequence[Any]) -> None:
    """Raise MalformedError `text_refused` for U+0000, which no text of the database can have."""
    if any(isinstance(each, str) and "\0" in each for each in values):
        raise MalformedError("text_refused", "the request has U+0000 in a name")


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, DoubtError, UnreachableError, LedgerError) as error:
        detail = "sessions and ceremonies cannot be read or written now; try again"
        raise UnavailableError("state_unavailable", detail) from error
