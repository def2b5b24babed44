"""Suspensions by one person, and the code with which an auditor refuses the last event."""

from collections.abc import Callable

from ledger.domain.events import PersonSuspended
from tests.support.chronicle import FOUNDING
from tests.support.signers import Signer
from tests.vectors.changes.company import Company, governance


def _suspend_unseen(told: Company, whom: Signer, by: Signer) -> None:
    """Append a suspension as the last event, whether or not `by` may suspend."""
    act = by.act("suspend", user=whom.user, reason="Left the company.")
    confirmation = by.confirm(act)
    body = PersonSuspended(
        user=whom.user,
        reason="Left the company.",
        by=by.user,
        kid=by.key.kid,
        act=act,
        assertion=confirmation,
        sign_count=by.passkey.sign_count,
    )
    told.add(whom.user, body)


def _govern_by_ada_and_cal(told: Company) -> None:
    rules = {"threshold": 1, "of": [f"user:{told.ada.user}", f"user:{told.cal.user}"]}
    told.change(told.ada, 2, governance(rules, FOUNDING))


def suspended_by_a_creator(told: Company) -> None:
    _suspend_unseen(told, told.ivy, by=told.cal)


def an_administrator_suspended(told: Company) -> None:
    _suspend_unseen(told, told.ben, by=told.ada)


def suspended_by_a_creator_whom_governance_names(told: Company) -> None:
    _govern_by_ada_and_cal(told)
    _suspend_unseen(told, told.ivy, by=told.cal)


def a_creator_suspended_whom_governance_names(told: Company) -> None:
    _govern_by_ada_and_cal(told)
    _suspend_unseen(told, told.cal, by=told.ada)


def suspended_by_an_administrator_whom_governance_leaves_out(told: Company) -> None:
    _govern_by_ada_and_cal(told)
    _suspend_unseen(told, told.ivy, by=told.ben)


def an_administrator_suspended_whom_governance_leaves_out(told: Company) -> None:
    _govern_by_ada_and_cal(told)
    _suspend_unseen(told, told.ben, by=told.ada)


SUSPENSIONS: dict[str, tuple[Callable[[Company], None], str | None]] = {
    "a suspension by a creator": (suspended_by_a_creator, "governance_only"),
    "a suspension of an administrator": (an_administrator_suspended, "suspension_needs_change"),
    "a suspension by a creator whom governance names": (
        suspended_by_a_creator_whom_governance_names,
        None,
    ),
    "a suspension of a creator whom governance names": (
        a_creator_suspended_whom_governance_names,
        "suspension_needs_change",
    ),
    "a suspension by an administrator whom governance leaves out": (
        suspended_by_an_administrator_whom_governance_leaves_out,
        "governance_only",
    ),
    "a suspension of an administrator whom governance leaves out": (
        an_administrator_suspended_whom_governance_leaves_out,
        None,
    ),
}
