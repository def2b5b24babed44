"""Keys from files: every form, encrypted ones too, and what is refused on the way."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, x25519
from cryptography.x509.oid import NameOID

from ledger.errors import LedgerError, MalformedError
from ledger.jose import Signer, generate, read_private_key, read_public_keys, sign, verify

SIGNERS = {alg: generate(alg, rsa_bits=2048) for alg in ("EdDSA", "ES256", "ES512", "RS256")}
QUANTUM_SAFE = generate("ML-DSA-65")
DER, PEM, OPENSSH = (getattr(serialization.Encoding, n) for n in ("DER", "PEM", "OpenSSH"))
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PRIVATE = serialization.PrivateFormat
OPEN = serialization.NoEncryption()
LOCKED = serialization.BestAvailableEncryption(b"secret")


def private_of(signer: Signer) -> Any:
    assert signer.private is not None
    return signer.private


def code(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(LedgerError) as refused:
        call(*arguments, **options)
    return refused.value.code


def certificate(signer: Signer, encoding: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, serial_number=1)
    return (
        builder.public_key(private_of(signer).public_key())
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2021))  # its end is not checked
        .sign(private_of(SIGNERS["ES256"]), hashes.SHA256())
        .public_bytes(encoding)
    )


def public_forms(signer: Signer) -> dict[str, bytes]:
    key = private_of(signer).public_key()
    pem = key.public_bytes(PEM, SPKI)
    return {
        "JWK": json.dumps(signer.to_public_jwk()).encode(),
        "JWK Set": json.dumps({"keys": [signer.to_public_jwk()]}).encode(),
        "PEM": pem,
        "PEM, CRLF": pem.replace(b"\n", b"\r\n"),
        "PEM, BOM": b"\xef\xbb\xbf" + pem,
        "PEM, comment": b"# the key of Alice\n" + pem + b"\n\n",
        "DER": key.public_bytes(DER, SPKI),
        "OpenSSH": key.public_bytes(OPENSSH, serialization.PublicFormat.OpenSSH) + b" a@b\r\n",
        "certificate": certificate(signer, PEM),
        "certificate DER": certificate(signer, DER),
    }


@pytest.mark.parametrize("alg", SIGNERS)
def test_a_public_key_is_read_in_every_form(alg: str) -> None:
    signer = SIGNERS[alg]
    jws = sign(b"x", signer)
    for name, data in public_forms(signer).items():
        keys = read_public_keys(data)
        assert [key.thumbprint for key in keys.keys] == [signer.public.thumbprint], name
        assert keys.single == (name != "JWK Set")
        assert verify(jws, keys, now=None).payload == b"x"


@pytest.mark.parametrize("alg", SIGNERS)
def test_a_private_key_is_read_in_every_form(alg: str) -> None:
    signer = SIGNERS[alg]
    key = private_of(signer)
    pem = key.private_bytes(PEM, PRIVATE.PKCS8, OPEN)
    forms = {
        "JWK": json.dumps(signer.to_jwk()).encode(),
        "PEM": pem,
        "PEM, CRLF": pem.replace(b"\n", b"\r\n"),
        "PEM, comment": b"Bag Attributes\r\n" + pem,
        "DER": key.private_bytes(DER, PRIVATE.PKCS8, OPEN),
        "OpenSSH": key.private_bytes(PEM, PRIVATE.OpenSSH, OPEN),
    }
    if alg != "EdDSA":
        forms["traditional"] = key.private_bytes(PEM, PRIVATE.TraditionalOpenSSL, OPEN)
    for name, data in forms.items():
        read = read_private_key(data, alg=alg)
        assert read.public.thumbprint == signer.public.thumbprint, name
        assert read_private_key(data, alg=alg, passphrase=b"not needed").alg == alg


def test_an_ml_dsa_key_is_read_from_pem() -> None:
    key = private_of(QUANTUM_SAFE)
    assert read_private_key(key.private_bytes(PEM, PRIVATE.PKCS8, OPEN)).alg == "ML-DSA-65"
    (public,) = read_public_keys(key.public_key().public_bytes(PEM, SPKI)).keys
    assert public.thumbprint == QUANTUM_SAFE.public.thumbprint


@pytest.mark.parametrize("encoding", [PEM, DER])
def test_an_encrypted_key_needs_its_passphrase(encoding: Any) -> None:
    locked = private_of(SIGNERS["ES256"]).private_bytes(encoding, PRIVATE.PKCS8, LOCKED)
    read = read_private_key(locked, passphrase=b"secret")
    assert read.public.thumbprint == SIGNERS["ES256"].public.thumbprint
    assert code(read_private_key, locked) == "passphrase_wrong"
    assert code(read_private_key, locked, passphrase=b"wrong") == "passphrase_wrong"
    assert code(read_private_key, locked, passphrase=b"") == "passphrase_wrong"


def test_several_keys_of_one_file_are_a_set() -> None:
    forms = [public_forms(signer) for signer in SIGNERS.values()]
    every = [signer.public.thumbprint for signer in SIGNERS.values()]
    for name in ("PEM", "OpenSSH", "certificate"):
        keys = read_public_keys(b"\n".join(form[name] for form in forms))
        assert [key.thumbprint for key in keys.keys] == every
        assert not keys.single
    lines = b"# a comment\n\n"
    with_comment = forms[0]["OpenSSH"] + lines + forms[1]["OpenSSH"]
    assert len(read_public_keys(with_comment).keys) == 2


def test_a_private_key_is_no_public_key_and_the_other_way_round() -> None:
    key = private_of(SIGNERS["EdDSA"])
    for encryption in (OPEN, LOCKED):
        pem = key.private_bytes(PEM, PRIVATE.PKCS8, encryption)
        assert code(read_public_keys, pem) == "private_key_refused"
    assert code(read_public_keys, key.private_bytes(PEM, PRIVATE.OpenSSH, OPEN)) == (
        "private_key_refused"
    )
    assert code(read_public_keys, json.dumps(SIGNERS["EdDSA"].to_jwk()).encode()) == (
        "private_key_refused"
    )
    assert code(read_public_keys, key.private_bytes(DER, PRIVATE.PKCS8, OPEN)) == "jwk_invalid"
    for form in public_forms(SIGNERS["EdDSA"]).values():
        assert code(read_private_key, form, alg="EdDSA") in ("jwk_invalid", "jws_alg_not_allowed")


DSA = dsa.generate_private_key(2048)
OTHER = x25519.X25519PrivateKey.generate()
PEM_OF_ALICE = public_forms(SIGNERS["EdDSA"])["PEM"]


NO_KEYS = [
    b"",
    b"garbage",
    b"{",
    b"{}",
    b"[]",
    b"\xff",
    b"0",
    b"0\x80\x00\x00",
    b"ssh-ed25519 AAAA",
    b"ssh-ed25519 " + b"A" * 68,
    PEM_OF_ALICE[:-40],
    PEM_OF_ALICE.replace(b"MCow", b"MCox"),
    PEM_OF_ALICE.replace(b"PUBLIC KEY", b"PUBLIC KEYS"),
    OTHER.public_key().public_bytes(PEM, SPKI),
    OTHER.private_bytes(PEM, PRIVATE.PKCS8, OPEN),
    DSA.public_key().public_bytes(PEM, SPKI),
    b" " * (4 * 2**20 + 1),
    PEM_OF_ALICE * 4097,
]


@pytest.mark.parametrize("data", NO_KEYS, ids=range(len(NO_KEYS)))
def test_what_is_no_key_is_refused(data: bytes) -> None:
    assert code(read_public_keys, data) in ("jwk_invalid", "private_key_refused")
    assert code(read_private_key, data, alg="EdDSA") == "jwk_invalid"


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of a changed certificate
def test_truncated_and_changed_keys_raise_typed_errors_only() -> None:
    forms = public_forms(SIGNERS["ES256"])
    for name in ("DER", "certificate DER", "PEM"):
        data = forms[name]
        for cut in range(0, len(data), 7):
            for changed in (data[:cut], data[:cut] + bytes([data[cut] ^ 1]) + data[cut + 1 :]):
                for read in (read_public_keys, read_private_key):
                    with suppress(MalformedError):
                        read(changed)
