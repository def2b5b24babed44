"""Read and replace stored events in a log's file, past the store and its triggers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from ledger.commands.known import KnownLog, State
from ledger.domain.charter import STREAM
from ledger.domain.entry import cut, join, leaf_hash
from ledger.store.ports.log import Needs, StoreReader


@contextmanager
def without_triggers(db: sqlite3.Connection) -> Iterator[None]:
    """Drop the triggers that refuse changes, as anyone with the file can, and create them again."""
    triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    yield
    db.commit()
    for _, sql in triggers:
        with suppress(sqlite3.OperationalError):  # its table may be gone
            db.execute(sql)
    db.commit()


STATES = "SELECT pos, entry, coalesce(data, x''), leaf FROM ev LEFT JOIN body USING(pos)"


def states(db: sqlite3.Connection, *, after: int = 0) -> list[tuple[int, bytes, bytes]]:
    """Return (position, state, leaf) of every stored event after a position."""
    rows = db.execute(f"{STATES} WHERE pos > ? ORDER BY pos", (after,)).fetchall()
    return [(position, join(entry, body), leaf) for position, entry, body, leaf in rows]


def state_at(db: sqlite3.Connection, position: int) -> bytes:
    """Return the stored state at a position."""
    row = db.execute(f"{STATES} WHERE pos = ?", (position,)).fetchone()
    return join(row[1], row[2])


def replace_state(
    db: sqlite3.Connection, position: int, state: bytes, *, leaf: bytes | None = None
) -> None:
    """Store another state at a position, by default with the leaf hash that belongs to it."""
    entry, body = cut(state)
    leaf = leaf_hash(state) if leaf is None else leaf
    values = (entry, leaf, position)
    db.execute("UPDATE ev SET entry = ?, leaf = ? WHERE pos = ?", values)
    db.execute("UPDATE body SET data = ? WHERE pos = ?", (body, position))


def folded(store: StoreReader, stream: UUID) -> State | None:
    """Return a stream as the commands of a server load it, None if it has no events."""
    known = KnownLog()
    streams = {STREAM, stream}  # people are folded with the losses of the ledger
    (facts,) = store.load([Needs(streams=tuple((each, 0) for each in streams))])
    known.learn(facts, {})
    return known.state(stream)
