"""What restores lost of older checkpoints and receipts."""

import pytest

from ledger.tlog.checkpoint import Checkpoint
from ledger.verify.lost import compare_restored
from ledger.verify.report import VerifiedRestoration
from ledger.verify.report_words import told_restoration

ORIGIN = "ledger.example/approvals"
AT = "2026-11-21T03:04:05.678Z"


def restored(epoch: int, kept: int, lost: int | None) -> VerifiedRestoration:
    reason = "The disk failed."
    return VerifiedRestoration(kept + 1, AT, epoch, f"{ORIGIN}/{epoch}", kept, lost, reason)


FIRST, SECOND = restored(1, 10, 20), restored(2, 30, 40)


def point(size: int, epoch: int = 0) -> Checkpoint:
    return Checkpoint(ORIGIN if epoch == 0 else f"{ORIGIN}/{epoch}", size, bytes(32))


@pytest.mark.parametrize(
    ("older", "position", "outcome"),
    [
        (point(10), None, None),
        (point(10), 10, None),
        (point(11), None, "lost"),
        (point(20), 11, "lost"),
        (point(20), 10, "unproven"),
        (point(21), None, "lost"),
        (point(25, 1), None, None),
        (point(30, 1), None, None),
        (point(31, 1), None, "lost"),
        (point(50, 2), None, None),
    ],
)
def test_a_tree_is_lost_if_a_later_restore_kept_less(
    older: Checkpoint, position: int | None, outcome: str | None
) -> None:
    found = compare_restored(older, position, [FIRST, SECOND])
    assert (None if found is None else found.outcome) == outcome


def test_a_loss_that_the_restore_does_not_admit_is_told() -> None:
    found = compare_restored(point(21), None, [FIRST])
    assert found is not None
    assert found.says.endswith("the ledger admits no more than 20 entries")
    admitted = compare_restored(point(20), None, [FIRST])
    assert admitted is not None
    assert "admits" not in admitted.says


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (20, "entries 11 to 20 were lost"),
        (11, "entry 11 was lost"),
        (9, "another tree of 9 entries was signed and lost"),
        (None, "nothing is known to be lost"),
    ],
)
def test_a_restore_is_told_in_one_sentence(lost: int | None, words: str) -> None:
    assert told_restoration(restored(1, 10, lost)) == (
        f"At position 11, {AT}, the ledger was restored from a backup: {words}."
        f" The log goes on as {ORIGIN}/1."
    )
