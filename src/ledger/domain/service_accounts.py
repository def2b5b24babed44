"""Service accounts: keys with which a program does a little of what its owner may do. Pure.

An account is a signing key of its owner, so what it does counts as the owner's everywhere: for
`creatorMaySign`, drafters, executors and quotas, and while the owner is suspended it does nothing.
It never approves, rejects, vetoes or retracts, and fills no place. Its scope says which acts it
signs and on which types of statements, and it has an end. The owner adds it with a passkey.
"""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from ledger import clock
from ledger.domain import acts, challenges, key_material
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.charter_values import require_home
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.document import TYPE_NAME
from ledger.domain.events import KeyAdded, ServiceAccountAdded, ServiceAccountEnded
from ledger.domain.governance import require_place
from ledger.domain.passkey import AssertionEvidence, RelyingParty, verify_assertion
from ledger.domain.person import Person
from ledger.domain.signing_keys import require_new_key, verify_possession
from ledger.domain.standing import require_standing
from ledger.domain.vocabulary import RESERVED, ServiceAct
from ledger.errors import ConflictError, MalformedError, NotFoundError
from ledger.jose import parse_jwk

MAX_SERVICE_MS = 400 * clock.DAY_MS
MAX_TYPES = 32


class ServiceSubmission(msgspec.Struct, frozen=True):
    """A new service account: its key with its proofs, its name, its scope, and its end."""

    jwk: dict[str, Any]
    assertion: AssertionEvidence
    possession: str
    name: str
    acts: tuple[ServiceAct, ...]
    types: tuple[str, ...]
    untyped: bool
    expires_at: str


def add_allowed(
    owner: Person, asked: ServiceSubmission, rules: Charter, *, nonce: str, now_ms: int
) -> ServiceAccountAdded:
    """Return the addition of a service account where the charter allows keys in programs.

    Raises as `add`; ConflictError `home_not_allowed`.
    """
    added = add(owner, asked, nonce=nonce, ledger=rules.ledger, party=rules.party, now_ms=now_ms)
    require_home(rules.values, added.home)
    return added


def add(
    owner: Person,
    asked: ServiceSubmission,
    *,
    nonce: str,
    ledger: str,
    party: RelyingParty,
    now_ms: int,
) -> ServiceAccountAdded:
    """Return the addition of a service account by one of its owner's passkeys.

    Raises MalformedError `service_invalid`, `time_invalid`, or for a bad or private JWK;
    ConflictError `key_known`; RefusedError `passkey_assertion_refused`, `possession_refused`, and
    those of `active_passkey`; ForbiddenError as `require_standing`.
    """
    # 1. The key is public, strong and new; the scope says something, and the account has an end.
    jwk = parse_jwk(asked.jwk)
    key_material.require_prime_order(jwk)
    kid = require_new_key(owner, jwk)
    _require_scope(asked)
    _require_end(asked.expires_at, now_ms)
    require_standing(owner)
    # 2. The passkey signs exactly this key, name, scope and end, for this person, ledger and nonce.
    challenge = _challenge(asked, kid, nonce, ledger=ledger, user=owner.user)
    passkey = owner.active_passkey(asked.assertion.credential_id, now_ms=now_ms)
    sign_count = verify_assertion(
        asked.assertion, challenge=challenge, public_key=passkey.public_key, party=party
    )
    # 3. The key signs the same challenge: this proves possession of the private key.
    verify_possession(asked.possession, jwk, challenge)
    return ServiceAccountAdded(
        kid=kid,
        jwk=jwk,
        nonce=nonce,
        name=asked.name,
        acts=asked.acts,
        types=asked.types,
        untyped=asked.untyped,
        expires_at=asked.expires_at,
        assertion=asked.assertion,
        sign_count=sign_count,
        possession=asked.possession,
    )


def submission_of(body: ServiceAccountAdded) -> ServiceSubmission:
    """Return what was asked for, with its evidence, to recompute it."""
    return ServiceSubmission(
        jwk=msgspec.to_builtins(body.jwk),
        assertion=body.assertion,
        possession=body.possession,
        name=body.name,
        acts=body.acts,
        types=body.types,
        untyped=body.untyped,
        expires_at=body.expires_at,
    )


def challenge_of(body: KeyAdded, *, ledger: str, user: str) -> bytes:
    """Return the challenge that a passkey and the key of this event both signed."""
    if isinstance(body, ServiceAccountAdded):
        return _challenge(body, body.kid, body.nonce, ledger=ledger, user=user)
    return challenges.attest_signing_key(
        expires_at=body.expires_at,
        home=body.home,
        kid=body.kid,
        ledger=ledger,
        nonce=body.nonce,
        user=user,
    )


def _challenge(
    about: ServiceSubmission | ServiceAccountAdded, kid: str, nonce: str, *, ledger: str, user: str
) -> bytes:
    service = {
        "acts": [*about.acts],
        "name": about.name,
        "types": [*about.types],
        "untyped": about.untyped,
    }
    return challenges.add_service_account(
        service, expires_at=about.expires_at, kid=kid, ledger=ledger, nonce=nonce, user=user
    )


def _require_scope(asked: ServiceSubmission) -> None:
    """Require a name, acts and types that are in order and mean something."""
    if not TYPE_NAME.fullmatch(asked.name) or "/" in asked.name:
        raise MalformedError("service_invalid", "a name has lower-case letters, digits and hyphens")
    if not asked.acts or not _in_order(asked.acts) or not {*asked.acts} <= {*get_args(ServiceAct)}:
        raise MalformedError("service_invalid", "acts are draft, outcome, use: each once, in order")
    if not (asked.types or asked.untyped) or len(asked.types) > MAX_TYPES:
        detail = f"a scope has 1 to {MAX_TYPES} types, or untyped statements"
        raise MalformedError("service_invalid", detail)
    for each in asked.types:
        if not TYPE_NAME.fullmatch(each) or each.startswith(RESERVED):
            raise MalformedError("service_invalid", f"{each!a:.80} is no type for an account")
    if not _in_order(asked.types):
        raise MalformedError("service_invalid", "types are in order, each once")


def _in_order(words: Sequence[str]) -> bool:
    return [*words] == sorted({*words})


def _require_end(expires_at: str, now_ms: int) -> None:
    end_ms = clock.to_ms(expires_at)
    if not now_ms < end_ms <= now_ms + MAX_SERVICE_MS:
        raise MalformedError("time_invalid", "a service account ends within 400 days from now")


def end(owner: Person, by: Person, asked: ConfirmedAct, rules: Charter) -> ServiceAccountEnded:
    """Return the end of a service account, by its owner or an administrator, with a passkey.

    Raises NotFoundError `service_unknown`; ConflictError `key_revoked`; ForbiddenError as
    `require_standing`, and as `require_place` for another person's; RefusedError as `verify_act`
    and `stepup.confirm` do.
    """
    ledger, now_ms = asked.ledger, asked.now_ms
    jws = parse_act(asked.text)
    key = by.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(
        jws, key.jwk, acts.EndServiceAccount, ledger=ledger, now_ms=now_ms, user=owner.user
    )
    account = owner.keys.get(act.account)
    if account is None or account.service is None:
        raise NotFoundError("service_unknown", "no such service account of this person")
    if account.revoked:
        raise ConflictError("key_revoked", "this service account has ended", kid=account.kid)
    require_standing(by)
    if by.user != owner.user:
        require_place(rules.in_force(by), rules.governance)
    assertion, sign_count = asked.confirmed_by(by)
    return ServiceAccountEnded(
        user=owner.user,
        account=account.kid,
        by=by.user,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )
