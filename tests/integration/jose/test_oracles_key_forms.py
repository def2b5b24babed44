"""Keys in every form that other people's libraries write and read: the same key, both ways."""

import importlib
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import jwcrypto.jwk
import jwcrypto.jws
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jwk import import_key as joserfc_key

from ledger.jose import Signer, generate, read_private_key, read_public_keys, sign, verify

PAYLOAD = b'{"amount":1000}'
PASSWORD = b"correct horse"
PRIVATE, OPEN = serialization.PrivateFormat, serialization.NoEncryption()
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
LOCKED = serialization.BestAvailableEncryption(PASSWORD)
# The key type by which joserfc and Authlib import a key that is no JWK.
TYPES = {
    "EdDSA": "OKP",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "ES256K": "EC",
    "RS256": "RSA",
    "PS256": "RSA",
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # that a name or a library is deprecated
        warnings.simplefilter("ignore")
        yield


@cache
def signer(alg: str) -> Signer:
    return generate(alg, rsa_bits=2048)


def private_of(alg: str) -> Any:
    private = signer(alg).private
    assert private is not None
    return private


def private_forms(alg: str) -> dict[str, tuple[bytes, bytes | None]]:
    """Return the private key in each form, with its passphrase."""
    key = private_of(alg)
    forms = {
        "PKCS 8": (key.private_bytes(Encoding.PEM, PRIVATE.PKCS8, OPEN), None),
        "PKCS 8, encrypted": (key.private_bytes(Encoding.PEM, PRIVATE.PKCS8, LOCKED), PASSWORD),
    }
    if alg != "EdDSA":
        forms["traditional"] = (
            key.private_bytes(Encoding.PEM, PRIVATE.TraditionalOpenSSL, OPEN),
            None,
        )
    return forms


def public_form(alg: str) -> bytes:
    return bytes(private_of(alg).public_key().public_bytes(Encoding.PEM, SPKI))


# --- the libraries -------------------------------------------------------------------------------


def _joserfc(alg: str, pem: bytes, password: bytes | None = None) -> Any:
    kinds: dict[str, Any] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}
    return kinds[TYPES[alg]].import_key(pem, password=password)


def joserfc_signs(alg: str, pem: bytes, password: bytes | None) -> str:
    key = _joserfc(alg, pem, password)
    return joserfc_jws.serialize_compact({"alg": alg}, PAYLOAD, key, [alg])


def joserfc_verifies(alg: str, pem: bytes, jws: str) -> bytes:
    return joserfc_jws.deserialize_compact(jws, _joserfc(alg, pem), [alg]).payload


def jwcrypto_signs(alg: str, pem: bytes, password: bytes | None) -> str:
    made = jwcrypto.jws.JWS(PAYLOAD)
    made.allowed_algs = [alg]
    key = jwcrypto.jwk.JWK.from_pem(pem, password)
    made.add_signature(key, protected=f'{{"alg":"{alg}"}}')
    text: str = made.serialize(compact=True)
    return text


def jwcrypto_verifies(alg: str, pem: bytes, jws: str) -> bytes:
    theirs = jwcrypto.jws.JWS()
    theirs.allowed_algs = [alg]
    theirs.deserialize(jws, jwcrypto.jwk.JWK.from_pem(pem))
    payload: bytes = theirs.payload
    return payload


def pyjwt_signs(alg: str, pem: bytes, password: bytes | None) -> str:
    key = serialization.load_pem_private_key(pem, password)
    return jwt.PyJWS().encode(PAYLOAD, pem if password is None else key, alg)  # type: ignore[arg-type]  # its types leave some keys out


def pyjwt_verifies(alg: str, pem: bytes, jws: str) -> bytes:
    payload: bytes = jwt.PyJWS().decode(jws, pem, [alg])
    return payload


def _authlib() -> Any:
    importlib.import_module("authlib.deprecate")
    warnings.simplefilter("ignore")
    return importlib.import_module("authlib.jose")


def authlib_signs(alg: str, pem: bytes, password: bytes | None) -> str:
    module = _authlib()
    options = {"kty": TYPES[alg]} | ({} if password is None else {"password": password})
    key = module.JsonWebKey.import_key(pem, options)
    text: bytes = module.JsonWebSignature([alg]).serialize_compact({"alg": alg}, PAYLOAD, key)
    return text.decode()


def authlib_verifies(alg: str, pem: bytes, jws: str) -> bytes:
    module = _authlib()
    key = module.JsonWebKey.import_key(pem, {"kty": TYPES[alg]})
    payload: bytes = module.JsonWebSignature([alg]).deserialize_compact(jws, key)["payload"]
    return payload


