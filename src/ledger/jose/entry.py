"""Entries: one signature of an envelope, parsed and checked without a key."""

from typing import Any

import msgspec

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.jose import header as headers
from ledger.jose.algorithms import HMAC
from ledger.jose.outcome import FailedOutcome, Failure, failure
from ledger.jose.rules import Profile, Rules
from ledger.jose.serialization import ABSENT, Envelope, RawEntry, decode_payload

_NO_MEMBERS: dict[str, Any] = {}


class SignatureEntry(msgspec.Struct, kw_only=True, gc=False):
    """An entry as far as it could be parsed; with `error` it fails under every key."""

    index: int
    protected_text: str = ""
    protected: dict[str, Any] | None = None
    header: dict[str, Any] | None = None
    signature: bytes = b""
    alg: str | None = None
    kid: str | None = None
    b64: bool = True
    error: Failure | None = None

    def failed(self, error: Failure) -> FailedOutcome:
        """Return the outcome of this entry if it failed with an error."""
        return FailedOutcome(
            index=self.index,
            error=error,
            alg=self.alg,
            kid=self.kid,
            protected=self.protected,
            header=self.header,
        )


def read_entries(envelope: Envelope, rules: Rules) -> tuple[list[SignatureEntry], bool | None]:
    """Return every parsed entry and their common b64; if they disagree on b64, all have failed.

    A signature covers the payload either encoded or unencoded, so an envelope with both would have
    two payloads (RFC 7797 section 3). Entries with an invalid header do not count here. The second
    value is None if no entry is left that could verify.
    """
    entries = [_read(index, raw, rules) for index, raw in enumerate(envelope.entries)]
    encoded: bool | None = None
    for entry in entries:
        if entry.error is not None:
            continue
        if encoded is None:
            encoded = entry.b64
        elif entry.b64 is not encoded:
            error = Failure("jws_b64_inconsistent", "the entries disagree on b64")
            for one in entries:
                one.error = one.error or error
            return entries, None
    return entries, encoded


def _read(index: int, raw: RawEntry, rules: Rules) -> SignatureEntry:
    entry = SignatureEntry(index=index)
    try:
        protected = _read_protected(entry, raw.protected, rules)
        if raw.header is not ABSENT:
            _read_header(entry, raw.header, rules)
        elif "crit" in protected or "b64" in protected:
            headers.check_crit(protected, _NO_MEMBERS, rules.crit_understood)
        _require_shape(protected, rules.profile.header)
        merged = entry.header | protected if entry.header else protected
        alg, kid = merged.get("alg"), merged.get("kid")
        if not isinstance(alg, str):
            raise _invalid("alg is missing or not a string")
        if kid is not None and not isinstance(kid, str):
            raise _invalid("kid is not a string")
        entry.alg, entry.kid = alg, kid
        entry.b64 = protected.get("b64", True)
        entry.signature = _read_signature(raw.signature)
    except LedgerError as error:
        entry.error = failure(error)
    return entry


def _require_shape(protected: dict[str, Any], shape: type[msgspec.Struct] | None) -> None:
    if shape is None:
        return
    try:
        msgspec.convert(protected, shape)
    except msgspec.ValidationError as error:
        raise _invalid("the profile does not allow this header") from error


def _read_protected(entry: SignatureEntry, text: object, rules: Rules) -> dict[str, Any]:
    if text is ABSENT:
        return _NO_MEMBERS
    if not isinstance(text, str):
        raise _invalid("protected is not a string")
    entry.protected = headers.decode_protected(text, rules.limits)
    entry.protected_text = text
    return entry.protected


def _read_header(entry: SignatureEntry, header: object, rules: Rules) -> None:
    """Read the unprotected header; the profile decides whether it may have alg and kid."""
    if not isinstance(header, dict):
        raise _invalid("header is not an object")
    if not rules.profile.unprotected:
        raise _invalid("the profile does not allow an unprotected header")
    headers.refuse_deep(header, rules.limits.header_depth)
    entry.header = headers.copied(header)
    protected = entry.protected or _NO_MEMBERS
    headers.refuse_overlap(protected, header)
    headers.check_crit(protected, header, rules.crit_understood)


def _read_signature(text: object) -> bytes:
    if not isinstance(text, str):
        raise _invalid("signature is not a string")
    try:
        return b64u_decode(text)
    except MalformedError as error:
        raise _invalid("signature is not canonical base64url") from error


def check_header(entry: SignatureEntry, rules: Rules) -> None:
    """Compare alg and typ with what the caller accepts.

    Raises RefusedError: `jws_alg_not_allowed`, `jws_typ_mismatch`.
    """
    if entry.alg not in rules.algorithms:
        named = " unless it is named" if entry.alg in HMAC else ""
        raise RefusedError("jws_alg_not_allowed", f"the alg is not accepted{named}")
    if rules.typ is not None:
        typ = (entry.protected or _NO_MEMBERS).get("typ")
        if not isinstance(typ, str) or not _same_typ(typ, rules.typ, rules.profile):
            raise RefusedError("jws_typ_mismatch", f"the protected typ is not {rules.typ}")


def _same_typ(actual: str, expected: str, profile: Profile) -> bool:
    """Compare media types; the prefix `application/` is optional (RFC 7515 section 4.1.9)."""
    return actual == expected or (
        not profile.exact_typ and _media_type(actual) == _media_type(expected)
    )


def _media_type(typ: str) -> str:
    return (typ if "/" in typ else f"application/{typ}").lower()


def signed_payload(envelope: Envelope, *, encoded: bool, rules: Rules) -> tuple[bytes, bytes]:
    """Return the payload, and its bytes in the signing inputs.

    Compact serialization writes an empty payload for a detached one (RFC 7515 appendix F), so an
    empty payload and a given detached payload do not conflict. Raises MalformedError
    `jws_invalid_serialization` if there is no payload, if there are two, or if decoding fails.
    """
    detached, text = rules.detached_payload, envelope.payload
    if detached is not None:
        if text:
            raise _no_payload("the payload is both in the JWS and detached")
        return detached, b64u_encode(detached).encode() if encoded else detached
    if text is None:
        raise _no_payload("the payload is detached but was not given")
    if encoded:
        return decode_payload(text), text.encode()
    try:
        return text.encode(), text.encode()
    except UnicodeEncodeError as error:
        raise _no_payload("the payload has a lone surrogate") from error


def _no_payload(detail: str) -> MalformedError:
    return MalformedError("jws_invalid_serialization", detail)


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jws_invalid", detail)
