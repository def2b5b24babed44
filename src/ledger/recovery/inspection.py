"""Read a ledger's log, keys and signer's memory as they are, without opening anything to write."""

from contextlib import closing

import msgspec

from ledger.domain.charter import Charter
from ledger.domain.entry import leaf_hash
from ledger.errors import CorruptError, LedgerError
from ledger.jose import PublicJwk
from ledger.keystore.opening import open_signing_key
from ledger.keystore.places import KeyPlace
from ledger.publish.log_keys import PrivateLogKeys
from ledger.publish.mismatch import require_remembered
from ledger.publish.signed_trees import require_same, rolled_back
from ledger.recovery.backup import charter_of
from ledger.settings import Settings
from ledger.store.engines import audited_log, remembered, require_existing
from ledger.store.ports.log import Head
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import HASH_BYTES, Edge, Prover

RUN_BYTES = 4_096 * HASH_BYTES


class InspectedLog(msgspec.Struct, frozen=True):
    """What a log says of itself; `newest` is the size of its newest checkpoint, 0 for none."""

    charter: Charter
    head: Head
    newest: int


def inspect(settings: Settings) -> InspectedLog:
    """Return what the log of these settings says; raise NotFoundError `not_founded`."""
    require_existing(settings.log_address)
    with closing(audited_log(settings.log_address).open()) as rows, rows.snapshot():
        rows.require_format()
        ((size, epoch, at_ms),) = rows.heads()
        newest = rows.newest_checkpoint() or 0
    charter = charter_of(settings.log_address, size)
    return InspectedLog(charter, Head(size, size, epoch, at_ms), newest)


def own_key_trouble(settings: Settings, charter: Charter) -> str:
    """Return why the ledger's own key cannot be used, in words; empty if it can."""
    return _key_trouble("own key", settings.own_key, charter.key)


def heads_key_trouble(settings: Settings, charter: Charter) -> str:
    """Return why the ledger's heads key cannot be used, in words; empty if it can."""
    return _key_trouble("heads key", settings.heads_key, charter.heads)


def _key_trouble(name: str, place: KeyPlace, expected: PublicJwk) -> str:
    try:
        key = open_signing_key(place)
    except (LedgerError, OSError) as error:
        return f"the ledger's {name} cannot be used: {error}"
    return "" if key.jwk == expected else f"{place} is not the ledger's {name}"


def log_keys_trouble(settings: Settings, log: InspectedLog) -> str:
    """Return why the next checkpoint cannot be signed, in words; empty if it can."""
    private = PrivateLogKeys(settings.log_keys)
    private.look(log.charter.log_origin)
    found, next_size = private.by_vkey(), log.head.stored + 1
    in_force = [key.vkey for key in log.charter.log_keys if key.signs(next_size)]
    missing = [vkey for vkey in in_force if vkey not in found]
    if log.charter.frozen or not missing:
        return ""
    reasons = "; ".join(map(str, private.troubles))
    told = f"log keys are not found at {settings.log_keys}: {', '.join(missing)}"
    return f"{told} ({reasons})" if reasons else told


def require_memory(settings: Settings, log: InspectedLog) -> None:
    """Compare the signer's memory with the log, as the publisher does at a start.

    Raises CorruptError `log_rolled_back`, `log_forked`, `memory_malformed`; UnavailableError
    `memory_missing`.
    """
    known = remembered(settings.log_address, settings.signer_memory) or []
    require_remembered(known, log.charter, log.head.stored, log.newest)
    for each in known:
        if each.checkpoint.origin == log.charter.log_origin:
            _require_tree(settings, log, each.checkpoint)


def _root_of_entries(settings: Settings, size: int) -> bytes:
    """Return the root over the first entries; raise CorruptError `position_missing`."""
    edge, run = Edge(), bytearray()
    with closing(audited_log(settings.log_address).open()) as rows:
        for expected, (position, _, _, _, state, _) in enumerate(rows.events(0, size), start=1):
            if position != expected or not isinstance(state, bytes):
                raise CorruptError("position_missing", f"position {expected} is missing")
            run += leaf_hash(state)
            if len(run) == RUN_BYTES:
                edge, _ = edge.extend(bytes(run))
                run.clear()
    return edge.extend(bytes(run))[0].root()


def _require_tree(settings: Settings, log: InspectedLog, promised: Checkpoint) -> None:
    if promised.size > log.head.stored:
        raise rolled_back(log.head.stored, promised.size)
    if promised.size > log.newest:
        root = _root_of_entries(settings, promised.size)
        require_same(Checkpoint(promised.origin, promised.size, root), promised)
        return
    with closing(audited_log(settings.log_address).open()) as rows:

        def read(level: int, n: int, width: int) -> bytes:
            stored = rows.tile(level, n)
            if not isinstance(stored, bytes) or len(stored) < width * HASH_BYTES:
                raise CorruptError("tile_missing", f"tile {n} of level {level} is missing")
            return stored[: width * HASH_BYTES]

        root = Prover(log.newest, read).root(promised.size)
    require_same(Checkpoint(promised.origin, promised.size, root), promised)
