"""Reads of a log on a standby, each compared with the primary before anybody sees it.

A standby lags, and it shows a commit before the primary does: while that still waits for its
quorum, it may yet be lost. So what a standby says counts up to the newest position that the primary
shows too. The leaf hashes of a batch are computed from its entries, and one digest of them must be
the primary's. Each body is compared with the commitment in its entry. A body may be missing only
where the primary has erased it. So somebody who changes rows of the standby, past PostgreSQL,
changes nothing that is read here.

Long reads that go to the standby themselves (`reaches`) compare its newest event alone. That holds
against lag and another history, not against changed rows: a bundle is verified before it is sent,
`ledger audit` recomputes the whole tree, and the trail and answers to questions rest on the rows.

A standby that is gone, lags, or has another history is left alone for a while, and the primary is
asked in its place.
"""

import hashlib
import logging
import time
from collections.abc import Sequence

from ledger.domain.entry import is_erased, leaf_hash, unseal
from ledger.errors import CorruptError, LedgerError
from ledger.store.postgres.connections import DatabaseConnection
from ledger.store.postgres.identity import LogIdentity
from ledger.store.postgres.queries import PostgresQueries

WAIT_S = 0.05  # for a standby that lags
POLL_S = 0.005
LAGS_S = 1.0  # how long a standby that lagged is left alone
FAILED_S = 5.0  # the same after an error, or rows that the primary does not have
LIMIT_S = 2.0
_NEWEST = "SELECT coalesce(max(pos), 0) FROM ledger.ev WHERE pos <= %s"
_LEAVES = (
    "SELECT count(*), sha256(coalesce(string_agg(e.leaf, ''::bytea ORDER BY e.pos), ''::bytea)),"
    " array_agg(e.pos) FILTER (WHERE t.pos IS NOT NULL)"
    " FROM ledger.ev e LEFT JOIN ledger.erased t USING(pos) WHERE e.pos > %s AND e.pos <= %s"
)
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
            if self._primary.rows(_NEWEST, after + limit)[0][0] <= after:
                return []
            if time.monotonic() > give_up_s:
                self._leave("it lags", LAGS_S)
                return None
            time.sleep(POLL_S)
        if rows is None:
            return None
        # Positions have no gaps, so their number says how far the primary goes.
        ((count, digest, erased),) = self._primary.rows(_LEAVES, after, rows[-1][0])
        sealed = rows[:count]
        bare = {position for position, state in sealed if is_erased(state)}
        gone = {*(erased or ())}
        if not _are_same(sealed, after, bytes(digest)) or bare - gone:
            self._leave(f"it has other events after position {after}", FAILED_S)
            return None
        if gone - bare:  # it lags, or somebody brought a body back
            self._leave("it has bodies that were erased", LAGS_S)
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


def _are_same(rows: Sequence[tuple[int, bytes]], after: int, digest: bytes) -> bool:
    """Tell whether rows are those after a position whose leaf hashes have this digest.

    Each body is compared with its entry: read models are made of bodies.
    """
    positions = [position for position, _ in rows]
    leaves = b"".join(leaf_hash(state) for _, state in rows)
    if (
        positions != [*range(after + 1, after + 1 + len(rows))]
        or hashlib.sha256(leaves).digest() != digest
    ):
        return False
    try:
        for _, state in rows:
            if not is_erased(state):
                unseal(state)
    except CorruptError:
        return False
    return True
