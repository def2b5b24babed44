"""What an auditor says of late acts: a change that a restore lost, recorded again after it.

Each case has two logs that begin alike. In the first, which is lost, people make a change. The
second is restored from before that change, and records their acts late.
"""

from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.events import StatementDrafted
from tests.support.changes import invite
from tests.support.chronicle import FOUNDING, statement_id
from tests.support.document_end import ends_at
from tests.support.versions import copied
from tests.vectors.changes.company import OTHER_INVITATION, SOON, TWO, governance
from tests.vectors.losses.aftermath import LINK, Aftermath
from tests.vectors.losses.late_steps import (
    ERASED,
    ada_begins,
    ada_erases,
    ben_completes,
    both_erase,
    changes_governance_and_erases,
    deactivates_and_erases_a_name,
    drafts_and_erases,
    erase,
    erases_a_name,
    erases_what_was_approved,
    erases_what_was_used_up,
    final,
    gone,
    held,
    invites_too,
    released_and_erased,
    waits,
)
from tests.vectors.losses.lost_part import CHANGE, MINUTE_MS, Lost
from tests.vectors.losses.people import LOSE, NOTHING_LOST, Step, Tries, then
from tests.vectors.losses.statements import is_approved

TWO_GOVERN: Step = Aftermath.govern_by_two


def whole(*kept: Step, acts: Step, **changed: Any) -> Step:
    """Tell late acts; the last event is their effect, in which `changed` differs."""

    def told(it: Aftermath) -> None:
        lost = Lost(it, kept, acts)
        lost.restored()
        lost.tell(lost.acts)
        (effect,) = it.auditor.due
        it.add(effect.stream, msgspec.structs.replace(effect.body, **changed))

    return told


def begun(*kept: Step, acts: Step, last: Step) -> Step:
    """Tell the late draft and the drafter's late approval; something else is the last event."""

    def told(it: Aftermath) -> None:
        lost = Lost(it, kept, acts)
        lost.restored()
        lost.tell(lost.acts[:2])
        last(it)

    return told


def first(
    *kept: Step,
    acts: Step = ada_erases,
    lose: Step = LOSE,
    between: Step = lambda it: None,
    late: bool | msgspec.UnsetType = True,
) -> Step:
    """Append the first late act as the last event, which no auditor has seen."""

    def told(it: Aftermath) -> None:
        lost = Lost(it, kept, acts)
        lost.restored(lose)
        between(it)
        it.add(CHANGE, msgspec.structs.replace(lost.acts[0], late=late, seen={}))

    return told


def plain(it: Aftermath) -> None:
    """Append the late approval of a statement that is no change."""
    lost = Lost(it, (waits,), erases_what_was_approved)
    lost.restored()
    (signed,) = [each.body for each in lost.events if str(each.stream) == ERASED][:1]
    it.add(ERASED, msgspec.structs.replace(signed, late=True, seen={}))


def late_draft(it: Aftermath, raw: bytes, act: str) -> None:
    own, ends = (it.ada.user, it.ada.key.kid, act), ends_at(raw)
    body = StatementDrafted(raw.decode(), *own, ends, "ledger/change", "everyone", late=True)
    it.add(CHANGE, body)


def signed_before_the_backup(it: Aftermath) -> None:
    """Record late what Ada signed before the newest kept event, and nobody recorded then."""
    final(it)
    raw = it.ada.change(erase(), statementId=CHANGE)
    act = it.ada.draft_act(raw)
    it.time.ms += 6 * MINUTE_MS
    it.change(it.ada, 8, invite(LINK, "investor", SOON, invitation=OTHER_INVITATION))
    it.lose()
    late_draft(it, raw, act)


def states_what_it_never_was(it: Aftermath) -> None:
    """State of an approved statement that it was rejected; no later loss explains that."""
    final(it)
    raw = it.ada.change(erase("rejected"), statementId=CHANGE)
    act = it.ada.draft_act(raw)
    it.time.ms += MINUTE_MS
    it.lose()
    late_draft(it, raw, act)


def erases_what_was_superseded(it: Aftermath) -> None:
    new = it.draft(it.cal, 6, policy=it.by_cal(), supersedes=copied(it.raw))
    it.sign(it.cal, it.cal.shared(new), new)
    it.change(it.ada, 9, erase("superseded"))


def signed_after_the_restore(it: Aftermath) -> None:
    final(it)
    it.lose()
    it.time.ms += MINUTE_MS
    raw = it.ada.change(erase(), statementId=CHANGE)
    late_draft(it, raw, it.ada.draft_act(raw))


def ivy_reaffirms(it: Aftermath) -> None:
    it.reaffirms()


def ends_with_ivy(it: Aftermath) -> None:
    it.add(it.ivy.user, it.reaffirmation())


