"""The end of a log is cut off, or the signer's memory is of another log: the audit names it."""
# ruff: noqa: S608 (names of tables and columns, from the file itself)

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.domain.entry import entry_ms
from tests.support.audited import attacking, audited, finding_of


def truncate(db: sqlite3.Connection, size: int) -> None:
    """Truncate the log to a size, as if the rest had never existed."""
    for table in ("ev", "body", "cmd", "claim", "member", "erased"):
        db.execute(f"DELETE FROM {table} WHERE pos > ?", (size,))
    db.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
    (raw,) = db.execute("SELECT entry FROM ev WHERE pos = ?", (size,)).fetchone()
    db.execute("UPDATE log_head SET size = ?, at_ms = ?", (size, entry_ms(raw)))
    db.execute("DELETE FROM tile WHERE (n * 256) << (8 * level) >= ?", (size,))
    db.execute("DELETE FROM tile WHERE level > 0 AND ? < 256", (size,))


def test_events_cut_off_the_end_are_named(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        db.execute("DELETE FROM ev WHERE pos > 290")
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == ("event", 291, "position_missing")


def test_a_tail_that_was_cut_off_everywhere_is_missed_by_the_signers_memory(
    ledger: Path, copy: Path
) -> None:
    with attacking(ledger, copy) as db:
        (signed,) = db.execute("SELECT max(size) FROM checkpoint WHERE size < 256").fetchone()
        truncate(db, signed)
        # The tile is narrower again, as it was then.
        db.execute("UPDATE tile SET hashes = substr(hashes, 1, ?)", (signed * 32,))
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == (
        "signer's memory",
        signed + 1,
        "log_rolled_back",
    )
    # The file alone cannot show it, and the audit of it alone says so.
    report = audited(copy, memory=False)
    assert report.verdict == "verified"
    assert "removed together" in report.notes[0]


def test_a_signers_memory_of_another_tree_is_named(ledger: Path, copy: Path) -> None:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "signer-memory.sqlite")) as db:
        (text,) = db.execute("SELECT text FROM signed").fetchone()
        origin, size, _ = text.splitlines()
        db.execute("UPDATE signed SET text = ?", (f"{origin}\n{size}\n{'A' * 43}=\n",))
        db.commit()
    finding = finding_of(copy)
    assert (finding.part, finding.code) == ("signer's memory", "log_forked")


@pytest.mark.parametrize("text", ["", "garbage", "a\nb\nc\n"])
def test_a_signers_memory_that_is_none_is_named(ledger: Path, copy: Path, text: str) -> None:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "signer-memory.sqlite")) as db:
        db.execute("UPDATE signed SET text = ?", (text,))
        db.commit()
    assert finding_of(copy).code == "memory_malformed"


def test_a_signers_memory_that_was_emptied_is_told(ledger: Path, copy: Path) -> None:
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "signer-memory.sqlite")) as db, db:
        db.execute("DELETE FROM signed")
    report = audited(copy)
    assert (report.verdict, "it was emptied" in " ".join(report.notes)) == ("verified", True)


def test_checkpoints_that_were_all_removed_are_told(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        for table in ("checkpoint", "cosignature", "stamp", "tile"):
            db.execute(f"DELETE FROM {table}")
    report = audited(copy)
    told = " ".join(report.notes)
    assert report.verdict == "unverifiable"
    assert "was signed and is not in the log: it was removed" in told
    assert "or checkpoints were removed" in told


def test_the_newest_checkpoint_that_was_removed_is_told(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        (newest,) = db.execute("SELECT max(size) FROM checkpoint").fetchone()
        for table in ("checkpoint", "cosignature", "stamp"):
            db.execute(f"DELETE FROM {table} WHERE size = ?", (newest,))
    report = audited(copy)
    assert report.verdict == "stale"
    assert f"A checkpoint of {newest:,} entries was signed and is not in the log" in report.notes[0]
