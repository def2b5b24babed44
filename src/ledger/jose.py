"""JWK and JWS: keys, thumbprints, compact and General JSON serialization.

The only importer of `cryptography`. One algorithm per key type; the key decides the algorithm and
the header has to agree. `none`, HMAC and keys carried inside a header do not exist here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ledger.encoding import b64u_decode, b64u_encode, decode, jcs
from ledger.errors import MalformedError, RefusedError

MAX_HEADER_CHARS = 1024
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


class OkpJwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kty", tag="OKP"):
    """An Ed25519 public key (RFC 8037): x is 32 bytes, base64url."""

    crv: Literal["Ed25519"]
    x: str


class EcJwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kty", tag="EC"):
    """A P-256 public key (RFC 7518 section 6.2): x and y are 32 bytes each, base64url."""

    crv: Literal["P-256"]
    x: str
    y: str


class AkpJwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kty", tag="AKP"):
    """An ML-DSA-65 public key (JOSE ML-DSA): pub is 1,952 bytes, base64url."""

    alg: Literal["ML-DSA-65"]
    pub: str


PublicJwk = OkpJwk | EcJwk | AkpJwk

ALGORITHMS: dict[type, tuple[str, ...]] = {
    OkpJwk: ("EdDSA", "Ed25519"),
    EcJwk: ("ES256",),
    AkpJwk: ("ML-DSA-65",),
}

# y coordinates of the points of order 1, 2, 4 and 8 on edwards25519, little-endian, sign cleared:
# with such a key one signature fits many messages. Non-canonical y (>= p) is refused beside them.
_P = 2**255 - 19
_ORDER_8_Y = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y})


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
    protected: str
    payload: str
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The transmitted protected header and payload, joined by a dot (RFC 7515 section 5.2)."""
        return self.text[: self.text.rindex(".")].encode("ascii")


class _Verifier(Protocol):
    def verify(self, signature: bytes, data: bytes, /) -> None: ...


def parse_jwk(members: Mapping[str, Any]) -> PublicJwk:
    """Return the public key of a JWK's members, reduced to those that the thumbprint covers.

    Raises MalformedError: `private_key_refused` for any private member, `jwk_invalid` for an
    unknown key type, a wrong length, an off-curve, small-order or non-canonical point.
    """
    if not PRIVATE_MEMBERS.isdisjoint(members):
        raise MalformedError("private_key_refused", "private keys never leave their owner")
    needed = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "AKP": ("alg", "pub")}
    kty = members.get("kty")
    if not isinstance(kty, str) or kty not in needed:
        raise MalformedError("jwk_invalid", "not an Ed25519, P-256 or ML-DSA-65 public key")
    try:
        reduced = {"kty": kty} | {name: members[name] for name in needed[kty]}
        jwk: PublicJwk = msgspec.convert(reduced, PublicJwk)
    except (KeyError, msgspec.ValidationError) as error:
        raise MalformedError("jwk_invalid", "not a complete public key") from error
    if members.get("alg", ALGORITHMS[type(jwk)][0]) not in ALGORITHMS[type(jwk)]:
        raise MalformedError("jwk_invalid", "the key's alg does not fit its type")
    import_key(jwk)
    if members.get("kid", thumbprint(jwk)) != thumbprint(jwk):
        raise MalformedError("kid_mismatch", "kid is not the key's RFC 7638 thumbprint")
    return jwk


@lru_cache(maxsize=65_536)
def thumbprint(jwk: PublicJwk) -> str:
    """Return the RFC 7638 SHA-256 thumbprint, 43 characters of base64url."""
    return b64u_encode(hashlib.sha256(jcs(msgspec.to_builtins(jwk))).digest())


@lru_cache(maxsize=65_536)
def import_key(jwk: PublicJwk) -> _Verifier:
    """Return the verifying key; raise MalformedError `jwk_invalid` for weak or impossible ones."""
    try:
        if isinstance(jwk, OkpJwk):
            return ed25519.Ed25519PublicKey.from_public_bytes(_strong_point(b64u_decode(jwk.x)))
        if isinstance(jwk, EcJwk):
            return _Es256(b64u_decode(jwk.x), b64u_decode(jwk.y))
        return mldsa.MLDSA65PublicKey.from_public_bytes(b64u_decode(jwk.pub))
    except ValueError as error:
        raise MalformedError("jwk_invalid", "not a usable public key") from error


def _strong_point(raw: bytes) -> bytes:
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if len(raw) != 32 or y >= _P or y in _SMALL_ORDER_Y:
        raise MalformedError("jwk_invalid", "a weak or malformed Ed25519 key")
    return raw


class _Es256:
    """ECDSA over P-256 with the fixed-length r ‖ s signatures of JOSE (RFC 7518 section 3.4)."""

    def __init__(self, x: bytes, y: bytes) -> None:
        if len(x) != 32 or len(y) != 32:
            raise ValueError("coordinates of P-256 have 32 bytes")
        point = b"\x04" + x + y
        self._key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)

    def verify(self, signature: bytes, data: bytes, /) -> None:
        if len(signature) != 64:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        self._key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))


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
        protected=parts[0],
        payload=parts[1],
        signature=b64u_decode(parts[2]),
    )


def _parse_header(protected: str) -> Header:
    if len(protected) > MAX_HEADER_CHARS:
        raise MalformedError("jws_header_invalid", "the protected header is too long")
    try:
        return decode(b64u_decode(protected), Header)
    except MalformedError as error:
        raise MalformedError("jws_header_invalid", error.detail) from error


def verify(jws: CompactJws, jwk: PublicJwk) -> None:
    """Verify the signature over the transmitted bytes with exactly this key.

    Raises RefusedError: `jws_alg_mismatch` if the header's alg is not the key's,
    `jws_kid_mismatch` if it names another key, `jws_signature_invalid`.
    """
    if jws.header.alg not in ALGORITHMS[type(jwk)]:
        raise RefusedError("jws_alg_mismatch", "the header's alg is not the key's")
    if jws.header.kid != thumbprint(jwk):
        raise RefusedError("jws_kid_mismatch", "the header names another key")
    try:
        import_key(jwk).verify(jws.signature, jws.signing_input)
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


class SigningKey:
    """An Ed25519 private key that signs compact JWSs: the ledger's own, and those of tests."""

    def __init__(self, private: ed25519.Ed25519PrivateKey) -> None:
        self._private = private
        self.jwk = OkpJwk(crv="Ed25519", x=b64u_encode(private.public_key().public_bytes_raw()))
        self.kid = thumbprint(self.jwk)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new random key."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Return the key of an unencrypted PKCS #8 PEM; raise MalformedError `key_file_invalid`."""
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise MalformedError("key_file_invalid", "not an unencrypted PKCS #8 PEM") from error
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise MalformedError("key_file_invalid", "not an Ed25519 key")
        return cls(private)

    def to_pem(self) -> bytes:
        """Return unencrypted PKCS #8 PEM; keep it in a file of mode 0600."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, payload: bytes, *, typ: str, iat: int | None = None) -> str:
        """Return a compact JWS whose header is alg, typ, kid and, if given, iat (seconds)."""
        header = {"alg": "EdDSA", "typ": typ, "kid": self.kid}
        full = header | ({} if iat is None else {"iat": iat})
        signing_input = f"{b64u_encode(msgspec.json.encode(full))}.{b64u_encode(payload)}"
        return f"{signing_input}.{b64u_encode(self._private.sign(signing_input.encode()))}"
