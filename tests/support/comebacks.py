"""How people of a chronicle come back: recovery codes, and links of re-enrolments."""

from typing import Any
from uuid import UUID, uuid5

import msgspec

from ledger.domain import challenges, recoveries, recovery_codes
from ledger.domain.charter_values import LEAST_WAIT_MS
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PasskeyAdded, StatementDrafted, StatementSigned, decode
from tests.support.authenticator import Passkey
from tests.support.chronicle import Chronicle
from tests.support.fixed_keys import fixed_passkey
from tests.support.forgery import sealed
from tests.support.keys import ed25519_key
from tests.support.ledger_chronicle import RECOVERY
from tests.support.links import link_jwk, link_key
from tests.support.signers import LEDGER, NONCE, PARTY, Signer, assertion

COMEBACK = "comeback"  # the name of a link's secret
BY_OPERATOR = "by the operator"
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


def returned_story(*, suspended: bool = False) -> Chronicle:
    """Return a chronicle in which Bob approves, comes back with a new passkey, and approves again.

    His approvals are of the statements 1 and 2. At the end he may be `suspended`.
    """
    told = Chronicle()
    told.found()
    told.announce(1)
    dave, alice = told.signer(4, "administrator"), told.signer(1, "creator")
    bob = told.signer(2, "investor")
    told.register(dave, "Dave", "setup")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    first = told.draft(alice, 1)
    told.sign(bob, bob.shared(first), first)
    told.change(dave, 101, re_enrol(bob))
    use_link(told, bob, fixed_passkey(14))
    told.time.ms += LEAST_WAIT_MS
    bob.passkey, bob.key = fixed_passkey(14), ed25519_key(32)
    told.attest(bob, bob.key)
    second = told.draft(alice, 2)
    told.sign(bob, bob.shared(second), second)
    if suspended:
        told.suspend(bob, dave)
    return told


def admitted_story() -> Chronicle:
    """Return a chronicle in which Eve, whom the operator let in, approves statement 1.

    The operator stated that Dave is lost, who is the only administrator.
    """
    told = Chronicle()
    told.found()
    told.announce(1)
    dave, alice = told.signer(4, "administrator"), told.signer(1, "creator")
    eve = told.signer(5, "administrator")
    told.register(dave, "Dave", "setup")
    told.register(alice, "Alice")
    told.recover([dave.user], {BY_OPERATOR: "administrator"})
    told.time.ms += LEAST_WAIT_MS
    told.register_by(eve, "Eve", str(uuid5(UUID(RECOVERY), BY_OPERATOR)), BY_OPERATOR)
    drafted = told.draft(alice, 1, policy={"threshold": 1, "of": ["role:administrator"]})
    told.sign(eve, eve.shared(drafted), drafted)
    return told


def with_old_key(told: Chronicle) -> list[bytes]:
    """Return the stored events of `returned_story`, its last approval made with Bob's old key."""
    last = told.events[-1]
    assert isinstance(last.body, StatementSigned)
    raw = decode(told.states[-2]).body
    assert isinstance(raw, StatementDrafted)
    old = told.signer(2, "investor")
    jws = old.shared(raw.document.encode(), iat=last.body.iat)
    body = msgspec.structs.replace(last.body, jws=jws, kid=old.key.kid)
    return [*told.states[:-1], sealed(msgspec.structs.replace(last, body=body))]
