"""A backup of a log in a database is one state of it, and a restore goes into an empty database."""

import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.data_files import BACKUP_FILE, LOG_FILE, RESTORING
from ledger.errors import ConflictError, CorruptError
from ledger.recovery.staging import is_ready
from ledger.settings import Settings
from ledger.store import transfer
from ledger.store.engines import address_of, audited_log, open_log, open_signer_memory
from ledger.store.ports.log import Receipt
from ledger.store.ports.transfer import Extent
from ledger.system.directory_lock import serving
from ledger.tlog.checkpoint import parse_note
from tests.support.engines import DATABASES
from tests.support.log_copying import at, copied, rows
from tests.support.logs import draft, opened
from tests.support.refusals import refused
from tests.support.restores import (
    POINTS,
    audited,
    backed_up,
    forge_manifest,
    grow,
    restored,
)
from tests.support.signers import LEDGER

NEXT = f"{LEDGER}/1"
# In a database nothing is set aside.
DATABASE_POINTS = [each for each in POINTS if each != "old log set aside"]


@pytest.fixture
def lived(here: Settings, there: Settings) -> Settings:
    """A ledger with every kind of row, in a database."""
    copied(here, there)
    (here.data / LOG_FILE).unlink()
    return there


@pytest.fixture
def anew(lived: Settings, tmp_path: Path) -> Settings:
    """The same data directory with an empty database."""
    return at(DATABASES.url(tmp_path / "another"), lived.data)


def test_a_backup_has_every_row_and_continues_an_earlier_one(
    lived: Settings, tmp_path: Path
) -> None:
    backed_up(lived, tmp_path / "monday")
    grow(lived, 2)
    with opened(lived) as ledger:
        ledger.fill(ledger.store.head().stored + 50)
    written = backed_up(lived, tmp_path / "tuesday", tmp_path / "monday")
    assert {path.name for path in (tmp_path / "tuesday").iterdir()} == {LOG_FILE, BACKUP_FILE}
    with closing(audited_log(lived.log_address).open()) as log:
        extent = transfer.extent_of(log)
    assert (written.size, written.marks["stamp"]) == (extent.size, extent.stamp)
    whole = backed_up(lived, tmp_path / "whole")
    assert (whole.root, whole.marks) == (written.root, written.marks)
    assert rows(at(tmp_path / "whole", lived.data)) == rows(lived)


def test_a_backup_made_under_load_is_one_state_of_the_log(lived: Settings, tmp_path: Path) -> None:
    ends = threading.Event()

    def load() -> None:
        with closing(open_log(lived.log_address)) as log:
            while not ends.is_set():
                results = log.append([draft(str(UUID(int=1))) for _ in range(20)])
                assert all(isinstance(each, Receipt) for each in results)

    writer = threading.Thread(target=load)
    writer.start()
    try:
        first = backed_up(lived, tmp_path / "first")
        second = backed_up(lived, tmp_path / "second", tmp_path / "first")
    finally:
        ends.set()
        writer.join()
    assert second.size > first.size
    found = rows(lived)
    backup = at(tmp_path / "first", lived.data)
    for kind, copy in rows(backup).items():
        if kind in ("event", "receipt", "claim", "member"):
            assert copy == [row for row in found[kind] if row in copy]


