"""The cases of ledgers that were restored from a backup."""

from functools import partial

from tests.vectors.conformance import restored
from tests.vectors.conformance.case import PERSON, TREE, USES, case, no

GENUINE = (
    case("genuine-restored", "A statement, approved after a restore that lost nothing.",
         partial(restored.told, "a statement is approved after a restore that lost nothing"),
         key="restored"),
    case("genuine-after-a-loss", "A new version, approved with a key that was reaffirmed.",
         partial(restored.told, "a new version of a statement that was approved before a loss",
                 "full", 6), key="restored"),
    case("genuine-late", "A change that a restore had lost, recorded late: it erases again.",
         partial(restored.late, "a statement is erased again"), key="restored"),
)  # fmt: skip

REFUSED = (
    case("restore-kept", "A restore keeps another tree than the entries before it.",
         restored.another_kept,
         no(TREE, "roots[tree.size] != tree.root"), key="restored"),
    case("restore-origin", "A restore begins the origin of another epoch than its own.",
         restored.another_origin,
         no("domain/restoration.py", "act.origin != log_origin(charter.ledger, act.epoch)"),
         key="second"),
    case("restore-old-key", "The key of before a restore signed the tree after it.",
         restored.by_the_old_key,
         no("tlog/checkpoint.py", "note.checkpoint.origin != expected_origin"),
         ("domain/log_key.py", "return self.first_size <= size and (self.last_size is None or size"
                               " <= self.last_size)", "return True")),
    case("loss-key", "A key from before a loss approved, and nobody had reaffirmed it.",
         restored.unaffirmed, no(PERSON, "key.unaffirmed and not unaffirmed"), key="restored"),
    case("loss-pending", "A statement that waited at a loss was approved after it.",
         partial(restored.told, "a statement that waited at a loss is approved"),
         ("domain/decision_context.py",
          "return stops(self.types, statement.type) or self.precedes_loss(statement)",
          "return stops(self.types, statement.type)"), key="restored"),
    case("loss-use", "A statement from before a loss was used after it.",
         partial(restored.told, "a statement that was approved before a loss is used"),
         no(USES, "decision.precedes_loss(statement)"), key="restored"),
    case("late-sooner", "A late act was signed before the newest event that the restore kept.",
         restored.late_sooner,
         no("domain/late_acts.py", "not kept_ms - clock.SKEW_MS <= at_ms <= restored_ms"),
         key="restored"),
    case("late-between", "Something else was recorded between a restore and a late act.",
         restored.late_between,
         no("verify/late_order.py", "self._next is None or (complete and self._next != position)"),
         key="restored"),
)  # fmt: skip
