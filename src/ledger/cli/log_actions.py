"""The commands of `ledger log` on a ledger: show and change log keys, stamp, freeze.

They open the log themselves, so a server may run at the same time. The server publishes the events
they append, with the keys in force at that size.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.log_keys import LedgerActs
from ledger.errors import ConflictError, NotFoundError
from ledger.http.security_record import record_command
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.publish.stamper import open_authority
from ledger.recovery.confirm import confirm
from ledger.settings import Settings
from ledger.store.engines import (
    open_existing,
    open_signer_memory,
    read_log,
    require_existing,
)
from ledger.store.log import Log
from ledger.store.ports.log import LogStore, ReadableLog
from ledger.system.directory_lock import using
from ledger.system.wall_clock import WallClock


def show_keys(settings: Settings) -> None:
    """Print each log key after a comment with the sizes it signs."""
    with _reading(settings) as log:
        for key in LogKeys(log, settings.log_keys).charter.log_keys:
            last = "" if key.last_size is None else f" to {key.last_size}"
            print(f"# signs sizes from {key.first_size}{last}", key.vkey, sep="\n")


def show_checkpoint(settings: Settings) -> None:
    """Print the newest checkpoint as it was published."""
    with _reading(settings) as log, closing(log.tree()) as tree:
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        print(newest.note.decode(), end="")


def stamp(settings: Settings) -> None:
    """Request a time-stamp of the newest checkpoint, however recent the last time-stamp is.

    Raises ConflictError `authority_missing` if the settings name no authority.
    """
    authority = open_authority(settings)
    if authority is None:
        raise ConflictError("authority_missing", "LEDGER_TSA_URL is not set")
    with (
        closing(authority),
        _opened(settings) as log,
        closing(log.store.tree()) as tree,
        closing(log.store.endorsements()) as endorsements,
    ):
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        note = endorsements.note(newest)
        found = authority.stamp(newest, note, now_ms=time.time_ns() // 1_000_000)
        endorsements.stamp(found)
    print(f"The checkpoint of {found.size} entries existed at {found.time}.")


def rotate(settings: Settings) -> None:
    """Announce new keys and publish a checkpoint that they sign; end lost keys."""
    with writing(settings) as opened:
        announced, ended = opened.acts.rotate()
        record_command(settings.security_log, "log_keys_announce")
        if ended:
            record_command(settings.security_log, "log_keys_retire")
    more = "" if ended else ", in addition to the earlier ones"
    print(f"These keys sign from now on{more}:", *announced, sep="\n")
    if ended:
        print("A private key is lost, so these keys no longer sign:", *ended, sep="\n")


def retire(settings: Settings) -> None:
    """End the old keys and publish a checkpoint without them."""
    with writing(settings) as opened:
        vkeys = opened.acts.retire()
        record_command(settings.security_log, "log_keys_retire")
    print("These keys no longer sign checkpoints:", *vkeys, sep="\n")


def replace_heads_key(settings: Settings) -> None:
    """Replace the heads key and publish a checkpoint from whose size on it signs heads."""
    with writing(settings) as opened:
        opened.acts.replace_heads_key()
        record_command(settings.security_log, "heads_key_replace")
    print(f"The heads key at {settings.heads_key} signs heads from now on.")


def confirm_memory(settings: Settings, size: int | None) -> None:
    """Give the signer a new memory, confirmed by a witness or by the operator."""
    with using(settings.data):
        point, by = confirm(settings, size)
        record_command(settings.security_log, "log_memory_confirm")
    print(f"The newest checkpoint of {point.size} entries is confirmed by {', '.join(by)}.")
    print("The log is signed again from here.")


def freeze(settings: Settings, reason: str) -> None:
    """Freeze the ledger and publish its last checkpoint."""
    with writing(settings) as opened:
        position = opened.acts.freeze(reason)
        record_command(settings.security_log, "ledger_freeze")
    print(f"The ledger is frozen; its last position is {position}.")


@contextmanager
def _reading(settings: Settings) -> Iterator[ReadableLog]:
    require_existing(settings.log_address)  # before the lock, whose file would begin a directory
    with using(settings.data), closing(read_log(settings.log_address)) as log:
        yield log


@contextmanager
def _opened(settings: Settings) -> Iterator[Log]:
    require_existing(settings.log_address)  # as above
    with using(settings.data), closing(Log(_open(settings))) as log:
        yield log


def _open(settings: Settings) -> LogStore:
    return open_existing(settings.log_address, quorum=settings.needs_quorum)


class Writing(NamedTuple):
    """A log that a command writes, the acts by the ledger's own key on it, and its clock."""

    log: Log
    acts: LedgerActs
    clock: LedgerClock


@contextmanager
def writing(settings: Settings) -> Iterator[Writing]:
    """Compare the log with the signer's memory, yield the log, then publish what was appended.

    Without the log keys nothing is published before that.
    """
    with (
        _opened(settings) as log,
        closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory,
        closing(log.store.tree()) as tree,
    ):
        log.require_open()
        clock = LedgerClock(WallClock(), log.store.head(), settings.clock_confirmed)
        acts = LedgerActs(log, settings, clock.decision_ms)
        keys = acts.open_log_keys(memory)
        publication = Publication(tree, memory, keys, clock.decision_ms)
        publication.compare()
        if keys.why_not_signing(log.head()) is None:
            publication.catch_up()
        yield Writing(log, acts, clock)
        publication.catch_up()
