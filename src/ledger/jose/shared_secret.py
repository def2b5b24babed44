"""HMAC secrets: refuse a key in disguise, which is a public key given where a secret belongs.

Everybody knows a public key. A verifier that uses one as an HMAC secret accepts signatures that
anybody can make. Certificates and private keys are refused too: they belong to other algorithms.
"""

import binascii
import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ledger.errors import MalformedError
from ledger.jose.algorithms import UnsupportedAlgorithm

MAX_SECRET_BYTES = 4096
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# PEM, also after a comment; RFC 4716; OpenSSH's lines and its binary form; JWK and JWK Set.
_TEXT = re.compile(
    rb"-----BEGIN |---- BEGIN |PuTTY-User-Key-File|openssh-key-v1"
    rb"|(?:^|[\s\0-\x20])(?:sk-)?(?:ssh-|ecdsa-sha2-)"
    rb"|^\s*[\[{].*\"(?:kty|keys)\"",
    re.DOTALL,
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_DER_SEQUENCE = 0x30
_LOADERS = (
    serialization.load_der_public_key,
    x509.load_der_x509_certificate,
    x509.load_der_x509_csr,
)


def refuse_disguised(secret: bytes) -> None:
    """Raise MalformedError `jwk_invalid` for a key in PEM, DER, SSH or JWK form.

    Also for the base64 text inside a PEM file, and for a text in UTF-16 or with a byte order mark.
    """
    text = secret.translate(None, b"\0") if b"\0" in secret[:4] else secret  # UTF-16
    for mark in _BYTE_ORDER_MARKS:
        text = text.removeprefix(mark)
    if _TEXT.search(text) or _is_der(secret) or _is_der_in_base64(text):
        raise MalformedError("jwk_invalid", "this is a key, a certificate or a JWK, not a secret")


def _is_der_in_base64(text: bytes) -> bool:
    joined = b"".join(text.split())
    if not _BASE64.fullmatch(joined):
        return False
    standard = joined.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        decoded = binascii.a2b_base64(standard + b"=" * (-len(standard) % 4))
    except binascii.Error:
        return False
    return _is_der(decoded) or bool(_TEXT.search(decoded))


def _is_der(raw: bytes) -> bool:
    """Tell whether these bytes are a key or certificate: a random secret is none."""
    if not raw or raw[0] != _DER_SEQUENCE:
        return False
    for load in _LOADERS:
        try:
            load(raw)
        except (ValueError, UnsupportedAlgorithm):
            continue
        return True
    try:
        serialization.load_der_private_key(raw, password=None)
    except TypeError:  # it is encrypted
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
