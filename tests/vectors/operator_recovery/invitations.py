"""What the operator sends to recover governance, and the code that refuses the last event."""

from collections.abc import Callable
from typing import Any

import msgspec

from ledger.domain import ledger_acts
from ledger.domain.charter import STREAM
from ledger.domain.charter_values import LEAST_WAIT_MS as WAIT_MS
from ledger.domain.events import Body, LogFrozen
from tests.support.changes import set_charter, values
from tests.support.keys import ed25519_key
from tests.support.ledger_chronicle import RECOVERY
from tests.support.signers import LEDGER
from tests.vectors.changes.company import (
    INVITATION,
    NOBODY,
    end,
    governance,
    grant,
)
from tests.vectors.operator_recovery.wreck import ONE, OTHER, THIRD, Link, Wreck

Step = Callable[[Wreck], None]
Last = Callable[[Wreck], Body]
Tries = dict[str, tuple[Step, str | None]]
HOUR_MS = 3_600_000
ANOTHER = "0f0f0f0f-0000-4000-8000-0000000000bb"
BY_TWO = Wreck.govern_by_two


def after(*steps: Step, last: Last) -> Step:
    """Return the case in which an event of the ledger comes last."""

    def told(it: Wreck) -> None:
        for step in steps:
            step(it)
        it.add(STREAM, last(it))

    return told


def inviting(*links: Link, **said: Any) -> Last:
    return lambda it: it.invited(*links, **said)


def invite(*links: Link, **said: Any) -> Step:
    return lambda it: it.invite_by_operator(*links, **said)


def replaced(*links: Link, **members: Any) -> Last:
    return lambda it: msgspec.structs.replace(it.invited(*links), **members)


def wait_longer(it: Wreck) -> None:
    longer = values("open", recovery_wait=2 * WAIT_MS)
    it.change(it.ada, 3, set_charter(longer, values("open")))


def waiting_longer(it: Wreck) -> Body:
    active_from, expires_at = it.later(2 * WAIT_MS), it.later(9 * WAIT_MS)
    return replaced(ONE, active_from=active_from, expires_at=expires_at)(it)


def nested(it: Wreck) -> None:
    """Let one of the board, which is Ben, and one other administrator govern."""
    it.change(it.ada, 3, {"define-role": {"role": "board"}}, grant(it.ben, "board"))
    it.change(it.ada, 4, end(it.ben, "administrator"))
    each = [{"threshold": 1, "of": [f"role:{role}"]} for role in ("administrator", "board")]
    it.change(it.ada, 5, governance({"threshold": 2, "of": each}, it.policy, it.ada, it.ben))


def named(it: Wreck) -> None:
    """Let Ada alone govern, by name."""
    policy = {"threshold": 1, "of": [f"user:{it.ada.user}"]}
    it.change(it.ada, 3, governance(policy, it.policy))


def awaited(it: Wreck) -> None:
    """Let Ivy be an administrator who has not accepted the policy."""
    it.change(it.ada, 3, grant(it.ivy, "administrator"))


def cancel(it: Wreck) -> None:
    it.tell(STREAM, it.end(it.ben))


def by_another_key(it: Wreck) -> Body:
    body = it.invited(ONE, OTHER)
    raw = msgspec.json.encode(
        ledger_acts.RecoverGovernance(
            it.time.ms // 1000, LEDGER, RECOVERY, body.lost, body.invitations, body.reason
        )
    )
    return msgspec.structs.replace(body, act=ed25519_key(7).jws(raw, typ="act+jwt"))


def of_a_freeze(it: Wreck) -> Body:
    act = it._own(ledger_acts.FreezeLedger, reason="The fund is closed.")
    assert isinstance(act, str)
    return msgspec.structs.replace(it.invited(ONE, OTHER), act=act)


def as_a_freeze(it: Wreck) -> Body:
    body = it.invited(ONE, OTHER)
    return LogFrozen(body.reason, body.act)


