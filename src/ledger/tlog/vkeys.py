"""Keys of signed notes: Ed25519 and ML-DSA-44, raw signatures, and their text form, the vkey.

A key is its name, its type and its public bytes. The 4-byte id selects a key of that name and
proves nothing (C2SP signed-note). `checkpoint` defines the signed messages. People's signing keys
are in `jose`; no key is used for both.
"""

import hashlib
from collections.abc import Collection, Sequence
from functools import partial

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger import jose
from ledger.encoding import b64_decode, b64_encode, b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose.ed25519 import verify as verify_ed25519
from ledger.jose.external_key import ExternalKey, pem_of, sign_with

ED25519 = 0x01  # a log's key: signs the note's text
COSIGNER = 0x04  # a witness's key: Ed25519 over a time and the note's text (C2SP tlog-cosignature)
ML_DSA_44 = 0x06  # a log's or witness's key: timestamped signature over a tree
LOG_KINDS, WITNESS_KINDS = (ED25519, ML_DSA_44), (COSIGNER, ML_DSA_44)
PUBLIC_BYTES = {ED25519: 32, COSIGNER: 32, ML_DSA_44: 1312}
SIGNATURE_BYTES = {ED25519: 64, COSIGNER: 64, ML_DSA_44: 2420}
MAX_NAME_BYTES = 255
MAX_VKEY_CHARS = 4096
ID_BYTES = 4
_END = b"-----END PRIVATE KEY-----\n"

_Private = ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey


class NoteKey(msgspec.Struct, frozen=True):
    """A named public key; `kind` is ED25519, COSIGNER or ML_DSA_44."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key)."""
        named = self.name.encode() + b"\n" + bytes([self.kind])
        return hashlib.sha256(named + self.public).digest()[:ID_BYTES]

    @property
    def vkey(self) -> str:
        """`<name>+<id, 8 hex characters>+<base64 of type ‖ public key>`."""
        return f"{self.name}+{self.id.hex()}+{b64_encode(bytes([self.kind]) + self.public)}"


def is_key_name(name: str) -> bool:
    """Tell whether a key name is valid: not empty, no spaces, plus signs or control characters."""
    plain = not any(each.isspace() or each == "+" or each < " " for each in name)
    return plain and 0 < len(name.encode()) <= MAX_NAME_BYTES


def parse_vkey(text: str, kinds: Collection[int] = LOG_KINDS) -> NoteKey:
    """Return the key of a vkey; by default only log keys are accepted.

    Raises MalformedError `vkey_invalid` for the format, a wrong type, length or id, or a weak key.
    """
    parts = text.split("+", 2)  # base64 may have a plus of its own
    if len(text) > MAX_VKEY_CHARS or len(parts) != 3 or not is_key_name(parts[0]):
        raise MalformedError("vkey_invalid", "a vkey must be <name>+<id>+<key>")
    try:
        raw = b64_decode(parts[2])
        key = NoteKey(name=parts[0], kind=raw[0] if raw else 0, public=raw[1:])
        if key.kind not in kinds or PUBLIC_BYTES[key.kind] != len(key.public):
            raise MalformedError(
                "vkey_invalid", "the key's type is not accepted here, or its length is wrong"
            )
        _require_strong(key)
    except MalformedError as error:
        raise MalformedError("vkey_invalid", error.detail) from error
    if parts[1] != key.id.hex():
        raise MalformedError("vkey_invalid", "the id does not match the key")
    return key


def _require_strong(key: NoteKey) -> None:
    """Reject weak Ed25519 keys: under them one signature verifies for many messages."""
    if key.kind != ML_DSA_44:
        jose.parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64u_encode(key.public)})


def verify(key: NoteKey, signature: bytes, message: bytes) -> None:
    """Verify a raw signature; raise RefusedError `note_signature_invalid`."""
    try:
        if key.kind == ML_DSA_44:
            mldsa.MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
        else:
            verify_ed25519(key.public, signature, message)
    except (InvalidSignature, ValueError) as error:
        raise RefusedError(
            "note_signature_invalid", f"a signature by {key.name} is invalid"
        ) from error


class NoteSigner:
    """A named private key; an Ed25519 key is a log's, or a witness's if `cosigner`.

    An HSM or an agent may keep an Ed25519 key.
    """

    def __init__(
        self, name: str, private: _Private | ExternalKey, *, cosigner: bool = False
    ) -> None:
        self._private = private
        if isinstance(private, _Private):
            public, self._sign = private.public_key().public_bytes_raw(), private.sign
        else:
            public, self._sign = private.public, partial(sign_with, private)
        kind = COSIGNER if cosigner else ED25519
        if isinstance(private, mldsa.MLDSA44PrivateKey):
            kind = ML_DSA_44
        self.key = NoteKey(name=name, kind=kind, public=public)

    def sign(self, message: bytes) -> bytes:
        """Return a raw signature: 64 bytes (Ed25519), or 2,420 randomised bytes (ML-DSA-44).

        Raises UnavailableError as `sign_with` does, if an HSM or an agent keeps the key.
        """
        return self._sign(message)

    def to_pem(self) -> bytes:
        """Return unencrypted PKCS #8 PEM; raise ConflictError `key_not_exportable`."""
        return pem_of(self._private)


def generate(name: str, *, cosigner: bool = False) -> tuple[NoteSigner, NoteSigner]:
    """Return two new random keys of a log or a witness: Ed25519 and ML-DSA-44."""
    return (
        NoteSigner(name, ed25519.Ed25519PrivateKey.generate(), cosigner=cosigner),
        NoteSigner(name, mldsa.MLDSA44PrivateKey.generate()),
    )


def to_pem(signers: Sequence[NoteSigner]) -> bytes:
    """Return the keys as concatenated PEM; store them in a file of mode 0600."""
    return b"".join(signer.to_pem() for signer in signers)


def from_pem(name: str, pem: bytes, *, cosigner: bool = False) -> tuple[NoteSigner, ...]:
    """Return the keys written by `to_pem`; raise MalformedError `log_keys_invalid`."""
    *blocks, rest = pem.split(_END)
    if rest or not blocks:
        raise MalformedError("log_keys_invalid", "not a file of unencrypted PKCS #8 PEM")
    privates = [_private(block + _END) for block in blocks]
    return tuple(NoteSigner(name, each, cosigner=cosigner) for each in privates)


def _private(pem: bytes) -> _Private:
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise MalformedError("log_keys_invalid", "not unencrypted PKCS #8 PEM") from error
    if not isinstance(private, ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey):
        raise MalformedError("log_keys_invalid", "not an Ed25519 or ML-DSA-44 key")
    return private
