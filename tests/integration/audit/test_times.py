"""Times along the log: the audit reports one that decreases, and one later than others saw it."""

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from ledger import clock
from ledger.audit.endorsements import EndorsementCheck
from ledger.audit.positions import find_position
from ledger.domain.entry import entry_hash, entry_ms, stamped
from ledger.errors import CorruptError
from ledger.store.engines import audited_log
from ledger.tlog.checkpoint import parse_note, sign_lines
from tests.support.audited import LOG, WITNESSES, attacking, audited, finding_of, trusted
from tests.support.refusals import refused

FIVE_MINUTES_MS = 300_000


def move(db: sqlite3.Connection, position: int, by_ms: int) -> int:
    """Give an event another time, and its row the hash of what it is then; return the time."""
    (raw,) = db.execute("SELECT entry FROM ev WHERE pos = ?", (position,)).fetchone()
    moved_ms = entry_ms(raw) + by_ms
    moved = stamped(raw, clock.to_text(moved_ms))
    values = (moved, entry_hash(moved), position)
    db.execute("UPDATE ev SET entry = ?, leaf = ? WHERE pos = ?", values)
    return moved_ms


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_event_that_is_before_the_one_it_follows_is_named(
    ledger: Path, copy: Path, jobs: int
) -> None:
    with attacking(ledger, copy) as db:
        move(db, 290, -1)
    finding = finding_of(copy, jobs=jobs)
    assert (finding.part, finding.position, finding.code) == ("event", 290, "time_backwards")


def _first_after_people(db: sqlite3.Connection) -> int:
    """Return the position of a statement's event that is before people's only, if it moves."""
    rows = db.execute("SELECT pos, tag LIKE 'statement-%', entry FROM ev ORDER BY pos").fetchall()
    newest_ms, found = 0, []  # of the statements' events so far
    for (_, before, earlier), (position, about, raw) in pairwise(rows):
        moves = about and not before and newest_ms < entry_ms(raw) == entry_ms(earlier)
        found += [position] if moves else []
        newest_ms = entry_ms(raw) if about else newest_ms
    return int(found[0])


def test_an_event_that_is_before_one_of_another_share_is_named(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        position = _first_after_people(db)
        move(db, position, -1)
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == ("event", position, "time_backwards")


def test_a_head_with_another_time_than_the_newest_events_is_named(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        db.execute("UPDATE log_head SET at_ms = at_ms + 1")
    finding = finding_of(copy)
    assert (finding.part, finding.code) == ("head", "head_mismatch")


def test_a_time_at_which_the_log_went_back_has_no_position(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        moved_ms = move(db, 290, -1)
    with closing(audited_log(str(copy / LOG)).open()) as rows:
        with refused(CorruptError, "time_backwards"):
            find_position(rows, clock.to_text(moved_ms))
        assert find_position(rows, clock.to_text(moved_ms + 1))[0] == 301


def _cosigned(db: sqlite3.Connection, *, before_ms: int) -> int:
    """Cosign the newest checkpoint this long before its newest event; return its size."""
    size, note = db.execute("SELECT size, note FROM checkpoint ORDER BY size DESC").fetchone()
    (raw,) = db.execute("SELECT entry FROM ev WHERE pos = ?", (size,)).fetchone()
    seen_s = (entry_ms(raw) - before_ms) // 1000
    line = sign_lines(parse_note(note).checkpoint, [WITNESSES[0]], now_s=seen_s)
    witness = f"{WITNESSES[0].key.name}+{WITNESSES[0].key.id.hex()}"
    query = "INSERT INTO cosignature(size, witness, line) VALUES(?, ?, ?)"
    db.execute(query, (size, witness, line))
    return int(size)


def test_an_event_that_is_over_five_minutes_later_than_a_cosignature_over_it_is_named(
    ledger: Path, copy: Path
) -> None:
    with attacking(ledger, copy) as db:
        size = _cosigned(db, before_ms=FIVE_MINUTES_MS + 1_000)
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == ("endorsement", size, "time_ahead")


def test_an_event_that_is_five_minutes_later_than_a_cosignature_over_it_is_none(
    ledger: Path, copy: Path
) -> None:
    with attacking(ledger, copy) as db:
        _cosigned(db, before_ms=FIVE_MINUTES_MS - 1_000)
    assert audited(copy).finding is None


def test_an_event_that_is_over_five_minutes_later_than_a_time_stamp_over_it_is_named(
    ledger: Path, copy: Path
) -> None:
    with attacking(ledger, copy) as db:
        size, seen = db.execute("SELECT size, time FROM stamp ORDER BY id").fetchone()
        (raw,) = db.execute("SELECT entry FROM ev WHERE pos = ?", (size,)).fetchone()
        move(db, size, clock.to_ms(seen) + FIVE_MINUTES_MS + 1 - entry_ms(raw))
    with closing(audited_log(str(copy / LOG)).open()) as rows:
        finding = EndorsementCheck(rows, trusted()).run(())
    assert finding is not None
    assert (finding.part, finding.position, finding.code) == ("endorsement", size, "time_ahead")