def erased_twice(it: Aftermath) -> None:
    """Erase Ivy's name late; the last event is the late draft of another change that does."""
    lost, other = Lost(it, (gone,), erases_a_name), Aftermath()
    then(gone)(other)
    other.draft_change(other.ada, 7, {"erase": {"name": other.ivy.user}})
    lost.restored()
    lost.retell()
    it.add(statement_id(7), msgspec.structs.replace(other.events[-1].body, late=True, seen={}))


def ben_asks_and_leaves(it: Aftermath) -> None:
    """Let Ben ask for an erasure, and the two who govern with him deactivate him."""
    it.change(it.ada, 6, invite(LINK, "administrator", SOON, invitation=OTHER_INVITATION))
    it.register_by(it.signer(6, "administrator"), "Dan", OTHER_INVITATION, LINK)
    it.change(it.ada, 2, governance(TWO, FOUNDING, it.ada, it.ben, it.people[-1]))
    it.raw = it.change(it.ben, 9, erase(), governance=TWO)
    raw = it.change(it.ada, 8, {"deactivate": {"user": it.ben.user}}, governance=TWO)
    it.approve_change(it.people[-1], raw)


def bens_name_and_what_he_asked(it: Aftermath) -> None:
    raw = it.change(it.ada, 7, {"erase": {"name": it.ben.user}}, governance=TWO)
    it.approve_change(it.people[-1], raw)
    it.approve_change(it.ada, it.raw)
    if it.auditor.statements[UUID(CHANGE)].status == "pending":
        it.approve_change(it.people[-1], it.raw)


def several(*kept: Step, acts: Step) -> Step:
    """Tell several changes late, with their effects."""

    def told(it: Aftermath) -> None:
        lost = Lost(it, kept, acts)
        lost.restored()
        lost.retell()

    return told


def revoked(it: Aftermath) -> None:
    lost = Lost(it, (final,), ada_erases)
    it.revoke(it.ada, it.ada.key.kid)
    lost.restored()
    it.add(CHANGE, msgspec.structs.replace(lost.acts[0], late=True, seen={}))


LATE: Tries = {
    "late: a statement is erased again": (whole(final, acts=ada_erases), None),
    "late: a name is erased again": (whole(gone, acts=erases_a_name), None),
    "late: two changes erase one name": (erased_twice, "change_no_effect"),
    "late: somebody whose name another late change erases has approved": (
        several(final, ben_asks_and_leaves, acts=bens_name_and_what_he_asked),
        None,
    ),
    "late: two people's approvals erase": (whole(final, TWO_GOVERN, acts=both_erase), None),
    "late: an approval completes what waited at the loss": (
        whole(final, TWO_GOVERN, ada_begins, acts=ben_completes),
        None,
    ),
    "late: what was approved in the lost part is erased as expired": (
        whole(waits, acts=erases_what_was_approved),
        None,
    ),
    "late: what was superseded in the lost part is erased as approved": (
        whole(final, acts=erases_what_was_superseded),
        None,
    ),
    "late: the change states what no loss explains": (
        states_what_it_never_was,
        "change_outdated",
    ),
    "late: uses that were left are void, and stop no erasure": (
        whole(is_approved, acts=erases_what_was_used_up),
        None,
    ),
    "late: the effect states another status": (
        whole(final, acts=ada_erases, status="expired"),
        "decision_mismatch",
    ),
    "late: a statement is erased that states another status": (
        whole(waits, acts=erases_what_was_approved, status="approved"),
        "decision_mismatch",
    ),
    "late: the effect is missing": (
        begun(final, acts=ada_erases, last=ends_with_ivy),
        "effects_missing",
    ),
    "late: an approval is missing": (
        begun(final, TWO_GOVERN, acts=both_erase, last=ends_with_ivy),
        "late_incomplete",
    ),
    "late: the restore lost nothing": (first(final, lose=NOTHING_LOST), "late_misplaced"),
    "late: there was no restore": (first(final, lose=lambda _: None), "late_misplaced"),
    "late: somebody acted since the restore": (
        first(final, between=ivy_reaffirms),
        "late_misplaced",
    ),
    "late: signed before the newest event that was kept": (signed_before_the_backup, "iat_stale"),
    "late: signed after the restore": (signed_after_the_restore, "iat_stale"),
    "late: it is said to be no late act": (first(final, late=False), "decision_mismatch"),
    "late: it is recorded as any other act": (
        first(final, late=msgspec.UNSET),
        "reaffirmation_required",
    ),
    "late: a change that does something else": (first(final, acts=invites_too), "late_refused"),
    "late: a statement that is no change": (plain, "late_refused"),
    "late: the statement is on hold": (
        first(final, held, acts=released_and_erased),
        "on_hold",
    ),
    "late: governance was changed in the lost part": (
        first(final, acts=changes_governance_and_erases),
        "governance_changed",
    ),
    "late: the person was deactivated in the lost part": (
        first(acts=deactivates_and_erases_a_name),
        "not_erasable",
    ),
    "late: the statement was drafted in the lost part": (
        first(acts=drafts_and_erases),
        "statement_unknown",
    ),
    "late: the key was revoked before the loss": (revoked, "key_revoked"),
}
