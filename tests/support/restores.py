"""Restores of a ledger in a directory, in this process or in one that is killed on the way.

`python -m tests.support.restores DATA BACKUP POINT` restores and is killed at a crash point.
"""

import os
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from ledger.audit.result import AuditResult
from ledger.audit.run import AuditRequest, audit
from ledger.data_files import BACKUP_FILE, LOG_FILE, VIEWS_FILE
from ledger.recovery import manifest as manifests
from ledger.recovery import staging
from ledger.recovery.backup import BackupRequest, back_up
from ledger.recovery.manifest import BackupManifest
from ledger.recovery.memories import Given
from ledger.recovery.restore import RestorePlan, RestoreRequest, carry_out, finish, prepare
from ledger.settings import Settings
from ledger.store.engines import audited_log, remembered
from ledger.system.directory_lock import replacing
from ledger.tlog.checkpoint import Checkpoint, parse_note
from projections.views_ahead import position_of
from tests.support.logs import opened, settings_of

REASON = "The disk of the server failed."
POINTS = (
    "staged",
    "epoch remembered",
    "restore recorded",
    "ready",
    "old log set aside",
    "log in place",
    "keys in place",
    "sessions dropped",
)


def invited(data: Path, **more: str) -> Settings:
    """Return the settings of the ledger that tests copy."""
    return settings_of(data, LEDGER_REGISTRATION="invite", **more)


def copied(ledger: Path, directory: Path) -> Settings:
    """Return a copy of the ledger with every kind of row."""
    return invited(Path(shutil.copytree(ledger, directory / "data")))


def newest_note(settings: Settings) -> Checkpoint:
    with opened(settings) as ledger:
        newest = ledger.tree.latest()
        assert newest is not None
        return parse_note(newest.note).checkpoint


def backed_up(settings: Settings, target: Path, since: Path | None = None) -> BackupManifest:
    return back_up(settings, BackupRequest(target, since), now_ms=time.time_ns() // 1_000_000)


def grow(settings: Settings, count: int = 1) -> bytes:
    """Append valid events, one checkpoint each; return the newest checkpoint."""
    with opened(settings) as ledger:
        for _ in range(count):
            ledger.acts.rotate()
            ledger.publication().catch_up()
        newest = ledger.tree.latest()
        assert newest is not None
        return newest.note


def restored(
    settings: Settings, backup: Path, reached: staging.Reached = lambda _: None, **more: Any
) -> RestorePlan | None:
    """Restore, or finish a restore; return the plan, None if one was finished."""
    with replacing(settings.data):
        if staging.is_ready(settings.data):
            finish(settings, reached)
            return None
        given = Given(views=position_of(settings.data / VIEWS_FILE), **more)
        request = RestoreRequest(backup, REASON, given)
        plan = prepare(settings, request, reached)
        carry_out(settings, request, plan, reached)
        return plan


def audited(settings: Settings) -> AuditResult:
    request = AuditRequest(
        audited_log(settings.log_address),
        partial(remembered, settings.log_address, settings.signer_memory),
        jobs=1,
    )
    return audit(request, now_ms=time.time_ns() // 1_000_000)


def lose_log(settings: Settings) -> None:
    for path in settings.data.glob(f"{LOG_FILE}*"):
        path.unlink()
    for path in settings.data.glob(f"{VIEWS_FILE}*"):
        path.unlink()


def forge_manifest(backup: Path) -> None:
    """Write a changed log's length and SHA-256 into the manifest, as a thorough attacker does."""
    path = backup / BACKUP_FILE
    members = msgspec.json.decode(path.read_bytes())
    members["files"] = [msgspec.to_builtins(manifests.describe(backup / LOG_FILE))]
    path.write_bytes(msgspec.json.encode(members))


def main(data: str, backup: str, point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    restored(invited(Path(data)), Path(backup), reached)


if __name__ == "__main__":
    main(*sys.argv[1:])
