"""What people try after a loss with statements from before it, and what an auditor says of it."""

from functools import partial

from ledger.domain.events import StatementDrafted, StatementWithdrawn
from tests.support.changes import invite
from tests.support.chronicle import FOUNDING, about, statement_id
from tests.support.document_end import ends_at
from tests.support.versions import copied
from tests.vectors.changes.company import OTHER_INVITATION, SOON, TWO, TWO_NODE, governance
from tests.vectors.losses.aftermath import LINK, Aftermath
from tests.vectors.losses.people import LOSE, NOTHING_LOST, Step, Tries, then
from tests.vectors.uses.tries import NONCE, OTHER


def pends(it: Aftermath) -> None:
    """Let Cal draft a statement that he may approve, and Ivy use."""
    it.raw = it.drafts(usable=it.usable(times=2))


def is_approved(it: Aftermath) -> None:
    it.raw = it.approves(usable=it.usable(times=2))


def is_used(it: Aftermath) -> None:
    is_approved(it)
    it.use_statement(it.ivy, it.raw, NONCE)


def a_change_pends(it: Aftermath) -> None:
    """Let Ada ask for an invitation; the change lacks Ben's approval."""
    it.govern_by_two()
    item = invite(LINK, "investor", SOON, invitation=OTHER_INVITATION)
    it.raw = it.begin(it.ada, item, governance=TWO)
    it.tell(statement_id(9), it.approval_of(it.ada, it.raw))


def ben_governs_again(it: Aftermath) -> None:
    it.reaffirms(it.ben)
    it.tell(it.ben.user, it.accepts(it.ben, TWO_NODE))


def governance_pends(it: Aftermath) -> None:
    it.raw = it.begin(it.ada, governance(TWO, FOUNDING, it.ada, it.ben))


def cal(it: Aftermath) -> None:
    it.reaffirms(it.cal)


def ivy(it: Aftermath) -> None:
    it.reaffirms()


def ada(it: Aftermath) -> None:
    it.reaffirms(it.ada)


def approves(it: Aftermath) -> None:
    it.add(statement_id(5), it.approval_of_plain(it.cal, it.raw, 5))


def approves_the_change(it: Aftermath) -> None:
    it.approve_unseen(it.ben, it.raw)


def withdraws(it: Aftermath) -> None:
    act = it.cal.act("withdraw", **about(it.raw))
    it.add(statement_id(5), StatementWithdrawn(it.cal.user, it.cal.key.kid, act))


def accepts_what_pends(it: Aftermath) -> None:
    it.add(it.ada.user, it.accepts(it.ada, TWO_NODE, statement_id(9)))


def uses(it: Aftermath, nonce: str) -> None:
    it.use_unseen(it.raw, nonce=nonce, number=2 if nonce == OTHER else 1)


def reports(it: Aftermath) -> None:
    it.report_unseen(it.raw, it.ivy, "done", confirmed=False)


def a_new_version(it: Aftermath) -> None:
    """Let Cal draft and approve a new version; its draft is before the last event."""
    newer = it.draft(it.cal, 6, policy=it.by_cal(), supersedes=copied(it.raw))
    it.sign(it.cal, it.cal.shared(newer), newer)


def is_approved_anew(it: Aftermath) -> None:
    it.raw = it.approves()


def drafts_again(*steps: Step) -> Step:
    """Let Cal's draft from before these steps be sent after them, as somebody who kept it could."""

    def told(it: Aftermath) -> None:
        raw = it.cal.document(statementId=statement_id(5), policy=it.by_cal())
        own = it.cal.user, it.cal.key.kid, it.cal.draft_act(raw)
        it.time.ms += 1000
        then(*steps)(it)
        body = StatementDrafted(raw.decode(), *own, ends_at(raw), read_by="everyone")
        it.add(statement_id(5), body)

    return told


def tries(*steps: Step, last: Step) -> Step:
    return then(*steps, last)


STATEMENTS: Tries = {
    "a statement that waited at a loss is approved": (
        tries(pends, LOSE, cal, last=approves),
        "statement_expired",
    ),
    "a statement is approved after a restore that lost nothing": (
        tries(pends, NOTHING_LOST, last=approves),
        None,
    ),
    "a statement that waited at a loss is withdrawn": (
        tries(pends, LOSE, cal, last=withdraws),
        "statement_expired",
    ),
    "a change that waited at a loss is approved": (
        tries(a_change_pends, LOSE, ben_governs_again, last=approves_the_change),
        "statement_expired",
    ),
    "a policy is accepted whose change waited at a loss": (
        tries(governance_pends, LOSE, ada, last=accepts_what_pends),
        "statement_expired",
    ),
    "a new version of a statement that waited at a loss": (
        tries(pends, LOSE, cal, last=a_new_version),
        None,
    ),
    "a new version of a statement that was approved before a loss": (
        tries(is_approved, LOSE, cal, last=a_new_version),
        None,
    ),
    "a statement that was approved before a loss is used": (
        tries(is_approved, LOSE, ivy, last=partial(uses, nonce=NONCE)),
        "uses_void",
    ),
    "a use is left of a statement at a loss": (
        tries(is_used, LOSE, ivy, last=partial(uses, nonce=OTHER)),
        "uses_void",
    ),
    "a use from before a loss is repeated": (
        tries(is_used, LOSE, ivy, last=partial(uses, nonce=NONCE)),
        "use_known",
    ),
    "the outcome of a use from before a loss is reported": (
        tries(is_used, LOSE, ivy, last=reports),
        None,
    ),
    "a statement is used after a restore that lost nothing": (
        tries(is_approved, NOTHING_LOST, last=partial(uses, nonce=NONCE)),
        None,
    ),
    "what was signed before a loss is drafted after it": (
        drafts_again(LOSE, cal),
        "document_time_stale",
    ),
    "what was signed before a restore that lost nothing is drafted after it": (
        drafts_again(NOTHING_LOST),
        None,
    ),
    "a statement that was drafted after a loss is used": (
        tries(LOSE, cal, ivy, is_approved_anew, last=partial(uses, nonce=NONCE)),
        None,
    ),
}
