"""A backup is one verified snapshot, all of the log or what is new; it changes nothing."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ledger.data_files import BACKUP_FILE, LOG_FILE, SEALED_KEYS_FILE
from ledger.domain.entry import entry_hash, leaf_hash
from ledger.errors import (
    ConflictError,
    CorruptError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
)
from ledger.recovery import manifest as manifests
from ledger.recovery import sealed_keys
from ledger.recovery.backup import BackupRequest, back_up
from ledger.recovery.manifest import BackupManifest
from ledger.settings import Settings
from ledger.store.engines import copies
from ledger.store.sqlite.copies import _NEW
from tests.support.logs import Ledger, opened, settings_of
from tests.support.publications import edit
from tests.support.refusals import refused
from tests.support.trees import root_of

NOW_MS = 1_795_230_245_678
PHRASE = b"correct horse battery"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "data", LEDGER_LOG_ORIGIN="ledger.example/approvals")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    """A ledger of 300 entries and two checkpoints, open in this process."""
    with opened(settings) as ledger:
        for size in (100, 300):
            ledger.fill(size)
            ledger.publication().catch_up()
        yield ledger


def backup(settings: Settings, target: Path, since: Path | None = None) -> BackupManifest:
    return back_up(settings, BackupRequest(target, since), now_ms=NOW_MS)


def dumped(log: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table of a log's file."""
    with closing(sqlite3.connect(log)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE sql <> ''")]
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name in tables
        ]
        return {name: sorted(db.execute(f"SELECT * FROM {name}")) for name in sorted(tables)}  # noqa: S608  # its own tables


def root(ledger: Ledger, size: int) -> str:
    rows = ledger.store.read(0, size)
    return root_of(b"".join(leaf_hash(state) for _, state in rows)).hex()


def test_a_backup_contains_every_row_and_says_its_size_root_and_checkpoint(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    ledger.fill(310)  # ten entries without a checkpoint
    written = backup(settings, tmp_path / "backup")
    assert dumped(tmp_path / "backup" / LOG_FILE) == dumped(settings.data / LOG_FILE)
    newest = ledger.tree.latest()
    assert newest is not None
    assert (written.ledger, written.epoch, written.size) == ("ledger.example/approvals", 0, 310)
    assert written.root == root(ledger, 310)
    assert written.checkpoint == newest.note.decode()
    assert written.created_at == "2026-11-21T03:04:05.678Z"
    assert [file.name for file in written.files] == [LOG_FILE]
    assert manifests.read(tmp_path / "backup") == written


def test_a_backup_is_for_its_owner_alone_and_one_file_without_a_write_ahead_log(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "backup").iterdir()}
    assert found == {LOG_FILE: 0o600, BACKUP_FILE: 0o600}


def test_a_backup_since_an_earlier_one_has_what_is_new_and_joins_to_the_same_log(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "monday")
    for number, size in enumerate((400, 70_000)):
        ledger.fill(size)
        ledger.publication().catch_up()
        since = tmp_path / ("monday", "tuesday")[number]
        written = backup(settings, tmp_path / ("tuesday", "wednesday")[number], since)
        assert written.since is not None
        assert (written.since.name, written.size) == (since.name, size)
        assert written.root == root(ledger, size)
    with closing(sqlite3.connect(tmp_path / "tuesday" / LOG_FILE)) as part:
        assert part.execute("SELECT min(pos), max(pos) FROM ev").fetchone() == (301, 400)
    joined = tmp_path / "joined"
    joined.mkdir()
    shutil.copy(tmp_path / "monday" / LOG_FILE, joined)
    for name in ("tuesday", "wednesday"):
        copies().join(joined, tmp_path / name)
    assert dumped(joined / LOG_FILE) == dumped(settings.data / LOG_FILE)


def test_new_entries_without_a_checkpoint_are_compared_with_the_log_itself(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "monday")
    ledger.fill(305)
    assert backup(settings, tmp_path / "tuesday", tmp_path / "monday").root == root(ledger, 305)
    (entry,) = ledger.tree.entries(6, 1)
    changed = entry.replace(b'"at":"2026', b'"at":"2025')
    edit(ledger, "UPDATE ev SET entry = ?, leaf = ? WHERE pos = 7", changed, entry_hash(changed))
    with refused(ConflictError, "backup_of_another"):
        backup(settings, tmp_path / "wednesday", tmp_path / "monday")


def test_nothing_new_is_no_backup(ledger: Ledger, settings: Settings, tmp_path: Path) -> None:
    backup(settings, tmp_path / "monday")
    with refused(ConflictError, "nothing_new"):
        backup(settings, tmp_path / "tuesday", tmp_path / "monday")
    assert not (tmp_path / "tuesday").exists()


