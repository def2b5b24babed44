"""Add signatures to a JWS that others signed: append one, or merge two JWSs over one payload."""

from typing import Any, Unpack

from ledger.errors import MalformedError, RefusedError
from ledger.jose.entry import read_entries, signed_payload
from ledger.jose.header_writing import LIMITS, refuse_large
from ledger.jose.keyset import KeyInput, Lookup
from ledger.jose.private import SignerInput
from ledger.jose.rules import DEFAULT, OtherOptions, Rules
from ledger.jose.serialization import Envelope, JwsInput, RawEntry, parse, to_object
from ledger.jose.sign import Sign, common_b64, inconsistent_b64, sign_parts
from ledger.jose.verify import verify_multi_all


def append_signature(
    jws: JwsInput, signer: Sign | SignerInput, *, detached_payload: bytes | None = None
) -> dict[str, Any]:
    """Return the General JWS with one more signature over the payload as transmitted.

    Existing entries stay unchanged and are not verified. Raises MalformedError as `parse` and
    `sign_multi` do; `jws_b64_inconsistent` if the signer or the entries disagree on b64;
    `jws_limit_exceeded` if the JWS would have more than a verifier accepts.
    """
    part = signer if isinstance(signer, Sign) else Sign(signer)
    envelope = parse(jws)
    b64 = _envelope_b64(envelope)
    if common_b64([part], default=b64) != b64:
        raise inconsistent_b64("the signer's b64 differs from that of the JWS")
    if len(envelope.entries) >= LIMITS.entries:
        raise MalformedError("jws_limit_exceeded", f"it already has {LIMITS.entries} signatures")
    rules = Rules(detached_payload=detached_payload)
    _, transmitted = signed_payload(envelope, encoded=b64, rules=rules)
    entries = (*envelope.entries, *sign_parts([part], transmitted, b64=b64, typ=None))
    return to_object(refuse_large(Envelope(envelope.payload, entries)))


def merge(
    first: JwsInput,
    second: JwsInput,
    *,
    keys: KeyInput | Lookup | None = None,
    now: float | None = None,
    **options: Unpack[OtherOptions],
) -> dict[str, Any]:
    """Return the General JWS with the entries of both, which must have the same payload.

    Identical entries are kept once. With `keys`, only one verified entry per signer is kept: one
    key can make different signatures, so only verification shows who signed. The options are those
    of `verify_multi_all`. Raises MalformedError as `parse` does, `jws_b64_inconsistent`,
    `jws_limit_exceeded`; RefusedError `jws_payload_mismatch`.
    """
    one, other = parse(first), parse(second)
    if one.payload != other.payload:
        raise RefusedError("jws_payload_mismatch", "the two JWSs have different payloads")
    if _envelope_b64(one) != _envelope_b64(other):
        raise inconsistent_b64("the two JWSs disagree on b64")
    entries, known = list(one.entries), [_members(entry) for entry in one.entries]
    entries += [entry for entry in other.entries if _members(entry) not in known]
    if len(entries) > LIMITS.entries:
        raise MalformedError(
            "jws_limit_exceeded", f"together they have over {LIMITS.entries} signatures"
        )
    merged = to_object(refuse_large(Envelope(one.payload, tuple(entries))))
    if keys is None:
        return merged
    found = verify_multi_all(merged, keys, now=now, **options)
    seen: set[str] = set()
    kept: list[RawEntry] = []
    for entry, outcome in zip(entries, found.outcomes, strict=True):
        if outcome.signer is None or outcome.signer not in seen:
            kept.append(entry)
        if outcome.signer is not None:
            seen.add(outcome.signer)
    return to_object(Envelope(one.payload, tuple(kept)))


def _members(entry: RawEntry) -> tuple[Any, ...]:
    return entry.signature, entry.protected, entry.header


def _envelope_b64(envelope: Envelope) -> bool:
    entries, encoded = read_entries(envelope, DEFAULT)
    if any(
        entry.error is not None and entry.error.code == "jws_b64_inconsistent" for entry in entries
    ):
        raise inconsistent_b64("the entries disagree on b64")
    return encoded is not False
