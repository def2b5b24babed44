"""What people try after a loss with what they held before it, and what an auditor says of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.support.keys import ed25519_key
from tests.vectors.losses.aftermath import SECOND, Aftermath
from tests.vectors.recovery_codes.lost import NAMES
from tests.vectors.recovery_codes.make import OTHERS

Step = Callable[[Aftermath], None]
LOSE, REAFFIRM = Aftermath.lose, Aftermath.reaffirms
NOTHING_LOST: Step = partial(Aftermath.lose, lost=None)


def after(*steps: Step, last: Callable[[Aftermath], Any]) -> Step:
    """Tell these steps; the last event is one of Ivy's."""

    def told(it: Aftermath) -> None:
        for step in steps:
            step(it)
        it.last(last(it))

    return told


def then(*steps: Step) -> Step:
    """Tell these steps, of which the last one appends the last event."""

    def told(it: Aftermath) -> None:
        for step in steps:
            step(it)

    return told


def codes(it: Aftermath) -> Any:
    """Return an act that any key of Ivy's signs that may."""
    return it.codes(OTHERS)


def with_second(it: Aftermath) -> None:
    it.ivy.key = SECOND


def end_first(it: Aftermath) -> None:
    it.tell(it.ivy.user, it.ends(it.ivy.key.kid, it.ivy.key))


def suspend(it: Aftermath) -> None:
    it.suspend(it.ivy, it.ada)


def lose_again(it: Aftermath) -> None:
    it.lose(2)


def ada_reaffirms(it: Aftermath) -> None:
    it.reaffirms(it.ada)


def attest_another(it: Aftermath) -> None:
    it.attest(it.ivy, ed25519_key(89))
    it.ivy.key = ed25519_key(89)


Tries = dict[str, tuple[Step, str | None]]
KEYS: Tries = {
    "a key from before a loss signs": (after(LOSE, last=codes), "reaffirmation_required"),
    "a key signs after a restore that lost nothing": (after(NOTHING_LOST, last=codes), None),
    "a key is reaffirmed": (after(LOSE, last=Aftermath.reaffirmation), None),
    "a reaffirmed key signs": (after(LOSE, REAFFIRM, last=codes), None),
    "a key is reaffirmed without a loss": (
        after(last=Aftermath.reaffirmation),
        "key_reaffirmed",
    ),
    "a key is reaffirmed twice": (
        after(LOSE, REAFFIRM, last=Aftermath.reaffirmation),
        "key_reaffirmed",
    ),
    "a key is reaffirmed for another loss": (
        after(LOSE, last=lambda it: it.reaffirmation(epoch=2)),
        "act_mismatch",
    ),
    "a reaffirmation is repeated after the next loss": (
        after(LOSE, lose_again, last=lambda it: it.reaffirmation(epoch=1)),
        "act_mismatch",
    ),
    "a reaffirmed key signs after the next loss": (
        after(LOSE, REAFFIRM, lose_again, last=codes),
        "reaffirmation_required",
    ),
    "a key is reaffirmed after the next loss": (
        after(LOSE, REAFFIRM, lose_again, last=Aftermath.reaffirmation),
        None,
    ),
    "a key is reaffirmed with another person's passkey": (
        after(LOSE, last=lambda it: it.confirmed_by(it.cal)),
        "passkey_unknown",
    ),
    "a key is reaffirmed by one that signs already": (
        after(LOSE, REAFFIRM, last=lambda it: it.reaffirmation(kid=SECOND.kid)),
        None,
    ),
    "a key is reaffirmed by another that waits": (
        after(LOSE, last=lambda it: it.reaffirmation(key=SECOND)),
        "reaffirmation_required",
    ),
    "a key is reaffirmed by another person's": (
        after(LOSE, last=lambda it: it.reaffirmation(key=it.cal.key)),
        "key_unknown",
    ),
    "a key that was revoked is reaffirmed": (
        after(end_first, LOSE, last=Aftermath.reaffirmation),
        "key_revoked",
    ),
    "a key of somebody suspended is reaffirmed": (
        after(suspend, LOSE, last=Aftermath.reaffirmation),
        "person_suspended",
    ),
    "another key signs while one is reaffirmed": (
        after(LOSE, REAFFIRM, with_second, last=codes),
        "reaffirmation_required",
    ),
    "a key that nobody reaffirmed ends itself": (
        after(LOSE, last=lambda it: it.ends(it.ivy.key.kid, it.ivy.key)),
        None,
    ),
    "a key that nobody reaffirmed ends another": (
        after(LOSE, last=lambda it: it.ends(SECOND.kid, it.ivy.key)),
        "reaffirmation_required",
    ),
    "a reaffirmed key ends another": (
        after(LOSE, REAFFIRM, last=lambda it: it.ends(SECOND.kid, it.ivy.key)),
        None,
    ),
    "a key that was attested after the loss signs": (
        after(LOSE, attest_another, last=codes),
        None,
    ),
    "an administrator's key from before a loss suspends": (
        then(LOSE, lambda it: it.add(it.ivy.user, it.suspension())),
        "reaffirmation_required",
    ),
    "a restore at the time of the event before": (
        partial(Aftermath.restored_now, later=False),
        "restore_refused",
    ),
    "a restore later than the event before": (
        partial(Aftermath.restored_now, later=True),
        None,
    ),
}

