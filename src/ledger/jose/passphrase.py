"""Encrypt bytes under a passphrase as a compact JWE, which any JOSE library can decrypt.

Key derivation is PBES2-HS512+A256KW (RFC 7518 section 4.8), content encryption A256GCM (section
5.3). Only what `encrypt` writes is read: no other algorithm and no smaller number of iterations.
"""

import hashlib
from typing import Literal, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError, RefusedError

ALG: Literal["PBES2-HS512+A256KW"] = "PBES2-HS512+A256KW"
# As many as joserfc accepts, and more than OWASP asks of PBKDF2 with HMAC-SHA-512 (210,000).
ITERATIONS = 300_000
SALT_BYTES, NONCE_BYTES, TAG_BYTES, KEY_BYTES = 16, 12, 16, 32


class Entropy(NamedTuple):
    """The random bytes of one encryption: 16, 32 and 12 bytes."""

    salt: bytes
    key: bytes
    nonce: bytes

    def __repr__(self) -> str:
        """Show none of the bytes: the content encryption key is among them."""
        return "Entropy()"


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["PBES2-HS512+A256KW"]
    enc: Literal["A256GCM"]
    p2c: int
    p2s: str


def encrypt(plaintext: bytes, passphrase: bytes, entropy: Entropy) -> str:
    """Return the compact JWE of these bytes."""
    header = _Header(ALG, "A256GCM", ITERATIONS, b64u_encode(entropy.salt))
    protected = b64u_encode(msgspec.json.encode(header))
    wrapped = aes_key_wrap(_derive(passphrase, entropy.salt), entropy.key)
    sealed = AESGCM(entropy.key).encrypt(entropy.nonce, plaintext, protected.encode())
    rest = (wrapped, entropy.nonce, sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
    return ".".join([protected, *map(b64u_encode, rest)])


def decrypt(jwe: str, passphrase: bytes) -> bytes:
    """Return the bytes that `encrypt` was given.

    Raises MalformedError `jwe_malformed`; RefusedError `passphrase_wrong` if the passphrase is
    wrong or a byte was changed: the two look alike.
    """
    protected, *parts = jwe.split(".", 5)
    if len(parts) != 4:
        raise MalformedError("jwe_malformed", "a compact JWE has five parts")
    try:
        header = msgspec.json.decode(b64u_decode(protected), type=_Header)
        salt = b64u_decode(header.p2s)
        wrapped, nonce, ciphertext, tag = (b64u_decode(part) for part in parts)
    except (msgspec.MsgspecError, MalformedError) as error:
        raise MalformedError("jwe_malformed", "not a JWE that this ledger writes") from error
    sizes = (len(salt), len(wrapped), len(nonce), len(tag))
    if (header.p2c, *sizes) != (ITERATIONS, SALT_BYTES, KEY_BYTES + 8, NONCE_BYTES, TAG_BYTES):
        raise MalformedError("jwe_malformed", "not a JWE that this ledger writes")
    try:
        key = aes_key_unwrap(_derive(passphrase, salt), wrapped)
        return AESGCM(key).decrypt(nonce, ciphertext + tag, protected.encode())
    except (InvalidUnwrap, InvalidTag) as error:
        detail = "the passphrase is wrong, or the file was changed"
        raise RefusedError("passphrase_wrong", detail) from error


def _derive(passphrase: bytes, salt: bytes) -> bytes:
    named = ALG.encode() + b"\0" + salt
    return hashlib.pbkdf2_hmac("sha512", passphrase, named, ITERATIONS, KEY_BYTES)
