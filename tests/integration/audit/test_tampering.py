"""Somebody with the file edits it behind the server's back: the audit names it, whatever it is.

The tables and columns are asked of a new file, so that none is forgotten when one is added.
"""
# ruff: noqa: S608 (names of tables and columns, from the file itself)

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ledger.audit.endorsements import TrustedEndorsers
from ledger.store.sqlite.schema import PAGE_BYTES
from ledger.store.sqlite.store import SqliteLog
from tests.support.audited import attacking, audited, eventful, finding_of

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"
SIZE, FAR = 301, 1_000_000
# Where a row stands in the log; of a tile, where its first leaf does.
PLACES = {
    "log_head": "size",
    "ev": "pos",
    "cmd": "pos",
    "claim": "pos",
    "checkpoint": "size",
    "cosignature": "size",
    "stamp": "size",
    "tile": "((n * 256) << (8 * level)) + 1",
}

ENDORSEMENTS = ("cosignature", "stamp")


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


COLUMNS = columns()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eventful(tmp_path_factory.mktemp("tampering") / "data")


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "copy"
    shutil.rmtree(tmp_path / "copy")


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


def test_every_table_has_its_rows_and_its_place() -> None:
    assert {table for table, _ in COLUMNS} == {*PLACES}


def test_the_reference_says_what_each_column_is_held_against() -> None:
    rows = REFERENCE.read_text().splitlines()
    named = "".join(row for row in rows if row.startswith(("| `", "| | `")))
    assert [each for each in COLUMNS if any(f"`{name}`" not in named for name in each)] == []


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda each: each)
@pytest.mark.parametrize("which", range(4))
def test_an_edit_of_any_column_is_named_with_its_position(
    ledger: Path, copy: Path, table: str, column: str, which: int
) -> None:
    with attacking(ledger, copy) as db:
        keys = rowids(db, table)
        key = keys[which % len(keys)]
        chosen = where(db, table)
        place, value = db.execute(
            f"SELECT {PLACES[table]}, {column} FROM {table} WHERE {chosen}", key
        ).fetchone()
        new = other(value)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {chosen}", (new, *key))
    finding = finding_of(copy)
    if column == "id" and table in ENDORSEMENTS:  # the row behind the gap that it leaves
        assert finding.part == "endorsement"
    elif table == "tile":  # the very leaf, or the first one that is missing
        assert finding.position in range(place, place + 256), finding
    else:  # a row whose place was edited is missed behind it, or found where it is now
        assert finding.position in {place, place + 1, place + FAR, SIZE + 1, None}, finding
    assert (finding.position is None) <= (table == "log_head"), finding


@pytest.mark.parametrize("table", sorted(PLACES))
@pytest.mark.parametrize("which", range(4))
def test_a_deleted_row_is_named(ledger: Path, copy: Path, table: str, which: int) -> None:
    with attacking(ledger, copy) as db:
        keys = rowids(db, table)
        key, chosen = keys[which % len(keys)], where(db, table)
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
    assert report.finding.position in {place, place + 1, None}


@pytest.mark.parametrize("table", ["ev", "cmd", "claim", "tile", "checkpoint"])
def test_an_inserted_row_is_named(ledger: Path, copy: Path, table: str) -> None:
    with attacking(ledger, copy) as db:
        key, place = primary_key(db, table), PLACES[table]
        row = db.execute(f"SELECT * FROM {table} ORDER BY {place} DESC, {key} DESC").fetchone()
        names = [name for (_, name, *_) in db.execute(f"PRAGMA table_info({table})")]
        fresh = {"pos": 302, "originator_version": 9, "key": bytes(32), "name": "kid/x", "n": 9}
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
    told = [note for note in report.notes if "no key of" in note]
    assert [note.split()[0] for note in told] == ["4", "2"]


