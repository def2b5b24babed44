"""Five JOSE libraries asked the same questions; docs/reference/jws-compared.md has their answers.

An answer is True, False, or None if the library has no such function. `python -m
tests.support.jose_libraries` prints the table.
"""

import importlib
import json
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

import jwcrypto.jwk
import jwcrypto.jws
import jwcrypto.jwt
import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jws as joserfc_jws
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet, import_key

from ledger import jose
from ledger.encoding import b64u_encode
from ledger.jose.algorithms import hmac_functions
from ledger.system import jwks_client

Jwk = dict[str, Any]
Answers = Mapping[str, bool | None]
# Raises if the library refuses the compact JWS under this key, with this algorithm allowed.
Verify = Callable[[str, Jwk, str], object]
PACKAGES = {"joserfc": "joserfc", "jwcrypto": "jwcrypto", "PyJWT": "pyjwt", "Authlib": "authlib"}
ALICE, BOB = jose.generate("ES256"), jose.generate("ES256")


def _authlib() -> Any:
    importlib.import_module("authlib.deprecate")
    warnings.simplefilter("ignore")
    return importlib.import_module("authlib.jose")


def _jwcrypto(text: str, jwk: Jwk, alg: str) -> object:
    theirs = jwcrypto.jws.JWS()
    theirs.allowed_algs = [alg]
    return theirs.deserialize(text, jwcrypto.jwk.JWK(**jwk))


def _authlib_verify(text: str, jwk: Jwk, alg: str) -> object:
    module = _authlib()
    return module.JsonWebSignature([alg]).deserialize_compact(
        text, module.JsonWebKey.import_key(jwk)
    )


COMPACT: dict[str, Verify] = {
    "ours": lambda text, jwk, alg: jose.verify(text, jwk, algorithms=[alg], now=None),
    "joserfc": lambda text, jwk, alg: joserfc_jws.deserialize_compact(text, import_key(jwk), [alg]),
    "jwcrypto": _jwcrypto,
    "PyJWT": lambda text, jwk, alg: jwt.PyJWS().decode(text, jwt.PyJWK(jwk, alg), [alg]),
    "Authlib": _authlib_verify,
}
NAMES = tuple(COMPACT)
CLIENTS = {"ours": "JwksClient", "PyJWT": "PyJWKClient"}


def accepts(call: Callable[..., object], *arguments: object) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(*arguments)
    except Exception:  # noqa: BLE001  # each library has its own errors
        return False
    return True


def _refusing(text: str, jwk: Jwk, alg: str = "ES256") -> Answers:
    return {name: not accepts(verify, text, jwk, alg) for name, verify in COMPACT.items()}


def _signed(header: str, sign: Callable[[bytes], bytes] = ALICE.sign, payload: bytes = b"x") -> str:
    """Sign with a header that no signing function of ours would write."""
    signing = f"{b64u_encode(header.encode())}.{b64u_encode(payload)}"
    return f"{signing}.{b64u_encode(sign(signing.encode()))}"


def duplicate_members() -> Answers:
    return _refusing(_signed('{"alg":"HS256","alg":"ES256"}'), ALICE.to_public_jwk())


def second_spelling() -> Answers:
    text = jose.sign(b"x", ALICE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return _refusing(text[:-1] + alphabet[alphabet.index(text[-1]) + 1], ALICE.to_public_jwk())


def unknown_crit() -> Answers:
    header = '{"alg":"ES256","crit":["exp"],"exp":1}'
    return _refusing(_signed(header), ALICE.to_public_jwk())


def small_order_key() -> Answers:
    identity = b"\1" + bytes(31)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64u_encode(identity)}
    text = _signed('{"alg":"EdDSA"}', lambda _: identity + bytes(32))
    return _refusing(text, jwk, "EdDSA")


def short_rsa_key() -> Answers:
    private = rsa.generate_private_key(65537, 1024)  # noqa: S505  # to be refused
    text = _signed('{"alg":"RS256"}', lambda data: _pkcs1(private, data))
    return _refusing(text, _rsa_jwk(private), "RS256")


def other_salt() -> Answers:
    private = rsa.generate_private_key(65537, 2048)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
    text = _signed('{"alg":"PS256"}', lambda data: private.sign(data, scheme, hashes.SHA256()))
    return _refusing(text, _rsa_jwk(private), "PS256")


