"""Checkpoints against an attacker who makes every hash of the file right again."""

from pathlib import Path

import pytest

from ledger import clock
from ledger.domain import entry, events
from tests.support.audited import SIZE, attacking, audited, finding_of
from tests.support.forgery import resealed
from tests.support.states import replace_state, state_at


def test_every_checkpoint_has_the_lines_of_both_keys(ledger: Path, copy: Path) -> None:
    with attacking(ledger, copy) as db:
        notes = db.execute("SELECT note FROM checkpoint").fetchall()
    assert {note.partition(b"\n\n")[2].count(b"\n") for (note,) in notes} == {2}
    assert audited(copy).finding is None


@pytest.mark.parametrize("left", [0, 1])
def test_a_checkpoint_without_the_line_of_one_key_is_named(
    ledger: Path, copy: Path, left: int
) -> None:
    with attacking(ledger, copy) as db:
        size, note = db.execute("SELECT max(size), note FROM checkpoint").fetchone()
        text, _, lines = note.partition(b"\n\n")
        line = lines.splitlines(keepends=True)[left]
        cut = text + b"\n\n" + line
        db.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (cut, size))
    finding = finding_of(copy)
    assert (finding.part, finding.position, finding.code) == (
        "checkpoint",
        size,
        "checkpoint_mismatch",
    )


def test_another_history_whose_hashes_are_right_is_not_the_one_that_was_signed(
    ledger: Path, copy: Path
) -> None:
    """The time of an event changes by a millisecond, which its evidence allows."""
    position = SIZE
    with attacking(ledger, copy) as db:
        db.execute("UPDATE log_head SET at_ms = at_ms + 1")
        state = state_at(db, position)
        later = clock.to_text(clock.to_ms(events.decode(state).at) + 1)
        forged = resealed(state, at=later)
        leaf = entry.leaf_hash(forged)
        replace_state(db, position, forged)
        ((hashes,),) = db.execute("SELECT hashes FROM tile WHERE level = 0 AND n = 1").fetchall()
        at = (position - 1 - 256) * 32
        mended = hashes[:at] + leaf + hashes[at + 32 :]
        db.execute("UPDATE tile SET hashes = ? WHERE level = 0 AND n = 1", (mended,))
        ((signed,),) = db.execute("SELECT min(size) FROM checkpoint WHERE size >= 301").fetchall()
    finding = finding_of(copy, memory=False)
    assert (finding.part, finding.position, finding.code) == ("checkpoint", signed, "log_forked")
