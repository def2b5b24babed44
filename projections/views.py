"""The views' file: one SQLite database beside the log, which can be deleted at any time.

All views stand in one file so that a page reads them all at one position. `tracking` says for
each view how far it is, which version of its code made it, and the leaf hash of the last entry it
knows: a view that does not continue this log is dropped and made again.

Crash points: a batch is in all tables and in `tracking`, or nowhere. NORMAL in WAL mode can lose
the last batches in a power cut, never half of one; what is lost is folded again.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from ledger.errors import UnavailableError
from projections import inbox, keys, statements, streams, timeline, users
from projections.facts import Batch

BUSY_TIMEOUT_S = 5.0
IDLE_READERS = 32


class View(Protocol):
    """What a view's module has; SQL statements word for word as SQLite keeps them.

    TABLES come with the view, INDEXES when it first reaches the head: sorting once is cheaper.
    A change of the tables or of what the fold writes is a new VERSION.
    """

    NAME: str
    VERSION: int
    TABLES: tuple[str, ...]
    INDEXES: tuple[str, ...]

    @staticmethod
    def fold(db: sqlite3.Connection, batch: Batch) -> None:
        """Add the batch to the view's tables."""


VIEWS: tuple[View, ...] = (streams, users, keys, statements, inbox, timeline)
