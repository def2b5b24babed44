"""Connections with a time limit of our own, and what libpq opens each of them with.

A server that hangs answers nothing, and one that waits for its standbys does so without end. So
each statement has a time limit here, and when it is over, the connection is closed. It is never
cancelled: the server would end its wait for the standbys and show the commit as if it had waited.
"""

import time
from typing import Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen

from ledger.errors import MalformedError

CONNECT_S = 3
STATEMENT_S = 10.0  # longer than the server waits for a lock
_POLL_S = 0.1
_TCP: dict[str, str | int] = {
    "application_name": "ledger",
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_ENDING = ("08", "57P")  # the classes of errors that end a connection

# By URL: when a read last got no answer. A server that froze keeps its connections open, and each
# would wait as long. A write may wait for standbys, so it tells nothing.
lost_s: dict[str, float] = {}

Answer = TypeVar("Answer")


class TimedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is closed when a statement takes too long or is interrupted."""

    limit_s: float = STATEMENT_S
    read_from = ""  # the URL if only reads use it; "" is nobody's

    def wait(
        self, gen: PQGen[Answer], interval: float = _POLL_S, timeout: float | None = None
    ) -> Answer:
        """Wait for a statement; unlike psycopg's own method, never cancel it."""
        try:
            limit_s = self.limit_s if timeout is None else timeout
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=limit_s)
        except psycopg.Error as error:
            # An error of the statement says that it is undone. One that ends the connection does
            # not, nor does our own time limit, which has no code.
            if error.sqlstate is None or error.sqlstate.startswith(_ENDING):
                self.pgconn.finish()
                lost_s[self.read_from] = time.monotonic()
            raise
        except BaseException:
            self.pgconn.finish()
            raise


def open_timed(
    url: str, *, options: str, writes: bool, prepare_threshold: int = 5
) -> TimedConnection:
    """Open a connection to the host of a URL that takes writes, or to one that can be read.

    Of several hosts, one that is read is the primary too, because another one may be behind; the
    URL can say otherwise with `target_session_attrs`. Raises psycopg.Error, MalformedError
    `setting_invalid`, which does not repeat the URL: it may have a password.
    """
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
        is_one = "," not in str(given.get("host") or given.get("hostaddr") or "")
        reads = given.get("target_session_attrs") or ("any" if is_one else "primary")
        target = "read-write" if writes else str(reads)
        made = psycopg.conninfo.make_conninfo(
            url, **_TCP, options=options, target_session_attrs=target
        )
    except psycopg.ProgrammingError as error:
        detail = "the URL of the database is malformed or has an unknown parameter"
        raise MalformedError("setting_invalid", detail) from error
    return TimedConnection.connect(made, autocommit=True, prepare_threshold=prepare_threshold)
