"""Restore a ledger from a backup: go on as before if nothing was lost, otherwise say what was.

Crash points, in order; the ledger is locked all the time:

    staged               the backups are joined and audited; nothing else has changed
    epoch remembered     the signer's memory has the next epoch: the old log signs nothing more
    restore recorded     the staged log has the event; up to here, a new restore begins from the
                         start, with another epoch
    ready                decided: from here on, the next restore finishes this one
    old log set aside, log in place, keys in place, sessions dropped: each step can be repeated

The epoch is remembered before the event is written: if the process ends in between, no copy of the
log can be signed under the old origin by accident.
"""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

import msgspec

from ledger import clock
from ledger.audit.run import AuditRequest, audit
from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.log_keys import LedgerActs
from ledger.data_files import LOG_KEYS_FILE, RESTORING
from ledger.domain.charter import Charter
from ledger.domain.ledger_acts import KeptTree, LostTree
from ledger.domain.restoration import log_origin
from ledger.errors import ConflictError, CorruptError, UnavailableError
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.recovery import database_logs, late_changes, staging
from ledger.recovery.backup import charter_of
from ledger.recovery.erased_later import NewerCopies, from_copies
from ledger.recovery.memories import Given, KnownTree, Memories, collect
from ledger.recovery.staging import Reached
from ledger.settings import Settings
from ledger.store.engines import (
    address_of,
    audited_log,
    copies,
    open_existing,
    open_log,
    open_signer_memory,
)
from ledger.store.log import Log
from ledger.system import private_files
from ledger.system.directory_lock import READY
from ledger.system.wall_clock import WallClock
from ledger.tlog import vkeys
from ledger.tlog.checkpoint import Checkpoint


class RestoreRequest(msgspec.Struct, frozen=True):
    """A backup to restore, and what the operator says.

    `passphrase` opens the backup's keys. `erased_by` are newer copies of the log,
    which say what was erased after the backup.
    """

    backup: Path
    reason: str
    given: Given = Given()
    passphrase: Path | None = None
    erased_by: tuple[str, ...] = ()


class RestorePlan(msgspec.Struct, frozen=True):
    """What a restore would do. `origin` is None if nothing was lost: the log goes on as it was.

    `returning` is what newer copies erased and the backup still has.
    """

    ledger: str
    kept: Checkpoint
    known: list[KnownTree]
    silent: list[str]
    lost: KnownTree | None
    epoch: int
    origin: str | None
    reason: str
    returning: NewerCopies = NewerCopies()


def prepare(settings: Settings, request: RestoreRequest, reached: Reached) -> RestorePlan:
    """Join, verify and audit the backups beside the ledger; return what a restore would do.

    The caller holds the data directory. Raises CorruptError `backup_invalid` if the audit finds
    something; what `from_copies`, `require_empty`, `staging.join_backups`,
    `staging.missing_keys` and `collect` raise.
    """
    if settings.database is not None:
        database_logs.require_empty(settings.database)
    directory = settings.data / RESTORING
    state = staging.join_backups(request.backup, directory)
    found = audit(AuditRequest(audited_log(address_of(directory))), now_ms=_now_ms())
    if found.finding is not None:
        finding = found.finding
        detail = f"the audit finds {finding.code} at position {finding.position}: {finding.detail}"
        raise CorruptError("backup_invalid", detail)
    if request.passphrase is not None:  # now, so that a wrong passphrase is refused at once
        staging.missing_keys(settings, request.backup, request.passphrase)
    charter = charter_of(address_of(directory), state.size)
    memories = collect(settings, charter, request.given)
    kept = Checkpoint(charter.log_origin, state.size, state.edge.root())
    reached("staged")
    plan = _plan(charter, kept, memories, directory, request.reason)
    newer = from_copies(request.erased_by, settings.log_address, state.size, directory)
    if plan.origin is not None and newer.changes:  # without a loss nothing is recorded late
        tree, staged = KeptTree(kept.size, kept.root.hex()), address_of(directory)
        late = late_changes.possible(staged, newer.changes, tree, now_ms=_now_ms())
        again = [each.change for each in late.commits]
        newer = msgspec.structs.replace(newer, again=again, refused=late.refused)
    return msgspec.structs.replace(plan, returning=newer)


def _plan(
    charter: Charter, kept: Checkpoint, memories: Memories, staged: Path, reason: str
) -> RestorePlan:
    lost = _lost(memories.trees, kept, staged)
    is_known = any(each.is_largest for each in memories.trees)
    goes_on = is_known and lost is None and memories.epoch <= charter.epoch
    epoch = max(memories.epoch, charter.epoch) + 1
    return RestorePlan(
        ledger=charter.ledger,
        kept=kept,
        known=memories.trees,
        silent=memories.silent,
        lost=lost,
        epoch=charter.epoch if goes_on else epoch,
        origin=None if goes_on else log_origin(charter.ledger, epoch),
        reason=reason,
    )


