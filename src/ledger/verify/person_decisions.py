"""Recompute an event of a person's stream, after the registration, from its evidence. Pure."""

from collections.abc import Callable
from typing import NamedTuple, assert_never

import msgspec

from ledger.domain import (
    acceptance,
    compromise,
    held_passkeys,
    recoveries,
    recovery_codes,
    redeeming,
    service_accounts,
    signing_keys,
    standing,
)
from ledger.domain.acceptance import FindChange
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import (
    CompromiseDeclared,
    GovernanceAccepted,
    KeyAdded,
    KeyAttested,
    KeyReaffirmed,
    KeyRevoked,
    PasskeyAdded,
    PasskeyRemoved,
    PersonBody,
    PersonSuspended,
    RecoveryCancelled,
    RecoveryCodesSet,
    ServiceAccountAdded,
    ServiceAccountEnded,
)
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.signing_keys import KeySubmission
from ledger.errors import CorruptError

OfAnother = RecoveryCancelled | PersonSuspended | ServiceAccountEnded
# What follows a registration.
OfPerson = (
    PasskeyAdded
    | PasskeyRemoved
    | KeyAttested
    | KeyRevoked
    | KeyReaffirmed
    | ServiceAccountAdded
    | ServiceAccountEnded
    | PersonSuspended
    | CompromiseDeclared
    | RecoveryCodesSet
    | RecoveryCancelled
    | GovernanceAccepted
)


class Others(NamedTuple):
    """What a decision about a person may read besides: who signed an act, and pending changes."""

    signer: Callable[[str], Person]
    change: FindChange


def decide_of_person(
    owner: Person, body: OfPerson, rules: Charter, others: Others, now_ms: int
) -> PersonBody:
    """Return the body that the evidence leads to.

    Raises the domain's errors; CorruptError `act_missing` for a further passkey without an act.
    """

    def asked(act: str, assertion: AssertionEvidence | None) -> ConfirmedAct:
        return ConfirmedAct(act, assertion, rules.ledger, rules.party, now_ms)

    match body:
        case PasskeyAdded():
            return _add_passkey(owner, body, rules, now_ms)
        case KeyAttested() | ServiceAccountAdded():
            return _add_key(owner, body, rules, now_ms)
        case PasskeyRemoved(credential_id=name, act=act, assertion=assertion):
            return held_passkeys.remove_passkey(owner, name, asked(act, assertion))
        case KeyRevoked(kid=kid, act=act, assertion=assertion):
            return signing_keys.revoke_key(owner, kid, asked(act, assertion))
        case KeyReaffirmed(act=act, assertion=assertion):
            return signing_keys.reaffirm_key(owner, asked(act, assertion), rules)
        case CompromiseDeclared(act=act, assertion=assertion):
            return compromise.declare(owner, asked(act, assertion))
        case RecoveryCodesSet(act=act, assertion=assertion):
            return recovery_codes.set_codes(owner, asked(act, assertion))
        case RecoveryCancelled() | PersonSuspended() | ServiceAccountEnded():
            by = others.signer(body.act)
            return _by_another(owner, body, by, asked(body.act, body.assertion), rules)
        case GovernanceAccepted(act=act, assertion=assertion):
            return acceptance.accept(owner, asked(act, assertion), rules, others.change)
        case _:
            assert_never(body)


def _by_another(
    owner: Person, body: OfAnother, by: Person, asked: ConfirmedAct, rules: Charter
) -> OfAnother:
    """Return what an administrator, or the person themselves, decided about a person."""
    match body:
        case RecoveryCancelled():
            return recoveries.cancel(owner, by, asked, rules)
        case PersonSuspended():
            return standing.suspend(owner, by, asked, rules)
        case ServiceAccountEnded():
            return service_accounts.end(owner, by, asked, rules)
        case _:
            assert_never(body)


def _add_passkey(owner: Person, body: PasskeyAdded, rules: Charter, now_ms: int) -> PasskeyAdded:
    ledger, party = rules.ledger, rules.party
    submission = PasskeySubmission(body.credential_id, body.registration, body.transports)
    added = held_passkeys.first_passkey(submission, nonce=body.nonce, ledger=ledger, party=party)
    if not owner.passkeys:
        return redeeming.redeem_invitation(owner, added, body.redeem, rules, now_ms=now_ms)
    if body.active_from is not None and body.redeem is not None:
        asked = ConfirmedAct(body.redeem, body.assertion, ledger, party, now_ms)
        return recoveries.recover(owner, added, asked, rules)
    if body.act is None:
        raise CorruptError("act_missing", "adding a further passkey requires an act")
    asked = ConfirmedAct(body.act, body.confirmation, ledger, party, now_ms)
    return held_passkeys.add_passkey(owner, added, asked, body.assertion)


def _add_key(owner: Person, body: KeyAdded, rules: Charter, now_ms: int) -> KeyAdded:
    if isinstance(body, ServiceAccountAdded):
        asked = service_accounts.submission_of(body)
        return service_accounts.add_allowed(owner, asked, rules, nonce=body.nonce, now_ms=now_ms)
    jwk = msgspec.to_builtins(body.jwk)
    submission = KeySubmission(jwk, body.assertion, body.possession, body.home, body.expires_at)
    return signing_keys.attest_allowed_key(
        owner, submission, rules, nonce=body.nonce, now_ms=now_ms
    )
