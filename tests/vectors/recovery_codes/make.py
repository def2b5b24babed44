"""Write cases.json: `python -m tests.vectors.recovery_codes.make`.

Each case is a log in which somebody sets recovery codes or uses one, and the code with which an
auditor refuses the last event, null where it accepts it. `story` are the first events of every
case. Python and JavaScript read the same file.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from ledger.domain import challenges
from ledger.domain.events import PasskeyAdded, PasskeyRemoved
from tests.support.authenticator import Passkey
from tests.support.fixed_keys import fixed_passkey
from tests.support.signers import LEDGER, NONCE, Signer, assertion
from tests.vectors.changes.make import shown_event
from tests.vectors.recovery_codes.lost import NAMES, Lost
from tests.vectors.recovery_codes.waits import WAITS

PATH = Path(__file__).with_name("cases.json")
OTHERS = [f"other code {n}" for n in range(10)]
DAY_MS = 86_400_000


def after(*steps: Callable[[Lost], None], last: Callable[[Lost], Any]) -> Callable[[Lost], None]:
    def told(lost: Lost) -> None:
        for step in steps:
            step(lost)
        lost.last(last(lost))

    return told


def using(
    name: str = NAMES[0], passkey: Passkey | None = None, **said: Any
) -> Callable[[Lost], Any]:
    return lambda lost: lost.recovery(name, passkey, **said)


def replaced(**members: Any) -> Callable[[Lost], Any]:
    return lambda lost: msgspec.structs.replace(lost.recovery(), **members)


def confirmed_by_the_old_one(lost: Lost) -> PasskeyAdded:
    challenge = challenges.redeem(
        cose_sha256=lost.new.cose_sha256, ledger=LEDGER, nonce=NONCE, user=lost.ivy.user
    )
    return msgspec.structs.replace(lost.recovery(), assertion=assertion(lost.old.get(challenge)))


def cancel(lost: Lost) -> None:
    lost.tell(lost.ivy.user, lost.cancellation())


def remove_old(lost: Lost) -> PasskeyRemoved:
    return lost.removal(lost.ivy, lost.old.id, lost.new)


def add_another(lost: Lost) -> None:
    """Add a passkey that the recovered one confirms."""
    lost.ivy.passkey = lost.new
    lost.add_passkey(lost.ivy, fixed_passkey(51))
    lost.ivy.passkey = lost.old


def remove_old_by_another(lost: Lost) -> PasskeyRemoved:
    return lost.removal(lost.ivy, lost.old.id, fixed_passkey(51))


Try = Callable[[Lost], None]
SET, USED, WAITED = Lost.set, Lost.use, Lost.wait
TRIES: dict[str, tuple[Try, str | None]] = {
    "ten codes": (after(last=lambda lost: lost.codes()), None),
    "nine codes": (after(last=lambda lost: lost.codes(NAMES[:9])), "codes_invalid"),
    "a code twice": (after(last=lambda lost: lost.codes([*NAMES[:9], NAMES[0]])), "codes_invalid"),
    "codes that are set again": (after(SET, last=lambda lost: lost.codes(OTHERS)), None),
    "codes by somebody else": (after(last=lambda lost: lost.codes(who=lost.cal)), "key_unknown"),
    "codes of somebody suspended": (
        after(lambda lost: lost.suspend(lost.ivy, lost.ada), last=lambda lost: lost.codes()),
        "person_suspended",
    ),
    "a code": (after(SET, last=using()), None),
    "no code of the set": (after(SET, last=using(OTHERS[0])), "code_unknown"),
    "a code without a set": (after(last=using()), "code_unknown"),
    "a code of a replaced set": (
        after(SET, lambda lost: lost.set(OTHERS), last=using()),
        "code_unknown",
    ),
    "a code while another waits": (
        after(SET, USED, last=using(NAMES[1], fixed_passkey(51))),
        "recovery_waiting",
    ),
    "a code that was cancelled": (
        after(SET, USED, cancel, last=using(NAMES[0], fixed_passkey(51))),
        "code_used",
    ),
    "another code after one was cancelled": (
        after(SET, USED, cancel, last=using(NAMES[1], fixed_passkey(51))),
        None,
    ),
    "another code after a recovery": (
        after(SET, USED, WAITED, last=using(NAMES[1], fixed_passkey(51))),
        "code_used",
    ),
    "a new set after a recovery": (
        after(
            SET,
            USED,
            WAITED,
            lambda lost: lost.set(OTHERS),
            last=using(OTHERS[1], fixed_passkey(51)),
        ),
        None,
    ),
    "a code for another passkey": (
        after(SET, last=using(cose=fixed_passkey(51).cose_sha256)),
        "act_mismatch",
    ),
    "a code for another person": (after(SET, last=using(user=Signer(9).user)), "act_mismatch"),
    "a code as an invitation": (after(SET, last=using(purpose="invitation")), "act_mismatch"),
    "a code as an act": (after(SET, last=using(typ="act+jwt")), "jws_typ_mismatch"),
    "a code for another ledger": (after(SET, last=using(ledger="another")), "ledger_mismatch"),
    "a code of an hour ago": (after(SET, last=using(iat=1_795_000_000)), "iat_stale"),
    "a code of somebody suspended": (
        after(SET, lambda lost: lost.suspend(lost.ivy, lost.ada), last=using()),
        "person_suspended",
    ),
    "a new passkey that shows nothing": (
        after(SET, last=replaced(assertion=None)),
        "assertion_required",
    ),
    "an old passkey that shows itself": (
        after(SET, last=confirmed_by_the_old_one),
        "assertion_required",
    ),
    "a passkey that works too early": (
        after(
            SET,
            last=lambda lost: msgspec.structs.replace(lost.recovery(), active_from=lost.later(1)),
        ),
        "decision_mismatch",
    ),
    "a passkey said to wait for nothing": (
        after(SET, last=replaced(active_from=None)),
        "act_missing",
    ),
    "a key by a passkey that waits": (
        after(SET, USED, last=Lost.attestation),
        "passkey_waiting",
    ),
    "a key by a passkey that waited": (after(SET, USED, WAITED, last=Lost.attestation), None),
    "the older passkey ended by one that waits": (
        after(SET, USED, last=remove_old),
        "passkey_last",
    ),
    "the older passkey ended too soon": (
        after(SET, USED, WAITED, last=remove_old),
        "passkey_too_new",
    ),
    "the older passkey ended after a week": (
        after(SET, USED, partial(WAITED, ms=9 * DAY_MS), last=remove_old),
        None,
    ),
    "the older passkey ended too soon by one that the new one confirmed": (
        after(SET, USED, WAITED, add_another, last=remove_old_by_another),
        "passkey_too_new",
    ),
    "the older passkey ended after a week by one that the new one confirmed": (
        after(SET, USED, partial(WAITED, ms=9 * DAY_MS), add_another, last=remove_old_by_another),
        None,
    ),
    "the only passkey that works ended": (
        after(SET, USED, last=lambda lost: lost.removal(lost.ivy, lost.old.id)),
        "passkey_last",
    ),
    "the passkey that waits ended as an old one": (
        after(SET, USED, last=lambda lost: lost.removal(lost.ivy, lost.new.id)),
        "passkey_waiting",
    ),
    "a recovery that its person cancels": (
        after(SET, USED, last=Lost.cancellation),
        None,
    ),
    "a recovery that an administrator cancels": (
        after(SET, USED, last=lambda lost: lost.cancellation(lost.ada)),
        None,
    ),
    "a recovery that somebody else cancels": (
        after(SET, USED, last=lambda lost: lost.cancellation(lost.cal)),
        "governance_only",
    ),
    "a recovery of somebody suspended that they cancel": (
        after(SET, USED, lambda lost: lost.suspend(lost.ivy, lost.ada), last=Lost.cancellation),
        "person_suspended",
    ),
    "a recovery that is cancelled twice": (
        after(SET, USED, cancel, last=Lost.cancellation),
        "recovery_ended",
    ),
    "a recovery that is cancelled too late": (
        after(SET, USED, WAITED, last=Lost.cancellation),
        "recovery_ended",
    ),
    "an older passkey cancelled": (
        after(SET, USED, last=lambda lost: lost.cancellation(recovery=f"passkey:{lost.old.id}")),
        "recovery_unknown",
    ),
    "a key cancelled": (
        after(SET, USED, last=lambda lost: lost.cancellation(recovery=f"kid:{lost.new.id}")),
        "recovery_unknown",
    ),
    "a recovery of another person cancelled": (
        after(SET, USED, last=lambda lost: lost.cancellation(user=lost.cal.user)),
        "act_mismatch",
    ),
}


def logs() -> Iterator[tuple[str, Lost, str | None]]:
    """Yield the name, the log and the expected code of each case."""
    for name, (tries, expected) in (TRIES | WAITS).items():
        told = Lost()
        tries(told)
        yield name, told, expected


def text() -> str:
    """Return the file's text."""
    story = [shown_event(at, each) for at, each in enumerate(Lost().events, start=1)]
    cases = []
    for name, told, code in logs():
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(story) :], "code": code})
    found = {"story": story, "cases": cases}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
