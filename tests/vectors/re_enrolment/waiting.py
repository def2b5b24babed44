"""What goes on while a re-enrolment waits, and what ends then, with the code that refuses it."""

from functools import partial
from typing import Any

from ledger.domain.events import PasskeyRemoved, RecoveryCancelled
from tests.support.chronicle import FOUNDING
from tests.support.comebacks import admit
from tests.support.fixed_keys import fixed_passkey
from tests.vectors.changes.company import TWO, governance, stand
from tests.vectors.re_enrolment.links import (
    OPEN,
    REDEEMED,
    Tries,
    after,
    asking,
    cancel,
    done,
    suspend,
)
from tests.vectors.re_enrolment.returning import DAY_MS, LATER, OTHER_LINK, Returning

BACK, WAITED, ATTESTED = Returning.come_back, Returning.wait, Returning.attestation
TO_ADMIT = Returning.wait_for_admission


def set_codes(it: Returning) -> None:
    it.set()


def use_code(it: Returning) -> None:
    it.use(passkey=LATER)


def removal(it: Returning) -> PasskeyRemoved:
    return it.removal(it.ivy, it.new.id)


def redeem_other(it: Returning) -> None:
    it.tell(it.ivy.user, it.redemption(link=OTHER_LINK))


def by_ada(it: Returning) -> RecoveryCancelled:
    return it.cancellation(it.ada)


def grant_by_old(it: Returning) -> None:
    it.ask(it.grant_by(it.old))


def raised(it: Returning, *people: Any) -> dict[str, Any]:
    """Return the item that lets changes need two administrators."""
    return governance(TWO, FOUNDING, it.ada, it.ben, *people)


def admit_another(it: Returning) -> None:
    it.wait_for_admission()
    it.complete(admit(it.ivy, it.new), two=True, credential_id=it.old.id)


