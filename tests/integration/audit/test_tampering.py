"""An attacker with the file edits any value of it: the audit finds the edit.

The test reads the tables and columns from a new file, so that a new one is tested too.
"""
# ruff: noqa: S608 (names of tables and columns, from the file itself)

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ledger.audit.endorsements import TrustedEndorsers
from ledger.store.sqlite.store import SqliteLog
from tests.support.audited import FIRST_ERASED, SIZE, attacking, audited, finding_of

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"
FAR = 1_000_000
# Where a row stands in the log; of a tile, where its first leaf does.
PLACES = {
    "log_head": "size",
    "ev": "pos",
    "body": "pos",
    "erased": "pos",
    "cmd": "pos",
    "claim": "pos",
    "member": "pos",
    "checkpoint": "size",
    "cosignature": "size",
    "stamp": "size",
    "tile": "((n * 256) << (8 * level)) + 1",
}
ENDORSEMENTS = ("cosignature", "stamp")
# How many rows of a table the tests choose: the first, some in the middle, the last.
CHOSEN = dict.fromkeys(PLACES, 4) | {"log_head": 1, "stamp": 2, "tile": 3}


def earlier(table: str, place: int) -> set[int]:
    """Return the earlier place that the audit names instead of this one, if there is one.

    A row of `member` has the place of a change's last event, and the audit names the draft of a
    change that is not stored as one: here each change is a draft, an approval, an effect. Without
    the last event of this ledger, which erases a statement, the first erased body is missing.
    """
    found = {place - 2} if table == "member" else set()
    return found | ({FIRST_ERASED} if place == SIZE else set())


