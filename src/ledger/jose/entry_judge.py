"""Judge the entries of one envelope: which key verifies an entry, and do the claims hold.

`verify.py` has the order of the checks, and calls this for each entry.
"""

from inspect import isawaitable, iscoroutine
from typing import Any

from ledger.encoding import parse_json
from ledger.errors import LedgerError, RefusedError
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.claims import TIMES_ONLY, check_claims
from ledger.jose.entry import SignatureEntry, check_header, read_entries, signed_payload
from ledger.jose.header import copied
from ledger.jose.keys import Key
from ledger.jose.keyset import Keys, KeySet, key_set
from ledger.jose.outcome import Failure, Outcome, VerifiedOutcome, failure
from ledger.jose.rules import Rules
from ledger.jose.serialization import Envelope


class EntryJudge:
    """Verifies the entries of one envelope: holds the payload, signing inputs and rules."""

    __slots__ = (
        "_claims_checked",
        "_claims_error",
        "_encoded",
        "_rules",
        "_secrets",
        "_spare",
        "_transmitted",
        "claims",
        "entries",
        "payload",
    )

    def __init__(self, envelope: Envelope, rules: Rules) -> None:
        self.entries, encoded = read_entries(envelope, rules)
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
            self.payload, self._transmitted = payload, transmitted

    def judge(self, entry: SignatureEntry, keys: Keys) -> Outcome:
        """Return the outcome of one entry under these keys, or those of a lookup."""
        if entry.error is not None:
            return entry.failed(entry.error)
        try:
            check_header(entry, self._rules)
            key = self._verifying_key(entry, keys)
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

    def _verifying_key(self, entry: SignatureEntry, keys: Keys) -> Key:
        """Return the key that verifies the entry; raise RefusedError or MalformedError."""
        alg = entry.alg or ""
        candidates = _candidates(entry, _found(keys, entry), self._rules)
        data = b".".join((entry.protected_text.encode("ascii"), self._transmitted))
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
        found: Any = keys(copied(entry.protected or {}))
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
    if not rules.profile.ed448:
        fit = [key for key in fit if "Ed448" not in key.verifiers]
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
