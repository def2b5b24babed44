"""The storage engines that the conformance suite runs on, each with the faults that it needs.

Another engine is another class and its entry in `ENGINES`; the tests stay the same.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from ledger.audit.source import LogSource
from ledger.store import engines
from ledger.store.ports.copies import LogCopies
from ledger.store.ports.log import LogStore, ReadableLog
from ledger.store.ports.operations import OperationalState
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.sqlite import store as sqlite_store
from tests.support.states import without_triggers


class Engine(Protocol):
    """What the suite asks of an engine; `data` is the directory of one ledger."""

    def open_log(self, data: Path) -> LogStore: ...
    def read_log(self, data: Path) -> ReadableLog: ...
    def open_operations(self, data: Path, *, born_ms: int = 0) -> OperationalState: ...
    def open_signer_memory(self, data: Path) -> SignerMemory: ...
    def copies(self) -> LogCopies: ...
    def source(self, data: Path) -> LogSource: ...

    def raise_epoch(self, data: Path) -> None:
        """Raise the epoch, as a restore does, although a process has the log open."""
        ...

    def forget_newest(self, data: Path) -> None:
        """Take the newest event away, as an older copy of the storage in its place would."""
        ...

    def damage(self, data: Path) -> None:
        """Change the newest event's body."""
        ...

    def fail_commits(self, patch: pytest.MonkeyPatch, times: int, *, stores: bool) -> None:
        """Let commits report a failure although they store their events, or store nothing."""
        ...


class SqliteEngine:
    """SQLite, in files of the data directory."""

    def open_log(self, data: Path) -> LogStore:
        return engines.open_log(engines.address_of(data))

    def read_log(self, data: Path) -> ReadableLog:
        return engines.read_log(engines.address_of(data))

    def open_operations(self, data: Path, *, born_ms: int = 0) -> OperationalState:
        return engines.open_operations(data, born_ms=born_ms)

    def open_signer_memory(self, data: Path) -> SignerMemory:
        return engines.open_signer_memory(data / "signer-memory.sqlite")

    def copies(self) -> LogCopies:
        return engines.copies()

    def source(self, data: Path) -> LogSource:
        return engines.audited_log(engines.address_of(data))

    def raise_epoch(self, data: Path) -> None:
        self._edit(data, "UPDATE log_head SET epoch = epoch + 1")

    def forget_newest(self, data: Path) -> None:
        self._edit(
            data,
            "DELETE FROM ev WHERE pos = (SELECT size FROM log_head)",
            "UPDATE log_head SET size = size - 1",
        )

    def damage(self, data: Path) -> None:
        self._edit(
            data,
            "UPDATE body SET data = CAST(data || x'20' AS BLOB)"
            " WHERE pos = (SELECT size FROM log_head)",
        )

    def fail_commits(self, patch: pytest.MonkeyPatch, times: int, *, stores: bool) -> None:
        patch.setattr(sqlite_store, "RETRY_S", 0)
        patch.setattr(sqlite_store, "_commit", _failing(times, stores=stores))

    @staticmethod
    def _edit(data: Path, *statements: str) -> None:
        with closing(sqlite3.connect(engines.address_of(data))) as db, without_triggers(db):
            for statement in statements:
                db.execute(statement)


def _failing(times: int, *, stores: bool) -> Callable[[sqlite3.Connection], None]:
    left, real = [times], sqlite_store._commit

    def commit(db: sqlite3.Connection) -> None:
        if not left[0]:
            return real(db)
        left[0] -= 1
        db.execute("COMMIT" if stores else "ROLLBACK")
        raise sqlite_store._CommitError(sqlite3.OperationalError("disk I/O error"))

    return commit


ENGINES: dict[str, Engine] = {"sqlite": SqliteEngine()}
