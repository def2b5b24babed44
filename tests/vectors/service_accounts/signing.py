"""What programs try to sign with the keys of service accounts: the last event of each log."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from ledger import clock
from ledger.domain.events import (
    ApprovalRetracted,
    StatementRejected,
    StatementWithdrawn,
)
from tests.support.chronicle import about, statement_id
from tests.support.type_definitions import POLICY, define, definition, stated
from tests.support.versions import copied
from tests.vectors.service_accounts.tries import BEYOND, ROBOT, Automated, Tries
from tests.vectors.uses.tries import NONCE as USE

OFFER = definition(name="offer", usable={"by": ["role:investor"], "times": 2})


def drafted(told: Automated, scope: dict[str, Any], **members: Any) -> None:
    told.accounts(**scope)
    told.drafted_unseen(**members)


def drafted_of_a_type(told: Automated, *types: str) -> None:
    told.change(told.ada, 3, define(OFFER))
    told.accounts(types=types or ("another",), untyped=not types)
    usable = {"by": ["role:investor"], "times": 2}
    said = {"content": '{"amount":"100"}', "policy": POLICY, "type": stated(OFFER)}
    told.drafted_unseen(**said, usable=usable)


def drafted_after(told: Automated, what: Callable[[Automated], object]) -> None:
    told.accounts()
    what(told)
    told.drafted_unseen()


def drafted_at_the_end(told: Automated, more_ms: int) -> None:
    ends_ms = told.time.ms + 3_600_000
    told.accounts(expires_at=clock.to_text(ends_ms))
    told.time.ms = ends_ms + more_ms
    told.drafted_unseen()


def drafted_a_change(told: Automated) -> None:
    told.add_service(told.ada, ROBOT)
    told.ada.key = ROBOT
    told.draft_unseen(told.ada, {"define-role": {"role": "legal"}})


def drafted_a_new_version(told: Automated) -> None:
    told.accounts()
    raw = told.drafts(usable=None)
    told.drafted_unseen(supersedes=copied(raw))


def signed(told: Automated) -> None:
    """An account approves what its owner may approve."""
    told.accounts()
    raw = told.drafts()
    body = told.approval_of_plain(told.cal, raw, 5)
    told.cal.key = ROBOT
    changes = {"jws": told.cal.shared(raw), "kid": ROBOT.kid}
    told.add(statement_id(5), msgspec.structs.replace(body, **changes))


def signed_alone(told: Automated) -> None:
    """An account approves in the individual form."""
    told.accounts()
    raw = told.drafts(usable=None)
    body = told.approval_of_plain(told.cal, raw, 5)
    told.cal.key = ROBOT
    changes = {"jws": told.cal.individual(raw), "kid": ROBOT.kid, "form": "individual"}
    told.add(statement_id(5), msgspec.structs.replace(body, **changes))


def rejected(told: Automated) -> None:
    told.accounts()
    raw = told.drafts()
    told.cal.key = ROBOT
    act = told.cal.act("reject", **about(raw), reason="The amount is too low.")
    body = StatementRejected(
        signer=told.cal.user,
        kid=ROBOT.kid,
        roles=("creator",),
        reason="The amount is too low.",
        iat=told.time.ms // 1000,
        status="rejected",
        act=act,
    )
    told.add(statement_id(5), body)


def retracted(told: Automated) -> None:
    told.accounts()
    policy = {"threshold": 2, "of": [f"user:{told.cal.user}", f"user:{told.ivy.user}"]}
    raw = told.drafts(policy=policy)
    told.sign(told.cal, told.cal.shared(raw), raw)
    told.cal.key = ROBOT
    iat = told.time.ms // 1000
    act = told.cal.act("retract", **about(raw))
    told.add(statement_id(5), ApprovalRetracted(told.cal.user, ROBOT.kid, iat, act))


def withdrawn(told: Automated) -> None:
    told.accounts()
    raw = told.drafts()
    told.cal.key = ROBOT
    act = told.cal.act("withdraw", **about(raw))
    told.add(statement_id(5), StatementWithdrawn(told.cal.user, ROBOT.kid, act))


def used(told: Automated, **scope: Any) -> None:
    """An account of Ivy's uses what Ivy may use."""
    raw = told.approves()
    told.add_service(told.ivy, ROBOT, **scope)
    told.ivy.key = ROBOT
    told.use_unseen(raw, nonce=USE)


def reported(told: Automated, **scope: Any) -> None:
    raw = told.used()
    told.add_service(told.ivy, ROBOT, **scope)
    told.ivy.key = ROBOT
    told.report_unseen(raw, told.ivy, "done", confirmed=False)


def confirmed(told: Automated, owner: str) -> None:
    """An account confirms, with a passkey of its owner, that a use was not done."""
    raw = told.reported("not-done")
    who = getattr(told, owner)
    told.add_service(who, ROBOT)
    who.key = ROBOT
    told.report_unseen(raw, who, "not-done", confirmed=True)


SIGNING: Tries = {
    "a draft": (partial(drafted, scope={}), None),
    "a draft without the act": (partial(drafted, scope={"acts": ("outcome", "use")}), BEYOND),
    "an untyped draft of an account for types": (
        partial(drafted, scope={"untyped": False}),
        BEYOND,
    ),
    "a draft of the type": (lambda told: drafted_of_a_type(told, "offer"), None),
    "a draft of another type": (lambda told: drafted_of_a_type(told, "another"), BEYOND),
    "a typed draft of an account for untyped ones": (drafted_of_a_type, BEYOND),
    "a draft after the owner ended it": (
        partial(drafted_after, what=lambda told: told.end_service(told.cal, ROBOT.kid, told.cal)),
        "key_revoked",
    ),
    "a draft after an administrator ended it": (
        partial(drafted_after, what=lambda told: told.end_service(told.cal, ROBOT.kid, told.ada)),
        "key_revoked",
    ),
    "a draft after the owner's suspension": (
        partial(drafted_after, what=lambda told: told.suspend(told.cal, told.ada)),
        "person_suspended",
    ),
    "a draft after the owner's deactivation": (
        partial(
            drafted_after,
            what=lambda told: told.change(told.ada, 4, {"deactivate": {"user": told.cal.user}}),
        ),
        "person_deactivated",
    ),
    "a draft just before the end": (partial(drafted_at_the_end, more_ms=-1), None),
    "a draft at the end": (partial(drafted_at_the_end, more_ms=0), "key_expired"),
    "a draft of a change": (drafted_a_change, BEYOND),
    "a draft of a new version": (drafted_a_new_version, BEYOND),
    "an approval": (signed, BEYOND),
    "an approval in the individual form": (signed_alone, BEYOND),
    "a rejection": (rejected, BEYOND),
    "a retraction": (retracted, BEYOND),
    "a withdrawal": (withdrawn, BEYOND),
    "a use": (used, None),
    "a use without the act": (partial(used, acts=("draft", "outcome")), BEYOND),
    "a use of another type": (partial(used, untyped=False), BEYOND),
    "an outcome": (reported, None),
    "an outcome without the act": (partial(reported, acts=("draft", "use")), BEYOND),
    "an outcome of another type": (partial(reported, untyped=False), BEYOND),
    "a confirmation by an account of another participant": (
        partial(confirmed, owner="cal"),
        BEYOND,
    ),
}