WAITING: Tries = {
    "a key by the passkey that waits": (after(OPEN, REDEEMED, last=ATTESTED), "passkey_waiting"),
    "a key by the older passkey meanwhile": (
        after(OPEN, REDEEMED, last=lambda it: it.attests(it.old)),
        None,
    ),
    "a code meanwhile": (
        after(set_codes, OPEN, REDEEMED, last=lambda it: it.recovery(passkey=LATER)),
        None,
    ),
    "the passkey that waits removed": (after(OPEN, REDEEMED, last=removal), "passkey_waiting"),
    "a re-enrolment that its person cancels": (
        after(OPEN, REDEEMED, last=Returning.cancellation),
        None,
    ),
    "a re-enrolment that an administrator cancels": (
        after(OPEN, REDEEMED, last=lambda it: it.cancellation(it.ben)),
        None,
    ),
    "a re-enrolment that somebody else cancels": (
        after(OPEN, REDEEMED, last=lambda it: it.cancellation(it.cal)),
        "governance_only",
    ),
    "a re-enrolment that its suspended person cancels": (
        after(OPEN, REDEEMED, suspend, last=Returning.cancellation),
        "person_suspended",
    ),
    "a re-enrolment that its own passkey cancels": (
        after(OPEN, REDEEMED, last=Returning.cancelled_by_new),
        "passkey_waiting",
    ),
    "a re-enrolment cancelled at the last moment": (
        after(OPEN, REDEEMED, partial(WAITED, ms=DAY_MS - 1001), last=Returning.cancellation),
        None,
    ),
    "a re-enrolment cancelled too late": (
        after(
            OPEN,
            REDEEMED,
            lambda it: it.wait(DAY_MS - 1000),
            last=lambda it: it.cancellation(it.ada),
        ),
        "recovery_ended",
    ),
    "a role that governs by a passkey that will end": (
        asking(OPEN, REDEEMED, item=lambda it: it.grant_by(it.old)),
        "recovery_waiting",
    ),
    "a role that governs by the passkey that waits": (
        asking(OPEN, REDEEMED, item=lambda it: it.grant_by(it.new)),
        "recovery_waiting",
    ),
    "a role that governs by a passkey that a code added and that waits": (
        asking(set_codes, use_code, item=lambda it: it.grant_by(LATER)),
        "cose_mismatch",
    ),
    "a role that governs by the older passkey while a code's waits": (
        done(set_codes, use_code, item=lambda it: it.grant_by(it.old)),
        None,
    ),
    "a place in governance by a passkey that will end": (
        asking(
            lambda it: it.ask(it.grant_by(it.old)),
            OPEN,
            REDEEMED,
            item=lambda it: raised(it, it.ivy),
        ),
        "recovery_waiting",
    ),
    "a key by the new passkey": (after(BACK, last=ATTESTED), None),
    "a key by the older passkey": (
        after(BACK, last=lambda it: it.attests(it.old)),
        "passkey_removed",
    ),
    "a key by a passkey that was added meanwhile": (
        after(OPEN, REDEEMED, Returning.add_meanwhile, WAITED, last=lambda it: it.attests(LATER)),
        "passkey_removed",
    ),
    "a key by a code's passkey of meanwhile": (
        after(set_codes, OPEN, REDEEMED, use_code, WAITED, last=lambda it: it.attests(LATER)),
        "passkey_removed",
    ),
    "an act by an older key": (after(BACK, last=lambda it: it.codes()), "key_revoked"),
    "an act by a key of the new passkey": (
        after(BACK, Returning.sign_anew, last=Returning.codes_anew),
        None,
    ),
    "a code of before": (
        after(set_codes, BACK, last=lambda it: it.recovery(passkey=LATER)),
        "code_unknown",
    ),
    "an older passkey declared stolen at once": (
        after(BACK, Returning.sign_anew, last=lambda it: it.declaration(it.old.id)),
        None,
    ),
    "a key of somebody whose suspension ended with it": (
        after(suspend, BACK, last=ATTESTED),
        None,
    ),
    "an act of somebody whose suspension ended with it": (
        after(suspend, BACK, Returning.sign_anew, last=Returning.codes_anew),
        None,
    ),
    "an end of a suspension that has ended": (
        asking(suspend, BACK, item=lambda it: stand("reinstate", it.ivy)),
        "change_no_effect",
    ),
    "a key of somebody suspended after the opening": (
        after(OPEN, suspend, REDEEMED, WAITED, last=ATTESTED),
        "person_suspended",
    ),
    "a key of somebody suspended while it waits": (
        after(OPEN, REDEEMED, suspend, WAITED, last=ATTESTED),
        "person_suspended",
    ),
    "a key of somebody suspended before a later link": (
        after(
            OPEN,
            suspend,
            partial(OPEN, link=OTHER_LINK),
            redeem_other,
            WAITED,
            last=ATTESTED,
        ),
        None,
    ),
    "an end of a suspension that stays": (
        done(OPEN, REDEEMED, suspend, WAITED, item=lambda it: stand("reinstate", it.ivy)),
        None,
    ),
    "a cancelled re-enrolment ends nothing": (
        after(OPEN, REDEEMED, cancel, WAITED, last=lambda it: it.attests(it.old)),
        None,
    ),
    "a cancelled re-enrolment begins nothing": (
        after(
            OPEN,
            REDEEMED,
            cancel,
            WAITED,
            last=ATTESTED,
        ),
        "passkey_removed",
    ),
}
ADMISSION: Tries = {
    "a link under two": (
        after(
            Returning.govern_by_two,
            partial(OPEN, two=True),
            last=lambda it: it.redemption(admission=True),
        ),
        None,
    ),
    "a link under two whose passkey needs no admission": (
        after(Returning.govern_by_two, partial(OPEN, two=True), last=Returning.redemption),
        "decision_mismatch",
    ),
    "a link of before that is used under two": (
        after(OPEN, Returning.govern_by_two, last=Returning.redemption),
        "decision_mismatch",
    ),
    "a key by a passkey that nobody admitted": (
        after(TO_ADMIT, WAITED, last=ATTESTED),
        "passkey_waiting",
    ),
    "a key by the older passkey while nobody admits": (
        after(TO_ADMIT, WAITED, last=lambda it: it.attests(it.old)),
        None,
    ),
    "a re-enrolment cancelled while nobody admits": (
        after(TO_ADMIT, partial(WAITED, ms=9 * DAY_MS), last=Returning.cancellation),
        None,
    ),
    "a key by an admitted passkey too early": (
        after(TO_ADMIT, Returning.admit, last=ATTESTED),
        "passkey_waiting",
    ),
    "a key by an admitted passkey that has waited": (
        after(TO_ADMIT, Returning.admit, WAITED, last=ATTESTED),
        None,
    ),
    "a key by a passkey that waited and was admitted": (
        after(TO_ADMIT, WAITED, Returning.admit, last=ATTESTED),
        None,
    ),
    "a key by the older passkey after the admission": (
        after(TO_ADMIT, WAITED, Returning.admit, last=lambda it: it.attests(it.old)),
        "passkey_removed",
    ),
    "an admission": (
        done(TO_ADMIT, item=lambda it: admit(it.ivy, it.new), two=True),
        None,
    ),
    "an admission of another passkey": (
        asking(TO_ADMIT, item=lambda it: admit(it.ivy, fixed_passkey(51)), governance=TWO),
        "cose_mismatch",
    ),
    "an admission of the older passkey": (
        asking(TO_ADMIT, item=lambda it: admit(it.ivy, it.old), governance=TWO),
        "cose_mismatch",
    ),
    "an admission by no digest": (
        asking(TO_ADMIT, item=lambda it: admit(it.ivy, it.new, cose="A"), governance=TWO),
        "change_invalid",
    ),
    "an admission where nothing waits": (
        asking(item=lambda it: admit(it.ivy, it.old)),
        "change_no_effect",
    ),
    "an admission that nobody asks for": (
        asking(OPEN, REDEEMED, item=lambda it: admit(it.ivy, it.new)),
        "change_no_effect",
    ),
    "an admission of what a code added": (
        asking(set_codes, use_code, item=lambda it: admit(it.ivy, LATER)),
        "change_no_effect",
    ),
    "an admission twice": (
        asking(TO_ADMIT, Returning.admit, item=lambda it: admit(it.ivy, it.new), governance=TWO),
        "change_no_effect",
    ),
    "an admission of what was cancelled": (
        asking(
            TO_ADMIT,
            cancel,
            item=lambda it: admit(it.ivy, it.new),
            governance=TWO,
        ),
        "change_no_effect",
    ),
    "an admission whose effect is on another passkey": (
        admit_another,
        "decision_mismatch",
    ),
}