LIBRARIES = {
    "joserfc": (joserfc_signs, joserfc_verifies),
    "jwcrypto": (jwcrypto_signs, jwcrypto_verifies),
    "PyJWT": (pyjwt_signs, pyjwt_verifies),
    "Authlib": (authlib_signs, authlib_verifies),
}


# --- both ways -----------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", TYPES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_private_key_in_every_form_signs_for_them_and_for_us(library: str, alg: str) -> None:
    signs, verifies = LIBRARIES[library]
    public = public_form(alg)
    for form, (pem, password) in private_forms(alg).items():
        theirs = signs(alg, pem, password)
        assert verify(theirs, read_public_keys(public), now=None).payload == PAYLOAD, form
        ours = sign(PAYLOAD, read_private_key(pem, alg=alg, passphrase=password))
        assert verifies(alg, public, ours) == PAYLOAD, form


def written(alg: str) -> dict[str, tuple[bytes, bytes, bytes | None]]:
    """Return what other libraries write of a key: private, public, and the passphrase."""
    jwk = signer(alg).to_jwk()
    joserfc = joserfc_key({name: value for name, value in jwk.items() if name != "alg"})
    crypto = jwcrypto.jwk.JWK(**jwk)
    authlib = _authlib().JsonWebKey.import_key({n: v for n, v in jwk.items() if n != "alg"})
    return {
        "joserfc PEM": (joserfc.as_pem(private=True), joserfc.as_pem(private=False), None),  # type: ignore[union-attr]  # not a secret
        "joserfc DER": (joserfc.as_der(private=True), joserfc.as_der(private=False), None),  # type: ignore[union-attr]  # not a secret
        "jwcrypto PEM": (crypto.export_to_pem(True, None), crypto.export_to_pem(), None),
        "jwcrypto encrypted": (
            crypto.export_to_pem(True, PASSWORD),
            crypto.export_to_pem(),
            PASSWORD,
        ),
        "jwcrypto JWK": (
            crypto.export_private().encode(),
            crypto.export_public().encode(),
            None,
        ),
        "Authlib PEM": (authlib.as_pem(is_private=True), authlib.as_pem(), None),
        "Authlib JWK": (
            authlib.as_json(is_private=True).encode(),
            authlib.as_json().encode(),
            None,
        ),
    }


@pytest.mark.parametrize("alg", TYPES)
def test_what_other_libraries_write_is_the_same_key(alg: str) -> None:
    kid = signer(alg).public.thumbprint
    for name, (private, public, password) in written(alg).items():
        read = read_private_key(private, alg=alg, passphrase=password)
        assert read.public.thumbprint == kid, name
        assert [key.thumbprint for key in read_public_keys(public).keys] == [kid], name


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256"])
def test_pyjwt_reads_openssh_forms_as_we_do(alg: str) -> None:
    key = private_of(alg)
    line = key.public_key().public_bytes(Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(Encoding.PEM, PRIVATE.OpenSSH, OPEN)
    ours = sign(PAYLOAD, read_private_key(private, alg=alg))
    assert jwt.PyJWS().decode(ours, line, [alg]) == PAYLOAD
    assert verify(ours, read_public_keys(line), now=None).payload == PAYLOAD


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_ed448_key_signs_for_them_and_for_us_by_its_older_name(library: str) -> None:
    signs, verifies = LIBRARIES[library]
    private = private_of("Ed448")
    pem = private.private_bytes(Encoding.PEM, PRIVATE.PKCS8, OPEN)
    public = public_form("Ed448")
    theirs = signs("EdDSA", pem, None)
    assert verify(theirs, read_public_keys(public), now=None).payload == PAYLOAD
    assert verifies("EdDSA", public, sign(PAYLOAD, read_private_key(pem))) == PAYLOAD


def test_jwcrypto_reads_our_set_and_we_read_its() -> None:
    theirs = jwcrypto.jwk.JWKSet()
    for alg in TYPES:
        theirs.add(jwcrypto.jwk.JWK(**signer(alg).to_jwk()))
    ours = read_public_keys(theirs.export(private_keys=False).encode())
    assert {key.thumbprint for key in ours.keys} == {signer(alg).public.thumbprint for alg in TYPES}
    back = jwcrypto.jwk.JWKSet.from_json(str(ours.to_jwks()).replace("'", '"'))
    assert len(list(back["keys"])) == len(TYPES)
