"""What the restores of a log kept of an older checkpoint or receipt. Pure."""

from collections.abc import Sequence

import msgspec

from ledger.encoding import b64_decode
from ledger.errors import RefusedError, UnverifiableError
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.compare import Comparison
from ledger.verify.report import Checks, VerificationReport, VerifiedRestoration, verdict


def compare_restored(
    older: Checkpoint, position: int | None, restorations: Sequence[VerifiedRestoration]
) -> Comparison | None:
    """Return what a restore lost of an older checkpoint; None if every restore kept its tree.

    `position` is that of a receipt's entry, None for a checkpoint alone. `restorations` are all of
    the log, as a newer bundle proves them.
    """
    origins = [each.origin for each in restorations]
    first = origins.index(older.origin) + 1 if older.origin in origins else 0
    for restored in restorations[first:]:
        if older.size <= restored.kept:
            continue
        if position is not None and position <= restored.kept:
            detail = (
                f"position {position:,} was kept in the restore at position"
                f" {restored.position:,}, but the receipt's checkpoint of {older.size:,} entries"
                " was not: ask for a new receipt, which proves it"
            )
            return Comparison("unproven", detail)
        return Comparison("lost", _lost_words(older, position, restored))
    return None


def _lost_words(older: Checkpoint, position: int | None, restored: VerifiedRestoration) -> str:
    what = f"the tree of {older.size:,} entries" if position is None else f"position {position:,}"
    told = f"{what} was signed, and was lost in the restore at position {restored.position:,}"
    if isinstance(restored.lost, int) and older.size > restored.lost:
        told += f"; the ledger admits no more than {restored.lost:,} entries"
    return told


def with_restores(
    older: VerificationReport, later: VerificationReport, position: int | None = None
) -> VerificationReport:
    """Return the report of older evidence with a check against the restores of a later bundle.

    `position` is that of a receipt. The check fails with `position_lost` if a restore lost it, or
    without it the tree that the older evidence shows. It is open unless the later bundle is
    verified (`bundle_unverified`), and if a restore kept a receipt's position but not its tree
    (`receipt_outdated`).
    """
    if older.ledger is None or older.size is None or older.root is None:
        return older
    tree = Checkpoint(older.ledger, older.size, b64_decode(older.root))
    checks = Checks(older.checks)
    checks.make("restores", lambda found: _kept(found, position, later), tree)
    made = tuple(checks.made)
    return msgspec.structs.replace(older, checks=made, verdict=verdict(made, older.statements))


def _kept(older: Checkpoint, position: int | None, later: VerificationReport) -> tuple[str, bool]:
    if later.verdict not in ("verified", "in_question"):
        detail = "the later bundle is not verified with these keys: verify it first"
        raise UnverifiableError("bundle_unverified", detail)
    found = compare_restored(older, position, later.restorations)
    if found is not None and found.outcome == "unproven":
        raise UnverifiableError("receipt_outdated", found.says)
    if found is not None:
        raise RefusedError("position_lost", found.says)
    return f"No restore up to position {later.size:,} lost any of these entries.", True
