"""The part of the signer's memory that all servers of a ledger share, with its port's contract.

It orders the signers: of two that replace the same tree, one succeeds. It is in the database of the
log, so a recovery of that database takes it back together with the log. `store.signer_memory` adds
what each server remembers by itself.
"""

from contextlib import closing
from typing import Any

from ledger.domain.epochs import SignedTree
from ledger.store.ports.signer_memory import learn, tree_of_row
from ledger.store.postgres.connections import READ_S, DatabaseConnection
from ledger.store.postgres.timed_connection import STATEMENT_S
from ledger.tlog.checkpoint import Checkpoint, parse_text

_KNOWN = "SELECT origin, epoch, text FROM ledger.signed ORDER BY epoch"


class PostgresSignerMemory:
    """The table of signed trees, on one connection."""

    def __init__(self, url: str) -> None:
        self._database = DatabaseConnection(url, limit_s=STATEMENT_S)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def get(self, origin: str) -> Checkpoint | None:
        """Return the last signed tree, None if nothing was signed."""
        rows = self._database.rows("SELECT text FROM ledger.signed WHERE origin = %s", origin)
        return parse_text(rows[0][0]) if rows else None

    def known(self) -> list[SignedTree]:
        """Return the last signed tree of every origin, the newest epoch last.

        Raises CorruptError `memory_malformed`.
        """
        return _known(self._database)

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`, durably; return False, unchanged, if another is stored."""
        if expected is None:
            return self.begin(0, new)
        query = "UPDATE ledger.signed SET text = %s WHERE origin = %s AND text = %s RETURNING 1"
        return self._changed(query, new.text(), new.origin, expected.text())

    def begin(self, epoch: int, first: Checkpoint) -> bool:
        """Store the tree from which an origin goes on; return False if the origin is known."""
        query = "INSERT INTO ledger.signed VALUES(%s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
        return self._changed(query, first.origin, epoch, first.text())

    def learn(self, signed: SignedTree) -> None:
        """Remember a tree that is published or promised, unless a larger one is remembered."""
        learn(self, signed)

    def _changed(self, query: str, *values: Any) -> bool:
        return bool(self._database.require_change(query, *values))


def remembered(url: str) -> list[SignedTree]:
    """Return what the servers of a database remember together, reading only.

    Raises CorruptError `memory_malformed`, and as `DatabaseConnection.rows`.
    """
    with closing(DatabaseConnection(url, reads_only=True, limit_s=READ_S)) as database:
        return _known(database)


def _known(database: DatabaseConnection) -> list[SignedTree]:
    return [tree_of_row(*row) for row in database.rows(_KNOWN)]
