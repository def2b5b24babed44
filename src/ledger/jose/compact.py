"""The one shape of JWS that the ledger takes in: compact, with a header of four members.

Parsed once when it arrives, verified with exactly the key that its `kid` names. This is the
strictest reading of the `ledger` profile, and the server's hot path.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ledger.encoding import b64u_decode, decode
from ledger.errors import MalformedError, RefusedError
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.signing_key import ALGORITHMS, PublicJwk, import_key, thumbprint

MAX_HEADER_CHARS = 1024


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected headers that the ledger signs and accepts: nothing beyond these members."""

    alg: str
    typ: str
    kid: str
    iat: int | None = None


class CompactJws(msgspec.Struct, frozen=True):
    """A parsed, unverified compact JWS as received; `payload` is still base64url text."""

    text: str
    header: Header
    payload: str
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The transmitted protected header and payload, joined by a dot (RFC 7515 section 5.2)."""
        return self.text[: self.text.rindex(".")].encode("ascii")


def parse_compact(text: str) -> CompactJws:
    """Return the parts of a compact JWS (RFC 7515 section 7.1), nothing verified.

    Raises MalformedError: `jws_malformed` for the shape, `jws_header_invalid` for a header with
    other members than alg, typ, kid, iat or with duplicate ones.
    """
    parts = text.split(".")
    if len(parts) != 3 or not parts[2] or not text.isascii():
        raise MalformedError("jws_malformed", "not three base64url parts joined by dots")
    return CompactJws(
        text=text,
        header=_parse_header(parts[0]),
        payload=parts[1],
        signature=b64u_decode(parts[2]),
    )


@lru_cache(maxsize=4_096)  # an act's header is the same for all acts of a key
def _parse_header(protected: str) -> Header:
    if len(protected) > MAX_HEADER_CHARS:
        raise MalformedError("jws_header_invalid", "the protected header is too long")
    try:
        return decode(b64u_decode(protected), Header)
    except MalformedError as error:
        raise MalformedError("jws_header_invalid", error.detail) from error


def verify_compact(jws: CompactJws, jwk: PublicJwk) -> None:
    """Verify the signature over the transmitted bytes with exactly this key.

    Raises RefusedError: `jws_alg_mismatch` if the header's alg is not the key's,
    `jws_kid_mismatch` if it names another key, `jws_signature_invalid`.
    """
    if jws.header.alg not in ALGORITHMS[type(jwk)]:
        raise RefusedError("jws_alg_mismatch", "the header's alg is not the key's")
    if jws.header.kid != thumbprint(jwk):
        raise RefusedError("jws_kid_mismatch", "the header names another key")
    try:
        import_key(jwk)(jws.signature, jws.signing_input)
    except InvalidSignature as error:
        raise RefusedError("jws_signature_invalid", "the signature does not verify") from error


def general(compacts: Sequence[str]) -> bytes:
    """Return one General JSON JWS (RFC 7515 section 7.2.1) of compact ones with equal payloads."""
    payloads = {compact.split(".")[1] for compact in compacts}
    if len(payloads) != 1:
        raise ValueError("a General JWS has one payload")
    signatures = []
    for compact in compacts:
        protected, _, signature = compact.split(".")
        signatures.append({"protected": protected, "signature": signature})
    return msgspec.json.encode({"payload": payloads.pop(), "signatures": signatures})
