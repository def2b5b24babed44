"""A log moves between SQLite and PostgreSQL and back: the same log, and the old one is closed."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.cli.main import main
from ledger.data_files import LOG_FILE
from ledger.errors import ConflictError, UnavailableError
from ledger.recovery.log_copy import copy_log
from ledger.settings import Settings
from ledger.store.engines import open_log, open_signer_memory
from ledger.store.results import require_stored
from ledger.store.startup_check import require_sound_end
from ledger.system.directory_lock import using
from ledger.tlog.checkpoint import parse_note
from tests.support.log_copying import POINTS, at, copied, killed, rows
from tests.support.logs import Ledger, draft, opened
from tests.support.refusals import refused
from tests.support.restores import audited, backed_up, grow, lose_log, restored


def test_a_log_goes_to_postgresql_and_back_and_is_the_same_log(
    here: Settings, there: Settings, back: Settings
) -> None:
    before, audit = rows(here), audited(here)
    assert all(before.values())  # every kind of row is there
    moved = copied(here, there)
    assert (moved.size, moved.root.hex()) == (audit.size, audit.root)
    assert rows(there) == before
    found = audited(there)
    assert (found.verdict, found.root) == ("verified", audit.root)
    assert copied(there, back) == moved
    assert rows(back) == before
    shutil.copy(here.signer_memory, back.signer_memory)
    for key in here.data.glob("*.pem"):
        shutil.copy(key, back.data)
    assert audited(back).verdict == "verified"
    with opened(back) as ledger:  # it goes on under the same origin
        ledger.acts.rotate()
        assert ledger.publication().catch_up() == moved.size + 1
        newest = ledger.tree.latest()
    assert newest is not None
    assert parse_note(newest.note).checkpoint.origin == moved.ledger


def test_the_old_log_takes_nothing_more_from_a_server_that_has_it_open_or_starts_on_it(
    here: Settings, there: Settings
) -> None:
    with closing(Ledger(here)) as server:
        size = server.store.head().stored
        copied(here, there)
        (result,) = server.store.append([draft(str(UUID(int=1)))])
        with refused(UnavailableError, "epoch_moved"):
            require_stored(result)
        with refused(ConflictError, "log_closed"):
            server.acts.rotate()
    with refused(ConflictError, "log_closed"):
        Ledger(here)
    finding = audited(here).finding
    assert finding is not None
    assert (finding.code, "goes on in another place" in finding.detail) == ("head_mismatch", True)
    with closing(open_log(there.log_address)) as log:
        assert log.head().stored == size
        assert log.head().epoch == 0


def test_no_backup_is_restored_over_a_log_that_was_closed(
    here: Settings, there: Settings, back: Settings, tmp_path: Path
) -> None:
    restored(here, aged(here, tmp_path / "sunday"))  # the log is one of a later epoch
    backed_up(here, tmp_path / "monday")
    copied(here, there)
    before = rows(here)
    with refused(ConflictError, "log_closed"):
        restored(here, tmp_path / "monday")
    assert rows(here) == before
    # The way back that the page on moving describes, if the other place is lost for good.
    lose_log(here)
    assert restored(here, tmp_path / "monday") is not None


def test_a_closed_log_that_cannot_be_read_to_its_end_is_closed_too(
    here: Settings, there: Settings, tmp_path: Path
) -> None:
    backed_up(here, tmp_path / "monday")
    copied(here, there)
    with closing(sqlite3.connect(here.data / LOG_FILE)) as db, db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type='trigger'"):
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("DELETE FROM ev WHERE pos = 1")
    with refused(ConflictError, "log_closed"):
        restored(here, tmp_path / "monday")


def aged(settings: Settings, target: Path) -> Path:
    """Return a backup after which the log grew."""
    backed_up(settings, target)
    grow(settings)
    return target


@pytest.mark.parametrize("in_a_database", [True, False])
def test_of_two_copies_at_the_same_moment_only_one_closes_the_log(
    here: Settings, there: Settings, back: Settings, in_a_database: bool, tmp_path: Path
) -> None:
    source = here
    if in_a_database:  # and from there to two files
        copied(here, there)
        source = there
    other = at(tmp_path / "other", tmp_path / "other")

    def reached(point: str) -> None:
        if point == "compared":
            copied(source, other)

    with refused(ConflictError, "copy_refused"):
        copy_log(source, back, lambda *_: None, reached)
    with closing(open_log(other.log_address)) as log:
        assert log.head().epoch == 0
    with refused(ConflictError, "copy_unfinished"):
        Ledger(back)


def test_no_other_copy_writes_to_a_database_meanwhile(here: Settings, there: Settings) -> None:
    def reached(point: str) -> None:
        if point == "servers stopped":
            with refused(ConflictError, "copy_refused"):
                copied(here, there)

    before = rows(here)
    copy_log(here, there, lambda *_: None, reached)
    assert rows(there) == before


@pytest.mark.parametrize("point", [*POINTS, "1", "4", "8", "12", "20"])
def test_a_copy_that_is_killed_anywhere_is_finished_by_the_next_one(
    point: str, here: Settings, there: Settings
) -> None:
    before = rows(here)
    killed(here, there, point)
    if point != "finished":
        with closing(open_log(there.log_address)) as log:
            assert log.head().stored == 0
            with closing(log.tree()) as tree, refused(ConflictError, "copy_unfinished"):
                require_sound_end(tree)
    copied(here, there)
    assert rows(there) == before


@pytest.mark.parametrize("point", ["6", "closed", "servers stopped", "state carried"])
def test_a_copy_back_to_a_file_that_is_killed_is_finished_too(
    point: str, here: Settings, there: Settings, back: Settings
) -> None:
    before = rows(here)
    copied(here, there)
    killed(there, back, point)
    with refused(ConflictError, "copy_unfinished"), opened(back):
        pass
    copied(there, back)
    assert rows(back) == before


def test_what_is_appended_while_the_copy_runs_is_copied_too(
    here: Settings, there: Settings
) -> None:
    with closing(Ledger(here)) as server:
        size, times = server.store.head().stored, 0

        def reached(point: str) -> None:
            nonlocal times
            if point == "compared" and times < 2:
                times += 1
                server.acts.rotate()
                server.publication().catch_up()

        moved = copy_log(here, there, lambda *_: None, reached)
    assert (moved.size, times) == (size + 2, 2)
    assert audited(there).verdict == "verified"


def test_a_server_that_never_rests_is_stopped_by_the_copy(here: Settings, there: Settings) -> None:
    with closing(Ledger(here)) as server:
        results = []

        def reached(point: str) -> None:
            if point == "compared":
                (result,) = server.store.append([draft(str(UUID(int=1)))])
                results.append(type(result).__name__)

        copy_log(here, there, lambda *_: None, reached)
    assert results == ["Receipt", "Receipt", "Receipt", "EpochMoved"]
    assert rows(there) == rows(here)


def test_what_was_signed_is_remembered_in_the_database_too(here: Settings, there: Settings) -> None:
    copied(here, there)
    with closing(open_signer_memory(here.log_address, here.signer_memory)) as memory:
        known = memory.known()
    assert known
    here.signer_memory.unlink()
    with closing(open_signer_memory(there.log_address, here.signer_memory)) as memory:
        memory.begin(
            known[0].epoch, known[0].checkpoint
        )  # what the shared part knows shows once this server knows anything
        assert memory.known() == known


def test_the_command_copies_shows_what_it_did_and_refuses_while_a_server_runs(
    here: Settings,
    there: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LEDGER_REGISTRATION", "invite")
    command = ["copy", "--from", str(here.data), "--to", there.log_address]
    with using(here.data):
        assert main(command) == 2
    assert "data_in_use" in capsys.readouterr().err
    assert main(command) == 0
    assert "each verified and compared" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0  # finished already: verified again
    told = json.loads(capsys.readouterr().out)
    assert told["root"] == audited(there).root
    assert "ledger_copy" in (here.data / "security.jsonl").read_text()
