"""How a re-enrolment is opened and its link used, and the code that refuses the last event."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from ledger.domain.events import Body
from tests.support.changes import set_charter, values
from tests.support.comebacks import COMEBACK, re_enrol
from tests.support.fixed_keys import fixed_passkey
from tests.support.links import link_jwk, link_key
from tests.support.signers import Signer
from tests.vectors.changes.company import NOBODY, stand
from tests.vectors.re_enrolment.returning import DAY_MS, OTHER_LINK, Returning

Step = Callable[[Returning], None]
Last = Callable[[Returning], Body]
Tries = dict[str, tuple[Step, str | None]]
# The identity point of Ed25519, which signs for everybody.
IDENTITY = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PAST = "2026-11-20T00:00:00.000Z"
SOON_MS = 3_600_000


def after(*steps: Step, last: Last) -> Step:
    """Return the case in which an event of Ivy's comes last."""

    def told(it: Returning) -> None:
        for step in steps:
            step(it)
        it.last(last(it))

    return told


def asking(*steps: Step, item: Callable[[Returning], dict[str, Any]], **members: Any) -> Step:
    """Return the case in which the draft of a change comes last."""

    def told(it: Returning) -> None:
        for step in steps:
            step(it)
        it.draft_unseen(it.ada, item(it), **members)

    return told


def done(*steps: Step, item: Callable[[Returning], dict[str, Any]], two: bool = False) -> Step:
    """Return the case in which the effect of a change comes last."""

    def told(it: Returning) -> None:
        for step in steps:
            step(it)
        it.ask(item(it), two=two)

    return told


def wait_longer(it: Returning) -> None:
    it.ask(set_charter(values("open", recovery_wait=2 * DAY_MS), values("open")))


def waiting_longer(it: Returning) -> Body:
    return msgspec.structs.replace(it.redemption(), active_from=it.later(2 * DAY_MS))


def again(it: Returning) -> dict[str, Any]:
    return re_enrol(it.ivy, OTHER_LINK)


def suspend(it: Returning) -> None:
    it.suspend(it.ivy, it.ada)


def deactivate(it: Returning) -> None:
    it.ask(stand("deactivate", it.ivy))


def cancel(it: Returning) -> None:
    it.tell(it.ivy.user, it.cancellation())


def cancel_link(it: Returning) -> None:
    it.tell(it.ivy.user, it.cancellation(recovery=link_of(it)))


def link_of(it: Returning) -> str:
    link = it.state_of(it.ivy).link
    assert link is not None
    return f"kid:{link.kid}"


def cancelling(by: Callable[[Returning], Signer]) -> Last:
    """Return the end of an open link by somebody."""
    return lambda it: it.cancellation(by(it), link_of(it))


def replaced(**members: Any) -> Last:
    return lambda it: msgspec.structs.replace(it.redemption(), **members)