def columns() -> list[tuple[str, str]]:
    """Return (table, column) of everything that a log's file keeps."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log.sqlite"
        SqliteLog(path).close()
        with closing(sqlite3.connect(path)) as db:
            tables = db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            return [
                (table, row[1])
                for (table,) in tables
                for row in db.execute(f"PRAGMA table_info({table})").fetchall()
            ]


# The count of commits says nothing of the log; the reference says that nobody checks it.
UNCHECKED = {("log_head", "commits")}
COLUMNS = [each for each in columns() if each not in UNCHECKED]


def rowids(db: sqlite3.Connection, table: str) -> list[Any]:
    """Return the first, some middle and the last primary keys of a table, in log order."""
    key = primary_key(db, table)
    rows = db.execute(f"SELECT {key} FROM {table} ORDER BY {PLACES[table]}, {key}").fetchall()
    chosen = {0, len(rows) // 3, len(rows) // 2, len(rows) - 1}
    return [rows[place] for place in sorted(chosen)]


def primary_key(db: sqlite3.Connection, table: str) -> str:
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[5]]
    return ", ".join(names)


def where(db: sqlite3.Connection, table: str) -> str:
    return " AND ".join(f"{name} = ?" for name in primary_key(db, table).split(", "))


def other(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, int):
        return value + FAR
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"{}"
    return f"{value[:-1]}{'1' if value[-1] != '1' else '2'}"


def test_the_ledger_as_it_is_passes(ledger: Path) -> None:
    report = audited(ledger)
    assert (report.finding, report.verdict) == (None, "verified")
    assert report.checkpoints >= 4
    assert report.tiles == 3
    assert report.counts.receipts > 200


def test_every_table_has_its_rows_and_its_place(ledger: Path) -> None:
    assert {table for table, _ in COLUMNS} == {*PLACES}
    with closing(sqlite3.connect(ledger / "log.sqlite")) as db:
        assert {table: len(rowids(db, table)) for table in PLACES} == CHOSEN


def test_the_reference_says_what_each_column_is_compared_with() -> None:
    rows = REFERENCE.read_text().splitlines()
    named = "".join(row for row in rows if row.startswith(("| `", "| | `")))
    assert [each for each in COLUMNS if any(f"`{name}`" not in named for name in each)] == []


@pytest.mark.parametrize(
    ("table", "column", "which"),
    [(*each, which) for each in COLUMNS for which in range(CHOSEN[each[0]])],
)
def test_an_edit_of_any_column_is_named_with_its_position(
    ledger: Path, copy: Path, table: str, column: str, which: int
) -> None:
    with attacking(ledger, copy) as db:
        keys = rowids(db, table)
        key, chosen = keys[which], where(db, table)
        place, value = db.execute(
            f"SELECT {PLACES[table]}, {column} FROM {table} WHERE {chosen}", key
        ).fetchone()
        new = other(value)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {chosen}", (new, *key))
    finding = finding_of(copy)
    if column == "id" and table in ENDORSEMENTS:  # the row after the gap
        assert finding.part == "endorsement"
    elif table == "tile":  # the very leaf, or the first one that is missing
        assert finding.position in range(place, place + 256), finding
    else:  # a row with an edited place is missing there, or found at its new place
        found = {place, place + 1, place + FAR, SIZE + 1, None}
        assert finding.position in found | earlier(table, place), finding
    assert (finding.position is None) <= (table == "log_head"), finding


@pytest.mark.parametrize(
    ("table", "which"), [(each, which) for each in PLACES for which in range(CHOSEN[each])]
)
def test_a_deleted_row_is_named(ledger: Path, copy: Path, table: str, which: int) -> None:
    with attacking(ledger, copy) as db:
        keys = rowids(db, table)
        key, chosen = keys[which], where(db, table)
        place = db.execute(f"SELECT {PLACES[table]} FROM {table} WHERE {chosen}", key).fetchone()[0]
        db.execute(f"DELETE FROM {table} WHERE {chosen}", key)
    report = audited(copy)
    if (table, which) == ("checkpoint", 2) or (table in ENDORSEMENTS and key == keys[-1]):
        # Every tree is the beginning of the next one: an older checkpoint that nobody endorsed
        # says nothing more. And what others signed last, they have to show themselves.
        assert report.finding is None
        return
    if table in ENDORSEMENTS or (table == "checkpoint" and which < 2):
        assert report.finding is not None
        assert report.finding.part == "endorsement"
        return
    if table == "checkpoint":
        assert report.verdict == "stale"
        return
    assert report.finding is not None
    assert report.finding.position in {place, place + 1, None} | earlier(table, place)


@pytest.mark.parametrize("table", ["ev", "body", "cmd", "claim", "member", "tile", "checkpoint"])
def test_an_inserted_row_is_named(ledger: Path, copy: Path, table: str) -> None:
    with attacking(ledger, copy) as db:
        key, place = primary_key(db, table), PLACES[table]
        row = db.execute(f"SELECT * FROM {table} ORDER BY {place} DESC, {key} DESC").fetchone()
        names = [name for (_, name, *_) in db.execute(f"PRAGMA table_info({table})")]
        fresh = {
            "pos": 302,
            "version": 9,
            "grp": "role/x",
            "key": bytes(32),
            "name": "kid/x",
            "n": 9,
        }
        fresh |= {"size": 302} if table == "checkpoint" else {}
        changed = [fresh.get(name, value) for name, value in zip(names, row, strict=True)]
        db.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(names))})", changed)
    assert finding_of(copy).position in {301, 302}


@pytest.mark.parametrize(
    "script",
    [
        "INSERT INTO cosignature SELECT 5, size, 'x+00000000', line FROM cosignature WHERE id = 1",
        "INSERT INTO cosignature SELECT 5, 301, witness, line FROM cosignature WHERE id = 1",
        "INSERT INTO cosignature SELECT 5, 7, witness, line FROM cosignature WHERE id = 1",
        "INSERT INTO cosignature SELECT 5, size, witness || 0, CAST(line || line AS BLOB)"
        " FROM cosignature WHERE id = 1",
        "INSERT INTO stamp SELECT 3, size, note, x'00', time FROM stamp WHERE id = 1",
        "INSERT INTO stamp SELECT 3, 301, note, token, time FROM stamp WHERE id = 1",
        "UPDATE stamp SET note = (SELECT note FROM checkpoint k WHERE k.size = stamp.size)",
    ],
)
def test_an_endorsement_of_something_else_is_named(ledger: Path, copy: Path, script: str) -> None:
    with attacking(ledger, copy) as db:
        db.execute(script)
    assert finding_of(copy).part == "endorsement"


def test_what_nobody_trusted_signed_is_counted_and_not_believed(ledger: Path) -> None:
    report = audited(ledger, trusted=TrustedEndorsers())
    assert report.verdict == "verified"
    told = [note for note in report.notes if "no key for" in note]
    assert [note.split()[0] for note in told] == ["4", "2"]


# All of a member's row but `present` is its key, and everybody here joined.
@pytest.mark.parametrize("table", ["ev", "body", "cmd", "claim", "tile", "checkpoint"])
@pytest.mark.parametrize("which", range(3))
def test_rows_that_changed_places_are_named(
    ledger: Path, copy: Path, table: str, which: int
) -> None:
    """Everything but the keys is exchanged between two neighbours."""
    with attacking(ledger, copy) as db:
        rows = db.execute(f"SELECT *, {PLACES[table]} FROM {table} ORDER BY 1").fetchall()
        names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if not row[5]]
        all_names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        told = [[row[all_names.index(name)] for name in names] for row in rows]
        # Two claims of one event tell the same: only neighbours that differ can change places.
        firsts = [n for n in range(len(rows) - 1) if told[n] != told[n + 1]]
        first = firsts[which * (len(firsts) - 1) // 2]
        pair, chosen = rows[first : first + 2], where(db, table)
        if table == "ev":  # one stream cannot have two rows of one version, even briefly
            db.execute("UPDATE ev SET version = -pos WHERE pos IN (?, ?)", _keys(pair))
        for to, of in (pair, pair[::-1]):
            sets = ", ".join(f"{name} = ?" for name in names)
            values = [of[all_names.index(name)] for name in names]
            key = [to[all_names.index(name)] for name in primary_key(db, table).split(", ")]
            db.execute(f"UPDATE {table} SET {sets} WHERE {chosen}", (*values, *key))
    finding = finding_of(copy)
    places = set[int]().union(*({row[-1]} | earlier(table, row[-1]) for row in pair))
    if table == "tile":
        assert finding.position is not None
    else:
        assert finding.position in places, finding


def _keys(pair: list[Any]) -> tuple[Any, ...]:
    return tuple(row[0] for row in pair)


def test_an_index_that_hides_a_row_is_found(ledger: Path, copy: Path) -> None:
    """What the table has and the index has not, no look-up finds."""
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "log.sqlite")) as db:
        db.execute("PRAGMA writable_schema=ON")
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_ev_1'"
        db.execute("CREATE TABLE empty(a, b, PRIMARY KEY(a, b))")
        other = root.replace("autoindex_ev", "autoindex_empty")
        db.execute(f"UPDATE sqlite_master SET rootpage = ({other}) WHERE rootpage = ({root})")
        db.commit()
    assert finding_of(copy).part in {"file", "event"}
