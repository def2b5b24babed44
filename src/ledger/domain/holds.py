"""Holds: a change keeps a statement or a name from being erased, until another releases it. Pure.

A hold is on exactly what it names. One on a statement keeps the bodies of its events; who is to
keep the names of the people in it places a hold on each of them, which one change can do. So the
ledger's own stream says all that is held, and every verifier has that stream.
"""

from ledger.domain.changes.evidence_items import Hold, ReleaseHold
from ledger.domain.charter import Charter
from ledger.domain.events import HoldPlaced, HoldReleased
from ledger.domain.person_state import Person
from ledger.domain.statement import Statement
from ledger.domain.vocabulary import HeldKind
from ledger.errors import ConflictError


def place(
    change: str, item: Hold, rules: Charter, subject: Statement | Person | None
) -> HoldPlaced:
    """Return the event of a hold on a statement or a person's name.

    `subject` is None where the evidence leaves it out. Raises ConflictError `change_no_effect` if
    it is held or erased already, or a change, which nobody can erase.
    """
    kind, held = item.subject
    if (kind, held) in rules.held:
        raise _no_effect("it is held already")
    if isinstance(subject, Statement):
        if subject.items is not None:
            raise _no_effect("nobody can erase a change")
        if subject.erased_by is not None:
            raise _no_effect("the statement is erased")
    elif subject is not None and subject.name_erased_by is not None:
        raise _no_effect("the name is erased")
    return HoldPlaced(change, kind, held)


def release(change: str, item: ReleaseHold, rules: Charter) -> HoldReleased:
    """Return the event of a release; raise ConflictError `change_no_effect` if nothing is held."""
    kind, held = item.subject
    if (kind, held) not in rules.held:
        raise _no_effect("it is not held")
    return HoldReleased(change, kind, held)


def require_free(rules: Charter, kind: HeldKind, subject: str) -> None:
    """Raise ConflictError `on_hold` if a hold keeps a statement or a person's name from erasure."""
    if (kind, subject) in rules.held:
        raise ConflictError("on_hold", "a hold keeps this from being erased: release it first")


def _no_effect(why: str) -> ConflictError:
    return ConflictError("change_no_effect", f"an item of this change does nothing: {why}")
