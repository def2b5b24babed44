"""The only JWS form that the ledger accepts: compact, with at most four header members.

A JWS is parsed once, on arrival, and verified with exactly the key that its `kid` names. This is a
strict subset of the `ledger` profile, and the server's hot path.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from ledger.encoding import SafeInteger, b64u_decode, decode
from ledger.errors import MalformedError, RefusedError
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.signing_key import ALGORITHMS, PublicJwk, import_key, thumbprint

MAX_HEADER_CHARS = 1024


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected header that the ledger signs and accepts; other members are rejected."""

    alg: str
    kid: str
    typ: str | msgspec.UnsetType = msgspec.UNSET
    iat: SafeInteger | None = None


class CompactJws(msgspec.Struct, frozen=True):
    """A parsed, unverified compact JWS as received; `payload` is base64url text."""

    text: str
    header: Header
    payload: str
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The transmitted protected header and payload, joined by a dot (RFC 7515 section 5.2)."""
        return self.text[: self.text.rindex(".")].encode("ascii")


class VerifiedJws(CompactJws, frozen=True):
    """A compact JWS whose signature was verified with the key that its `kid` names."""


@lru_cache(maxsize=8)  # what one decision parses more than once; a text can have a megabyte
def parse_compact(text: str) -> CompactJws:
    """Return the unverified parts of a compact JWS (RFC 7515 section 7.1).

    Raises MalformedError: `jws_malformed` for the format; `jws_header_invalid` for a header with
    duplicate members or members other than alg, typ, kid, iat.
    """
    parts = text.split(".", 3)
    if len(parts) != 3 or not parts[2] or not text.isascii():
        raise MalformedError("jws_malformed", "not three base64url parts joined by dots")
    return CompactJws(
        text=text,
        header=_parse_header(parts[0]),
        payload=parts[1],
        signature=b64u_decode(parts[2]),
    )


@lru_cache(maxsize=4_096)  # all acts of a key have the same header
def _parse_header(protected: str) -> Header:
    if len(protected) > MAX_HEADER_CHARS:
        raise MalformedError("jws_header_invalid", "the protected header is too long")
    try:
        return decode(b64u_decode(protected), Header)
    except MalformedError as error:
        raise MalformedError("jws_header_invalid", error.detail) from error


def verify_compact(jws: CompactJws, jwk: PublicJwk) -> None:
    """Verify the signature over the transmitted bytes with exactly this key.

    A VerifiedJws was verified with the key that it names, so only that name is compared.
    Raises RefusedError: `jws_alg_mismatch` if the header's alg is not the key's;
    `jws_kid_mismatch` if it names another key; `jws_signature_invalid`.
    """
    if jws.header.alg not in ALGORITHMS[type(jwk)]:
        raise RefusedError("jws_alg_mismatch", "the header's alg does not match the key")
    if jws.header.kid != thumbprint(jwk):
        raise RefusedError("jws_kid_mismatch", "the header names another key")
    if isinstance(jws, VerifiedJws):
        return
    try:
        import_key(jwk)(jws.signature, jws.signing_input)
    except InvalidSignature as error:
        raise RefusedError("jws_signature_invalid", "the signature is invalid") from error


def verified(jws: CompactJws, jwk: PublicJwk) -> VerifiedJws:
    """Return the JWS as verified with this key; raise as `verify_compact`."""
    verify_compact(jws, jwk)
    return VerifiedJws(jws.text, jws.header, jws.payload, jws.signature)


def general(compacts: Iterable[str]) -> bytes:
    """Merge compact JWSs with equal payloads into a General JWS (RFC 7515 section 7.2.1).

    It holds one of them at a time, because a payload can be long. Raises ValueError if the payloads
    differ.
    """
    payloads, signatures = set[str](), []
    for compact in compacts:
        protected, payload, signature = compact.split(".", 3)
        payloads.add(payload)
        if len(payloads) != 1:
            break
        signatures.append({"protected": protected, "signature": signature})
    if len(payloads) != 1:
        raise ValueError("the payloads of a General JWS must be equal")
    return msgspec.json.encode({"payload": payloads.pop(), "signatures": signatures})
