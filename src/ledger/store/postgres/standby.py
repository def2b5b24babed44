"""Reads of a log on a standby, each compared with the primary before anybody sees it.

A standby lags, and it shows a commit before the primary does: while that still waits for its
quorum, it may yet be lost. So what a standby says counts up to the newest position that the primary
shows too, and only if both have the same event there. Entries have random salts: two histories that
differ anywhere before have different leaves there.

A standby that is gone, lags, or has another history is left alone for a while, and the primary is
asked in its place.
"""

import logging
import time

from ledger.domain.entry import leaf_hash
from ledger.errors import LedgerError
from ledger.store.postgres.connections import DatabaseConnection
from ledger.store.postgres.identity import LogIdentity
from ledger.store.postgres.queries import PostgresQueries

WAIT_S = 0.05  # for a standby that lags
POLL_S = 0.005
LAGS_S = 1.0  # how long a standby that lagged is left alone
FAILED_S = 5.0  # the same after an error, or rows that the primary does not have
LIMIT_S = 2.0
_NEWEST = "SELECT pos, leaf FROM ledger.ev WHERE pos <= %s ORDER BY pos DESC LIMIT 1"
_REACHED = (
    "SELECT (SELECT max(pos) FROM ledger.ev), (SELECT max(size) FROM ledger.checkpoint),"
    " (SELECT leaf FROM ledger.ev WHERE pos = %s)"
)
_log = logging.getLogger("ledger.database")


class Standby:
    """The standby of one log; for one caller at a time, as its connections are."""

    def __init__(self, url: str, primary: DatabaseConnection, identity: LogIdentity) -> None:
        """`primary` is a connection to the database that takes writes."""
        self.url = url
        self._primary = primary
        self._standby = DatabaseConnection(
            url, reads_only=True, limit_s=LIMIT_S, require=identity.require
        )
        self._queries = PostgresQueries(self._standby)
        self._asked_again_s = 0.0
        self._trouble = ""

    def close(self) -> None:
        """Close the connection."""
        self._standby.close()

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]] | None:
        """Return rows as `StoreReader.read` does; None if the primary has to be asked.

        Raises what a read of the primary raises.
        """
        give_up_s = time.monotonic() + WAIT_S
        while (rows := self._rows(after, limit)) == []:
            if self._newest_of_primary(after + limit)[0] <= after:
                return []
            if time.monotonic() > give_up_s:
                self._leave("it lags", LAGS_S)
                return None
            time.sleep(POLL_S)
        if rows is None:
            return None
        newest, leaf = self._newest_of_primary(rows[-1][0])
        sealed = [row for row in rows if row[0] <= newest]
        if sealed and (sealed[-1][0], leaf_hash(sealed[-1][1])) != (newest, leaf):
            self._leave(f"it has another event at position {newest}", FAILED_S)
            return None
        self._works()
        return sealed

    def reaches(self, position: int, leaf: bytes | None, checkpoint: int) -> bool:
        """Tell whether it has this event, and a checkpoint of this size or a larger one."""
        give_up_s = time.monotonic() + WAIT_S
        while self._is_asked():
            try:
                ((newest, size, found),) = self._standby.rows(_REACHED, position)
            except LedgerError as error:
                self._leave(error.detail, FAILED_S)
                return False
            if (newest or 0) >= position and (size or 0) >= checkpoint:
                if found == leaf or not position:
                    self._works()
                    return True
                self._leave(f"it has another event at position {position}", FAILED_S)
            elif time.monotonic() > give_up_s:
                self._leave("it lags", LAGS_S)
            else:
                time.sleep(POLL_S)
        return False

    def _rows(self, after: int, limit: int) -> list[tuple[int, bytes]] | None:
        if not self._is_asked():
            return None
        try:
            return self._queries.read(after, limit)
        except LedgerError as error:
            self._leave(error.detail, FAILED_S)
            return None

    def _newest_of_primary(self, position: int) -> tuple[int, bytes]:
        """Return the newest position up to this one that the primary shows, and its leaf."""
        rows = self._primary.rows(_NEWEST, position)
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, b"")

    # --- whether it is asked ---------------------------------------------------------------------

    def _is_asked(self) -> bool:
        return time.monotonic() >= self._asked_again_s

    def _leave(self, trouble: str, for_s: float) -> None:
        self._asked_again_s = time.monotonic() + for_s
        if trouble != self._trouble:  # once, and not each time that it is tried
            _log.warning("the primary is read, not the standby: %s", trouble)
        self._trouble = trouble

    def _works(self) -> None:
        if self._trouble:
            _log.info("the standby is read again")
        self._trouble = ""
