"""Verify every signature of a JWS, or find the first valid one (RFC 7515 section 5.2).

The checks have a fixed order; cheap ones come before cryptography:

 1. the envelope; an error fails the whole JWS               (serialization.py)
 2. each entry: members, disjoint headers, crit and b64      (entry.py, header.py)
 3. the same b64 in all entries, then the payload, once      (entry.py)
 4. alg accepted, typ as expected                            (entry.py)
 5. candidate keys: looked up, narrowed by kid and alg
 6. the signature, with at most `limits.tries` candidates
 7. claims, if requested, once for the shared payload        (claims.py)

Keys inside headers (jwk, jku, x5u, x5c) are ignored, because the signer of a forgery chooses them.
"""

from collections.abc import Iterable
from typing import Unpack

from ledger.errors import MalformedError
from ledger.jose.entry_judge import EntryJudge
from ledger.jose.keyset import KeyInput, Keys, KeySet, Lookup, key_set
from ledger.jose.outcome import (
    FailedOutcome,
    Failure,
    NotVerifiedError,
    Outcome,
    Verification,
    Verified,
)
from ledger.jose.rules import Options, Rules, read_options
from ledger.jose.serialization import JwsInput, parse

# The order of the checks. NotVerifiedError reports the code of the entry that got furthest.
_PROGRESS = (
    "jws_signature_invalid",
    "jwt_claim_missing",
    "jwt_claim_invalid",
    "jwt_nbf",
    "jwt_expired",
)


def verify_multi_all(
    jws: JwsInput, keys: KeyInput | Lookup, **options: Unpack[Options]
) -> Verification:
    """Return the outcome of every entry of a JWS, and the payload if one of them verified.

    An invalid entry never raises: it becomes an outcome. Raises MalformedError for the envelope
    (`jws_invalid_serialization`, `jws_limit_exceeded`) or for `keys` (`jwk_invalid`,
    `private_key_refused`); TypeError or ValueError for invalid options; TypeError for a lookup
    that has to be awaited.
    """
    return verify_envelope(jws, as_keys(keys), read_options(options))


def verify_multi(jws: JwsInput, keys: KeyInput | Lookup, **options: Unpack[Options]) -> Verified:
    """Return the payload and the first entry that verifies; later entries are not tried.

    Raises NotVerifiedError with all outcomes if none does, else as `verify_multi_all`.
    """
    return _first(jws, as_keys(keys), read_options(options))


def verify(jws: object, keys: KeyInput | Lookup, **options: Unpack[Options]) -> Verified:
    """Verify a compact JWS; errors as `verify_multi`, whose JSON forms are refused here."""
    if not isinstance(jws, str | bytes) or jws.lstrip()[:1] in ("{", b"{"):
        raise MalformedError("jws_invalid_serialization", "this is not a compact JWS")
    return _first(jws, as_keys(keys), read_options(options))


def as_keys(given: KeyInput | Lookup) -> Keys:
    """Return keys as a set, or a lookup unchanged; errors as `key_set`."""
    if isinstance(given, KeySet):
        return given
    return given if callable(given) else key_set(given)


def verify_envelope(jws: JwsInput, keys: Keys, rules: Rules) -> Verification:
    """Verify as `verify_multi_all` does, with options that are already parsed."""
    judge = EntryJudge(parse(jws, rules.profile, rules.limits), rules)
    return verification(judge, [judge.judge(entry, keys) for entry in judge.entries])


def verification(judge: EntryJudge, outcomes: Iterable[Outcome]) -> Verification:
    """Return the outcomes, with the payload and the claims if one of them verified."""
    listed = tuple(outcomes)
    for outcome in listed:
        if outcome.verified:
            return Verification(judge.payload, listed, judge.claims)
    return Verification(None, listed)


def _first(jws: JwsInput, keys: Keys, rules: Rules) -> Verified:
    judge = EntryJudge(parse(jws, rules.profile, rules.limits), rules)
    outcomes: list[FailedOutcome] = []
    for entry in judge.entries:
        outcome = judge.judge(entry, keys)
        if outcome.verified:
            return Verified(judge.payload, outcome, judge.claims)
        outcomes.append(outcome)
    raise not_verified(outcomes)


def not_verified(outcomes: Iterable[FailedOutcome]) -> NotVerifiedError:
    """Return the error with all outcomes and the code of the entry that got furthest."""

    def progress(error: Failure) -> int:
        return _PROGRESS.index(error.code) + 1 if error.code in _PROGRESS else 0

    listed = tuple(outcomes)
    told = max((outcome.error for outcome in listed), key=progress)  # the first of the furthest
    return NotVerifiedError(told.code, told.detail, listed)
