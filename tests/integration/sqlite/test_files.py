"""Database files: a connection that cannot be used is closed."""

import sqlite3
from pathlib import Path

import pytest

from ledger.errors import CorruptError
from ledger.sqlite.files import closed_on_error, open_private, open_read_only
from tests.support.refusals import refused


def test_a_connection_is_closed_if_what_follows_its_opening_fails(tmp_path: Path) -> None:
    db = open_private(tmp_path / "file.sqlite")
    with pytest.raises(sqlite3.OperationalError), closed_on_error(db):
        db.execute("no such statement")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")


def test_a_connection_stays_open_if_what_follows_its_opening_succeeds(tmp_path: Path) -> None:
    with closed_on_error(open_private(tmp_path / "file.sqlite")) as db:
        db.execute("CREATE TABLE some(thing)")
    assert db.execute("SELECT count(*) FROM some").fetchone() == (0,)
    db.close()


def test_a_file_that_is_no_database_is_not_left_open(tmp_path: Path) -> None:
    (tmp_path / "garbage.sqlite").write_bytes(b"no database at all" * 1000)
    for opened in (open_read_only, open_private):
        with refused(CorruptError, "file_malformed"):
            opened(tmp_path / "garbage.sqlite")
    if (descriptors := Path("/proc/self/fd")).is_dir():
        held = [str(each.readlink()) for each in descriptors.iterdir() if each.is_symlink()]
        assert str(tmp_path / "garbage.sqlite") not in held
