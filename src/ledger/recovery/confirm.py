"""Give a ledger whose signer's memory is gone a new one, if somebody confirms the newest size.

A witness whose last cosignature is over the newest checkpoint knows of no larger tree; the operator
may know it from elsewhere. If a witness knows a larger tree, entries were lost: run a restore.
"""

from contextlib import closing

from ledger.commands.ledger_clock import LedgerClock
from ledger.errors import ConflictError, NotFoundError
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.recovery.memories import KnownTree, ask_witnesses
from ledger.settings import Settings
from ledger.store.engines import open_existing, open_signer_memory
from ledger.store.log import Log
from ledger.store.ports.tree import Published
from ledger.system.wall_clock import WallClock
from ledger.tlog.checkpoint import Checkpoint


def confirm(settings: Settings, size: int | None) -> tuple[Checkpoint, list[str]]:
    """Remember the newest published checkpoint; return it, and who confirmed it.

    `size` is the largest size that was published, as the operator says; a witness that knows more
    contradicts it. Without it a witness has to confirm the size.
    Raises NotFoundError `checkpoint_unknown`; ConflictError `memory_known` if there is a memory,
    `memory_unconfirmed` if nobody confirms, `entries_lost` if somebody knows a larger or another
    tree; what verifying the checkpoint raises.
    """
    with (
        closing(Log(open_existing(settings.log_address))) as log,
        closing(log.store.tree()) as tree,
        closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory,
    ):
        keys = LogKeys(log.store, settings.log_keys)
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        if memory.known():
            raise ConflictError("memory_known", "the signer's memory is there; nothing to confirm")
        known = _known(settings, keys, size)
        _require_nothing_lost(known, newest)
        confirming = [each.source for each in known if each.size == newest.size]
        if not confirming:
            raise ConflictError(
                "memory_unconfirmed",
                f"no witness knows the newest checkpoint of {newest.size} entries; if you know that"
                f" nothing larger was published, give --size {newest.size}",
            )
        point = Checkpoint(keys.origin_of(newest.size), newest.size, newest.root)
        # The memory is for the present origin, which goes on after this tree.
        first = Checkpoint(keys.origin, newest.size, newest.root)
        memory.begin(keys.charter.epoch, first)
        ledger_clock = LedgerClock(WallClock(), log.store.head(), settings.clock_confirmed)
        Publication(tree, memory, keys, ledger_clock.decision_ms).compare()
        return point, confirming


def _known(settings: Settings, keys: LogKeys, size: int | None) -> list[KnownTree]:
    answers = [answer for _, answer in ask_witnesses(settings, keys.charter)]
    known = [each for each in answers if isinstance(each, KnownTree)]
    return known if size is None else [*known, KnownTree("the operator", size)]


def _require_nothing_lost(known: list[KnownTree], newest: Published) -> None:
    for tree in known:
        differs = tree.size == newest.size and tree.root not in (None, newest.root)
        if tree.size > newest.size or differs:
            raise ConflictError(
                "entries_lost",
                f"{tree.source} knows {tree.size} entries, and the newest checkpoint here has"
                f" {newest.size}: entries were lost; run `ledger restore`",
                size=tree.size,
            )
