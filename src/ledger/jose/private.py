"""Private keys: generate them, import them from a JWK or a key object, export them.

Only signers hold private keys: no verifying function accepts one.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa

from ledger.encoding import b64u_encode
from ledger.errors import ConflictError, MalformedError
from ledger.jose import algorithms, keys
from ledger.jose.algorithms import (
    EC,
    ED448,
    EDDSA,
    HMAC,
    MLDSA,
    PrivateKey,
    SignFunction,
    UnsupportedAlgorithm,
)
from ledger.jose.rsa_strength import MAX_RSA_BITS, MIN_RSA_BITS
from ledger.jose.shared_secret import MAX_SECRET_BYTES

_RSA_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")
_KINDS = (
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
    ec.EllipticCurvePrivateKey,
    rsa.RSAPrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)


class Signer(msgspec.Struct, frozen=True, eq=False):
    """A private key with its single algorithm, and its public key.

    An external signer has neither `private` nor `secret`: another program or a device keeps them.
    """

    alg: str
    public: keys.Key
    sign: SignFunction
    kid: str | None = None
    private: PrivateKey | None = None
    secret: bytes | None = None

    def __repr__(self) -> str:
        """Show the public key, and nothing of the private one."""
        return f"Signer({self.alg}, {self.public!r}, kid={self.kid!r})"

    def to_jwk(self) -> dict[str, str]:
        """Return the PRIVATE JWK with its `alg`, for the owner's own storage only.

        Raises ConflictError `key_not_exportable` for an external signer.
        """
        named = {"alg": self.alg} | ({} if self.kid is None else {"kid": self.kid})
        if self.secret is not None:
            return {"kty": "oct", "k": b64u_encode(self.secret), **named}
        if self.private is None:
            raise ConflictError("key_not_exportable", "this key is kept elsewhere")
        return {
            "kty": self.public.kty,
            **dict(self.public.members),
            **_private(self.private),
            **named,
        }

    def to_public_jwk(self) -> dict[str, str]:
        """Return the public JWK; raise MalformedError `private_key_refused` for a secret."""
        return self.public.to_jwk()


# A private JWK, a Signer, a private key of `cryptography`, or an HMAC secret.
SignerInput = Mapping[str, Any] | Signer | PrivateKey | bytes


def import_private(given: object, *, alg: str | None = None) -> Signer:
    """Return the signer of a private JWK, a `cryptography` private key or an HMAC secret.

    The algorithm is `alg`, else the JWK's, else the key's only one (EdDSA for Ed25519 and Ed448).
    A Signer is returned as it is, or with another `alg`; an external one keeps its own. Raises
    MalformedError: `jws_signer_alg_inference` if the key has several; `jwk_invalid` for a public,
    weak, inconsistent or unknown key; `jws_alg_not_allowed` if the algorithm does not fit the key.
    """
    if isinstance(given, Signer):
        if alg in (None, given.alg):
            return given
        if given.secret is not None:
            return _secret_signer(given.secret, alg, given.kid)
        if given.private is None:
            raise MalformedError("jws_alg_not_allowed", "the external signer has another alg")
        return _signer(given.private, alg, given.kid)
    if isinstance(given, bytes):
        return _secret_signer(given, alg, None)
    if isinstance(given, Mapping):
        return _import_jwk(given, alg)
    if isinstance(given, _KINDS):
        return _signer(given, alg, None)
    raise _invalid("this type of private key is not supported")


def generate(alg: str, *, rsa_bits: int = 3072) -> Signer:
    """Return a new random key for `alg`; its kid is its thumbprint.

    Raises MalformedError `jws_alg_not_allowed` for an algorithm without key pairs. HMAC secrets are
    not generated here: the parties that share one must agree on it.
    """
    private: PrivateKey
    curves = {row[0]: row[1] for row in EC.values()}
    if alg in EDDSA:
        private = ed25519.Ed25519PrivateKey.generate()
    elif alg == "Ed448":
        private = ed448.Ed448PrivateKey.generate()
    elif alg in curves:
        private = ec.generate_private_key(curves[alg]())
    elif alg in algorithms.RSA:
        if not MIN_RSA_BITS <= rsa_bits <= MAX_RSA_BITS:
            raise _invalid(f"an RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
        private = rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    elif alg in MLDSA:
        private = MLDSA[alg][1].generate()
    else:
        raise MalformedError("jws_alg_not_allowed", "no key pair has this algorithm")
    return _signer(private, alg, keys.import_public(private.public_key()).thumbprint)


def _signer(private: PrivateKey, alg: str | None, kid: str | None) -> Signer:
    functions = algorithms.signers(private)
    chosen = choose(alg, tuple(functions))
    public = keys.import_public(private.public_key(), alg=chosen, kid=kid)
    return Signer(chosen, public, functions[chosen], kid, private)


def _secret_signer(secret: bytes, alg: str | None, kid: str | None) -> Signer:
    chosen = choose(alg, HMAC)
    public = keys.secret_key(secret, alg=chosen, kid=kid)
    _, sign = algorithms.hmac_functions(secret, chosen)
    return Signer(chosen, public, sign, kid, None, secret)


def choose(alg: str | None, fitting: tuple[str, ...]) -> str:
    """Return the algorithm to sign with.

    Raises MalformedError: `jws_signer_alg_inference` if none is named and several fit;
    `jws_alg_not_allowed` if the named one does not fit.
    """
    if alg is None:
        if len(fitting) > 1 and fitting not in (EDDSA, ED448):
            raise MalformedError("jws_signer_alg_inference", "the key fits several algorithms")
        return fitting[0]
    if alg not in fitting:
        raise MalformedError("jws_alg_not_allowed", "the algorithm does not fit the key")
    return alg


def _import_jwk(jwk: Mapping[str, Any], alg: str | None) -> Signer:
    if jwk.get("use", "sig") != "sig":
        raise _invalid("the key's use is not sig")
    operations = jwk.get("key_ops", ["sign"])
    if not isinstance(operations, list) or "sign" not in operations:
        raise _invalid("the key's key_ops do not include sign")
    kty, kid, own = jwk.get("kty"), jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str | None) or not isinstance(own, str | None):
        raise _invalid("kid and alg must be strings")
    if alg is not None and own not in (None, alg):
        raise MalformedError("jws_alg_not_allowed", "the key has another alg")
    chosen = own if alg is None else alg
    if kty == "oct":
        return _secret_signer(_octets(jwk, "k"), chosen, kid)
    private_names = keys.PRIVATE_MEMBERS.intersection(jwk)
    public = {
        name: member for name, member in jwk.items() if name not in private_names | {"key_ops"}
    }
    expected = keys.parse_key(public)
    try:
        private = _pair(str(kty), jwk)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _invalid("the private key is not usable") from error
    signer = _signer(private, chosen, kid)
    if signer.public.thumbprint != expected.thumbprint:
        raise _invalid("the private and the public key do not match")
    return signer


def _pair(kty: str, jwk: Mapping[str, Any]) -> PrivateKey:
    if kty == "OKP":
        kind = ed25519.Ed25519PrivateKey if jwk["crv"] == "Ed25519" else ed448.Ed448PrivateKey
        return kind.from_private_bytes(_octets(jwk, "d"))
    if kty == "EC":
        _, curve, _, size = EC[jwk["crv"]]
        secret = _octets(jwk, "d")
        if len(secret) != size:
            raise _invalid("d has the wrong length")
        return ec.derive_private_key(int.from_bytes(secret, "big"), curve())
    if kty == "AKP":
        return MLDSA[jwk["alg"]][1].from_seed_bytes(_octets(jwk, "priv"))
    return _rsa(jwk)


def _rsa(jwk: Mapping[str, Any]) -> rsa.RSAPrivateKey:
    if "oth" in jwk:
        raise _invalid("the RSA key has more than two primes")
    names = [name for name in _RSA_PRIVATE if name in jwk]
    numbers = {name: int.from_bytes(_octets(jwk, name), "big") for name in ("n", "e", *names)}
    if names == ["d"]:
        p, q = rsa.rsa_recover_prime_factors(numbers["n"], numbers["e"], numbers["d"])
        d = numbers["d"]
        numbers |= {
            "p": p,
            "q": q,
            "dp": rsa.rsa_crt_dmp1(d, p),
            "dq": rsa.rsa_crt_dmq1(d, q),
            "qi": rsa.rsa_crt_iqmp(p, q),
        }
    elif len(names) != len(_RSA_PRIVATE):
        raise _invalid("an RSA private key must have d alone, or all of d, p, q, dp, dq and qi")
    return rsa.RSAPrivateNumbers(
        p=numbers["p"],
        q=numbers["q"],
        d=numbers["d"],
        dmp1=numbers["dp"],
        dmq1=numbers["dq"],
        iqmp=numbers["qi"],
        public_numbers=rsa.RSAPublicNumbers(numbers["e"], numbers["n"]),
    ).private_key()


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise _invalid(f"no private key: {name} is missing or not a string")
    if len(text) > MAX_SECRET_BYTES * 4 // 3 + 1:  # arithmetic with a longer d would be slow
        raise _invalid(f"{name} is too long")
    return keys.b64u(text)


def _private(private: PrivateKey) -> dict[str, str]:
    if isinstance(private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return {"d": b64u_encode(private.private_bytes_raw())}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        size = EC[algorithms.curve_name(private.curve)][3]
        secret = private.private_numbers().private_value
        return {"d": b64u_encode(secret.to_bytes(size, "big"))}
    if isinstance(private, rsa.RSAPrivateKey):
        n = private.private_numbers()
        values = (n.d, n.p, n.q, n.dmp1, n.dmq1, n.iqmp)
        return {name: keys.uint(value) for name, value in zip(_RSA_PRIVATE, values, strict=True)}
    return {"priv": b64u_encode(private.private_bytes_raw())}


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jwk_invalid", detail)
