"""Ed25519's edge cases: one verdict in every reader."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import parse_key
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.ed25519 import is_prime_order, is_strict_signature
from ledger.tlog import vkeys
from tests.support.refusals import refused
from tests.support.vectors import vector
from tests.vectors.webauthn.curve import SECOND, TORSION, encode

VERDICTS = vector("webauthn/grammar")["ed25519"]


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


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_point_has_32_bytes(length: int) -> None:
    assert not is_prime_order(b"\x09" + bytes(length - 1) if length else b"")
