"""The passkeys that a person holds: add, remove. Pure decisions, like those in person.py."""

import hashlib

import msgspec

from ledger.domain import acts, challenges, recovery_codes
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PasskeyAdded, PasskeyRemoved
from ledger.domain.holdings import Passkey
from ledger.domain.passkey import (
    AssertionEvidence,
    RegistrationEvidence,
    RelyingParty,
    verify_assertion,
    verify_registration,
)
from ledger.domain.person import Person
from ledger.domain.standing import require_may_end_keys, require_standing
from ledger.encoding import b64u_decode
from ledger.errors import ConflictError, NotFoundError, RefusedError


class PasskeySubmission(msgspec.Struct, frozen=True):
    """A new passkey's registration response, its credential id, and transports as reported."""

    credential_id: str
    registration: RegistrationEvidence
    transports: tuple[str, ...] = ()


def first_passkey(
    submission: PasskeySubmission, *, nonce: str, ledger: str, party: RelyingParty
) -> PasskeyAdded:
    """Return the first passkey of a person; raise RefusedError as `verify_registration` does."""
    verified = verify_registration(
        submission.registration,
        submission.credential_id,
        challenge=challenges.register(ledger=ledger, nonce=nonce),
        party=party,
    )
    return PasskeyAdded(
        credential_id=verified.credential_id,
        public_key=verified.public_key,
        algorithm=verified.algorithm,
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        backed_up=verified.backed_up,
        transports=submission.transports,
        nonce=nonce,
        registration=submission.registration,
    )


def add_passkey(
    person: Person,
    added: PasskeyAdded,
    asked: ConfirmedAct,
    assertion: AssertionEvidence | None,
) -> PasskeyAdded:
    """Return a further passkey, verified by `first_passkey`, that the person added.

    The act names the new key, so that no carrier of the request can exchange it. An older passkey
    confirms the act, so that a signing key alone adds none. `assertion` is the new passkey's own.
    Raises RefusedError as `verify_act`, `confirmed_by` and `verify_assertion` do, or
    `act_mismatch` if the act names another key or person; ForbiddenError as `require_standing`.
    """
    jws = parse_act(asked.text)
    key = person.active_key(jws.header.kid, now_ms=asked.now_ms)
    said = verify_act(jws, key.jwk, acts.AddPasskey, ledger=asked.ledger, now_ms=asked.now_ms)
    cose_sha256 = cose_digest(added.public_key)
    if (said.cose, said.user) != (cose_sha256, person.user):
        raise RefusedError("act_mismatch", "the act names another passkey or person")
    require_standing(person)
    require_works(added, assertion, user=person.user, ledger=asked.ledger, party=asked.party)
    confirmation, count = asked.confirmed_by(person)
    return msgspec.structs.replace(
        added,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        confirmation=confirmation,
        confirmation_sign_count=count,
    )


def require_works(
    added: PasskeyAdded,
    assertion: AssertionEvidence | None,
    *,
    user: str,
    ledger: str,
    party: RelyingParty,
) -> None:
    """Require the assertion of a new passkey which shows that it works and is for this person.

    Raises RefusedError `assertion_required`, or as `verify_assertion`.
    """
    if assertion is None or assertion.credential_id != added.credential_id:
        raise RefusedError("assertion_required", "the new passkey must show that it works")
    cose_sha256 = cose_digest(added.public_key)
    verify_assertion(
        assertion,
        challenge=challenges.add_passkey(
            cose_sha256=cose_sha256, ledger=ledger, nonce=added.nonce, user=user
        ),
        public_key=added.public_key,
        party=party,
    )


def require_live(person: Person, cose_sha256: str, *, now_ms: int) -> None:
    """Require that this is the digest of a passkey of theirs that works, and will go on to work.

    Raises ConflictError `cose_mismatch`; `recovery_waiting` while a re-enrolment waits, because it
    would end the passkey that people compared.
    """
    if person.re_enrolling is not None:
        raise ConflictError("recovery_waiting", "a re-enrolment of this person waits")
    live = [each.public_key for each in person.passkeys.values() if each.is_live(now_ms)]
    if cose_sha256 not in map(cose_digest, live):
        raise ConflictError("cose_mismatch", "the person has no passkey with this key")


def require_same(passkey: Passkey, cose_sha256: str) -> None:
    """Raise ConflictError `cose_mismatch` unless this is the digest of the passkey's key."""
    if cose_digest(passkey.public_key) != cose_sha256:
        raise ConflictError("cose_mismatch", "the passkey has another key")


def cose_digest(public_key: str) -> str:
    """Return the SHA-256, in hex, of a COSE public key (base64url): changes name passkeys so."""
    return hashlib.sha256(b64u_decode(public_key)).hexdigest()


def remove_passkey(
    owner: Person,
    credential_id: str,
    asked: ConfirmedAct,
) -> PasskeyRemoved:
    """Return the removal of a passkey, which its owner signs and confirms with a passkey.

    Raises RefusedError as `verify_act` and `confirmed_by` do, `key_unknown` for another person's
    act, `act_mismatch` if it names another passkey; NotFoundError `passkey_unknown`; ConflictError
    `passkey_removed`, `passkey_waiting` (a recovery is cancelled), `passkey_last` because an owner
    keeps one that works, and as `recovery_codes.require_may_end`; ForbiddenError as
    `require_may_end_keys`.
    """
    jws = parse_act(asked.text)
    key = owner.active_key(jws.header.kid, now_ms=asked.now_ms)
    said = verify_act(jws, key.jwk, acts.RemovePasskey, ledger=asked.ledger, now_ms=asked.now_ms)
    passkey = owner.passkeys.get(credential_id)
    if passkey is None:
        raise NotFoundError("passkey_unknown", "no such passkey")
    if passkey.removed:
        raise ConflictError("passkey_removed", "this passkey is already removed")
    require_may_end_keys(owner)
    if passkey.waits(asked.now_ms):
        raise ConflictError("passkey_waiting", "this passkey waits: cancel the recovery instead")
    if sum(each.is_live(asked.now_ms) for each in owner.passkeys.values()) == 1:
        raise ConflictError("passkey_last", "this is your last passkey: add another one first")
    if said.credential_id != credential_id:
        raise RefusedError("act_mismatch", "the act names another passkey")
    assertion, count = asked.confirmed_by(owner)
    by, now_ms = assertion.credential_id, asked.now_ms
    recovery_codes.require_may_end(owner, by, [passkey], now_ms=now_ms)
    return PasskeyRemoved(
        credential_id=credential_id,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=count,
    )
