"""Which ledger a database has, compared at each new connection.

A name can come to mean another server: a failover, a restored copy, a mistake in DNS. The read
models would fold another ledger's events, and members would read another ledger's statements. So a
server remembers the leaf of the first event, which no other ledger has, and uses no connection to a
database with another one. It looks again at the next use, so the right database is used once it is
back.
"""

import logging
from typing import Any

import psycopg

from ledger.data_files import LOG_FORMAT
from ledger.errors import UnavailableError

_FOUND = (
    "SELECT h.format, (SELECT e.leaf FROM ledger.ev e WHERE e.pos = 1)"
    " FROM ledger.log_head h WHERE h.id = 1"
)
_log = logging.getLogger("ledger.database")


class LogIdentity:
    """The first leaf of the log that a process opened; unknown while that log is empty."""

    def __init__(self) -> None:
        self._leaf: bytes | None = None
        self._was_told = False

    @property
    def is_known(self) -> bool:
        """Whether the log has a first event that is remembered."""
        return self._leaf is not None

    def learn(self, leaf: bytes | None) -> None:
        """Remember the leaf of the first event."""
        self._leaf = self._leaf or leaf

    def require(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Require the log that is known behind a connection.

        Raises UnavailableError `database_changed` if the database has another ledger, none, or one
        of another format.
        """
        if self._leaf is None:
            return
        try:
            found = connection.execute(_FOUND.encode(), binary=True).fetchall()
        except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
            found = []
        if found == [(LOG_FORMAT, self._leaf)]:
            self._was_told = False
            return
        if not found:
            has = "no ledger"
        elif found[0][0] != LOG_FORMAT:
            has = f"a log of format {found[0][0]}, not {LOG_FORMAT}"
        else:
            has = "another ledger"
        detail = f"the database has {has} now; the server waits for its own"
        if not self._was_told:
            _log.error("%s", detail)
        self._was_told = True
        raise UnavailableError("database_changed", detail)
