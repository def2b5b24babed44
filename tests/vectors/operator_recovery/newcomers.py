"""Who comes by the operator's links, who cancels them, and the code that refuses the last event."""

from functools import partial
from typing import Any

import msgspec

from ledger.domain.events import Body
from ledger.domain.operator_recovery import OPEN_MS
from tests.support.chronicle import FOUNDING, statement_id
from tests.vectors.changes.company import TWO, TWO_NODE, governance
from tests.vectors.operator_recovery.invitations import (
    ANOTHER,
    BY_TWO,
    Step,
    Tries,
    after,
    cancel,
    invite,
)
from tests.vectors.operator_recovery.wreck import ONE, OTHER, THIRD, Link, Wreck

INVITED, WAITED = invite(ONE, OTHER), Wreck.wait
RECOVERED = (BY_TWO, INVITED, WAITED)


def then(*steps: Step) -> Step:
    def told(it: Wreck) -> None:
        for step in steps:
            step(it)

    return told


def gil(it: Wreck) -> None:
    it.let_in(it.gil, ONE, "Gil")


def eve(it: Wreck) -> None:
    it.let_in(it.eve, OTHER, "Eve")


def gil_comes(**members: Any) -> Step:
    """Return the step in which Gil's registration comes last."""
    return lambda it: it.come(it.gil, ONE, "Gil", **members)


def boasts(it: Wreck) -> None:
    """Let somebody register themselves, as let in by the operator."""
    it.come(it.signer(8), Link("none", "investor"), "Zoe", invitation=None, admitted_by="operator")


def both_change_something(it: Wreck) -> None:
    raw = it.change(it.gil, 8, {"define-role": {"role": "legal"}}, governance=TWO)
    it.approve_change(it.eve, raw)


def third_accepts(it: Wreck) -> None:
    it.accept(it.ivy, TWO_NODE)


def one_of_three_lost(it: Wreck) -> None:
    it.three()
    it.invite_by_operator(ONE, lost=[it.ada])
    it.wait()


def governed_anew(it: Wreck) -> None:
    """Let Ben and Ivy, who accepted meanwhile, set a new policy and go back to the old one."""
    third_accepts(it)
    one = {"threshold": 1, "of": ["role:administrator"]}
    raw = it.draft_change(it.ben, 6, governance(one, TWO_NODE), governance=TWO)
    it.accept(it.ivy, FOUNDING, statement_id(6))
    for each in (it.ben, it.ivy):
        it.approve_change(each, raw)


def unconfirmed(it: Wreck) -> Body:
    body = it.end(it.ben)
    other = it.end(it.ben, ANOTHER)
    return msgspec.structs.replace(body, assertion=other.assertion)


COMING: Tries = {
    "a link before it works": (then(BY_TWO, INVITED, gil_comes()), "invitation_waiting"),
    "a link": (then(*RECOVERED, gil), None),
    "both links": (then(*RECOVERED, gil, eve), None),
    "a change by those who came": (then(*RECOVERED, gil, eve, both_change_something), None),
    "a link twice": (
        then(*RECOVERED, gil, lambda it: it.come(it.eve, ONE, "Eve")),
        "claimed_twice",
    ),
    "a link that has expired": (
        then(*RECOVERED, partial(Wreck.wait, ms=OPEN_MS), gil_comes()),
        "invitation_expired",
    ),
    "a link that was cancelled": (
        then(*RECOVERED, cancel, gil_comes()),
        "invitation_cancelled",
    ),
    "a link that a later recovery replaced": (
        then(*RECOVERED, invite(THIRD, Link("fourth"), recovery=ANOTHER), gil_comes()),
        "invitation_cancelled",
    ),
    "a link once governance can act again": (
        then(one_of_three_lost, third_accepts, gil_comes()),
        "governance_can_act",
    ),
    "a link while governance lacks somebody": (then(one_of_three_lost, gil), None),
    "a link after governance changed": (
        then(one_of_three_lost, governed_anew, gil_comes()),
        "invitation_cancelled",
    ),
    "a link that gives no role": (
        then(*RECOVERED, gil_comes(role=None, accepts=None)),
        "decision_mismatch",
    ),
    "a link without its mark": (then(*RECOVERED, gil_comes(admitted_by=None)), "decision_mismatch"),
    "a link without acceptance": (then(*RECOVERED, gil_comes(accepts=None)), "decision_mismatch"),
    "the mark without a link": (boasts, "decision_mismatch"),
}
CANCELLING: Tries = {
    "cancelled by somebody who was stated as lost": (
        after(BY_TWO, INVITED, last=lambda it: it.end(it.ada)),
        None,
    ),
    "cancelled after the links began to work": (
        after(*RECOVERED, last=lambda it: it.end(it.ben)),
        None,
    ),
    "cancelled by somebody who came": (
        after(*RECOVERED, gil, last=lambda it: it.end(it.gil)),
        None,
    ),
    "cancelled by somebody without a place": (
        after(BY_TWO, INVITED, last=lambda it: it.end(it.cal)),
        "governance_only",
    ),
    "cancelled twice": (
        after(BY_TWO, INVITED, cancel, last=lambda it: it.end(it.ada)),
        "recovery_ended",
    ),
    "cancelled after the links expired": (
        after(*RECOVERED, partial(Wreck.wait, ms=OPEN_MS), last=lambda it: it.end(it.ada)),
        "recovery_ended",
    ),
    "cancelled after a later recovery": (
        after(
            *RECOVERED,
            invite(THIRD, Link("fourth"), recovery=ANOTHER),
            last=lambda it: it.end(it.ada),
        ),
        "recovery_ended",
    ),
    "a later recovery cancelled": (
        after(
            *RECOVERED,
            invite(THIRD, Link("fourth"), recovery=ANOTHER),
            last=lambda it: it.end(it.ada, ANOTHER),
        ),
        None,
    ),
    "a recovery that nobody began cancelled": (
        after(BY_TWO, last=lambda it: it.end(it.ada)),
        "recovery_unknown",
    ),
    "cancelled with the passkey's word on another act": (
        after(BY_TWO, INVITED, last=unconfirmed),
        "passkey_assertion_refused",
    ),
    "cancelled in the stream of a person": (
        then(BY_TWO, INVITED, lambda it: it.add(it.ada.user, it.end(it.ada))),
        "event_misplaced",
    ),
}