NUMBERS: Tries = {
    "both lost, of two who must agree": (after(BY_TWO, last=inviting(ONE, OTHER)), None),
    "one lost, of two who must agree": (
        after(BY_TWO, last=lambda it: it.invited(ONE, lost=[it.ben])),
        None,
    ),
    "both lost, one of whom was enough": (after(last=inviting(ONE)), None),
    "one lost, who was enough with the other": (
        after(last=lambda it: it.invited(ONE, lost=[it.ben])),
        "governance_can_act",
    ),
    "nobody lost": (after(BY_TWO, last=inviting(ONE, lost=[])), "governance_can_act"),
    "more invitations than people lacking": (
        after(BY_TWO, last=inviting(ONE, OTHER, THIRD)),
        "invitations_mismatch",
    ),
    "fewer invitations than people lacking": (
        after(BY_TWO, last=inviting(ONE)),
        "invitations_mismatch",
    ),
    "no invitation": (after(BY_TWO, last=inviting()), "invitations_mismatch"),
    "a role that governance does not name": (
        after(BY_TWO, last=inviting(ONE, Link("other", "investor"))),
        "invitations_mismatch",
    ),
    "a role that there is not": (
        after(BY_TWO, last=inviting(ONE, Link("other", "legal"))),
        "invitations_mismatch",
    ),
    "a role of each nested policy": (
        after(nested, last=inviting(ONE, Link("other", "board"))),
        None,
    ),
    "two roles of one nested policy": (
        after(nested, last=inviting(ONE, OTHER)),
        "invitations_mismatch",
    ),
    "the role of the nested policy that lacks nobody": (
        after(nested, last=lambda it: it.invited(ONE, lost=[it.ben])),
        "invitations_mismatch",
    ),
    "a policy that names one person": (
        after(named, last=lambda it: it.invited(ONE, lost=[it.ada])),
        "governance_names_people",
    ),
    "somebody lost who holds no place": (
        after(last=lambda it: it.invited(ONE, lost=[it.ada, it.ben, it.cal])),
        "lost_not_counting",
    ),
    "somebody lost who has not accepted the policy": (
        after(awaited, last=lambda it: it.invited(ONE, lost=[it.ada, it.ben, it.ivy])),
        "lost_not_counting",
    ),
    "somebody who has not accepted the policy": (
        after(awaited, last=inviting(ONE)),
        None,
    ),
    "somebody lost whom nobody knows": (
        after(last=lambda it: it.invited(ONE, lost_ids=(it.ada.user, it.ben.user, NOBODY))),
        "lost_not_counting",
    ),
    "somebody lost twice": (
        after(last=lambda it: it.invited(ONE, lost=[it.ada, it.ada, it.ben])),
        "lost_not_counting",
    ),
    "lost people out of order": (
        after(last=lambda it: it.invited(ONE, lost=[it.ben, it.ada])),
        "lost_not_counting",
    ),
}
EVIDENCE: Tries = {
    "a second recovery while one waits": (
        after(BY_TWO, invite(ONE, OTHER), last=inviting(THIRD, Link("fourth"), recovery=ANOTHER)),
        "recovery_waiting",
    ),
    "a second recovery after the first began to work": (
        after(
            BY_TWO,
            invite(ONE, OTHER),
            Wreck.wait,
            last=inviting(THIRD, Link("fourth"), recovery=ANOTHER),
        ),
        None,
    ),
    "a second recovery after the first was cancelled": (
        after(
            BY_TWO,
            invite(ONE, OTHER),
            cancel,
            last=inviting(THIRD, Link("fourth"), recovery=ANOTHER),
        ),
        None,
    ),
    "a second recovery with the id of the first": (
        after(BY_TWO, invite(ONE, OTHER), cancel, last=inviting(THIRD, Link("fourth"))),
        "invitation_known",
    ),
    "an invitation with the id of an earlier one": (
        after(last=inviting(Link("one", id=INVITATION))),
        "invitation_known",
    ),
    "two invitations with one id": (
        after(BY_TWO, last=inviting(ONE, Link("other", id=ONE.shown.id))),
        "invitation_known",
    ),
    "an invitation with the id of its recovery": (
        after(last=inviting(Link("one", id=RECOVERY))),
        "invitation_known",
    ),
    "an invitation whose id is no id": (after(last=inviting(Link("one", id="1"))), "id_invalid"),
    "a recovery whose id is no id": (after(last=inviting(ONE, recovery="1")), "id_invalid"),
    "two invitations by one key": (
        after(BY_TWO, last=inviting(ONE, Link("one", id=OTHER.shown.id))),
        "key_shared",
    ),
    "an invitation by the key of an earlier one": (
        after(last=inviting(Link("token"))),
        "key_shared",
    ),
    "an act by another key": (after(BY_TWO, last=by_another_key), "jws_kid_mismatch"),
    "an act that freezes the ledger": (after(BY_TWO, last=of_a_freeze), "act_mismatch"),
    "an act for a freeze": (after(BY_TWO, last=as_a_freeze), "act_mismatch"),
    "an act for another ledger": (
        after(BY_TWO, last=inviting(ONE, OTHER, ledger="example.com/other")),
        "ledger_mismatch",
    ),
    "an act of an hour ago": (
        after(BY_TWO, last=lambda it: it.invited(ONE, OTHER, iat=(it.time.ms - HOUR_MS) // 1000)),
        "iat_stale",
    ),
    "a reason that is too short": (
        after(BY_TWO, last=inviting(ONE, OTHER, reason="Lost.    ")),
        "reason_invalid",
    ),
    "a reason with an invisible character": (
        after(BY_TWO, last=inviting(ONE, OTHER, reason="Both phones are lost.\u200b")),
        "text_refused",
    ),
    "links that work too early": (
        after(BY_TWO, last=lambda it: replaced(ONE, OTHER, active_from=it.later(1))(it)),
        "decision_mismatch",
    ),
    "links under a wait of two days": (after(wait_longer, last=waiting_longer), None),
    "links under a wait of two days that work after 24 hours": (
        after(wait_longer, last=inviting(ONE)),
        "decision_mismatch",
    ),
    "links that work for too long": (
        after(BY_TWO, last=lambda it: replaced(ONE, OTHER, expires_at=it.later(30 * WAIT_MS))(it)),
        "decision_mismatch",
    ),
    "other links than the act names": (
        after(BY_TWO, last=replaced(ONE, OTHER, invitations=(ONE.shown, THIRD.shown))),
        "decision_mismatch",
    ),
    "other lost people than the act names": (
        after(last=replaced(ONE, lost=())),
        "decision_mismatch",
    ),
    "a recovery in the stream of a person": (
        lambda it: it.add(it.ada.user, it.invited(ONE)),
        "event_misplaced",
    ),
}