@pytest.mark.parametrize("table", ["ev", "cmd", "claim", "tile", "checkpoint"])
@pytest.mark.parametrize("which", range(3))
def test_rows_that_changed_places_are_named(
    ledger: Path, copy: Path, table: str, which: int
) -> None:
    """Everything but the keys is exchanged between two neighbours."""
    with attacking(ledger, copy) as db:
        rows = db.execute(f"SELECT *, {PLACES[table]} FROM {table} ORDER BY 1").fetchall()
        names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if not row[5]]
        all_names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        first = which * (len(rows) - 2) // 2
        pair, chosen = rows[first : first + 2], where(db, table)
        if table == "ev":  # two rows of one stream and version cannot stand there, even so briefly
            db.execute("UPDATE ev SET originator_version = -pos WHERE pos IN (?, ?)", _keys(pair))
        for to, of in (pair, pair[::-1]):
            sets = ", ".join(f"{name} = ?" for name in names)
            values = [of[all_names.index(name)] for name in names]
            key = [to[all_names.index(name)] for name in primary_key(db, table).split(", ")]
            db.execute(f"UPDATE {table} SET {sets} WHERE {chosen}", (*values, *key))
    finding = finding_of(copy)
    places = {row[-1] for row in pair}
    if table == "tile":
        assert finding.position is not None
    else:
        assert finding.position in places, finding


def _keys(pair: list[Any]) -> tuple[Any, ...]:
    return tuple(row[0] for row in pair)


# --- the end of the log --------------------------------------------------------------------------


def truncate(db: sqlite3.Connection, size: int) -> None:
    """Cut the log off behind a size, as if the rest had never been."""
    for table in ("ev", "cmd", "claim"):
        db.execute(f"DELETE FROM {table} WHERE pos > ?", (size,))
    db.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
    db.execute("UPDATE log_head SET size = ?", (size,))
    db.execute("DELETE FROM tile WHERE (n * 256) << (8 * level) >= ?", (size,))
    db.execute("DELETE FROM tile WHERE level > 0 AND ? < 256", (size,))


def test_events_cut_off_the_end_are_named(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        db.execute("DELETE FROM ev WHERE pos > 290")
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == ("event", 291, "position_missing")


def test_a_tail_that_was_cut_off_everywhere_is_missed_by_the_signers_state(
    ledger: Path, copy: Path
) -> None:
    with attacking(ledger, copy) as db:
        (signed,) = db.execute("SELECT max(size) FROM checkpoint WHERE size < 256").fetchone()
        truncate(db, signed)
        # The tile is narrower again, as it was then.
        db.execute("UPDATE tile SET hashes = substr(hashes, 1, ?)", (signed * 32,))
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == (
        "signer's state",
        signed + 1,
        "log_rolled_back",
    )
    # The file alone cannot show it, and the audit of it alone says so.
    report = audited(copy, state=False)
    assert report.verdict == "verified"
    assert "cut off together" in report.notes[0]


def test_a_signers_state_of_another_tree_is_named(ledger: Path, copy: Path) -> None:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "log-state.sqlite")) as db:
        (text,) = db.execute("SELECT text FROM signed").fetchone()
        origin, size, _ = text.splitlines()
        db.execute("UPDATE signed SET text = ?", (f"{origin}\n{size}\n{'A' * 43}=\n",))
        db.commit()
    finding = finding_of(copy)
    assert (finding.part, finding.code) == ("signer's state", "log_forked")


@pytest.mark.parametrize("text", ["", "garbage", "a\nb\nc\n"])
def test_a_signers_state_that_is_none_is_named(ledger: Path, copy: Path, text: str) -> None:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "log-state.sqlite")) as db:
        db.execute("UPDATE signed SET text = ?", (text,))
        db.commit()
    assert finding_of(copy).code == "state_malformed"


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


# --- files that are no logs ----------------------------------------------------------------------


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
            for value in (None, "text", 1.5, b""):
                db.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = 3", (value,))
                assert audited(copy).verdict == "invalid", (name, value)
            db.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = 3", (before,))
