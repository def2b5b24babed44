"""Keys of signed notes and their text form."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.encoding import b64_encode
from ledger.errors import MalformedError, RefusedError
from ledger.tlog import vkeys
from ledger.tlog.vkeys import COSIGNER, ED25519, ML_DSA_44, WITNESS_KINDS, NoteKey, parse_vkey
from tests.support.tlog_vectors import NOTES

NAME = "ledger.example.com/a"
# The example of the note format's first implementation, golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@pytest.mark.parametrize(
    ("vkey", "kind"),
    [
        (NOTES["ed25519"]["vkey"], ED25519),
        (NOTES["mlDsa44"]["vkey"], ML_DSA_44),
        (PETER, ED25519),
    ],
)
def test_a_vkey_is_read_and_written_alike(vkey: str, kind: int) -> None:
    key = parse_vkey(vkey)
    assert (key.kind, key.vkey) == (kind, vkey)


def vkey_of(name: str, kind: int, public: bytes) -> str:
    return NoteKey(name=name, kind=kind, public=public).vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        PETER[:-1],
        PETER + "=",
        PETER + "\n",
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "0c74f20a3"),
        PETER.replace("PeterNeumann", "PeterWeumann"),
        PETER.replace("PeterNeumann", ""),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("PeterNeumann", "Peter+Neumann"),
        PETER.replace("10TW", "10TX"),
        "a" * 5000 + PETER,
        f"{NAME}+00000000+",
        vkey_of("a\u00a0b", ED25519, bytes(range(32))),
        vkey_of("a\u2028b", ED25519, bytes(range(32))),
        vkey_of("a" * 256, ED25519, bytes(range(32))),
        vkey_of(NAME, ED25519, bytes(range(33))),
        vkey_of(NAME, ED25519, bytes(range(31))),
        vkey_of(NAME, ML_DSA_44, bytes(1311)),
        vkey_of(NAME, ML_DSA_44, bytes(range(32))),
        vkey_of(NAME, 0, bytes(range(32))),
        vkey_of(NAME, 2, bytes(range(32))),
        vkey_of(NAME, 4, bytes(range(32))),
        vkey_of(NAME, 255, bytes(range(32))),
        vkey_of(NAME, ED25519, bytes(32)),
        vkey_of(NAME, ED25519, b"\x01" + bytes(31)),
    ],
)
def test_any_other_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_vkey(vkey)
    assert refused.value.code == "vkey_invalid"


def test_a_witness_has_keys_of_its_own_kind() -> None:
    vkey = vkey_of(NAME, COSIGNER, bytes(range(32)))
    assert parse_vkey(vkey, WITNESS_KINDS).vkey == vkey
    weak, long = vkey_of(NAME, COSIGNER, bytes(32)), vkey_of(NAME, COSIGNER, bytes(range(33)))
    for other in (PETER, weak, long):
        with pytest.raises(MalformedError):
            parse_vkey(other, WITNESS_KINDS)


def test_a_key_id_depends_on_name_type_and_key() -> None:
    key = NoteKey(name="a", kind=ED25519, public=bytes(range(32)))
    others = [
        NoteKey(name="b", kind=ED25519, public=key.public),
        NoteKey(name="a", kind=ML_DSA_44, public=key.public),
        NoteKey(name="a", kind=ED25519, public=bytes(range(1, 33))),
    ]
    assert key.id not in {other.id for other in others}


def test_new_keys_are_one_of_each_type_and_survive_their_file() -> None:
    signers = vkeys.generate(NAME)
    assert [signer.key.kind for signer in signers] == [ED25519, ML_DSA_44]
    again = vkeys.from_pem(NAME, vkeys.to_pem(signers))
    assert [signer.key for signer in again] == [signer.key for signer in signers]
    for signer in again:
        vkeys.verify(parse_vkey(signer.key.vkey), signer.sign(b"text"), b"text")


def test_ed25519_signs_the_same_bytes_alike() -> None:
    ed25519, _ = vkeys.generate(NAME)
    assert ed25519.sign(b"text") == ed25519.sign(b"text")


def test_a_changed_signature_text_or_key_is_refused() -> None:
    others = vkeys.generate(NAME)
    for signer, other in zip(vkeys.generate(NAME), others, strict=True):
        signature = signer.sign(b"text")
        flipped = bytes([signature[0] ^ 1]) + signature[1:]
        for key, bad, text in (
            (signer.key, flipped, b"text"),
            (signer.key, signature[:-1], b"text"),
            (signer.key, signature + b"\0", b"text"),
            (signer.key, b"", b"text"),
            (signer.key, signature, b"texu"),
            (other.key, signature, b"text"),
        ):
            with pytest.raises(RefusedError):
                vkeys.verify(key, bad, text)


RSA_LIKE = (
    b"-----BEGIN PRIVATE KEY-----\n" + b64_encode(bytes(48)).encode() + b"\n"
    b"-----END PRIVATE KEY-----\n"
)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"text",
        RSA_LIKE,
        RSA_LIKE + b"more",
        vkeys.to_pem(vkeys.generate(NAME))[:-30],
        vkeys.to_pem(vkeys.generate(NAME)) + b"-----BEGIN",
    ],
)
def test_a_broken_key_file_is_refused(pem: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        vkeys.from_pem(NAME, pem)
    assert refused.value.code == "log_keys_invalid"


def test_a_key_file_with_a_key_of_another_kind_is_refused() -> None:
    pem = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(MalformedError) as refused:
        vkeys.from_pem(NAME, pem)
    assert refused.value.code == "log_keys_invalid"
