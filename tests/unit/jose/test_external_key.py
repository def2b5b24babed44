"""Signatures of keys that this process does not hold are verified before anybody uses them."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.encoding import b64u_decode
from ledger.errors import ConflictError, UnavailableError
from ledger.jose import SigningKey, parse_compact, verify_compact
from ledger.jose.external_key import sign_with
from ledger.tlog.vkeys import ED25519, NoteSigner, verify

PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
ORDER = 2**252 + 27742317777372353535851937790883648493


class Device:
    """A key outside the ledger's code, which may return anything."""

    def __init__(self, answer: bytes | None = None) -> None:
        self.public = PRIVATE.public_key().public_bytes_raw()
        self._answer = answer

    def sign(self, message: bytes) -> bytes:
        return PRIVATE.sign(message) if self._answer is None else self._answer


def test_a_device_signs_the_ledgers_acts() -> None:
    key = SigningKey(Device())
    jws = key.sign(b"{}", typ="act+jwt")
    assert b64u_decode(key.jwk.x) == PRIVATE.public_key().public_bytes_raw()
    verify_compact(parse_compact(jws), key.jwk)
    assert jws == SigningKey(PRIVATE).sign(b"{}", typ="act+jwt")


def test_a_device_signs_checkpoints() -> None:
    signer = NoteSigner("example.com/log", Device())
    assert signer.key == NoteSigner("example.com/log", PRIVATE).key
    assert signer.key.kind == ED25519
    verify(signer.key, signer.sign(b"text"), b"text")


def malleable() -> bytes:
    """Return a signature whose S is not below the order of the group (RFC 8032, 5.1.7)."""
    good = PRIVATE.sign(b"message")
    return good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        bytes(64),
        PRIVATE.sign(b"another message"),
        OTHER.sign(b"message"),
        PRIVATE.sign(b"message")[:-1],
        PRIVATE.sign(b"message") + b"\0",
        malleable(),
    ],
)
def test_what_does_not_verify_never_leaves_the_key(answer: bytes) -> None:
    with pytest.raises(UnavailableError) as refused:
        sign_with(Device(answer), b"message")
    assert refused.value.code == "signature_unsound"
    for signer in (NoteSigner("a", Device(answer)).sign, SigningKey(Device(answer))._sign):
        with pytest.raises(UnavailableError):
            signer(b"message")


def test_a_key_outside_is_not_exported() -> None:
    for key in (SigningKey(Device()), NoteSigner("a", Device())):
        with pytest.raises(ConflictError) as refused:
            key.to_pem()
        assert refused.value.code == "key_not_exportable"
