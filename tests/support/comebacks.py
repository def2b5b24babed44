"""How people of a chronicle come back: recovery codes, and links of re-enrolments."""

from typing import Any

from ledger.domain import challenges, recoveries, recovery_codes
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PasskeyAdded
from tests.support.authenticator import Passkey
from tests.support.chronicle import Chronicle
from tests.support.links import link_jwk, link_key
from tests.support.signers import LEDGER, NONCE, PARTY, Signer, assertion

COMEBACK = "comeback"  # the name of a link's secret
UNTIL = "2026-12-01T00:00:00.000Z"


def re_enrol(who: Signer, link: str = COMEBACK, **members: Any) -> dict[str, Any]:
    """Return the item that opens a re-enrolment of a person."""
    about = {"user": who.user, "key": link_jwk(link), "expiresAt": UNTIL}
    return {"re-enrol": about | members}


def admit(who: Signer, passkey: Passkey, **members: Any) -> dict[str, Any]:
    """Return the item that admits the passkey of a re-enrolment."""
    return {"admit": {"user": who.user, "cose": passkey.cose_sha256} | members}


def set_codes(told: Chronicle, who: Signer) -> None:
    """Record ten recovery codes of a person."""
    keys = [link_jwk(f"code {n} of {who.user}") for n in range(10)]
    asked = who.confirmed(who.act("set-recovery-codes", keys=keys))
    told.tell(who.user, recovery_codes.set_codes(told.state_of(who), asked))


def use_code(told: Chronicle, who: Signer, passkey: Passkey) -> None:
    """Record a passkey that the first recovery code of a person adds; it waits."""
    told.tell(who.user, redeemed(told, who, passkey, f"code 0 of {who.user}", "recovery"))


def use_link(told: Chronicle, who: Signer, passkey: Passkey, link: str = COMEBACK) -> None:
    """Record a passkey that the link of a re-enrolment adds; it waits."""
    told.tell(who.user, redeemed(told, who, passkey, link, "re-enrolment"))


def redeemed(
    told: Chronicle, who: Signer, passkey: Passkey, secret: str, purpose: str
) -> PasskeyAdded:
    """Return the passkey that a code or link adds."""
    text = who.redeem(link_key(secret), cose=passkey.cose_sha256, purpose=purpose)
    challenge = challenges.redeem(
        cose_sha256=passkey.cose_sha256, ledger=LEDGER, nonce=NONCE, user=who.user
    )
    shown = assertion(passkey.get(challenge))
    asked = ConfirmedAct(text, shown, LEDGER, PARTY, told.time.ms)
    assert told.auditor.charter is not None
    added = told.shown(who, passkey)
    return recoveries.recover(told.state_of(who), added, asked, told.auditor.charter)


def cancel(told: Chronicle, who: Signer, passkey: Passkey) -> None:
    """Record that a person cancels their recovery."""
    act = who.act("cancel-recovery", recovery=f"passkey:{passkey.id}", user=who.user)
    state, asked = told.state_of(who), who.confirmed(act)
    assert told.auditor.charter is not None
    told.tell(who.user, recoveries.cancel(state, state, asked, told.auditor.charter))
