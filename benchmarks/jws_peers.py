"""The same JWS in the hands of every library: ours, four others, and bare `cryptography`.

Each function returns what verifies a case completely, its keys parsed before; None if the library
cannot do it at all.
"""

import importlib
import json
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from ledger import jose
from ledger.encoding import b64u_decode

Run = Callable[[], Any]
ISSUER, AUDIENCE, NOW_S, EXP_S = (
    "https://issuer.example",
    "https://api.example",
    1.8e9,
    4_000_000_000,
)
# Above this, a library that tries one key at a time would verify for minutes.
ONE_BY_ONE = 10
AUTHLIB_MAX_CHARS = 256_000


class Case(NamedTuple):
    """A JWS as text, and who signed it; `is_jwt`: compact, and its claims are checked."""

    name: str
    text: str
    signers: list[jose.Signer]
    is_jwt: bool = False

    @property
    def algorithms(self) -> list[str]:
        """The algorithms that a verifier of this case accepts."""
        return sorted({signer.alg for signer in self.signers})


def json_case(name: str, payload: bytes, signers: list[jose.Signer]) -> Case:
    """Return a General JSON JWS."""
    return Case(name, json.dumps(jose.sign_multi(payload, signers)), signers)


def jwt_case(name: str, signer: jose.Signer) -> Case:
    """Return a compact JWT with the claims that an access token has."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "iat": 1_700_000_000,
        "exp": EXP_S,
        "scope": "read write",
    }
    return Case(name, jose.sign(claims, signer), [signer], is_jwt=True)


def raw(case: Case) -> Run:
    """Run the verifications only, on imported keys, signing inputs and signatures."""
    jws = jose.to_general(case.text)
    made: list[tuple[Any, ...]] = []
    for signer, entry in zip(case.signers, jws["signatures"], strict=True):
        data = f"{entry['protected']}.{jws['payload']}".encode()
        made.append((*_bare(signer), b64u_decode(entry["signature"]), data))

    def verify() -> None:
        for key, scheme, encode, signature, data in made:
            key.verify(encode(signature), data, *scheme)

    return verify


def _bare(signer: jose.Signer) -> tuple[Any, tuple[Any, ...], Callable[[bytes], bytes]]:
    """Return the key of `cryptography`, its scheme, and the form in which it wants a signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    assert signer.private is not None
    key, sha = signer.private.public_key(), hashes.SHA256()
    if signer.alg == "RS256":
        return key, (padding.PKCS1v15(), sha), bytes
    if signer.alg != "ES256":
        return key, (), bytes

    def der(signature: bytes) -> bytes:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        return encode_dss_signature(r, s)

    return key, (ec.ECDSA(sha),), der


def ours(case: Case) -> Run:
    keys = jose.key_set([signer.public for signer in case.signers])
    count = len(case.signers)
    if case.is_jwt:
        claims = jose.Claims(issuer=ISSUER, audience=AUDIENCE)
        return lambda: jose.verify(case.text, keys, now=NOW_S, claims=claims).claims
    assert len(jose.verify_multi_all(case.text, keys, now=None).verified) == count
    return lambda: jose.verify_multi_all(case.text, keys, now=None)


def joserfc(case: Case) -> Run:
    from joserfc import jws, jwt
    from joserfc.jwk import KeySet, import_key
    from joserfc.jws import JWSRegistry

    warnings.simplefilter("ignore")  # it warns that EdDSA has a newer name
    keys = KeySet([import_key(signer.to_public_jwk()) for signer in case.signers])  # type: ignore[arg-type]  # its own type of a JWK
    if not case.is_jwt:
        registry = JWSRegistry(algorithms=case.algorithms)
        registry.max_payload_length = 2 * len(case.text)  # 128,000 bytes without this
        return lambda: jws.deserialize_json(json.loads(case.text), keys, registry=registry)
    wanted = jwt.JWTClaimsRegistry(
        now=int(NOW_S),
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
    )

    def verify() -> None:
        wanted.validate(jwt.decode(case.text, keys, case.algorithms).claims)

    return verify


def jwcrypto(case: Case) -> Run | None:
    import jwcrypto.jwk
    import jwcrypto.jws
    import jwcrypto.jwt

    if len(case.signers) > ONE_BY_ONE:
        return None
    keys = [jwcrypto.jwk.JWK(**signer.to_public_jwk()) for signer in case.signers]
    if case.is_jwt:
        wanted = {"iss": ISSUER, "aud": AUDIENCE, "exp": None}

        def verify_jwt() -> None:
            jwcrypto.jwt.JWT(jwt=case.text, key=keys[0], algs=case.algorithms, check_claims=wanted)

        return verify_jwt

    def verify() -> None:
        # This library verifies with one key at a time and stops at the first valid signature.
        for key in keys:
            jws = jwcrypto.jws.JWS()
            jws.deserialize(case.text)
            jws.verify(key)

    return verify


def pyjwt(case: Case) -> Run | None:
    import jwt

    if not case.is_jwt:  # it has no JSON serialization
        return None
    key = jwt.PyJWK(case.signers[0].to_public_jwk())
    return lambda: jwt.decode(case.text, key, case.algorithms, issuer=ISSUER, audience=AUDIENCE)


def authlib(case: Case) -> Run | None:
    if len(jose.to_general(case.text)["payload"]) > AUTHLIB_MAX_CHARS:
        return None
    importlib.import_module("authlib.deprecate")
    warnings.simplefilter("ignore")  # it warns that joserfc is its successor
    module = importlib.import_module("authlib.jose")
    import_key = module.JsonWebKey.import_key
    keys = {signer.kid: import_key(signer.to_public_jwk()) for signer in case.signers}

    def find(header: dict[str, str], payload: object) -> Any:
        return keys[header["kid"]]

    if not case.is_jwt:
        jws = module.JsonWebSignature(case.algorithms)
        return lambda: jws.deserialize_json(json.loads(case.text), find)
    jwt = module.JsonWebToken(case.algorithms)
    wanted = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": AUDIENCE},
    }
    return lambda: jwt.decode(case.text, find, claims_options=wanted).validate(now=int(NOW_S))


LIBRARIES: dict[str, Callable[[Case], Run | None]] = {
    "ours": ours,
    "raw cryptography": raw,
    "joserfc": joserfc,
    "jwcrypto": jwcrypto,
    "PyJWT": pyjwt,
    "Authlib": authlib,
}