SET, USED, WAIT = Aftermath.set, Aftermath.use, Aftermath.wait
OPEN, REDEEM = Aftermath.open, Aftermath.redeem
NEW_KEY = Aftermath.attestation  # by the passkey that a code or link added


def old_passkey(it: Aftermath) -> Any:
    """Return a key that Ivy's older passkey attests."""
    return it.attests(it.old)


def set_others(it: Aftermath) -> None:
    it.set(OTHERS)


def asks_anew(it: Aftermath) -> None:
    it.governs_again()
    it.open("another link")


VOID: Tries = {
    "an invitation from before a loss is used": (
        then(Aftermath.invites, LOSE, Aftermath.comes),
        "invitation_void",
    ),
    "a code from before a loss is used": (
        after(SET, LOSE, last=lambda it: it.recovery(NAMES[0])),
        "code_void",
    ),
    "codes are set after a loss": (
        after(
            SET, LOSE, REAFFIRM, lambda it: it.set(OTHERS), last=lambda it: it.recovery(OTHERS[0])
        ),
        None,
    ),
    "a code's passkey that waited at a loss": (
        after(SET, USED, LOSE, WAIT, last=NEW_KEY),
        "passkey_removed",
    ),
    "a code's passkey that worked before a loss": (
        after(SET, USED, WAIT, LOSE, last=NEW_KEY),
        None,
    ),
    "a link from before a loss is used": (
        after(OPEN, LOSE, last=lambda it: it.redemption()),
        "link_void",
    ),
    "a link that was made after a loss is used": (
        after(OPEN, LOSE, asks_anew, last=lambda it: it.redemption(link="another link")),
        None,
    ),
    "a re-enrolment that waited at a loss": (
        after(OPEN, REDEEM, LOSE, WAIT, last=NEW_KEY),
        "passkey_removed",
    ),
    "the older passkey of a re-enrolment that waited at a loss": (
        after(OPEN, REDEEM, LOSE, WAIT, last=old_passkey),
        None,
    ),
    "a re-enrolment that was complete before a loss": (
        after(OPEN, REDEEM, WAIT, LOSE, last=NEW_KEY),
        None,
    ),
    "the older passkey of a re-enrolment that was complete before a loss": (
        after(OPEN, REDEEM, WAIT, LOSE, last=old_passkey),
        "passkey_removed",
    ),
    "a re-enrolment that waited at a loss is cancelled": (
        after(OPEN, REDEEM, LOSE, REAFFIRM, last=Aftermath.cancellation),
        "recovery_ended",
    ),
    "a change is approved before governance is accepted anew": (
        then(LOSE, ada_reaffirms, Aftermath.approves_a_change),
        "governance_not_accepted",
    ),
    "a change is approved after governance is accepted anew": (
        then(LOSE, Aftermath.governs_again, Aftermath.changes_something),
        None,
    ),
    "governance is accepted with a key that nobody reaffirmed": (
        then(LOSE, lambda it: it.add(it.ada.user, it.accepts(it.ada))),
        "reaffirmation_required",
    ),
    "governance is accepted anew": (
        then(LOSE, ada_reaffirms, lambda it: it.add(it.ada.user, it.accepts(it.ada))),
        None,
    ),
    "governance is accepted a second time without a loss": (
        then(lambda it: it.add(it.ada.user, it.accepts(it.ada))),
        "governance_accepted",
    ),
}
