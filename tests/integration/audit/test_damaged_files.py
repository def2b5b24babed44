"""Files that are no logs: the audit refuses them without a traceback."""
# ruff: noqa: S608 (names of tables and columns, from the file itself)

import shutil
from pathlib import Path

import pytest

from ledger.store.sqlite.log_schema import PAGE_BYTES
from tests.support.audited import attacking, audited, finding_of


@pytest.mark.parametrize("tag", ["ledger-created.v1", "key-attested.v1", "statement-signed.v1"])
def test_a_damaged_file_is_found_without_a_traceback(ledger: Path, copy: Path, tag: str) -> None:
    shutil.copytree(ledger, copy)
    raw = bytearray((copy / "log.sqlite").read_bytes())
    page = raw.rindex(f'"type":"{tag}"'.encode()) // PAGE_BYTES * PAGE_BYTES
    raw[page : page + PAGE_BYTES] = bytes(PAGE_BYTES)
    (copy / "log.sqlite").write_bytes(raw)
    assert audited(copy).verdict == "invalid"


@pytest.mark.parametrize("script", ["DROP TABLE cmd", "DROP TABLE ev", "PRAGMA user_version = 9"])
def test_a_file_without_its_tables_is_refused(ledger: Path, copy: Path, script: str) -> None:
    with attacking(ledger, copy) as db:
        db.execute(script)
    assert finding_of(copy).part == "file"


@pytest.mark.parametrize("table", ["ev", "cmd", "claim", "tile", "checkpoint"])
def test_values_of_other_types_are_found_without_a_traceback(
    ledger: Path, copy: Path, table: str
) -> None:
    """An attacker can write the table anew, without STRICT, keys or checks."""
    with attacking(ledger, copy) as db:
        db.execute(f"CREATE TABLE other AS SELECT * FROM {table}")
        names = [row[1] for row in db.execute("PRAGMA table_info(other)")]
        db.execute(f"DROP TABLE {table}")
        db.execute(f"ALTER TABLE other RENAME TO {table}")
        for name in names:
            (before,) = db.execute(f"SELECT {name} FROM {table} WHERE rowid = 3").fetchone()
            for value in (None, "text", 1.5, b"\x00"):
                db.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = 3", (value,))
                assert audited(copy).verdict == "invalid", (name, value)
            db.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = 3", (before,))
