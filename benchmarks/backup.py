"""A backup of a large log, alone and while people write; and the restore of it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import audit
from benchmarks.report import Bar, Result
from ledger.data_files import BACKUP_FILE, LEDGER_KEY_FILE, LOG_FILE, LOG_KEYS_FILE
from ledger.recovery.manifest import BackupManifest
from ledger.recovery.manifest import read as read_manifest
from ledger.store.engines import copies
from tests.support.ledgers import Cast, settled
from tests.support.logs import Ledger, opened, settings_of

BYTES, QUICK_BYTES = 1_000_000_000, 20_000_000
WRITES_PER_S = 50
LARGE = json.dumps({"amount": 1, "notes": "as agreed " * 6_000})
SMALL = json.dumps({"amount": 1})
ROUNDS = 3


def run(*, quick: bool) -> list[Result]:
    """Back up a log three times alone and three times under load, then restore the last one."""
    result = Result(
        "backup", "Backups", ("what", "seconds", "events", "writes/s", "slowest write, ms")
    )
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        data, target = Path(name) / "data", Path(name) / "backup"
        cast = settled(data)
        with opened(settings_of(data, LEDGER_REGISTRATION="invite")) as ledger:
            cast.time.ms = ledger.store.head().at_ms
            seen = audit.versions(ledger.store, cast)
            while (data / LOG_FILE).stat().st_size < (QUICK_BYTES if quick else BYTES):
                for _ in range(20):
                    ledger.store.append(audit.statement(cast, seen, LARGE))
                ledger.publication().catch_up()
            alone = min(_backup(result, data, target, None) for _ in range(ROUNDS))
            with _load(ledger, cast) as load:
                loaded = min(_backup(result, data, target, load) for _ in range(ROUNDS))
        _restore(result, data, target, Path(name) / "restored")
        size = (data / LOG_FILE).stat().st_size
    result.notes.append(
        f"The log has {size / 1e9:.2f} GB. While {WRITES_PER_S} writes a second were stored, the"
        f" fastest of {ROUNDS} backups took {loaded / alone:.1f} times as long as alone; aim: 2."
        " The restore audits the backup and leads to the same root."
    )
    result.bars.append(Bar("backup under load / alone", loaded / alone, 2))
    return [result]


class Load:
    """Writes at a steady rate; how many there were, and how long each took."""

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self.stopped = threading.Event()

    def write(self, ledger: Ledger, cast: Cast) -> None:
        due_s = time.monotonic()
        seen = audit.versions(ledger.store, cast)
        while not self.stopped.is_set():
            for each in audit.statement(cast, seen, SMALL):
                began_s = time.monotonic()
                ledger.store.append([each])
                self.took_s.append(time.monotonic() - began_s)
                due_s += 1 / WRITES_PER_S
                time.sleep(max(0.0, due_s - time.monotonic()))


@contextmanager
def _load(ledger: Ledger, cast: Cast) -> Iterator[Load]:
    load = Load()
    thread = threading.Thread(target=load.write, args=(ledger, cast))
    thread.start()
    yield load
    load.stopped.set()
    thread.join()
    ledger.publication().catch_up()


def _backup(result: Result, data: Path, target: Path, load: Load | None) -> float:
    shutil.rmtree(target, ignore_errors=True)
    before, began_s = 0 if load is None else len(load.took_s), time.monotonic()
    _ledger("backup", str(target), "--data", str(data))
    seconds = time.monotonic() - began_s
    took = [] if load is None else load.took_s[before:]
    rate, slowest = f"{len(took) / seconds:.0f}", f"{max(took, default=0) * 1000:.0f}"
    what = "backup alone" if load is None else "backup under load"
    result.rows.append((what, f"{seconds:.1f}", f"{_manifest(target).size:,}", rate, slowest))
    return seconds


def _restore(result: Result, data: Path, backup: Path, target: Path) -> None:
    target.mkdir()
    for name in (LEDGER_KEY_FILE, LOG_KEYS_FILE):
        shutil.copy(data / name, target / name)
    manifest, began_s = _manifest(backup), time.monotonic()
    reason = ("--reason", "a measurement", "--published", str(manifest.size))
    _ledger("restore", str(backup), "--data", str(target), *reason)
    seconds = time.monotonic() - began_s
    assert copies().root_of(target, manifest.size).hex() == manifest.root
    result.rows.append(("restore", f"{seconds:.1f}", f"{manifest.size:,}", "0", "0"))


def _manifest(backup: Path) -> BackupManifest:
    assert (backup / BACKUP_FILE).is_file()
    return read_manifest(backup)


def _ledger(*arguments: str) -> None:
    command = [sys.executable, "-m", "ledger", *arguments]
    environment = os.environ | {"LEDGER_REGISTRATION": "invite"}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