def test_a_backup_of_another_ledger_is_not_continued(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    with opened(settings_of(tmp_path / "other")) as other:
        other.fill(50)
        other.publication().catch_up()
        backup(other.settings, tmp_path / "monday")
    with pytest.raises(LedgerError) as caught:
        backup(settings, tmp_path / "tuesday", tmp_path / "monday")
    assert caught.value.code in ("backup_of_another", "log_forked")
    assert not (tmp_path / "tuesday").exists()


def test_a_log_that_is_shorter_than_the_earlier_backup_is_not_continued(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(settings.data, copy)
    ledger.fill(400)
    ledger.publication().catch_up()
    backup(settings, tmp_path / "monday")
    with refused(CorruptError, "log_rolled_back"):
        backup(settings_of(copy), tmp_path / "tuesday", tmp_path / "monday")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("DELETE FROM body WHERE pos = 7", "body_missing"),
        ("UPDATE ev SET leaf = zeroblob(32) WHERE pos = 7", "leaf_mismatch"),
        ("UPDATE body SET data = CAST(data || x'00' AS BLOB) WHERE pos = 7", "body_mismatch"),
        ("DELETE FROM ev WHERE pos = 7", "position_missing"),
        ("DELETE FROM ev WHERE pos = 300", "head_mismatch"),
        ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = 100", "log_forked"),
    ],
)
def test_a_damaged_log_is_not_backed_up_in_silence(
    change: str, code: str, ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    edit(ledger, change)
    with refused(CorruptError, code):
        backup(settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_keys_are_left_out_unless_asked_for_and_then_encrypted(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_bytes(PHRASE + b"\n")
    written = back_up(
        settings, BackupRequest(tmp_path / "backup", passphrase=phrase), now_ms=NOW_MS
    )
    assert [file.name for file in written.files] == [LOG_FILE, SEALED_KEYS_FILE]
    sealed = (tmp_path / "backup" / SEALED_KEYS_FILE).read_bytes()
    assert b"PRIVATE" not in sealed
    assert sealed_keys.unseal(sealed, PHRASE) == {
        "ledger-key.pem": (settings.data / "ledger-key.pem").read_text(),
        "heads-key.pem": (settings.data / "heads-key.pem").read_text(),
        "log-keys.pem": settings.log_keys.file.read_text(),
    }
    with refused(RefusedError, "passphrase_wrong"):
        sealed_keys.unseal(sealed, b"another passphrase")


def test_a_short_passphrase_is_refused(ledger: Ledger, settings: Settings, tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("eleven char\n")
    with refused(MalformedError, "passphrase_weak"):
        back_up(settings, BackupRequest(tmp_path / "backup", passphrase=phrase), now_ms=NOW_MS)
    assert not (tmp_path / "backup").exists()


def test_keys_that_are_missing_are_named(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_bytes(PHRASE)
    settings.log_keys.file.unlink()
    with refused(ConflictError, "keys_missing"):
        back_up(settings, BackupRequest(tmp_path / "backup", passphrase=phrase), now_ms=NOW_MS)
    assert not (tmp_path / "backup").exists()


def test_a_target_that_is_there_is_left_alone(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()
    with refused(ConflictError, "backup_exists"):
        backup(settings, tmp_path / "backup")
    assert [*(tmp_path / "backup").iterdir()] == []


def test_a_directory_without_a_ledger_has_no_backup(tmp_path: Path) -> None:
    with refused(NotFoundError, "not_founded"):
        backup(settings_of(tmp_path / "nothing"), tmp_path / "backup")


def test_an_earlier_backup_must_stand_beside_the_target(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "monday")
    with refused(ConflictError, "backup_elsewhere"):
        backup(settings, tmp_path / "deeper" / "tuesday", tmp_path / "monday")


def test_an_interrupted_backup_is_none(ledger: Ledger, settings: Settings, tmp_path: Path) -> None:
    backup(settings, tmp_path / "backup")
    (tmp_path / "backup" / BACKUP_FILE).unlink()
    with refused(NotFoundError, "backup_unknown"):
        manifests.read(tmp_path / "backup")


@pytest.mark.parametrize("how", ["one byte", "truncated", "missing"])
def test_a_changed_file_of_a_backup_is_refused(
    how: str, ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "backup")
    log = tmp_path / "backup" / LOG_FILE
    raw = log.read_bytes()
    log.unlink()
    if how != "missing":
        log.write_bytes(raw[:-1] + (b"" if how == "truncated" else bytes([raw[-1] ^ 1])))
    with refused(CorruptError, "backup_damaged"):
        manifests.read(tmp_path / "backup")


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"root": "00" * 32},
        {"size": 299},
        {"edge": []},
        {"edge": ["!"]},
        {"files": []},
        {"files": [{"name": "../log.sqlite", "bytes": 1, "sha256": "0" * 64}]},
        {"since": {"name": "../monday", "size": 1, "sha256": "0" * 64}},
        {"more": 1},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    change: dict[str, object], ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "backup")
    path = tmp_path / "backup" / BACKUP_FILE
    members = msgspec.json.decode(path.read_bytes()) | change
    path.write_bytes(msgspec.json.encode(members))
    with refused(MalformedError, "manifest_malformed"):
        manifests.read(tmp_path / "backup")
    path.write_bytes(os.urandom(100))
    with refused(MalformedError, "manifest_malformed"):
        manifests.read(tmp_path / "backup")


def test_every_table_of_the_log_is_in_a_partial_backup(ledger: Ledger, settings: Settings) -> None:
    assert {*dumped(settings.data / LOG_FILE)} == {*_NEW}
