"""Suspensions by one person, and the code with which an auditor refuses the last event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import compromise, signing_keys
from ledger.domain.events import PersonSuspended
from ledger.domain.held_passkeys import add_passkey
from ledger.domain.person import Person
from tests.support.chronicle import FOUNDING
from tests.support.fixed_keys import fixed_passkey
from tests.support.keys import ed25519_key
from tests.support.signers import LEDGER, NONCE, PARTY, Signer
from tests.vectors.changes.company import Company, governance, stand


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


def _while_active(told: Company) -> Person:
    """Return Ivy as if nobody had suspended or deactivated her."""
    ivy = told.auditor.people[UUID(told.ivy.user)]
    return msgspec.structs.replace(ivy, standing="active")


def adds_a_passkey(told: Company) -> None:
    new = fixed_passkey(44)
    ivy, active = told.ivy, _while_active(told)
    asked, own = ivy.addition(new)
    told.add(ivy.user, add_passkey(active, told.shown(ivy, new), asked, own))


def attests_a_key(told: Company) -> None:
    ivy, active = told.ivy, _while_active(told)
    new = ivy.submission(ed25519_key(44))
    told.add(
        ivy.user,
        signing_keys.attest_key(
            active, new, nonce=NONCE, party=PARTY, ledger=LEDGER, now_ms=told.time.ms
        ),
    )


def declares_a_compromise(told: Company) -> None:
    ivy, active = told.ivy, _while_active(told)
    act = ivy.act("declare-compromise", kid=ivy.key.kid, since=str(told.time))
    told.add(ivy.user, compromise.declare(active, ivy.confirmed(act)))


def ends_a_key_since(told: Company, since: str | None) -> None:
    ivy, active = told.ivy, _while_active(told)
    dated: dict[str, Any] = {} if since is None else {"compromisedSince": since}
    act = ivy.act("revoke-key", kid=ivy.key.kid, **dated)
    asked = ivy.confirmed(act)
    if since is None:
        asked = asked._replace(assertion=None)
    told.add(ivy.user, signing_keys.revoke_key(active, ivy.key.kid, asked))


LEFT: dict[str, tuple[Callable[[Company], None], str | None, str | None]] = {
    "adds a passkey": (adds_a_passkey, "person_suspended", "person_deactivated"),
    "attests a key": (attests_a_key, "person_suspended", "person_deactivated"),
    "declares a compromise": (declares_a_compromise, "person_suspended", "person_deactivated"),
    "ends a key since a time": (
        lambda told: ends_a_key_since(told, str(told.time)),
        "person_suspended",
        "person_deactivated",
    ),
    "ends a key": (lambda told: ends_a_key_since(told, None), None, "person_deactivated"),
}


def _after(how: str, does: Callable[[Company], None]) -> Callable[[Company], None]:
    def told_so(told: Company) -> None:
        told.change(told.ada, 2, stand(how, told.ivy))
        does(told)

    return told_so


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
    **{
        f"somebody suspended {what}": (_after("suspend", does), code)
        for what, (does, code, _) in LEFT.items()
    },
    **{
        f"somebody deactivated {what}": (_after("deactivate", does), code)
        for what, (does, _, code) in LEFT.items()
    },
}