def test_what_an_erasure_takes_away_during_a_backup_is_in_it_with_the_erasure(
    lived: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is read while a body of it goes: first without the event that says so."""
    with closing(audited_log(lived.log_address).open()) as log:
        erased, whole = log.erased(), transfer.extent_of(log)
    says = erased[0][1]
    seen: list[int] = []
    real = transfer.extent_of

    def earlier(log: object) -> Extent:
        found = real(log)  # type: ignore[arg-type]
        seen.append(found.size)
        return found if len(seen) > 1 else found._replace(size=says - 1)

    monkeypatch.setattr(transfer, "extent_of", earlier)
    written = backed_up(lived, tmp_path / "backup")
    assert (len(seen), written.size) == (2, whole.size)
    with closing(audited_log(address_of(tmp_path / "backup")).open()) as log:
        assert log.erased() == erased


def test_a_restore_that_loses_nothing_goes_on_and_erased_bodies_stay_erased(
    lived: Settings, anew: Settings, tmp_path: Path
) -> None:
    before = rows(lived)
    written = backed_up(lived, tmp_path / "backup")
    plan = restored(anew, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.epoch) == (None, 0)
    assert rows(anew) == before
    assert before["erased"]
    found = audited(anew)
    assert (found.verdict, found.root) == ("verified", written.root)
    with closing(open_signer_memory(anew.log_address, anew.signer_memory)) as memory:
        assert memory.known()
    assert parse_note(grow(anew)).checkpoint.origin == LEDGER
    assert audited(anew).verdict == "verified"


def test_a_restore_that_loses_entries_goes_on_under_another_origin(
    lived: Settings, anew: Settings, tmp_path: Path
) -> None:
    written = backed_up(lived, tmp_path / "backup")
    grow(lived, 2)
    plan = restored(anew, tmp_path / "backup")
    assert plan is not None
    assert (plan.origin, plan.epoch) == (NEXT, 1)
    assert plan.lost is not None
    assert plan.lost.size == written.size + 2
    found = audited(anew)
    assert (found.verdict, found.size) == ("verified", written.size + 1)
    assert parse_note(grow(anew)).checkpoint.origin == NEXT
    with refused(CorruptError, "log_rolled_back"):  # the old database signs nothing more
        grow(lived)


@pytest.mark.parametrize("point", DATABASE_POINTS)
def test_a_killed_restore_is_completed_by_the_next_one(
    point: str, lived: Settings, anew: Settings, tmp_path: Path
) -> None:
    written = backed_up(lived, tmp_path / "backup")
    lost = parse_note(grow(lived)).checkpoint.size
    child = os.fork()
    if not child:
        try:
            restored(anew, tmp_path / "backup", _killing(point))
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    decided = point in POINTS[POINTS.index("ready") :]
    if decided:
        with refused(ConflictError, "restore_unfinished"), serving(anew.data):
            pass
    assert (restored(anew, tmp_path / "backup") is None) is decided
    found = audited(anew)
    assert (found.verdict, found.size) == ("verified", written.size + 1)
    (told,) = found.restorations
    assert (told.kept, told.lost) == (written.size, lost)
    assert not (anew.data / RESTORING).exists()


def _killing(point: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def test_a_restore_goes_into_an_empty_database_only(
    lived: Settings, anew: Settings, tmp_path: Path
) -> None:
    backed_up(lived, tmp_path / "backup")
    with refused(ConflictError, "database_not_empty"):
        restored(lived, tmp_path / "backup")
    assert not is_ready(lived.data)
    assert audited(lived).verdict == "verified"


def test_a_database_that_gets_other_rows_during_a_restore_is_not_used(
    lived: Settings, anew: Settings, tmp_path: Path
) -> None:
    backed_up(lived, tmp_path / "backup")

    def reached(point: str) -> None:
        if point == "ready":
            with closing(open_log(anew.log_address)) as log:
                log.append([draft(str(UUID(int=1)))])

    with refused(CorruptError, "copy_mismatch"):
        restored(anew, tmp_path / "backup", reached)


def test_a_changed_backup_is_not_restored(lived: Settings, anew: Settings, tmp_path: Path) -> None:
    backed_up(lived, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup" / LOG_FILE)) as db:
        db.execute("DROP TRIGGER body_only_erased")
        db.execute("DELETE FROM body WHERE pos = 30")
        db.commit()
    forge_manifest(tmp_path / "backup")
    with refused(CorruptError, "body_missing"):
        restored(anew, tmp_path / "backup")


def test_a_backup_of_a_file_is_restored_into_a_database_and_the_reverse(
    here: Settings, there: Settings, back: Settings, tmp_path: Path
) -> None:
    before = rows(here)
    backed_up(here, tmp_path / "of-a-file")
    restored(there, tmp_path / "of-a-file")
    assert rows(there) == before
    backed_up(there, tmp_path / "of-a-database")
    back.data.mkdir()
    for name in (here.signer_memory, *here.data.glob("*.pem")):
        shutil.copy(name, back.data)
    restored(back, tmp_path / "of-a-database")
    assert rows(back) == before


def test_a_closed_log_is_not_backed_up(
    here: Settings, there: Settings, back: Settings, tmp_path: Path
) -> None:
    """A backup every night of a log that nobody uses any more would look like one of the ledger."""
    copied(here, there)
    with refused(ConflictError, "log_closed"):
        backed_up(here, tmp_path / "of-a-file")
    copied(there, back)
    with refused(ConflictError, "log_closed"):
        backed_up(there, tmp_path / "of-a-database")
