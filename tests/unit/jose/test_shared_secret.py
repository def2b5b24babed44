"""HMAC secrets: a key in disguise is refused in every form, and no secret is ever shown."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose import Sign, generate, import_private, parse_key, secret_key, verify_multi_all
from ledger.jose.passphrase import Entropy
from tests.support.envelopes import JWS

PRIVATE: dict[str, Any] = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()
LOCKED = serialization.BestAvailableEncryption(b"passphrase")


def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, serial_number=1)
    key = PRIVATE["ec"]
    return (
        builder.public_key(key.public_key())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )


def request() -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    return x509.CertificateSigningRequestBuilder(name).sign(PRIVATE["ec"], hashes.SHA256())


def disguises() -> dict[str, bytes]:
    """Return keys and certificates in every form in which a file has them."""
    found: dict[str, bytes] = {}
    for name, key in PRIVATE.items():
        public = key.public_key()
        found[f"{name} SPKI"] = public.public_bytes(
            DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        found[f"{name} PKCS #8"] = key.private_bytes(DER, PKCS8, OPEN)
        found[f"{name} encrypted PKCS #8"] = key.private_bytes(DER, PKCS8, LOCKED)
        found[f"{name} PEM"] = public.public_bytes(
            PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        found[f"{name} OpenSSH line"] = public.public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        found[f"{name} OpenSSH block"] = key.private_bytes(
            PEM, serialization.PrivateFormat.OpenSSH, OPEN
        )
    found["rsa PKCS #1"] = (
        PRIVATE["rsa"].public_key().public_bytes(DER, serialization.PublicFormat.PKCS1)
    )
    found["ec SEC 1"] = PRIVATE["ec"].private_bytes(
        DER, serialization.PrivateFormat.TraditionalOpenSSL, OPEN
    )
    found["certificate"] = certificate().public_bytes(DER)
    found["certificate request"] = request().public_bytes(DER)
    jwk = generate("EdDSA").to_public_jwk()
    found["JWK"] = json.dumps(jwk).encode()
    found["JWK, indented"] = json.dumps(jwk, indent=2).encode()
    found["JWK Set"] = b" \r\n" + json.dumps({"keys": [jwk]}).encode()
    found["RFC 4716"] = b"---- BEGIN SSH2 PUBLIC KEY ----\n" + bytes(64)
    found["PuTTY"] = b"PuTTY-User-Key-File-3: ssh-ed25519\n" + bytes(64)
    found["security key"] = b"sk-ssh-ed25519@openssh.com AAAA" + b"A" * 64
    return found


DISGUISES = disguises()


@pytest.mark.parametrize("name", DISGUISES)
def test_a_key_in_disguise_is_no_secret(name: str) -> None:
    raw = DISGUISES[name]
    wrapped = base64.encodebytes(raw)
    for secret in (
        raw,
        raw + b"\n" if name.endswith(("PEM", "line", "block", "Set")) else raw,
        wrapped,
        wrapped.replace(b"\n", b"\r\n"),
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw).rstrip(b"="),
    ):
        with pytest.raises(MalformedError) as refused:
            secret_key(secret)
        assert refused.value.code == "jwk_invalid"


@pytest.mark.parametrize("name", [name for name in DISGUISES if name.endswith(("PEM", "JWK"))])
def test_a_text_key_is_seen_in_every_encoding_of_text(name: str) -> None:
    text = DISGUISES[name].decode()
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        with pytest.raises(MalformedError):
            secret_key(text.encode(encoding))


def test_a_pem_after_a_comment_is_seen() -> None:
    with pytest.raises(MalformedError):
        secret_key(b"Bag Attributes\n  friendlyName: a\n" + DISGUISES["ec PEM"])


def test_a_jwk_of_a_secret_and_a_signer_refuse_it_too() -> None:
    spki = DISGUISES["ed25519 SPKI"]
    for call in (
        lambda: parse_key({"kty": "oct", "k": b64u_encode(spki)}),
        lambda: import_private(spki, alg="HS256"),
        lambda: verify_multi_all(JWS, spki, algorithms=["HS256"], now=None),
    ):
        with pytest.raises(MalformedError) as refused:
            call()
        assert refused.value.code == "jwk_invalid"


@pytest.mark.parametrize(
    "secret",
    [
        bytes(32),
        bytes(range(64)),
        b"0\x1e" + bytes(30),
        b"0" * 64,
        b"correct horse battery staple, twice",
        base64.b64encode(bytes(range(48))),
        b64u_encode(bytes(range(64))).encode(),
        b'{"not":"a key","but":"a secret of 32 bytes"}',
        "a pass phrase in another script: ключ ключ".encode(),
        b"-----BEGI, nearly a key in text form",
    ],
)
def test_a_secret_is_a_secret(secret: bytes) -> None:
    assert secret_key(secret).kty == "oct"


def test_nothing_that_has_a_secret_shows_it() -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    signer = import_private(secret, alg="HS256")
    pair = generate("EdDSA")
    shown = [
        repr(each)
        for each in (
            signer,
            signer.public,
            pair,
            Sign(pair.to_jwk(), {"x": 1}),
            Sign(secret, alg="HS256"),
            Entropy(secret[:16], secret, secret[:12]),
        )
    ]
    for hidden in (
        "0123456789abcdef",
        signer.public.thumbprint,
        b64u_encode(secret),
        pair.to_jwk()["d"],
    ):
        assert not [text for text in shown if hidden in text]
    assert pair.public.thumbprint in repr(pair)
