"""What an attacker changes outside the rows of the log: definitions, the signer's memory, files.

The audit names it, or docs/reference/audit.md lists the file with the reason why it does not.
"""
# ruff: noqa: S608 (names of tables and columns, from the file itself)

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger import data_files
from ledger.audit.findings import Finding
from ledger.cli.compare_views import _TABLES, _differences
from ledger.store.engines import audited_log
from tests.integration.audit.test_tampering import other
from tests.support.audited import LOG, MEMORY, VIEWS, audited, finding_of

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"
NAMES = sorted(value for name, value in vars(data_files).items() if name.endswith("_FILE"))


def test_each_definition_that_is_dropped_is_named(ledger: Path, copy: Path) -> None:
    shutil.copytree(ledger, copy)
    query = "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
    missed = []
    with closing(sqlite3.connect(copy / LOG, isolation_level=None)) as db:
        definitions = db.execute(query).fetchall()
        assert {kind for kind, _, _ in definitions} == {"trigger", "index"}
        for kind, name, sql in definitions:
            db.execute(f"DROP {kind} {name}")
            finding = engine_finding(copy)
            db.execute(sql)
            if finding is None or finding.detail != f"{kind} {name} is missing":
                missed.append((name, finding))
    assert (missed, len(definitions)) == ([], 34)
    assert engine_finding(copy) is None


def engine_finding(directory: Path) -> Finding | None:
    with closing(audited_log(str(directory / LOG)).open()) as rows:
        return rows.engine_finding()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("origin", "'elsewhere.example/x'"),
        ("epoch", "epoch + 1"),
        ("text", "replace(text, '301', '302')"),
        ("text", "replace(text, '=', 'A')"),
        ("text", "''"),
    ],
)
def test_an_edit_of_what_the_signer_remembers_is_named(
    ledger: Path, copy: Path, column: str, value: str
) -> None:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / MEMORY, isolation_level=None)) as db:
        assert db.execute(f"UPDATE signed SET {column} = {value}").rowcount == 1
    assert finding_of(copy).part == "signer's memory"


def test_every_column_of_the_signers_memory_is_edited_above(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger / MEMORY)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master")]
        columns = [row[1] for row in db.execute("PRAGMA table_info(signed)")]
    assert (tables, columns) == (["signed"], ["origin", "epoch", "text"])


def test_an_edit_of_any_column_of_the_read_models_is_named(ledger: Path, tmp_path: Path) -> None:
    """The audit compares them with read models that it builds: here, with the ones as they were."""
    path, missed, empty, count = tmp_path / VIEWS, [], [], 0
    shutil.copy(ledger / VIEWS, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("ATTACH ? AS made", (str(ledger / VIEWS),))
        db.execute("PRAGMA ignore_check_constraints=ON")
        for (table,) in db.execute(_TABLES.format("main")).fetchall():
            for _, column, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
                query = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1"
                found = db.execute(query).fetchone()
                if found is None:
                    empty.append(table)
                    continue
                count += 1
                db.execute("BEGIN")
                edit = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?"
                db.execute(edit, (other(found[0]) if found[0] != "" else "x", found[0]))
                finding = next(_differences(db), None)
                db.execute("ROLLBACK")
                if finding is None or not finding.detail.startswith(f"{table} has "):
                    missed.append((table, column, finding))
        assert next(_differences(db), None) is None
    assert (missed, count > 3 * len({*empty})) == ([], True)


def listed() -> dict[str, str]:
    """Return what the reference says of each file, by its name."""
    section = REFERENCE.read_text().partition("## Files")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| `")]
    return {row[1].strip().strip("`"): row[2].strip() for row in rows}


def test_the_reference_says_of_each_file_what_the_audit_does_with_it() -> None:
    assert [*listed()] == NAMES


def test_a_file_that_the_audit_does_not_read_changes_no_verdict(ledger: Path, copy: Path) -> None:
    shutil.copytree(ledger, copy)
    unread = [name for name, words in listed().items() if words.startswith("not read")]
    assert len(unread) == len(NAMES) - 4
    for name in unread:
        (copy / name).write_bytes(b"an attacker's bytes")
    report = audited(copy)
    assert (report.finding, report.verdict) == (None, "verified")
