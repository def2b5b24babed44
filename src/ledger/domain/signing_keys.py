"""A person's signing keys: attest, revoke, reaffirm. Pure decisions, like those in person.py."""

from typing import Any

import msgspec

from ledger import clock
from ledger.domain import acts, challenges, key_material
from ledger.domain.act import Act
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.charter_values import require_home
from ledger.domain.compromise import require_own_date
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import KeyAttested, KeyReaffirmed, KeyRevoked
from ledger.domain.holdings import AttestedKey
from ledger.domain.passkey import AssertionEvidence, RelyingParty, verify_assertion
from ledger.domain.person import Person
from ledger.domain.standing import require_may_end_keys, require_standing
from ledger.domain.vocabulary import KeyHome
from ledger.encoding import b64u_decode
from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError
from ledger.jose import PublicJwk, parse_compact, parse_jwk, thumbprint, verify_compact

POSSESSION_TYP = "key-possession+jws"
MAX_SESSION_KEY_MS = 12 * 60 * 60 * 1000


class KeySubmission(msgspec.Struct, frozen=True):
    """A new signing key with its proofs: a passkey's assertion and the key's own signature."""

    jwk: dict[str, Any]
    assertion: AssertionEvidence
    possession: str
    home: KeyHome
    expires_at: str | None = None


def attest_allowed_key(
    person: Person, submission: KeySubmission, rules: Charter, *, nonce: str, now_ms: int
) -> KeyAttested:
    """Return the attestation of a new signing key with a home that the charter allows.

    Raises as `attest_key`; ConflictError `home_not_allowed`.
    """
    attested = attest_key(
        person, submission, nonce=nonce, ledger=rules.ledger, party=rules.party, now_ms=now_ms
    )
    require_home(rules.values, attested.home)
    return attested


def attest_key(
    person: Person,
    submission: KeySubmission,
    *,
    nonce: str,
    ledger: str,
    party: RelyingParty,
    now_ms: int,
) -> KeyAttested:
    """Return the attestation of a new signing key by one of the person's passkeys, with any home.

    Raises MalformedError (a bad or private JWK, `time_invalid`, `home_invalid`), ConflictError
    `key_known`, RefusedError `passkey_assertion_refused`, `possession_refused`, and those of
    `active_passkey`; ForbiddenError as `require_standing`.
    """
    # 1. The key is public and strong. Its kid is computed here; the client's kid is not used.
    jwk = parse_jwk(submission.jwk)
    key_material.require_prime_order(jwk)
    kid = require_new_key(person, jwk)
    require_standing(person)
    # 2. The passkey attests exactly this key, home, expiry, person, ledger and one-time nonce.
    home, ends = submission.home, submission.expires_at
    _require_end(home, ends, now_ms=now_ms)
    challenge = challenges.attest_signing_key(
        expires_at=ends, home=home, kid=kid, ledger=ledger, nonce=nonce, user=person.user
    )
    passkey = person.active_passkey(submission.assertion.credential_id, now_ms=now_ms)
    sign_count = verify_assertion(
        submission.assertion,
        challenge=challenge,
        public_key=passkey.public_key,
        party=party,
    )
    # 3. The key signs the same challenge: this proves possession of the private key.
    verify_possession(submission.possession, jwk, challenge)
    return KeyAttested(
        kid=kid,
        jwk=jwk,
        nonce=nonce,
        home=home,
        assertion=submission.assertion,
        sign_count=sign_count,
        possession=submission.possession,
        expires_at=ends,
    )


def require_new_key(person: Person, jwk: PublicJwk) -> str:
    """Return the kid of a key that is new to its person; raise ConflictError `key_known`."""
    kid = thumbprint(jwk)
    if kid in person.keys or kid in _passkeys_of(person):
        raise ConflictError("key_known", "this public key is already in the ledger", kid=kid)
    return kid


def _require_end(home: KeyHome, ends: str | None, *, now_ms: int) -> None:
    """Require that a key ends in the future, if at all, and a session's key within 12 hours."""
    if ends is not None and clock.to_ms(ends) <= now_ms:
        raise MalformedError("time_invalid", "a new key must expire in the future")
    if home == "session" and (ends is None or clock.to_ms(ends) > now_ms + MAX_SESSION_KEY_MS):
        raise MalformedError("home_invalid", "a key of this session must end within 12 hours")


