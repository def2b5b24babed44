"""What `ledger log …` does with a ledger: shows and changes its log keys, stamps, freezes.

These commands open the log themselves, so a server may run beside them; what they append it
publishes with the keys that are in force from there on.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ledger.commands.log_keys import Upkeep
from ledger.data_files import LOG_FILE
from ledger.errors import ConflictError, NotFoundError
from ledger.http.security_record import record_command
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.publish.stamper import open_authority
from ledger.settings import Settings
from ledger.store.log import Log
from ledger.store.sqlite.endorsements import Endorsements
from ledger.store.sqlite.signer_state import SignerState
from ledger.store.sqlite.store import SqliteLog
from ledger.store.sqlite.tree import TreeStore


def show_keys(settings: Settings) -> None:
    """Print each log key under a comment that says which sizes it signs."""
    with _opened(settings) as log:
        for key in LogKeys(log.store, settings.log_keys).charter.log_keys:
            last = "" if key.last_size is None else f" to {key.last_size}"
            print(f"# signs sizes from {key.first_size}{last}", key.vkey, sep="\n")


def show_checkpoint(settings: Settings) -> None:
    """Print the newest checkpoint as it was published."""
    with _opened(settings) as log, closing(TreeStore(log.store)) as tree:
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        print(newest.note.decode(), end="")


def stamp(settings: Settings) -> None:
    """Have the newest checkpoint stamped by the authority of the settings, whenever the last was.

    Raises ConflictError `authority_missing` if there is none.
    """
    authority = open_authority(settings)
    if authority is None:
        raise ConflictError("authority_missing", "LEDGER_TSA_URL names no time-stamp authority")
    with (
        closing(authority),
        _opened(settings) as log,
        closing(TreeStore(log.store)) as tree,
        closing(Endorsements(log.store)) as endorsements,
    ):
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        note = endorsements.note(newest)
        found = authority.stamp(newest, note, now_ms=time.time_ns() // 1_000_000)
        endorsements.stamp(found)
    print(f"The checkpoint of {found.size} entries was there at {found.time}.")


def rotate(settings: Settings) -> None:
    """Announce new keys and publish with them."""
    with _writing(settings) as upkeep:
        vkeys = upkeep.rotate()
        record_command(settings.security_log, "log_keys_announce")
    print("These keys sign from now on, beside those before them:", *vkeys, sep="\n")


def retire(settings: Settings) -> None:
    """End the old keys and publish without them."""
    with _writing(settings) as upkeep:
        vkeys = upkeep.retire()
        record_command(settings.security_log, "log_keys_retire")
    print("These keys sign no later checkpoint:", *vkeys, sep="\n")


def freeze(settings: Settings, reason: str) -> None:
    """End the ledger and publish its last checkpoint."""
    with _writing(settings) as upkeep:
        position = upkeep.freeze(reason)
        record_command(settings.security_log, "ledger_freeze")
    print(f"The ledger ends at position {position}.")


@contextmanager
def _opened(settings: Settings) -> Iterator[Log]:
    path = settings.data / LOG_FILE
    if not path.exists():
        raise NotFoundError("not_founded", f"there is no ledger in {settings.data}")
    with closing(Log(SqliteLog(path))) as log:
        yield log


@contextmanager
def _writing(settings: Settings) -> Iterator[Upkeep]:
    """Let acts be appended to a log that is the one that was signed; publish them."""
    with (
        _opened(settings) as log,
        closing(SignerState(settings.log_state)) as state,
        closing(TreeStore(log.store)) as tree,
    ):
        upkeep = Upkeep(log, settings, lambda: time.time_ns() // 1_000_000)
        publication = Publication(tree, state, upkeep.open_log_keys(state))
        publication.catch_up()
        yield upkeep
        publication.catch_up()
