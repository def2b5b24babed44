"""Ledgers without a server: founded, filled and published in this process."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from ledger.commands.founding import found
from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.log_keys import LedgerActs
from ledger.commands.writer import Writer
from ledger.data_files import is_database
from ledger.domain.events import Event, StatementDrafted
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.settings import Settings, read_settings
from ledger.store.async_log import MAX_APPENDS, AsyncLog
from ledger.store.engines import open_log, open_signer_memory
from ledger.store.log import EVENTS, Log
from ledger.store.ports.log import LogStore, Receipt, Write
from ledger.system.wall_clock import WallClock

AT = "2026-11-21T03:04:05.678Z"
FOUNDING = 2  # entries of a new ledger: the founding and the log keys


def settings_of(data: Path, **more: str) -> Settings:
    return read_settings({"LEDGER_DATA": str(data)} | more)


class Ledger:
    """One process's view of a ledger in a directory."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        with ExitStack() as opened_so_far:
            self.store = open_log(settings.log_address)
            opened_so_far.callback(self.store.close)
            self.log = Log(self.store)
            self.commits = AsyncLog(self.store, lambda _: None)
            opened_so_far.callback(self.commits.close)
            self.writer = Writer(self.commits, LedgerClock(WallClock(), self.store.head()))
            self.token = found(self.log, settings, now_ms=self.writer.now_ms())
            self.memory = open_signer_memory(settings.log_address, settings.signer_memory)
            opened_so_far.callback(self.memory.close)
            self.acts = LedgerActs(self.log, settings, self.writer.now_ms)
            self.keys: LogKeys = self.acts.open_log_keys(self.memory)
            self.tree = self.store.tree()
            opened_so_far.pop_all()

    def publication(self) -> Publication:
        """Return a publication as after a restart."""
        keys = LogKeys(self.store, self.settings.log_keys)
        return Publication(self.tree, self.memory, keys, self.writer.now_ms)

    def fill(self, size: int) -> None:
        """Append drafts in one commit, so that the log has `size` entries."""
        fill(self.store, size)

    def close(self) -> None:
        self.commits.close()
        self.tree.close()
        self.memory.close()
        self.log.close()


@contextmanager
def opened(settings: Settings) -> Iterator[Ledger]:
    with closing(Ledger(settings)) as ledger:
        yield ledger


def fill(store: LogStore, size: int, *, creator: str | None = None) -> None:
    """Append drafts until the log has `size` entries: in a file by one commit.

    A database gets as many at once as a server sends it. The drafts are unsigned: an audit refuses
    them, the tree accepts them.
    """
    count = size - store.head().stored
    at_once = MAX_APPENDS if is_database(store.address) else count
    for done in range(0, count, max(at_once, 1)):
        some = range(min(at_once, count - done))
        outcomes = store.append([draft(creator or str(UUID(int=1))) for _ in some])
        assert all(isinstance(each, Receipt) for each in outcomes), outcomes[:1]
    assert store.head().stored == size


def draft(creator: str) -> Write:
    """Return the write of one draft with a document that read models can fold."""
    stream = uuid4()
    document = (
        f'{{"content":"{{}}","createdAt":"{AT}","creator":"{creator}","ledger":"l","policy":'
        f'{{"threshold":1,"of":["role:creator"]}},"statementId":"{stream}","title":"Terms"}}'
    )
    body = StatementDrafted(document=document, creator=creator, kid="k", act="a", ends_at=AT)
    event = Event(stream=stream, version=1, at=AT, body=body)
    return Write(key=os.urandom(32), events=(EVENTS.to_stored_event(event),))
