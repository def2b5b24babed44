"""A chronicle's events in a log's file."""

from pathlib import Path

from ledger.store.sqlite.store import SqliteLog
from tests.support.chronicle import Chronicle
from tests.support.writes import stored, write


def keep(told: Chronicle, path: Path) -> None:
    """Write the events into a new log, as a server stored them."""
    store = SqliteLog(path)
    for event, state in zip(told.events, told.states, strict=True):
        row = stored(event.stream, event.version, state, tag=event.body.TAG)
        store.append([write(event.stream, events=(row,))])
    store.close()
