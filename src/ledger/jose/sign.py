"""Sign one payload with one or many keys (RFC 7515 section 5.1).

All signers are checked before the first one signs: either all sign, or none.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import msgspec

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose.claims import Hints, with_claims
from ledger.jose.header_writing import (
    LIMITS,
    SignerHeaders,
    encode_json,
    refuse_large,
    write_headers,
)
from ledger.jose.private import SignerInput, import_private
from ledger.jose.serialization import ABSENT, Envelope, RawEntry, to_compact, to_object


class Sign(msgspec.Struct, frozen=True, eq=False):
    """One signer: a private key (of any accepted type) and the members of its two headers.

    `protected` must not have `alg`: the key determines it. `kid` defaults to the key's, else to the
    thumbprint of its public key; a `kid` of None is left out.
    """

    key: SignerInput
    protected: Mapping[str, Any] = {}
    header: Mapping[str, Any] = {}
    alg: str | None = None

    def __repr__(self) -> str:
        """Show the headers, and nothing of the key."""
        return f"Sign(protected={self.protected!r}, header={self.header!r}, alg={self.alg!r})"


class SignOptions(TypedDict, total=False):
    """The keyword arguments of `sign` and `sign_multi`."""

    claims: Hints
    detached: bool


# Bytes are signed unchanged, a string as UTF-8, an object as JSON.
Payload = bytes | str | Mapping[str, Any]


def sign_multi(
    payload: Payload, signers: Sequence[Sign | SignerInput], **options: Unpack[SignOptions]
) -> dict[str, Any]:
    """Return the General JWS of a payload; a signer is a `Sign`, or a private key alone.

    All signers have the same b64. The first signer that sets it decides, the others inherit it, and
    `crit` is added (RFC 7797 section 6). For an object payload, signers without `typ` get JWT; not
    with b64 false, which a JWT cannot have (section 7).

    Raises MalformedError: `jws_invalid` (no signers, a header that cannot be encoded),
    `jws_signer_alg_inference`, `jws_alg_not_allowed`, `jwk_invalid`, `jws_b64_inconsistent`,
    `jws_header_params_not_disjoint`, `jws_crit_invalid`, `jws_limit_exceeded`,
    `jwt_claim_invalid`, `jws_invalid_serialization` (a payload that cannot be transmitted
    unencoded).
    """
    _refuse_unknown(options)
    parts = [given if isinstance(given, Sign) else Sign(given) for given in signers]
    if not parts:
        raise _invalid("no signers")
    if len(parts) > LIMITS.entries:
        raise MalformedError("jws_limit_exceeded", f"over {LIMITS.entries} signatures")
    b64 = common_b64(parts)
    raw = _payload_bytes(payload, options.get("claims"), b64)
    text = _transmitted(raw, b64, detached=options.get("detached", False))
    signing = raw if not b64 else b64u_encode(raw).encode() if text is None else text.encode()
    refuse_large(Envelope(text, ()))
    typ = "JWT" if isinstance(payload, Mapping) and b64 else None
    entries = sign_parts(parts, signing, b64=b64, typ=typ)
    return to_object(refuse_large(Envelope(text, entries)))


def sign(payload: Payload, signer: Sign | SignerInput, **options: Unpack[SignOptions]) -> str:
    """Return the compact JWS of a payload; errors as `sign_multi`.

    Raises MalformedError `jws_invalid_serialization` if there is no compact form: an unprotected
    header, an unencoded payload with a full stop or a character that is not printable ASCII.
    """
    return to_compact(sign_multi(payload, [signer], **options))


def sign_parts(
    parts: Sequence[Sign], signing: bytes, *, b64: bool, typ: str | None
) -> tuple[RawEntry, ...]:
    """Return the entries over a payload's bytes as they are signed; errors as `sign_multi`."""
    written = [
        write_headers(
            import_private(part.key, alg=part.alg), part.protected, part.header, b64=b64, typ=typ
        )
        for part in parts
    ]
    return tuple(_sign(headers, signing) for headers in written)


def common_b64(parts: Sequence[Sign], *, default: bool = True) -> bool:
    """Return the b64 that the signers agree on.

    Raises MalformedError `jws_b64_inconsistent`, and `jws_invalid` for what is no boolean.
    """
    said = [part.protected["b64"] for part in parts if "b64" in part.protected]
    if any(not isinstance(b64, bool) for b64 in said):
        raise _invalid("b64 must be true or false")
    if len(set(said)) > 1:
        raise inconsistent_b64("the signers disagree on b64")
    return said[0] if said else default


def inconsistent_b64(detail: str) -> MalformedError:
    """Return the error for signatures that cover the payload in different forms."""
    return MalformedError("jws_b64_inconsistent", detail)


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    unknown = set(options) - set(SignOptions.__annotations__)
    if unknown:
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")


def _payload_bytes(payload: object, hints: Hints | None, b64: bool) -> bytes:
    if hints is not None:
        if not b64:
            raise MalformedError("jwt_claim_invalid", "a JWT cannot have b64 false")
        payload = with_claims(payload, hints)
    if isinstance(payload, bytes):
        return payload
    try:
        if isinstance(payload, str):
            return payload.encode()
        if isinstance(payload, Mapping):
            return encode_json(payload)
    except UnicodeEncodeError as error:
        raise _invalid("the payload has a lone surrogate") from error
    raise _invalid("a payload must be bytes, a string or an object")


def _transmitted(raw: bytes, b64: bool, *, detached: bool) -> str | None:
    """Return the payload as the envelope has it; None if it is detached."""
    if detached:
        return None
    if b64:
        return b64u_encode(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(
            "jws_invalid_serialization", "an unencoded payload in JSON must be UTF-8 text"
        ) from error


def _sign(headers: SignerHeaders, signing: bytes) -> RawEntry:
    signature = headers.signer.sign(headers.protected.encode() + b"." + signing)
    return RawEntry(b64u_encode(signature), headers.protected, headers.header or ABSENT)


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jws_invalid", detail)