def _passkeys_of(person: Person) -> set[str]:
    """Return the thumbprints of the person's passkeys: a signing key is no passkey as well."""
    return {key_material.of_passkey(each.public_key) for each in person.passkeys.values()}


def verify_possession(text: str, jwk: PublicJwk, challenge: bytes) -> None:
    """Verify that a new key signed its challenge; raise RefusedError `possession_refused`."""
    jws = parse_compact(text)
    if jws.header.typ != POSSESSION_TYP or jws.header.iat is not None:
        raise RefusedError(
            "possession_refused", f"the proof's header must be alg, kid and typ {POSSESSION_TYP}"
        )
    if b64u_decode(jws.payload) != challenge:
        raise RefusedError("possession_refused", "the proof signs another challenge")
    verify_compact(jws, jwk)


def revoke_key(owner: Person, kid: str, asked: ConfirmedAct) -> KeyRevoked:
    """Return the revocation of a key by its owner.

    A key signs its own revocation alone, also one that nobody reaffirmed after a loss. To end
    another key, or to say since when a key was compromised, a passkey confirms it. Raises
    RefusedError as `verify_act` and `confirmed_by` do; NotFoundError `key_unknown`; ConflictError
    `key_revoked`; MalformedError `assertion_unexpected`; ForbiddenError as `require_may_end_keys`,
    or as `require_standing` if it says since when; and as
    `compromise.require_own_date`.
    """
    ledger, now_ms = asked.ledger, asked.now_ms
    jws = parse_act(asked.text)
    name = jws.header.kid
    signer = _signer(owner, name, kid, acts.RevokeKey, now_ms)
    act = verify_act(jws, signer.jwk, acts.RevokeKey, ledger=ledger, now_ms=now_ms, kid=kid)
    key = owner.keys.get(kid)
    if key is None:
        raise NotFoundError("key_unknown", "no such signing key of this person", kid=kid)
    if key.revoked:
        raise ConflictError("key_revoked", "this key is already revoked", kid=kid)
    since = act.compromised_since
    if since is None:
        require_may_end_keys(owner)
    else:
        require_standing(owner)
    assertion = sign_count = None
    if signer.kid != kid or since is not None:
        assertion, sign_count = asked.confirmed_by(owner)
    elif asked.assertion is not None:
        raise MalformedError("assertion_unexpected", "a key needs no passkey to end itself")
    if since is not None:
        require_own_date(key, since, now_ms=now_ms)
    return KeyRevoked(
        kid=kid,
        by_kid=signer.kid,
        act=asked.text,
        compromised_since=since,
        assertion=assertion,
        sign_count=sign_count,
    )


def _signer(owner: Person, name: str, kid: str, kind: type[Act], now_ms: int) -> AttestedKey:
    """Return the key that signs for the key `kid`: itself, or another one of its owner's."""
    itself = name == kid
    tag = str(kind.__struct_config__.tag) if itself else None
    return owner.active_key(name, now_ms=now_ms, unaffirmed=itself, act=tag)


def reaffirm_key(owner: Person, asked: ConfirmedAct, rules: Charter) -> KeyReaffirmed:
    """Return the reaffirmation of a key from before the last loss; a passkey confirms it.

    The loss may have taken the key's revocation, so a thief may hold it: the passkey shows that its
    person wants it. The key itself signs the act, or another key of theirs that signs already.
    Raises RefusedError as `verify_act` and `confirmed_by` do, `act_mismatch` for another loss,
    and as `active_key` for a key that has ended; ConflictError `key_reaffirmed` for one that signs
    already; ForbiddenError as `require_standing`.
    """
    now_ms, jws = asked.now_ms, parse_act(asked.text)
    stated, name = acts.stated_act(jws, acts.ReaffirmKey), jws.header.kid
    signer = _signer(owner, name, stated.kid, acts.ReaffirmKey, now_ms)
    epoch = rules.lost_epoch
    act = verify_act(
        jws, signer.jwk, acts.ReaffirmKey, ledger=asked.ledger, now_ms=now_ms, epoch=epoch
    )
    key = owner.active_key(act.kid, now_ms=now_ms, unaffirmed=True, act="reaffirm-key")
    require_standing(owner)
    if not key.unaffirmed:
        raise ConflictError("key_reaffirmed", "this key signs already", kid=key.kid)
    assertion, sign_count = asked.confirmed_by(owner)
    return KeyReaffirmed(
        kid=key.kid,
        by_kid=signer.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )
