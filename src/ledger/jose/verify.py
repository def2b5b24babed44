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

from inspect import isawaitable, iscoroutine
from typing import Any, Unpack

from ledger.encoding import parse_json
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.claims import TIMES_ONLY, check_claims
from ledger.jose.entry import SignatureEntry, check_header, read_entries, signed_payload
from ledger.jose.header import copied
from ledger.jose.keys import Key
from ledger.jose.keyset import KeyInput, KeySet, Lookup, key_set
from ledger.jose.outcome import (
    FailedOutcome,
    Failure,
    NotVerifiedError,
    Outcome,
    Verification,
    Verified,
    VerifiedOutcome,
    failure,
)
from ledger.jose.rules import Options, Rules, read_options
from ledger.jose.serialization import Envelope, JwsInput, parse

Keys = KeySet | Lookup

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
    judge = _Judge(parse(jws, rules.profile, rules.limits), keys, rules)
    outcomes = tuple([judge.judge(entry) for entry in judge.entries])
    for outcome in outcomes:
        if outcome.verified:
            return Verification(judge.payload, outcomes, judge.claims)
    return Verification(None, outcomes)


def _first(jws: JwsInput, keys: Keys, rules: Rules) -> Verified:
    judge = _Judge(parse(jws, rules.profile, rules.limits), keys, rules)
    outcomes: list[FailedOutcome] = []
    for entry in judge.entries:
        outcome = judge.judge(entry)
        if outcome.verified:
            return Verified(judge.payload, outcome, judge.claims)
        outcomes.append(outcome)
    raise _not_verified(tuple(outcomes))


def _not_verified(outcomes: tuple[FailedOutcome, ...]) -> NotVerifiedError:
    def progress(error: Failure) -> int:
        return _PROGRESS.index(error.code) + 1 if error.code in _PROGRESS else 0

    errors = [outcome.error for outcome in outcomes]
    told = max(errors, key=progress)  # the first of those that got furthest
    return NotVerifiedError(told.code, told.detail, outcomes)


class _Judge:
    """Verifies the entries of one envelope: holds the payload, signing inputs and rules."""

    __slots__ = (
        "_claims_checked",
        "_claims_error",
        "_encoded",
        "_keys",
        "_rules",
        "_secrets",
        "_spare",
        "_transmitted",
        "claims",
        "entries",
        "payload",
    )

    def __init__(self, envelope: Envelope, keys: Keys, rules: Rules) -> None:
        self.entries, encoded = read_entries(envelope, rules)
        self._keys = keys
        self._rules = rules
        self._secrets: dict[str, str] = {}
        self._spare = rules.limits.spare_tries
        self.claims: dict[str, Any] | None = None
        self._claims_error: Failure | None = None
        self._claims_checked = rules.now is None
        self._encoded = encoded
        self.payload, self._transmitted = b"", b""
        if encoded is not None:
            payload, transmitted = signed_payload(envelope, encoded=encoded, rules=rules)
            self.payload, self._transmitted = payload, b"." + transmitted

    def judge(self, entry: SignatureEntry) -> Outcome:
        """Return the outcome of one entry."""
        if entry.error is not None:
            return entry.failed(entry.error)
        try:
            check_header(entry, self._rules)
            key = self._verifying_key(entry)
        except LedgerError as error:
            return entry.failed(failure(error))
        if not self._claims_checked:
            self._check_claims()
        if self._claims_error is not None:
            return entry.failed(self._claims_error)
        secret = key.kty == "oct"
        return VerifiedOutcome(
            index=entry.index,
            alg=entry.alg or "",
            kid=entry.kid,
            signer=self._name_secret(key) if secret else key.thumbprint,
            thumbprint=None if secret else key.thumbprint,
            key_type=key.kty,
            protected=entry.protected,
            header=entry.header,
        )

    def _name_secret(self, key: Key) -> str:
        """Return one name for one secret, under every kid."""
        label = len(self._secrets) if key.kid is None else key.kid
        return self._secrets.setdefault(key.thumbprint, f"secret:{label}")

    def _verifying_key(self, entry: SignatureEntry) -> Key:
        """Return the key that verifies the entry; raise RefusedError or MalformedError."""
        alg = entry.alg or ""
        candidates = _candidates(entry, _found(self._keys, entry), self._rules)
        data = entry.protected_text.encode("ascii") + self._transmitted
        tries = self._rules.limits.tries
        tried = 0
        for key in candidates[: tries + self._spare]:
            tried += 1
            try:
                key.verifiers[alg](entry.signature, data)
            except InvalidSignature:
                continue
            self._spare -= max(0, tried - tries)
            return key
        self._spare -= max(0, tried - tries)
        if len(candidates) > tried:
            raise RefusedError(
                "jws_limit_exceeded", f"it verifies under none of the first {tried} keys"
            )
        raise RefusedError("jws_signature_invalid", "the signature is invalid")

    def _check_claims(self) -> None:
        """Check the claims of the shared payload once, after the first valid signature."""
        self._claims_checked = True
        try:
            if not self._encoded:
                raise RefusedError("jwt_claim_invalid", "a JWT cannot have b64 false")
            claims = TIMES_ONLY if self._rules.claims is None else self._rules.claims
            self.claims = check_claims(parse_json(self.payload), claims, now=self._rules.now or 0)
        except LedgerError as error:
            known = isinstance(error, RefusedError)
            self._claims_error = (
                failure(error) if known else Failure("jwt_claim_invalid", error.detail)
            )


def _found(keys: Keys, entry: SignatureEntry) -> KeySet:
    """Return the keys for an entry; a lookup gets a copy of the protected header."""
    if isinstance(keys, KeySet):
        return keys
    try:
        found = keys(copied(entry.protected or {}))
    except LedgerError as error:
        raise RefusedError("jwk_key_not_found", f"the lookup raised {error.code}") from error
    except Exception as error:  # a lookup is foreign code: its error fails this entry only
        name = type(error).__name__
        raise RefusedError("jwk_key_not_found", f"the lookup failed: {name}") from error
    if isawaitable(found):
        if iscoroutine(found):
            found.close()
        raise TypeError("the lookup returned an awaitable: this function calls synchronous lookups")
    if found is None:
        raise RefusedError("jwk_key_not_found", "the lookup found no key")
    return key_set(found)


def _candidates(entry: SignatureEntry, keys: KeySet, rules: Rules) -> list[Key]:
    """Return the candidate keys: those with the kid that can use the alg.

    Raises RefusedError: `jws_no_matching_signer`, `jwk_key_not_found`, `jws_alg_not_allowed`, or
    the code of the unusable key with this kid.
    """
    alg, strict = entry.alg or "", rules.strict_signer_match or rules.profile.kid_is_thumbprint
    named = keys.keys
    if strict or (entry.kid is not None and not keys.single):
        named = keys.named(entry.kid) if entry.kid is not None else ()
    if rules.profile.kid_is_thumbprint:
        named = tuple(key for key in keys.keys if key.thumbprint == entry.kid)
    fit = [key for key in named if alg in key.verifiers]
    if fit:
        return fit
    if rules.strict_signer_match:
        raise RefusedError("jws_no_matching_signer", "no key has both this kid and this alg")
    if named:
        raise RefusedError("jws_alg_not_allowed", "the key cannot use this alg")
    for kid, error in keys.unusable:
        if entry.kid is None or kid in (None, entry.kid):
            raise RefusedError(error.code, f"the key cannot be used: {error.detail}")
    raise RefusedError("jwk_key_not_found", "no key of the set has this kid")
