"""Signers outside this process: what they return is verified, and nothing else is used."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from ledger.errors import ConflictError, MalformedError, UnavailableError
from ledger.jose import (
    Sign,
    Signer,
    append_signature,
    external_signer,
    generate,
    import_private,
    read_public_keys,
    sign,
    sign_multi,
    verify,
    verify_multi_all,
)
from tests.support.refusals import refused

LOCAL = {
    alg: generate(alg, rsa_bits=2048) for alg in ("EdDSA", "Ed448", "ES256", "ES512", "ES256K")
}
RSA = generate("RS256", rsa_bits=2048)


def private_of(signer: Signer) -> Any:
    assert signer.private is not None
    return signer.private


def der(signer: Signer, sha: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    """Sign as most devices do: an ECDSA signature in DER."""
    return lambda data: bytes(private_of(signer).sign(data, ec.ECDSA(sha)))


@pytest.mark.parametrize("alg", LOCAL)
def test_a_device_signs_with_its_only_algorithm(alg: str) -> None:
    local = LOCAL[alg]
    signer = external_signer(local.to_public_jwk(), local.sign)
    assert (signer.alg, signer.kid) == (alg, local.kid)
    assert signer.to_public_jwk() == local.to_public_jwk()
    assert verify(sign(b"x", signer), local.public, now=None).payload == b"x"


@pytest.mark.parametrize(
    ("alg", "sha"),
    [("ES256", hashes.SHA256()), ("ES256K", hashes.SHA256()), ("ES512", hashes.SHA512())],
)
def test_an_ecdsa_signature_in_der_is_written_as_jose_writes_it(
    alg: str, sha: hashes.HashAlgorithm
) -> None:
    local = LOCAL[alg]
    signer = external_signer(local.public, der(local, sha))
    for number in range(8):  # r or s is short in some of them
        jws = sign(str(number), signer)
        assert verify(jws, local.public, now=None).payload == str(number).encode()


def test_a_key_that_fits_several_algorithms_names_one() -> None:
    key = private_of(RSA)
    public = key.public_key()
    with refused(MalformedError, "jws_signer_alg_inference"):
        external_signer(public, key.sign)

    def pss(data: bytes) -> bytes:
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        return bytes(key.sign(data, scheme, hashes.SHA256()))

    signer = external_signer(public, pss, alg="PS256", kid="hsm-1")
    found = verify(sign(b"x", signer), public, now=None)
    assert (found.outcome.alg, found.outcome.kid) == ("PS256", "hsm-1")
    with refused(UnavailableError, "signature_unsound"):
        sign(b"x", external_signer(public, pss, alg="RS256"))
    with refused(MalformedError, "jws_alg_not_allowed"):
        external_signer(public, pss, alg="ES256")
    with refused(MalformedError, "jws_alg_not_allowed"):
        sign(b"x", Sign(signer, alg="PS512"))
    assert import_private(signer, alg="PS256") is signer


def test_its_kid_is_the_thumbprint_of_the_public_key_unless_it_has_another() -> None:
    local = LOCAL["EdDSA"]
    pem = (
        private_of(local)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signer = external_signer(read_public_keys(pem), local.sign)
    assert signer.kid is None
    assert verify(sign(b"x", signer), local.public, now=None).outcome.kid == local.kid


def wrong() -> list[object]:
    good = LOCAL["ES256"].sign(b"another message")
    ones = bytes.fromhex("3006020101020101")  # DER
    return [b"", b"\0" * 64, good, good + b"\0", "text", None, 7, ones]


@pytest.mark.parametrize("answer", wrong(), ids=range(8))
def test_what_does_not_verify_never_becomes_a_signature(answer: Any) -> None:
    signer = external_signer(LOCAL["ES256"].public, lambda data: answer)
    with refused(UnavailableError, "signature_unsound"):
        sign(b"x", signer)


def test_a_der_signature_with_too_large_numbers_is_refused() -> None:
    huge = der(LOCAL["ES512"], hashes.SHA512())
    with refused(UnavailableError, "signature_unsound"):
        sign(b"x", external_signer(LOCAL["ES256"].public, huge))


def test_a_der_signature_is_no_signature_of_another_algorithm() -> None:
    with refused(UnavailableError, "signature_unsound"):
        sign(b"x", external_signer(LOCAL["EdDSA"].public, der(LOCAL["ES256"], hashes.SHA256())))


def test_a_device_that_fails_says_so_and_nobody_else_has_signed() -> None:
    def broken(data: bytes) -> bytes:
        raise OSError("the token was removed, PIN 1234")

    signer = external_signer(LOCAL["EdDSA"].public, broken)
    with refused(UnavailableError, "signer_unavailable"):
        sign_multi(b"x", [LOCAL["ES256"], signer])
    with pytest.raises(UnavailableError) as failed:
        sign(b"x", signer)
    assert "1234" not in str(failed.value)


def test_an_error_of_ours_passes_unchanged() -> None:
    def locked(data: bytes) -> bytes:
        raise ConflictError("key_locked", "it is locked")

    with refused(ConflictError, "key_locked"):
        sign(b"x", external_signer(LOCAL["EdDSA"].public, locked))


def test_it_appends_to_what_others_signed() -> None:
    local = LOCAL["ES256"]
    jws = append_signature(
        sign_multi(b"x", [LOCAL["EdDSA"]]), external_signer(local.public, local.sign)
    )
    keys = [LOCAL["EdDSA"].public, local.public]
    assert len(verify_multi_all(jws, keys, now=None).verified) == 2


def test_its_private_key_is_not_exported_and_not_shown() -> None:
    signer = external_signer(LOCAL["EdDSA"].public, LOCAL["EdDSA"].sign)
    with refused(ConflictError, "key_not_exportable"):
        signer.to_jwk()
    assert "sign" not in repr(signer).replace("Signer", "")


@pytest.mark.parametrize(
    ("public", "code"),
    [
        (LOCAL["EdDSA"].to_jwk(), "private_key_refused"),
        (bytes(range(32)), "jwk_invalid"),
        ([], "jwk_invalid"),
        ([LOCAL["EdDSA"].public, LOCAL["ES256"].public], "jwk_invalid"),
        ({"keys": []}, "jwk_invalid"),
        (None, "jwk_invalid"),
    ],
)
def test_it_has_exactly_one_public_key(public: Any, code: str) -> None:
    with refused(MalformedError, code):
        external_signer(public, LOCAL["EdDSA"].sign)
