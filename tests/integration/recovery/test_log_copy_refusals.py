"""What a copy of a log refuses: foreign and living targets, changed rows, damage, roles."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ledger.data_files import LOG_FILE
from ledger.errors import ConflictError, CorruptError
from ledger.settings import Settings
from ledger.store.engines import has_log, open_directory, open_log
from ledger.store.ports.directory import DirectoryEntry
from tests.support.audited import edit
from tests.support.engines import DATABASES
from tests.support.log_copying import at, copied, killed
from tests.support.logs import draft, opened
from tests.support.postgres import Cluster
from tests.support.refusals import refused


def test_a_target_of_another_ledger_or_with_more_events_is_left_alone(
    here: Settings, there: Settings, back: Settings, tmp_path: Path
) -> None:
    with opened(back) as other:
        other.fill(5)
    with refused(ConflictError, "copy_refused"):
        copied(here, back)  # another ledger
    copied(here, there)
    with refused(ConflictError, "copy_refused"):
        copied(back, there)
    with closing(open_log(there.log_address)) as ledger:
        ledger.append([draft(str(UUID(int=1)))])
    with refused(ConflictError, "copy_refused"):
        copied(here, there)  # it went on
    with refused(ConflictError, "copy_refused"):
        copied(there, there)


def test_a_living_copy_of_the_same_ledger_is_no_target(here: Settings, tmp_path: Path) -> None:
    twin = at(shutil.copytree(here.data, tmp_path / "twin"), tmp_path / "twin")
    with refused(ConflictError, "copy_refused"):
        copied(here, twin)


def test_a_copy_that_is_finished_is_verified_again_and_stays(
    here: Settings, there: Settings
) -> None:
    moved = copied(here, there)
    assert copied(here, there) == moved
    DATABASES._edit(there.data.parent / "database", "UPDATE ledger.cmd SET answer = 'x'")
    with refused(CorruptError, "copy_mismatch"):
        copied(here, there)


def test_a_text_that_postgresql_cannot_keep_is_named_before_anything_is_written(
    here: Settings, there: Settings
) -> None:
    entry = DirectoryEntry("user", "17", "build\0bot", "", b"{}")
    with closing(open_directory(here.log_address, here.data)) as directory:
        assert directory.add(entry)
    with pytest.raises(ConflictError, match="directory has: 'user' '17'") as caught:
        copied(here, there)
    assert caught.value.code == "copy_refused"
    assert not has_log(there.log_address)
    with closing(open_log(here.log_address)) as ledger:  # it goes on
        ledger.append([draft(str(UUID(int=1)))])
    with closing(open_directory(here.log_address, here.data)) as directory:
        directory.forget("user", "17")
    copied(here, there)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE ledger.body SET data = data || 'x' WHERE pos = 30", "copy_mismatch"),
        ("UPDATE ledger.ev SET tag = 'other' WHERE pos = 31", "copy_mismatch"),
        ("DELETE FROM ledger.ev WHERE pos = 32", "copy_mismatch"),
        ("UPDATE ledger.claim SET pos = 1", "copy_mismatch"),
        ("DELETE FROM ledger.erased", "copy_mismatch"),
    ],
)
def test_a_row_that_was_changed_in_an_unfinished_copy_is_found(
    change: str, code: str, here: Settings, there: Settings
) -> None:
    killed(here, there, "pages written")
    DATABASES._edit(there.data.parent / "database", change)
    with refused(CorruptError, code):
        copied(here, there)
    with opened(here):  # the log was not closed
        pass


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE body SET data = CAST(data || x'00' AS BLOB) WHERE pos = 30", "body_mismatch"),
        ("DELETE FROM body WHERE pos = 30", "body_missing"),
        ("DELETE FROM ev WHERE pos = 30", "position_missing"),
        ("UPDATE ev SET leaf = zeroblob(32) WHERE pos = 30", "leaf_mismatch"),
        ("DELETE FROM tile", "tile_missing"),
    ],
)
def test_a_damaged_log_is_not_copied(
    change: str, code: str, here: Settings, there: Settings
) -> None:
    edit(here.data, change)
    with refused(CorruptError, code):
        copied(here, there)
    with closing(sqlite3.connect(here.data / LOG_FILE)) as db:
        assert db.execute("SELECT epoch FROM log_head").fetchone() == (0,)


def test_a_role_that_only_appends_can_neither_close_a_log_nor_take_one_in(
    here: Settings, there: Settings, back: Settings, postgres: Cluster
) -> None:
    copied(here, there)
    role = f"app{uuid4().hex}"
    database = there.log_address.rpartition("/")[2]
    postgres.execute(f"CREATE ROLE {role} LOGIN")
    try:
        postgres.execute(f"GRANT USAGE ON SCHEMA ledger TO {role}", database=database)
        postgres.execute(
            f"GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {role}", database=database
        )
        application = at(postgres.url(database, user=role), here.data)
        with refused(ConflictError, "database_refused"):
            copied(application, back)
        with refused(ConflictError, "database_refused"):
            copied(here, application)
    finally:
        postgres.execute(f"DROP OWNED BY {role}", database=database)
        postgres.execute(f"DROP ROLE {role}")