OPEN, REDEEMED = Returning.open, Returning.redeem
LINKS: Tries = {
    "a re-enrolment": (done(item=lambda it: re_enrol(it.ivy)), None),
    "a link under a wait of two days": (after(wait_longer, OPEN, last=waiting_longer), None),
    "a link under a wait of two days that works after 24 hours": (
        after(wait_longer, OPEN, last=Returning.redemption),
        "decision_mismatch",
    ),
    "a re-enrolment of somebody suspended": (
        done(suspend, item=lambda it: re_enrol(it.ivy)),
        None,
    ),
    "a re-enrolment of somebody deactivated": (
        asking(deactivate, item=lambda it: re_enrol(it.ivy)),
        "change_no_effect",
    ),
    "a re-enrolment of nobody": (
        asking(item=lambda it: re_enrol(it.ivy, user=NOBODY)),
        "user_unknown",
    ),
    "a re-enrolment by a link that has expired": (
        asking(item=lambda it: re_enrol(it.ivy, expiresAt=PAST)),
        "link_expired",
    ),
    "a re-enrolment until no time": (
        asking(item=lambda it: re_enrol(it.ivy, expiresAt="tomorrow")),
        "time_invalid",
    ),
    "a re-enrolment without an end": (
        asking(item=lambda it: {"re-enrol": {"user": it.ivy.user, "key": link_jwk(COMEBACK)}}),
        "change_invalid",
    ),
    "a re-enrolment by the identity point": (
        asking(
            item=lambda it: re_enrol(it.ivy, key={"kty": "OKP", "crv": "Ed25519", "x": IDENTITY})
        ),
        "jwk_invalid",
    ),
    "a re-enrolment while an earlier link is open": (done(OPEN, item=again), None),
    "a re-enrolment while another waits": (
        asking(OPEN, REDEEMED, item=again),
        "recovery_waiting",
    ),
    "a re-enrolment after one was cancelled": (
        done(OPEN, REDEEMED, cancel, item=again),
        None,
    ),
    "a re-enrolment after another": (done(Returning.come_back, item=again), None),
    "a re-enrolment opened for another link": (
        lambda it: it.complete(re_enrol(it.ivy), expires_at=PAST),
        "decision_mismatch",
    ),
    "a link": (after(OPEN, last=Returning.redemption), None),
    "a link of somebody suspended": (after(OPEN, suspend, last=Returning.redemption), None),
    "a link of somebody deactivated": (
        after(OPEN, deactivate, last=Returning.redemption),
        "person_deactivated",
    ),
    "a link that nobody opened": (after(last=Returning.redemption), "code_unknown"),
    "a link that a later one replaced": (
        after(OPEN, partial(OPEN, link=OTHER_LINK), last=Returning.redemption),
        "code_unknown",
    ),
    "a link that replaced an earlier one": (
        after(OPEN, partial(OPEN, link=OTHER_LINK), last=lambda it: it.redemption(link=OTHER_LINK)),
        None,
    ),
    "a link twice": (
        after(OPEN, REDEEMED, last=lambda it: it.redemption(fixed_passkey(51))),
        "code_unknown",
    ),
    "a link that has expired": (
        after(OPEN, lambda it: it.wait(11 * 86_400_000), last=Returning.redemption),
        "link_expired",
    ),
    "a link that its person cancelled": (
        after(OPEN, cancel_link, last=Returning.redemption),
        "code_unknown",
    ),
    "an open link that its person cancels": (after(OPEN, last=cancelling(lambda it: it.ivy)), None),
    "an open link that an administrator cancels": (
        after(OPEN, last=cancelling(lambda it: it.ben)),
        None,
    ),
    "an open link that somebody else cancels": (
        after(OPEN, last=cancelling(lambda it: it.cal)),
        "governance_only",
    ),
    "a link cancelled after its use": (
        after(
            OPEN,
            REDEEMED,
            last=lambda it: it.cancellation(recovery=f"kid:{link_key(COMEBACK).kid}"),
        ),
        "recovery_unknown",
    ),
    "a link used as a code": (
        after(OPEN, last=lambda it: it.redemption(purpose="recovery")),
        "act_mismatch",
    ),
    "a code used as a link": (
        after(OPEN, Returning.set, last=lambda it: it.redemption(link="code 0")),
        "act_mismatch",
    ),
    "a link for another passkey": (
        after(OPEN, last=lambda it: it.redemption(cose=fixed_passkey(51).cose_sha256)),
        "act_mismatch",
    ),
    "a link for another person": (
        after(OPEN, last=lambda it: it.redemption(user=it.cal.user)),
        "act_mismatch",
    ),
    "a link of an hour ago": (
        after(OPEN, last=lambda it: it.redemption(iat=(it.time.ms - SOON_MS) // 1000)),
        "iat_stale",
    ),
    "a link whose passkey shows nothing": (
        after(OPEN, last=replaced(assertion=None)),
        "assertion_required",
    ),
    "a link whose passkey ends nothing": (
        after(OPEN, last=replaced(re_enrols=False)),
        "decision_mismatch",
    ),
    "a code whose passkey ends everything older": (
        after(
            Returning.set, last=lambda it: msgspec.structs.replace(it.recovery(), re_enrols=True)
        ),
        "decision_mismatch",
    ),
    "a link whose passkey waits for an admission that nobody asks for": (
        after(OPEN, last=replaced(needs_admission=True)),
        "decision_mismatch",
    ),
    "a link whose passkey works too early": (
        after(OPEN, last=lambda it: replaced(active_from=it.later(1))(it)),
        "decision_mismatch",
    ),
}
