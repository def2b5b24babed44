"""The turn to publish, for servers that share a database: an advisory lock of a session.

The session of a server that is stopped ends after IDLE_S, and the lock with it: its connection
stays open, because the kernel answers for it.
"""

from typing import Any

import psycopg

from ledger.store.postgres.connections import DatabaseConnection
from ledger.store.postgres.timed_connection import STATEMENT_S

IDLE_S = 15
_TAKE = "SELECT pg_try_advisory_lock(hashtext('ledger.publishing_turn'))"


class DatabaseTurn:
    """A claim to the lock, on one connection."""

    def __init__(self, url: str) -> None:
        self._database = DatabaseConnection(url, limit_s=STATEMENT_S, require=_end_when_idle)

    def take(self) -> bool:
        """Tell whether this server has the lock, after taking it if nobody has it.

        A lock that it has is taken once more, which its session counts, and ends with the session.
        """
        return self._database.rows(_TAKE) == [(True,)]

    def close(self) -> None:
        """Give the lock back."""
        self._database.close()


def _end_when_idle(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    connection.execute(f"SET idle_session_timeout = '{IDLE_S}s'".encode())