def _pkcs1(private: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return private.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _rsa_jwk(private: rsa.RSAPrivateKey) -> Jwk:
    numbers = private.public_key().public_numbers()
    octets = (numbers.n.to_bytes(private.key_size // 8, "big"), b"\1\0\1")
    return dict(zip(("n", "e"), map(b64u_encode, octets), strict=True)) | {"kty": "RSA"}


def public_key_as_secret() -> Answers:
    """Ask with a PEM file in place of an HMAC secret, in the form that the library takes."""
    pem = ec.generate_private_key(ec.SECP256R1()).public_key()
    secret = pem.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, sign = hmac_functions(secret, "HS256")
    text = _signed('{"alg":"HS256"}', sign)
    jwk = {"kty": "oct", "k": b64u_encode(secret)}
    its_own = not accepts(jwt.PyJWS().decode, text, secret, ["HS256"])
    return {**_refusing(text, jwk, "HS256"), "PyJWT": its_own}


def short_secret() -> Answers:
    secret = b"password"
    _, sign = hmac_functions(secret, "HS256")
    jwk = {"kty": "oct", "k": b64u_encode(secret)}
    return _refusing(_signed('{"alg":"HS256"}', sign), jwk, "HS256")


def _jwt(claims: dict[str, Any], now: float = 2000) -> Answers:
    """Ask each library's function for JWTs, called with no more than a key and an algorithm."""
    text, jwk = _signed('{"alg":"ES256"}', payload=json.dumps(claims).encode()), _public()
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: jose.verify(text, jwk, now=now),
        "joserfc": lambda: joserfc_jwt.decode(text, import_key(jwk), ["ES256"]),
        "jwcrypto": lambda: jwcrypto.jwt.JWT(jwt=text, key=jwcrypto.jwk.JWK(**jwk)),
        "PyJWT": lambda: jwt.decode(text, jwt.PyJWK(jwk), ["ES256"]),
        "Authlib": lambda: _authlib().jwt.decode(text, _authlib().JsonWebKey.import_key(jwk)),
    }
    return {name: not accepts(call) for name, call in calls.items()}


def _public() -> Jwk:
    return {name: member for name, member in ALICE.to_public_jwk().items() if name != "kid"}


def expired() -> Answers:
    return _jwt({"exp": 1})


def foreign_audience() -> Answers:
    return _jwt({"aud": "somebody else", "exp": 4_000_000_000})


def junk_beside() -> Answers:
    """Ask whether a good signature is found beside an entry that anybody could have added."""
    jws = jose.sign_multi(b"x", [ALICE])
    jws["signatures"].insert(0, {"protected": "e30", "signature": "AA"})
    jwk: Jwk = ALICE.to_public_jwk()
    text = json.dumps(jws)

    def joserfc() -> object:
        keys = KeySet([import_key(jwk)])
        return joserfc_jws.deserialize_json(jws, keys, ["ES256"])  # type: ignore[call-overload]  # its own types

    def authlib() -> object:
        module = _authlib()
        key = module.JsonWebKey.import_key(jwk)
        return module.JsonWebSignature(["ES256"]).deserialize_json(jws, key)

    return {
        "ours": accepts(lambda: jose.verify_multi(text, jwk, now=None)),
        "joserfc": accepts(joserfc),
        "jwcrypto": accepts(_jwcrypto, text, jwk, "ES256"),
        "PyJWT": None,
        "Authlib": accepts(authlib),
    }


def _verifying(alg: str) -> Answers:
    signer = jose.generate(alg)
    text = jose.sign(b"x", signer)
    jwk = {name: member for name, member in signer.to_public_jwk().items() if name != "alg"}
    jwk |= {"alg": alg} if alg.startswith("ML") else {}
    return {name: accepts(verify, text, jwk, alg) for name, verify in COMPACT.items()}


def fetches_keys() -> Answers:
    clients = {"ours": jwks_client, "PyJWT": jwt}
    return {name: hasattr(clients.get(name), CLIENTS.get(name, "")) for name in NAMES}


QUESTIONS: dict[str, Callable[[], Answers]] = {
    "finds a good signature beside a junk entry": junk_beside,
    "refuses a header that names `alg` twice": duplicate_members,
    "refuses a second spelling of a signature": second_spelling,
    "refuses a `crit` that it does not understand": unknown_crit,
    "refuses an Ed25519 key of small order, under which anybody signs": small_order_key,
    "refuses an RSA key of 1,024 bits": short_rsa_key,
    "refuses a PSS salt of 20 bytes with SHA-256": other_salt,
    "refuses a PEM file as an HMAC secret": public_key_as_secret,
    "refuses an HMAC secret of 8 bytes": short_secret,
    "refuses an expired JWT without being asked": expired,
    "refuses a JWT for an audience, if none is expected": foreign_audience,
    "verifies ES256K": lambda: _verifying("ES256K"),
    "verifies Ed448 (RFC 9864)": lambda: _verifying("Ed448"),
    "verifies ML-DSA-65": lambda: _verifying("ML-DSA-65"),
    "fetches a JWK Set and follows rotations": fetches_keys,
}


@cache
def rows() -> list[str]:
    """Return the rows of the table."""
    words = {True: "yes", False: "no", None: "–"}
    found = []
    for question, ask in QUESTIONS.items():
        answers = ask()
        found.append(f"| {question} | {' | '.join(words[answers[name]] for name in NAMES)} |")
    return found


def head() -> str:
    """Return the table's head, with the versions that were asked."""
    asked = [f"{name} {version(package)}" for name, package in PACKAGES.items()]
    return f"| | ours | {' | '.join(asked)} |"


if __name__ == "__main__":
    print("\n".join([head(), *rows()]))
