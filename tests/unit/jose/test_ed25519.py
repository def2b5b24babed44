"""Ed25519's edge cases: one verdict in every reader."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import parse_key
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.ed25519 import (
    LONG_MESSAGE_BYTES,
    is_prime_order,
    is_strict_signature,
    is_strong_encoding,
    is_strong_point,
    verify,
    verify_with_libsodium,
    verify_with_openssl,
)
from ledger.tlog import vkeys
from tests.support.each import check_each
from tests.support.refusals import refused
from tests.support.vectors import vector
from tests.vectors.webauthn.curve import SECOND, TORSION, encode

VERDICTS = vector("webauthn/grammar")["ed25519"]
CCTV = vector("ed25519/cctv")["cases"]


@pytest.mark.parametrize("case", VERDICTS, ids=lambda case: case["name"])
def test_an_ed25519_signature_has_one_verdict_in_every_reader(case: dict[str, Any]) -> None:
    key, message, signature = (bytes.fromhex(case[n]) for n in ("key", "message", "signature"))
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64u_encode(key)}
    if case["outcome"] == "key refused":
        with refused(MalformedError, "jwk_invalid"):
            parse_key(jwk)
        return
    verify = parse_key(jwk).verifiers["EdDSA"]
    if case["outcome"] == "verified":
        verify(signature, message)
    else:
        with pytest.raises(InvalidSignature):
            verify(signature, message)


@pytest.mark.parametrize("case", VERDICTS, ids=lambda case: case["name"])
def test_a_note_signed_with_ed25519_has_the_same_verdict(case: dict[str, Any]) -> None:
    public, message, signature = (bytes.fromhex(case[n]) for n in ("key", "message", "signature"))
    key = vkeys.NoteKey(name="n", kind=vkeys.ED25519, public=public)
    if case["outcome"] == "verified":
        vkeys.verify(key, signature, message)
    else:
        with refused(RefusedError, "note_signature_invalid"):
            vkeys.verify(key, signature, message)


@pytest.mark.parametrize("number", range(20))
def test_the_librarys_keys_and_signatures_have_the_strict_form(number: int) -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    assert is_prime_order(private.public_key().public_bytes_raw())
    assert is_strict_signature(private.sign(b"message"))


@pytest.mark.parametrize("encoded", [*map(encode, TORSION), *SECOND], ids=bytes.hex)
def test_no_encoding_of_a_small_order_point_is_of_prime_order(encoded: bytes) -> None:
    assert not is_prime_order(encoded)


@pytest.mark.parametrize("y", [2, 7, 8, 11])
def test_an_encoding_of_no_point_is_no_key(y: int) -> None:
    encoded = y.to_bytes(32, "little")
    assert is_strong_encoding(encoded)
    assert not is_strong_point(encoded)
    with refused(MalformedError, "jwk_invalid"):
        parse_key({"kty": "OKP", "crv": "Ed25519", "x": b64u_encode(encoded)})


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_point_has_32_bytes(length: int) -> None:
    assert not is_prime_order(b"\x09" + bytes(length - 1) if length else b"")


def octets(case: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    """Return key, signature and message."""
    return tuple(bytes.fromhex(case[name]) for name in ("key", "signature", "message"))  # type: ignore[return-value]  # three names


def test_every_published_edge_case_has_the_verdict_that_the_rule_gives() -> None:
    def check(case: dict[str, Any]) -> None:
        key, signature, message = octets(case)
        assert is_strong_encoding(key) == (case["outcome"] != "key refused")
        assert is_prime_order(key) == case["primeOrder"]
        note_key = vkeys.NoteKey(name="n", kind=vkeys.ED25519, public=key)
        if case["outcome"] == "verified":
            verify(key, signature, message)
            vkeys.verify(note_key, signature, message)
            return
        with pytest.raises(InvalidSignature):
            verify(key, signature, message)
        with refused(RefusedError, "note_signature_invalid"):
            vkeys.verify(note_key, signature, message)

    assert len(CCTV) == 914
    check_each(CCTV, check)


@pytest.mark.parametrize("library", [verify_with_libsodium, verify_with_openssl])
def test_both_libraries_agree_on_what_has_the_strict_form(library: Any) -> None:
    """An upgrade of one that verifies another equation fails here."""

    def check(case: dict[str, Any]) -> None:
        key, signature, message = octets(case)
        if case["outcome"] == "verified":
            library(key, signature, message)
        else:
            with pytest.raises(InvalidSignature):
                library(key, signature, message)

    strict = [
        case
        for case in CCTV
        if case["outcome"] != "key refused" and is_strict_signature(octets(case)[1])
    ]
    assert len(strict) == 106
    check_each(strict, check)


@pytest.mark.parametrize("length", [0, 1, LONG_MESSAGE_BYTES - 1, LONG_MESSAGE_BYTES, 300_000])
def test_messages_of_every_length_are_verified(length: int) -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, message = private.public_key().public_bytes_raw(), bytes(length)
    signature = private.sign(message)
    verify(public, signature, message)
    for changed in (message + b"x", b"x" + message):
        with pytest.raises(InvalidSignature):
            verify(public, signature, changed)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_verifies_nothing(length: int) -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = (private.public_key().public_bytes_raw() * 2)[:length]
    with pytest.raises(InvalidSignature):
        verify(public, private.sign(b""), b"")
