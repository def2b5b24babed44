"""What people do before and in the lost part of a log: what they make, and what erases it."""

from tests.support.changes import invite
from tests.support.chronicle import statement_id
from tests.vectors.changes.company import OTHER_INVITATION, SOON, TWO, Item
from tests.vectors.losses.aftermath import LINK, Aftermath
from tests.vectors.uses.tries import NONCE, OTHER

ERASED = statement_id(5)


def final(it: Aftermath) -> None:
    waits(it)
    it.sign(it.cal, it.cal.shared(it.raw), it.raw)


def waits(it: Aftermath) -> None:
    it.raw = it.draft(it.cal, 5, policy=it.by_cal())


def gone(it: Aftermath) -> None:
    it.change(it.ada, 8, {"deactivate": {"user": it.ivy.user}})


def held(it: Aftermath) -> None:
    it.change(it.ada, 8, {"hold": {"statement": ERASED}})


def released_and_erased(it: Aftermath) -> None:
    it.change(it.ada, 7, {"release-hold": {"statement": ERASED}})
    ada_erases(it)


def changes_governance_and_erases(it: Aftermath) -> None:
    it.govern_by_two()
    both_erase(it)


def erase(status: str = "approved") -> Item:
    return {"erase": {"statement": ERASED, "status": status}}


def ada_erases(it: Aftermath, *more: Item) -> None:
    it.change(it.ada, 9, erase(), *more)


def invites_too(it: Aftermath) -> None:
    ada_erases(it, invite(LINK, "investor", SOON, invitation=OTHER_INVITATION))


def erases_a_name(it: Aftermath) -> None:
    it.change(it.ada, 9, {"erase": {"name": it.ivy.user}})


def erases_what_was_approved(it: Aftermath) -> None:
    it.sign(it.cal, it.cal.shared(it.raw), it.raw)
    ada_erases(it)


def erases_what_was_used_up(it: Aftermath) -> None:
    it.use_statement(it.ivy, it.raw, NONCE)
    it.use_statement(it.ivy, it.raw, OTHER)
    ada_erases(it)


def deactivates_and_erases_a_name(it: Aftermath) -> None:
    gone(it)
    erases_a_name(it)


def drafts_and_erases(it: Aftermath) -> None:
    final(it)
    ada_erases(it)


def both_erase(it: Aftermath) -> None:
    raw = it.change(it.ada, 9, erase(), governance=TWO)
    it.approve_change(it.ben, raw)


def ada_begins(it: Aftermath) -> None:
    it.raw = it.change(it.ada, 9, erase(), governance=TWO)


def ben_completes(it: Aftermath) -> None:
    it.approve_change(it.ben, it.raw)