def _lost(trees: list[KnownTree], kept: Checkpoint, staged: Path) -> KnownTree | None:
    """Return the largest known tree that the backup does not contain, one with a note if equal."""
    gone = [each for each in trees if each.size > kept.size]
    gone = gone or [
        each for each in trees if each.root and copies().root_of(staged, each.size) != each.root
    ]
    return max(gone, key=lambda each: (each.size, each.note is not None), default=None)


def carry_out(
    settings: Settings, request: RestoreRequest, plan: RestorePlan, reached: Reached
) -> Path | None:
    """Do what was planned; return where the old files are, if there were any.

    Key files that are missing come first. Raises ConflictError `ledger_key_missing`,
    UnavailableError `clock_unconfirmed` before the log or the signer's memory change; what
    `LogCopies.settle` raises.
    """
    staged = settings.data / RESTORING
    if request.passphrase is not None:
        brought = staging.missing_keys(settings, request.backup, request.passphrase)
        for path, content in brought.items():
            private_files.replace(path, content)
    if plan.origin is None:
        _remember(settings, plan, staged)
    else:
        _declare(settings, plan, plan.origin, staged, reached)
    copies().settle(staged)
    name = f"replaced-{clock.to_text(_now_ms()).replace(':', '')}"
    # Whole or not at all: an empty one would name the data directory itself.
    private_files.replace(settings.data / RESTORING / READY, name.encode())
    reached("ready")
    return finish(settings, reached)


def finish(settings: Settings, reached: Reached) -> Path | None:
    """Finish a restore that was decided, and publish the restored log."""
    aside = staging.install(settings, reached)
    with (
        closing(Log(open_existing(settings.log_address))) as log,
        closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory,
        closing(log.store.tree()) as tree,
    ):
        keys, now_ms = LogKeys(log.store, settings.log_keys), _decision_clock(settings, log)
        with suppress(UnavailableError):  # without keys, for example; the server then publishes it
            Publication(tree, memory, keys, now_ms).catch_up()
    return aside


def _remember(settings: Settings, plan: RestorePlan, staged: Path) -> None:
    """Give a ledger whose memory is gone the largest tree that is known."""
    size = max(each.size for each in plan.known)
    with closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory:
        if size and memory.get(plan.kept.origin) is None:
            tree = Checkpoint(plan.kept.origin, size, copies().root_of(staged, size))
            memory.begin(plan.epoch, tree)
        for signed in memory.known():  # a new database knows none of them
            memory.learn(signed)


def _declare(
    settings: Settings, plan: RestorePlan, origin: str, staged: Path, reached: Reached
) -> None:
    """Begin an epoch: new log keys, the memory first, then the event in the staged log."""
    signers = vkeys.generate(origin)
    with closing(Log(open_log(address_of(staged)))) as log:
        now_ms = _decision_clock(settings, log)
        now_ms()
        LedgerActs(log, settings, now_ms).require_key()
    private_files.create(staged / LOG_KEYS_FILE, vkeys.to_pem(signers))
    with closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory:
        first = Checkpoint(origin, plan.kept.size, plan.kept.root)
        if not memory.begin(plan.epoch, first):
            raise ConflictError("contended", "another restore began this epoch; try again")
    reached("epoch remembered")
    copies().raise_epoch(staged, plan.epoch)
    with closing(Log(open_log(address_of(staged)))) as log:  # opened in the new epoch
        LedgerActs(log, settings, now_ms).restore(
            epoch=plan.epoch,
            kept=KeptTree(plan.kept.size, plan.kept.root.hex()),
            lost=_declared_loss(plan),
            origin=origin,
            vkeys=tuple(signer.key.vkey for signer in signers),
            reason=plan.reason,
        )
        newer = plan.returning
        changes = {each: newer.changes[each] for each in newer.again}
        late_changes.record(log, address_of(staged), changes, now_ms=now_ms())
    reached("restore recorded")


def _declared_loss(plan: RestorePlan) -> LostTree | Literal["unknown"] | None:
    if plan.lost is None:
        return "unknown"
    note = plan.lost.note
    return LostTree(plan.lost.size, None if note is None else note.decode())


def _decision_clock(settings: Settings, log: Log) -> Callable[[], int]:
    """Return the clock of events; it raises UnavailableError `clock_unconfirmed`."""
    return LedgerClock(WallClock(), log.store.head(), settings.clock_confirmed).decision_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
